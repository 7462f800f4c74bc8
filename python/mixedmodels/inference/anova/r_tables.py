"""The analysis of variance of one model, in the layout of R and of lmerTest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.estimates.ddf import is_lme4
from mixedmodels.estimates.statistic_choice import checked_test
from mixedmodels.inference.anova import contrast_matrices, term_tests
from mixedmodels.inference.anova.car_tables import car_anova
from mixedmodels.inference.anova.term_coding import codings
from mixedmodels.tables.result_table import F_HEADERS, ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

ROMAN = {1: "I", 2: "II", 3: "III"}


def anova_terms(model: FittedModel, type: Any, ddf: Ddf, test: str | None) -> ResultTable:  # noqa: A002
    """See `ComparisonVerbs.anova`."""
    fit = model._fit
    number = None if type is None else term_tests.type_number(type)
    model._need_rows("anova()")
    if fit.mixed and not fit.generalized:
        if test not in (None, "F"):
            raise DataError(f"test is {test!r}; anova() of one lmer has F tests, car_anova() Wald's chi-squared.")
        if is_lme4(ddf):
            return _lme4(model, fit.vcov_unscaled, fit.sigma)
        return _lmertest(model, 3 if number is None else number, ddf)
    if number in (2, 3):
        table = car_anova(model, number, test, ddf)
        return replace(table, footer=(*table.footer, *_as_coded(model))) if number == 3 else table
    if isinstance(ddf, Coefficients):
        raise DataError(
            f"the sequential table of {model.formula!r} compares fits and uses no covariance; give type=2 or 3 for "
            f"tests with {ddf.method} covariance."
        )
    if ddf is not None:
        raise DataError(
            f"ddf is {ddf!r:.80}; only an lmer has a choice of degrees of freedom. With type=2 or 3 other models take "
            "what robust() returned."
        )
    if not fit.mixed:
        return _deviance(model, test) if fit.generalized else _linear(model, test)
    if test is not None:
        raise DataError(f"test is {test!r}; the sequential table of a glmer has none, give type=2 or 3 too.")
    components: Any = model
    rx = components.getME("RX")
    return _lme4(model, np.linalg.inv(rx.T @ rx), model.sigma if fit.has_dispersion else 1.0)


def _as_coded(model: FittedModel) -> tuple[str, ...]:
    """A remark on type III of coefficients, which for factors in interactions depends on their contrasts."""
    layout, contrasts = _layout(model), model.design.spec.contrasts
    within = {
        name for own, coded in zip(layout.variables, layout.by_contrasts, strict=True) if len(own) > 1 for name in coded
    }
    uneven = [n for n in contrasts if n in within and np.abs(contrasts[n].matrix.sum(axis=0)).max(initial=0.0) > 1e-8]
    if not uneven:
        return ()
    names, sums = " and ".join(uneven), ", ".join(f"{name!r}: 'sum'" for name in uneven)
    where = f"Terms within interactions are tested as they are coded, at the reference level of {names}"
    return (f"{where}; contrasts={{{sums}}} tests them over all levels.",)


def _layout(model: FittedModel) -> contrast_matrices.TermLayout:
    return contrast_matrices.term_layout(model.design, model._fit.kept)


def contrasts_by_term(model: FittedModel, number: int) -> dict[str, Matrix]:
    """Contrast matrices of type 1, 2 or 3 by name of the term, as lmerTest's ``show_tests`` prints them."""
    layout = _layout(model)
    x = model._dense_x()
    if number == 1:
        matrices = contrast_matrices.sequential(layout, x)
    elif number == 2:
        matrices = contrast_matrices.partial(layout, x)
    elif layout.single:
        matrices = contrast_matrices.sequential(layout, x)
    else:
        request = model._request
        rows = frame.read(model.frame)
        matrices = contrast_matrices.balanced(layout, x, codings(model.design, rows, request.env if request else None))
    return dict(zip(layout.labels, matrices, strict=True))


def _lmertest(model: FittedModel, number: int, ddf: Ddf) -> ResultTable:
    coefficients = model._coefficients(ddf)
    columns, names = term_tests.f_tests(contrasts_by_term(model, number), coefficients, model.sigma)
    return ResultTable(
        columns=columns,
        names=names,
        headers=F_HEADERS,
        heading=(f"Type {ROMAN[number]} Analysis of Variance Table with {coefficients.phrase}",),
        footer=coefficients.remarks,
        kind=model._source.kind,
    )


def drop1_f_table(model: FittedModel, ddf: Ddf = None, labels: Sequence[str] | None = None) -> ResultTable:
    """F test of each term of an lmer that is in no other one, given all the rest, as lmerTest's ``drop1``.

    Parameters
    ----------
    labels : sequence of str, optional
        Labels of the terms to test; all that are in no other one by default.
    """
    coefficients = model._coefficients(ddf)
    hypotheses = term_tests.single_terms(model.design, model._fit, _layout(model), labels)
    columns, names = term_tests.f_tests(hypotheses, coefficients, model.sigma)
    return ResultTable(
        columns=columns,
        names=names,
        headers=F_HEADERS,
        heading=(f"Single term deletions using {coefficients.phrase}:", "", "Model:", model.formula),
        footer=coefficients.remarks,
        kind=model._source.kind,
    )


def _lme4(model: FittedModel, vcov_unscaled: Matrix, sigma: float) -> ResultTable:
    columns, names = term_tests.sequential_squares(_layout(model), model._fit.beta, vcov_unscaled, sigma)
    return ResultTable(columns=columns, names=names, heading=("Analysis of Variance Table",), kind=model._source.kind)


def _linear(model: FittedModel, test: str | None) -> ResultTable:
    checked_test(test, ("F",), "F")
    columns, names = term_tests.linear_sequential(model.design, model._fit, _layout(model))
    heading = ("Analysis of Variance Table", "", f"Response: {model.design.response_name}")
    return ResultTable(columns=columns, names=names, headers=F_HEADERS, heading=heading, kind=model._source.kind)


def _deviance(model: FittedModel, test: str | None) -> ResultTable:
    fit = model._fit
    wanted = checked_test(test, ("Chisq", "F"), "F" if fit.has_dispersion else "Chisq")
    columns, names = term_tests.deviance_sequential(model.design, fit, _layout(model), wanted)
    family = model.family
    heading = (
        "Analysis of Deviance Table",
        "",
        f"Model: {family.name}, link: {family.link}",
        "",
        f"Response: {model.design.response_name}",
        "",
        "Terms added sequentially (first to last)",
        "",
        "",
    )
    headers = {
        "deviance": "Deviance",
        "resid_df": "Resid. Df",
        "resid_dev": "Resid. Dev",
        "f_value": "F",
        "p_value": "Pr(>F)" if wanted == "F" else "Pr(>Chi)",
    }
    return ResultTable(columns=columns, names=names, headers=headers, heading=heading, kind=model._source.kind)
