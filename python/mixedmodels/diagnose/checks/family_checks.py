"""Checks of counts and proportions, each with its finding in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks import counts
from mixedmodels.errors import DataError
from mixedmodels.fit.checks import unidentified_message
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.moments import fixed_part
from mixedmodels.tables.check import Check, p_text


def overdispersion(model: Any) -> Check:
    """See `CheckVerbs.check_overdispersion`."""
    model._need_rows("check_overdispersion()")
    reason = undispersed(model)
    if reason:
        raise DataError(f"check_overdispersion() is for counts, or proportions of several trials; {reason}.")
    used, fit = _used(model), model._fit
    test = counts.overdispersion(model._residuals("pearson")[used], model.df_resid)
    values = {"statistic": test.chisq, "ratio": test.ratio, "df": test.df, "p_value": test.p_value}
    title, method, kind = "dispersion", "Pearson's chi-squared test of overdispersion", model._source.kind
    if test.p_value != test.p_value:
        return Check(
            title, None, "no degrees of freedom are left to say anything about the dispersion", values, method, kind
        )
    numbers = f"(Pearson's Chisq = {test.chisq:.5g} on {test.df} Df, ratio {test.ratio:.2f}, {p_text(test.p_value)})"
    if test.p_value < 0.05:
        other = "further predictors" if fit.family.name.startswith("Negative") else "a negative binomial"
        if fit.family.support == "proportion":
            other = "further predictors"
        words = f"the response varies more than its family lets it; try {other} or a random effect per row"
        return Check(title, True, f"{words} {numbers}", values, method, kind)
    words = f"the response does not vary more than its family lets it {numbers}"
    return Check(title, False, words, values, method, kind)


def identified(model: Any) -> Check | None:
    """Whether the model can tell its variances from the rest; None where nothing speaks against it."""
    fit = model._fit
    if not fit.mixed or not fit.unidentified:
        return None
    text, method = unidentified_message(fit).rstrip("."), "columns of Z in the span of X, and equal terms"
    return Check("identification", True, text, {"unidentified": len(fit.unidentified)}, method, model._source.kind)


def undispersed(model: Any) -> str:
    """Why variation beyond the family's cannot be seen; empty where it can."""
    fit = model._fit
    if not fit.generalized or fit.family.weights_role == "precision":
        return f"{model.family} estimates its dispersion"
    if fit.family.support == "proportion" and (fit.weights is None or bool((fit.weights <= 1).all())):
        return "single trials cannot vary more than their probability lets them"
    return ""


def _zero_probabilities(model: Any) -> Vector:
    """The probability of 0 of each row, zero inflation included."""
    fit = model._fit
    if isinstance(fit, ComponentsFit):
        return fit.family.moments(fit.etas, None, fit.psi)[2]
    return np.asarray(np.exp(fit.family.log_density(np.zeros(fit.n), None, fit.eta, list(model._psi))))


def zeroinflation(model: Any, tolerance: float) -> Check:
    """See `CheckVerbs.check_zeroinflation`."""
    model._need_rows("check_zeroinflation()")
    fit = model._fit
    if not fit.generalized or fit.family.support != "counts":
        raise DataError(f"check_zeroinflation() is for counts, not {model.family}.")
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        raise DataError(f"tolerance is {tolerance!r:.40}; give a share between 0 and 1.")
    used = _used(model)
    zeros = counts.expected_zeros(fit.y[used], _zero_probabilities(model)[used])
    method, kind = "zeros that are expected over zeros observed", model._source.kind
    values = {"observed": zeros.observed, "expected": zeros.expected, "ratio": zeros.ratio, "tolerance": tolerance}
    values["statistic"] = zeros.ratio
    numbers = f"{zeros.observed:,} zeros were observed and {zeros.expected:,.1f} are expected"
    if zeros.observed == 0:
        return Check("zeros", None, "no zero was observed", values, method, kind)
    if zeros.ratio < 1 - tolerance:
        words = f"{numbers}: too few; try a negative binomial, or a model with zero inflation"
    elif zeros.ratio > 1 + tolerance:
        words = f"{numbers}: too many; look whether zeros could be observed at all"
    else:
        words = numbers
    return Check("zeros", abs(zeros.ratio - 1) > tolerance, words, values, method, kind)


def bins_of(model: Any, bins: int | None, fixed: bool = False) -> counts.Bins:
    """Mean residuals by fitted value.

    Parameters
    ----------
    fixed : bool, default False
        Whether to order rows by what the fixed effects say, along which residuals do not slope as the modes are shrunk.
    """
    if bins is not None and (isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 2):
        raise DataError(f"bins is {bins!r:.40}; give a whole number from 2.")
    used = _used(model)
    fit, along = model._fit, model._fitted()
    if fixed:
        along = fixed_part(model.design, fit.kept, fit.beta, fit.n)
    return counts.binned(along[used], (model._response() - model._fitted())[used], bins)


def binned_residuals(model: Any, bins: int | None = None) -> Check:
    """Whether the mean residuals of rows with similar fitted values are near 0."""
    from scipy.stats import binom

    model._need_rows("binned residuals")
    binned = bins_of(model, bins, fixed=bool(model.design.random))
    count = len(binned.rows)
    outside = round((1 - binned.inside) * count)
    p = float(binom.sf(outside - 1, count, 0.05)) if count else np.nan
    words = f"{outside} of {count} bins have a mean residual outside its limits, where {0.05 * count:.1f} are expected"
    values = {"statistic": float(outside), "inside": binned.inside, "bins": count, "p_value": p}
    method = "binned residuals outside their limits, against a binomial number"
    return Check("binned residuals", bool(p < 0.05), words, values, method, model._source.kind)


def _used(model: Any) -> Vector:
    """Rows of positive weight."""
    weights = model._prior_weights()
    return np.ones(model._fit.n, dtype=bool) if weights is None else np.asarray(weights > 0)
