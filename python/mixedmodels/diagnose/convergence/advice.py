"""Advice about singular fits: directions without variance, smaller models and their table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import log, nan
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.design.further import ARGUMENTS
from mixedmodels.diagnose.convergence import smaller_models
from mixedmodels.diagnose.convergence.singularity_record import WIDTH, Singularity
from mixedmodels.diagnose.convergence.smaller_models import Smaller
from mixedmodels.errors import DataError, FitError
from mixedmodels.estimates import wald
from mixedmodels.estimates.singular_directions import TermState, parameters_at_rank, states
from mixedmodels.fit.checks import unidentified_message
from mixedmodels.inference.comparison.boundary import Mixture
from mixedmodels.inference.comparison.chi_bar_squared import mixture
from mixedmodels.inference.comparison.exact_lrt import rlrt_table
from mixedmodels.inference.comparison.lrt import is_restricted, likelihood_of
from mixedmodels.inference.comparison.ranova import bar_text
from mixedmodels.summary.repca import repca
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

FEW_LEVELS = 6  # with fewer a variance is often estimated as 0
MAX_DIMENSIONS = 3  # of the cone of the new variances and covariances
NO_FAILURE = (
    "This is no failure of the optimiser: the likelihood is highest there, and more variance in that direction would "
    "fit worse. The model has more variances than the data support."
)
KEEP = (
    "Recommended: keep this model, and report that the direction has no variance. Every smaller model that is not "
    "singular loses more by AIC than its parameters are worth."
)
WHY = {
    "free": "It is the smallest of the models that are not singular and lose nothing of the likelihood (Bates and "
    "others, 2015).",
    "aic": "No smaller model keeps all of the likelihood; of those not singular this has the smallest AIC.",
    "keep": "It is singular too, but those that are not lose more by AIC than their parameters are worth.",
}


def singularity(model: FittedModel, fit: bool) -> Singularity:
    """See `ConvergenceVerbs.singularity`."""
    own = model._fit
    if not own.mixed:
        raise DataError(f"singularity() is about random effects, and {model.formula!r} has none.")
    model._need_rows("singularity()")
    terms = states(model.design, own)
    singular = any(s.directions for s in terms)
    proposed = smaller_models.proposals(model.design, own) if singular else []
    table, best, advice = None, None, _first_advice(model, terms, singular)
    if singular and fit:
        restricted = is_restricted(own)
        done = smaller_models.fitted(model, restricted)
        table = _table(model, done, terms, restricted)
        aic_at_rank = float(table["aic"][1])
        best, rule = smaller_models.recommended(done, -2 * likelihood_of(own).loglik, aic_at_rank, restricted)
        advice += _recommendation(model, best, rule)
        proposed = done
    one_variance = not own.generalized and any(len(s.effects) == 1 for s in terms)
    if singular and one_variance:
        advice.append("rlrt() tests exactly whether a single variance is 0.")
    return Singularity(
        formula=model.formula,
        singular=singular,
        terms=terms,
        components=repca(model.design, own, model._source.kind),
        proposals=tuple(p.formula for p in proposed),
        table=table,
        recommended=None if best is None else best.formula,
        advice=tuple(advice),
        exact=partial(rlrt_table, model) if one_variance else None,
    )


def _table(model: FittedModel, done: Sequence[Smaller], terms: tuple[TermState, ...], restricted: bool) -> ResultTable:
    """The fit, the same with its parameters counted at its rank, and the smaller models, most parameters first."""
    own = model._fit
    base = likelihood_of(own)
    fewer = len(own.theta) - parameters_at_rank(terms)
    ordered = sorted(done, key=lambda s: -likelihood_of(_fit(s), restricted).npar)
    values = [likelihood_of(_fit(s), restricted) for s in ordered]
    npar = np.array([base.npar, base.npar - fewer, *(v.npar for v in values)])
    loglik = np.array([base.loglik, base.loglik, *(v.loglik for v in values)])
    lrt = np.r_[nan, nan, np.maximum(2 * (base.loglik - loglik[2:]), 0.0)]
    df = np.r_[nan, nan, base.npar - npar[2:]]
    laws = [_null_distribution(model, s) for s in ordered]
    cautious = wald.chi_squared_p(lrt[2:], df[2:])
    p = np.array([nan, nan, *cautious])
    p[2:] = [c if law is None else law.p_value(x) for law, x, c in zip(laws, lrt[2:], cautious, strict=True)]
    footer = ["At its rank: the same fit, its parameters counted without the directions that have no variance."]
    if None in laws:
        names = ", ".join(s.random for s, law in zip(ordered, laws, strict=True) if law is None)
        footer.append(f"Tested by the chi-squared law, whose p-value is too large at the boundary: {names}.")
    random = " + ".join(bar_text(bar) for bar in model.design.spec.formula.random)
    n = base.nobs
    return ResultTable(
        columns={
            "npar": npar,
            "aic": -2 * loglik + 2 * npar,
            "bic": -2 * loglik + log(n) * npar,
            "loglik": loglik,
            "singular": ["yes", "", *("yes" if smaller_models.is_singular(s) else "no" for s in ordered)],
            "lrt": lrt,
            "df": df,
            "p_value": p,
        },
        names=(random, "  at its rank", *(s.random for s in ordered)),
        row_column="random",
        headers={"singular": "singular"},
        heading=("Smaller random parts, each tested against this fit" + (" (REML)" if restricted else ""), ""),
        footer=tuple(fill(line, WIDTH) for line in footer),
        kind=model._source.kind,
    )


def _null_distribution(model: FittedModel, smaller: Smaller) -> Mixture | None:
    """The mixture that holds at the boundary; None where it is not known, or takes long to simulate."""
    assert smaller.design is not None
    try:
        law = mixture((smaller.design, _fit(smaller)), (model.design, model._fit))
        if sum(r * (r + 1) // 2 for r in law.sizes) > MAX_DIMENSIONS:
            return None
        law.p_value(0.0)  # the information may not be known
    except (DataError, FitError):
        return None
    return law


def _fit(smaller: Smaller) -> Any:
    assert smaller.fit is not None
    return smaller.fit


def _first_advice(model: FittedModel, terms: tuple[TermState, ...], singular: bool) -> list[str]:
    out = [unidentified_message(model._fit)] if model._fit.unidentified else []
    out += _of_further_components(model)
    if not singular and not model._fit.singular:
        return [*out, "The fit is not singular: every direction has variance."]
    out += [NO_FAILURE] if model._fit.run.converged else []
    few = {s.group: s.levels for s in terms if s.directions and s.levels < FEW_LEVELS}
    for group, levels in few.items():
        out.append(
            f"{group} has {levels} levels: from so few a variance is often estimated as 0 that is not; fixed effects "
            f"of {group} are an alternative."
        )
    return out


def _of_further_components(model: FittedModel) -> list[str]:
    """Which random terms of zero inflation and of the dispersion have a direction without variance."""
    further = model.design.further
    if not further:
        return []
    parts = zip(further, model._fit.further, strict=True)
    lacking = [(own, s) for own, part in parts for s in states(own, part) if s.directions]
    return [
        f"{s.text} of {ARGUMENTS[own.component]} has no variance in {len(s.directions)} of {len(s.effects)} directions"
        f"; update({ARGUMENTS[own.component]}=...) fits the model without."
        for own, s in lacking
    ]


def _recommendation(model: FittedModel, best: Smaller | None, rule: str) -> list[str]:
    if best is None:
        return [KEEP]
    out = [f"Recommended: {best.formula}. {WHY[rule]}"]
    if best.origin:
        out.append(
            "It has slopes without intercepts, so that it depends on where the predictor is 0; prefer it only where "
            "that point means something."
        )
    lost = ", ".join(_slopes_lost(model, best))
    if lost:
        out.append(
            f"It has no random slopes on {lost}, which the fixed effects have. Where the effect of {lost} is what is "
            "tested, leaving out slopes that vary makes its test too bold (Barr and others, 2013): look at the test in "
            "both models."
        )
    return out


def _slopes_lost(model: FittedModel, best: Smaller) -> list[str]:
    """Fixed terms whose slopes vary in the model and not in the smaller one."""
    assert best.design is not None
    x = model.design.fixed
    label = {name: x.terms[term] for name, term in zip(x.names, x.assign, strict=True) if term >= 0}
    before, after = (
        {label[e] for t in design.random for e in t.effects if e in label} for design in (model.design, best.design)
    )
    return sorted(before - after)
