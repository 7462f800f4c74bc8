"""From estimates with gradients to a table with standard errors, tests and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.effects.marginal.coefficients import degrees_of_freedom, std_errors
from mixedmodels.effects.marginal.hypotheses import Estimates
from mixedmodels.effects.marginal.record import MarginalTable
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.inference.multiplicity.p_adjust import adjust as p_adjust

TRANSFORMS: dict[str, Callable[[Vector], Any]] = {"exp": np.exp, "ln": np.log, "log": np.log}


def result(
    estimates: Estimates,
    coefficients: Coefficients | None,
    *,
    level: float,
    title: str,
    footer: Sequence[str],
    kind: Any,
    transform: Any = None,
    equivalence: Any = None,
    adjust: str | None = None,
    more: Mapping[str, Any] | None = None,
    hidden: Sequence[str] = (),
) -> MarginalTable:
    """The table of estimates.

    Parameters
    ----------
    coefficients : Coefficients or None
        Coefficients with their covariance; None for no standard errors.
    transform : str, callable or None
        Function of estimates and limits.
    equivalence : sequence of float or None
        Limits of a test of equivalence.
    adjust : str or None
        Adjustment of the p-values.
    more : mapping of str, optional
        Columns beside those of the estimates.
    """
    wald.check_level(level)
    columns: dict[str, Any] = {"estimate": estimates.jet.value}
    if coefficients is not None:
        columns = _tested(estimates, coefficients, level, adjust)
        if equivalence is not None:
            columns |= _equivalence(columns, equivalence)
    elif equivalence is not None or adjust is not None:
        raise DataError("tests need standard errors, and vcov=False asks for none.")
    if transform is not None:
        columns = _transformed(columns, transform)
    return MarginalTable(
        columns={**estimates.columns, **columns, **(more or {})},
        title=title,
        footer=tuple(footer),
        kind=kind,
        hidden=tuple(hidden),
        estimates=estimates,
        coefficients=coefficients,
        level=level,
    )


def _tested(estimates: Estimates, coefficients: Coefficients, level: float, adjust: str | None) -> dict[str, Any]:
    jet = estimates.jet
    error, df = std_errors(jet.gradient, coefficients), degrees_of_freedom(jet.gradient, coefficients)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (jet.value - estimates.null) / error
    p = _p_values(statistic, df, estimates.directions)
    if adjust is not None:
        p = p_adjust(p, adjust)
    limits = wald.intervals(jet.value, error, level, df)
    with np.errstate(divide="ignore"):
        surprise = -np.log2(p)
    columns = {"estimate": jet.value, "std_error": error, "statistic": statistic}
    if np.isfinite(df).any():
        columns["df"] = df
    return {**columns, "p_value": p, "s_value": surprise, "conf_low": limits[:, 0], "conf_high": limits[:, 1]}


def _p_values(statistic: Vector, df: Vector, directions: Sequence[str]) -> Vector:
    """Two-sided, or of one side where a hypothesis has a direction."""
    which = np.array(directions)
    p = wald.p_values(statistic, df)
    p = np.where(which == "<=", wald.lower_tail(-statistic, df), p)
    return np.where(which == ">=", wald.lower_tail(statistic, df), p)


def _equivalence(columns: Mapping[str, Any], limits: Any) -> dict[str, Vector]:
    """Two one-sided tests that an estimate is above the lower and below the upper limit."""
    low, high = _limits(limits)
    estimate, error = columns["estimate"], columns["std_error"]
    df = columns.get("df", np.full(len(estimate), np.inf))
    above, below = (estimate - low) / error, (estimate - high) / error
    p_above, p_below = wald.lower_tail(-above, df), wald.lower_tail(below, df)
    return {
        "statistic_noninf": above,
        "statistic_nonsup": below,
        "p_value_noninf": p_above,
        "p_value_nonsup": p_below,
        "p_value_equiv": np.maximum(p_above, p_below),
    }


def _limits(limits: Any) -> tuple[float, float]:
    try:
        low, high = (float(v) for v in np.broadcast_to(np.asarray(limits, dtype=float).reshape(-1), 2))
    except (TypeError, ValueError):
        raise DataError(f"equivalence is {limits!r:.60}; give its two limits, as (-0.1, 0.1).") from None
    if not low <= high:
        raise DataError(f"equivalence is from {low:g} to {high:g}; give the lower limit first.")
    return low, high


def _transformed(columns: Mapping[str, Any], transform: Any) -> dict[str, Any]:
    """Estimates and limits on another scale, on which there are no standard errors or statistics."""
    function = TRANSFORMS.get(transform) if isinstance(transform, str) else transform
    if not callable(function):
        raise DataError(f"transform is {transform!r}; it is 'exp', 'ln' or a function of arrays.")
    out = {name: values for name, values in columns.items() if name not in ("std_error", "statistic", "df")}
    for name in ("estimate", "conf_low", "conf_high"):
        if name in out:
            out[name] = np.asarray(function(out[name]), dtype=float)
            if out[name].shape != columns[name].shape:
                raise DataError(f"transform returned shape {out[name].shape} for {len(columns[name])} estimates.")
    if "conf_low" in out:  # a transformation may fall
        low, high = out["conf_low"], out["conf_high"]
        out["conf_low"], out["conf_high"] = np.minimum(low, high), np.maximum(low, high)
    return out
