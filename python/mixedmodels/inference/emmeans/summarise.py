"""Estimates of labelled linear functions with limits and tests, adjusted for multiplicity, on either scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.estimates.linear_functions import Basis, LinearFunctions
from mixedmodels.estimates.response_scale import ResponseScale
from mixedmodels.frame import label
from mixedmodels.inference.emmeans.families import ComparisonFamily, across_groups
from mixedmodels.inference.emmeans.settings import SIDES, Settings


@dataclass(frozen=True)
class Summary:
    """Columns of a summary, their headers in R, and the lines below."""

    columns: dict[str, Any]
    headers: dict[str, str]
    lines: tuple[str, ...]


def summarise(functions: LinearFunctions, basis: Basis, s: Settings) -> Summary:
    """Estimates with limits, tests or both."""
    estimate, error, df = basis.estimates(functions)
    defined = df[~np.isnan(df)]
    normal = bool(np.isinf(defined).all())
    scale = s.scale if s.on_response and s.scale is not None and s.scale.inverse is not None else None
    if scale is not None and s.sigma is not None:
        scale = scale.corrected(s.sigma)
    correlated = _correlated(s.adjust)
    covariance = basis.covariance(functions.rows) if correlated else None
    family = ComparisonFamily(functions, functions.groups(s.by), s, df, covariance, basis)
    columns: dict[str, Any] = {"estimate": estimate, "std_error": error, "df": df}
    headers = {"estimate": s.estimate if scale is None else scale.label, "std_error": "SE", "df": "df"}
    lines = _first_lines(s)
    if s.limits:
        limits, remarks = _limits(family, estimate, error, s, scale)
        columns |= limits
        lines += remarks
        ends = ("asymp.LCL", "asymp.UCL") if normal else ("lower.CL", "upper.CL")
        headers |= dict(zip(limits, ends, strict=True))
    if s.tests:
        tests, remarks = _tests(family, estimate, error, s, scale)
        columns |= tests
        lines += remarks
        if s.cross_adjust != "none" and len(family.groups) > 1:
            columns["p_value"] = across_groups(columns["p_value"], family.groups, s.cross_adjust)
            lines.append(f"Cross-group P-value adjustment: {s.cross_adjust}")
        headers |= {"null": "null", "statistic": "z.ratio" if normal else "t.ratio", "p_value": "p.value"}
    if scale is not None and scale.inverse is not None and scale.slope is not None:
        columns["std_error"] = np.abs(scale.slope(estimate) * error)
        columns["estimate"] = scale.inverse(estimate)
        if s.sigma is not None:
            lines.append(f"Bias adjustment applied based on sigma = {s.sigma:.5g}")
    return Summary(columns, headers, tuple(dict.fromkeys([*lines, *family.notes])))


def _correlated(adjust: str) -> bool:
    return adjust in ("mvt", "single-step", "free")


def _first_lines(s: Settings) -> list[str]:
    """Lines on the factors averaged over, the method and the scale."""
    lines = []
    if s.averaged:
        qualifier = " some or all of" if s.some else ""
        lines.append(f"Results are averaged over{qualifier} the levels of: {', '.join(s.averaged)}")
    lines += s.messages
    if s.method is not None:
        lines.append(f"Degrees-of-freedom method: {s.method}")
    if s.scale is not None and not s.on_response:
        lines.append(f"Results are given on the {s.scale.name} (not the response) scale.")
    elif s.scale is not None and s.scale.inverse is None:
        lines.append(f'Unknown transformation "{s.scale.name}": no transformation done')
    return lines


def _limits(
    family: ComparisonFamily, estimate: Vector, error: Vector, s: Settings, scale: ResponseScale | None
) -> tuple[dict[str, Vector], list[str]]:
    """Limits on the scale wanted, and the lines about them."""
    low, high, remarks = family.limits(estimate, error, SIDES[s.side])
    lines = [f"Confidence level used: {label(s.level)}", *remarks]
    if scale is not None and scale.inverse is not None:
        low, high = scale.inverse(low), scale.inverse(high)
        both = ~(np.isnan(low) | np.isnan(high))
        if (low[both] > high[both]).any():  # a scale that falls
            low, high = high, low
        lines.append(f"Intervals are back-transformed from the {scale.name} scale")
    return {"conf_low": low, "conf_high": high}, lines


def _tests(
    family: ComparisonFamily, estimate: Vector, error: Vector, s: Settings, scale: ResponseScale | None
) -> tuple[dict[str, Vector], list[str]]:
    """Statistics on the scale of the linear predictor with p-values, and the lines about them."""
    side, delta = SIDES[s.side], abs(s.delta)
    null = np.full(len(estimate), float(s.null))
    shown = scale.inverse(null) if scale is not None and scale.inverse is not None else null
    columns = {"null": shown} if np.any(shown != 0) else {}
    with np.errstate(divide="ignore", invalid="ignore"):
        if side:
            t = (estimate - null + side * delta) / error
        else:
            t = (np.abs(estimate - null) - delta if delta else estimate - null) / error
    tail = side or (-1 if delta else 0)
    p, lines = family.p_values(t, tail)
    if delta:
        hypothesis = {-1: "nonsuperiority", 0: "equivalence", 1: "noninferiority"}[side]
        lines.append(f"Statistics are tests of {hypothesis} with a threshold of {delta:.5g}")
    if tail:
        lines.append(f"P values are {'left' if tail < 0 else 'right'}-tailed")
    if scale is not None:
        lines.append(f"Tests are performed on the {scale.name} scale")
    return {**columns, "statistic": t, "p_value": p}, lines
