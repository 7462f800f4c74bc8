"""Fits and tests of responses drawn from a plan: all at once where they can share a factorisation."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, FixedDesign, build
from mixedmodels.errors import DataError, DesignError, MixedModelsWarning
from mixedmodels.estimates import wald
from mixedmodels.fit.lmm import as_control
from mixedmodels.fit.many_responses.linear_mixed import MAX_EVALUATIONS, STALLED, ManyFits
from mixedmodels.fitted import registry
from mixedmodels.fitted.replicates import refitter
from mixedmodels.many.refits import fits_of
from mixedmodels.power.fit_drawn import quiet_model_of

if TYPE_CHECKING:
    from mixedmodels.power.planned_model import PlannedModel

FAILURES = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)  # what a fit or a test may raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Tests of B responses; all of shape (B,).

    Attributes
    ----------
    p_values : ndarray
        P-values, NaN where a fit or its test failed.
    estimates : ndarray
        Estimates of the tested contrast, NaN where there is none.
    singular, not_converged : ndarray of bool
        Whether a fit was singular, and whether it did not converge.
    reasons : dict of int to str
        Why a response failed, by its number.
    """

    p_values: Vector
    estimates: Vector
    singular: NDArray[np.bool_]
    not_converged: NDArray[np.bool_]
    reasons: dict[int, str]


def joined(parts: list[Outcomes]) -> Outcomes:
    """Outcomes of one response after the other."""
    reasons, at = {}, 0
    for part in parts:
        reasons.update({at + i: why for i, why in part.reasons.items()})
        at += len(part.p_values)
    names = ("p_values", "estimates", "singular", "not_converged")
    p, e, s, c = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    return Outcomes(p_values=p, estimates=e, singular=s, not_converged=c, reasons=reasons)


def has_df(plan: PlannedModel) -> bool:
    """Whether tests of the model have degrees of freedom."""
    return is_lmer(plan) or not math.isinf(plan._fit.wald_df)


def is_lmer(plan: PlannedModel) -> bool:
    """Whether the model is a linear mixed one, whose tests have Satterthwaite's or Kenward-Roger's approximations."""
    return bool(plan._fit.mixed and not plan._fit.generalized)


def by_wald(plan: PlannedModel, c: Matrix, rhs: Vector, with_df: bool) -> Callable[[Matrix], Outcomes]:
    """Wald tests of ``c @ beta = rhs``: t or F with degrees of freedom, z or chi-squared without.

    A single contrast of a linear mixed model becomes a coefficient, so that it gets Satterthwaite's degrees of freedom
    from the shared factorisation.
    """
    design, place = plan._with_placeholder_response(), None
    mixed = is_lmer(plan) and with_df
    if mixed:
        design, place = as_coefficient(design, plan._fit.kept, c[0])
    model = registry.model_of(plan._fit, plan.design, plan._source, plan._request)
    refit = refitter(model, design, df=mixed)

    def run(y: Matrix) -> Outcomes:
        many = refit(y)
        if place is not None:
            estimate = many.beta[:, place] - rhs[0]
            p = wald.p_values(estimate / many.std_error[:, place], many.df[:, place])
            return _of(many, p, estimate)
        distance = many.beta @ c.T - rhs
        covariance = c @ many.vcov @ c.T
        df = many.df[:, 0] if with_df else np.full(len(many), math.inf)
        with np.errstate(invalid="ignore", divide="ignore"):
            if len(c) == 1:
                p = wald.p_values(distance[:, 0] / np.sqrt(covariance[:, 0, 0]), df)
                return _of(many, p, distance[:, 0])
            p = _joint(distance, covariance, df)
        return _of(many, p, np.full(len(many), np.nan))

    return run


def _joint(distance: Matrix, covariance: NDArray[np.float64], df: Vector) -> Vector:
    p = np.full(len(distance), np.nan)
    good = np.isfinite(covariance).all(axis=(1, 2)) & np.isfinite(distance).all(axis=1)
    if good.any():
        inverse = np.linalg.pinv(covariance[good], hermitian=True)
        chisq = np.einsum("bi,bij,bj->b", distance[good], inverse, distance[good])
        r = distance.shape[1]
        p[good] = wald.f_p_values(chisq / r, r, df[good])
    return p


def _of(many: ManyFits, p: Vector, estimate: Vector) -> Outcomes:
    if many.interrupted:
        raise KeyboardInterrupt
    p = np.where(many.failed, np.nan, p)
    stopped = np.isin(many.status, (MAX_EVALUATIONS, STALLED))
    reasons = {i: many.reasons.get(i, "it cannot be fitted.") for i in np.flatnonzero(many.failed).tolist()}
    nothing = np.flatnonzero(np.isnan(p) & ~many.failed)
    reasons.update(dict.fromkeys(nothing.tolist(), "the test gave no p-value."))
    return Outcomes(
        p_values=p, estimates=estimate, singular=many.singular & ~many.failed, not_converged=stopped, reasons=reasons
    )


def as_coefficient(design: Design, kept: tuple[int, ...], c: Vector) -> tuple[Design, int]:
    """A design with the same means and other columns of X, of which one has ``c @ beta`` for its coefficient.

    Returns
    -------
    tuple of (Design, int)
        Design, and the position of that column among those that are estimated.
    """
    place = int(np.argmax(np.abs(c)))
    if np.count_nonzero(c) == 1 and c[place] == 1:
        return design, place
    n = design.n
    whole = [np.ones(n) if (x := design.fixed.columns[j]) is None else x for j in kept]
    columns = list(design.fixed.columns)
    for i, j in enumerate(kept):
        columns[j] = whole[place] / c[place] if i == place else whole[i] - (c[i] / c[place]) * whole[place]
    f = design.fixed
    return replace(
        design,
        fixed=FixedDesign(names=f.names, columns=tuple(columns), assign=f.assign, terms=f.terms, contrasts=f.contrasts),
    ), place


def by_likelihood(
    plan: PlannedModel, c: Matrix | None, rhs: Vector | None, smaller: str | None
) -> Callable[[Matrix], Outcomes]:
    """Likelihood-ratio tests, both models fitted by maximum likelihood.

    Parameters
    ----------
    c, rhs : ndarray or None
        Hypothesis; its rows become columns of X that are left out.
    smaller : str or None
        Formula of the smaller model, in place of the hypothesis.
    """
    large = plan._with_placeholder_response()
    if smaller is None:
        assert c is not None
        assert rhs is not None
        if rhs.any():
            raise DataError("a likelihood ratio is for hypotheses that are 0; use by='t' or 'z'.")
        small, place = _restricted(large, plan._fit.kept, c)
    else:
        small, place = _smaller(plan, large, smaller), None
    method = replace(plan._method, reml=False)
    if method.penalty is not None:
        raise DataError("a likelihood ratio is not for penalised fits; use by='z'.")
    control = as_control(plan._request.control)
    first, second = fits_of(large, method, control, None), fits_of(small, method, control, None)

    def run(y: Matrix) -> Outcomes:
        one, two = first(y), second(y)
        df = one.beta.shape[1] + one.theta.shape[1] - two.beta.shape[1] - two.theta.shape[1]
        if df <= 0:
            raise DataError(f"the smaller model has as many parameters as {plan.formula!r}; leave something out.")
        p = wald.chi_squared_p(two.criterion - one.criterion, df)
        outcomes = _of(
            one, np.where(two.failed, np.nan, p), np.full(len(one), np.nan) if place is None else one.beta @ place
        )
        outcomes.reasons.update(
            {i: f"smaller model: {why}" for i, why in two.reasons.items() if i not in outcomes.reasons}
        )
        return outcomes

    return run


def _restricted(design: Design, kept: tuple[int, ...], c: Matrix) -> tuple[Design, Vector | None]:
    """The design whose means fulfil ``c @ beta = 0``."""
    n = design.n
    x = np.column_stack([np.ones(n) if (col := design.fixed.columns[j]) is None else col for j in kept])
    rank = np.linalg.matrix_rank(c)
    basis = np.linalg.svd(c)[2][rank:].T  # columns that span the coefficients under the hypothesis
    unit = np.count_nonzero(c, axis=1).max() == 1
    columns = np.delete(x, np.flatnonzero(c.any(axis=0)), axis=1) if unit else x @ basis
    names = tuple(f"x{i + 1}" for i in range(columns.shape[1]))
    fixed = FixedDesign(
        names=names, columns=tuple(np.ascontiguousarray(columns.T)), assign=tuple(range(len(names))), terms=names
    )
    return replace(design, fixed=fixed), c[0] if len(c) == 1 else None


def _smaller(plan: PlannedModel, large: Design, formula: str) -> Design:
    """The design of a smaller model on the rows of the plan."""
    request = plan._request
    plan_formula = formulas.parse(formula)
    right = plan_formula.text[plan_formula.text.index("~") :]
    table = frame.read(request.data)
    small = build(
        right, table, offset=request.offset, subset=plan._rows.numbers, contrasts=request.contrasts, env=request.env
    )
    if small.dropped:
        raise DesignError(f"{small.dropped} rows of the model miss a value of a column of {formula!r}.")
    if plan._method.family is not None and plan._fit_is_mixed and not small.random:
        raise DataError(
            f"{formula!r} has no random term, and whether a glmer needs one is tested by fit.pbmodcomp(); keep one."
        )
    return replace(small, response=large.response, response_name=large.response_name, weights=large.weights)


def by_model(plan: PlannedModel, c: Matrix, rhs: Vector, method: str) -> Callable[[Matrix], Outcomes]:
    """Tests by `method` of ``c @ beta = rhs`` in models fitted one by one."""
    first: list[Any] = []

    def one(y: Vector) -> tuple[float, float, bool, bool]:
        if not first:
            first.append(quiet_model_of(plan, y))
        model = first[0].refit(y)
        tested = model._coefficients(method)
        distance = float((c @ model._fit.beta)[0] - rhs[0]) if len(c) == 1 else math.nan
        return tested.f_test(c, rhs).p_value, distance, model.is_singular, not model.converged

    return _one_by_one(one)


def by_function(plan: PlannedModel, function: Callable[[Any], Any]) -> Callable[[Matrix], Outcomes]:
    """Results of a function of models fitted one by one."""

    def one(y: Vector) -> tuple[float, float, bool, bool]:
        model = quiet_model_of(plan, y)
        value = function(model)
        p = float(getattr(value, "p_value", value))
        if not 0 <= p <= 1:
            raise DataError(f"the test returned {p!r}, which is no p-value.")
        return p, math.nan, bool(getattr(model, "is_singular", False)), not getattr(model, "converged", True)

    return _one_by_one(one)


def _one_by_one(one: Callable[[Vector], tuple[float, float, bool, bool]]) -> Callable[[Matrix], Outcomes]:
    def run(y: Matrix) -> Outcomes:
        b = len(y)
        p, estimate = np.full(b, np.nan), np.full(b, np.nan)
        singular, stopped = np.zeros(b, dtype=bool), np.zeros(b, dtype=bool)
        reasons: dict[int, str] = {}
        for i, row in enumerate(y):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MixedModelsWarning)
                try:
                    p[i], estimate[i], singular[i], stopped[i] = one(np.ascontiguousarray(row))
                except FAILURES as error:
                    reasons[i] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Outcomes(p_values=p, estimates=estimate, singular=singular, not_converged=stopped, reasons=reasons)

    return run
