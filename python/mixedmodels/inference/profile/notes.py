"""Notes about an interval from a profile that its two numbers do not show."""

from __future__ import annotations

import numpy as np

from mixedmodels.inference.profile.curve import Curve

FLAT = 1e-6  # a zeta that is rounding


def notes(curve: Curve, quantile: float, level: float) -> list[str]:
    """Sentences about limits at which the profile does not cross its cut-off."""
    value, zeta, _ = curve.points
    name = curve.parameter.name
    out = []
    for side, end, at in (("lower", curve.first_end, 0), ("upper", curve.last_end, -1)):
        reached = abs(zeta[at])
        if reached >= quantile * (1 - 1e-9):
            continue
        if end == "boundary" and curve.parameter.kind == "cor" and np.max(np.abs(zeta)) < FLAT:
            return [f"{name}: its likelihood is flat, because the estimate of a standard deviation is 0."]
        if end == "boundary" and reached < FLAT:
            out.append(
                f"{name}: the estimate lies on the boundary {value[at]:g}, the {side} limit of a one-sided interval."
            )
        elif end == "boundary":
            out.append(
                f"{name}: the {side} limit is the boundary {value[at]:g}, where the profile's zeta is only "
                f"{reached:.3f}; the interval is one-sided at {100 * level:g}%."
            )
        elif end == "plateau":
            out.append(
                f"{name}: the {side} limit is the boundary {-1 if at == 0 else 1}; beyond {value[at]:.4f}, where "
                f"zeta is {reached:.3f}, the deviance rises no more, for a standard deviation is best at 0 there."
            )
        elif end == "unbounded":
            out.append(f"{name}: no {side} limit; the deviance hardly rises however far the parameter moves that way.")
        elif end == "falls":
            out.append(
                f"{name}: no {side} limit; beyond {value[at]:.6g}, where zeta is {reached:.3f}, the deviance falls "
                "again."
            )
        elif end == "spent":
            out.append(
                f"{name}: no {side} limit; the profile was followed as far as {value[at]:.6g}, zeta {reached:.3f}, and "
                f"left there after {curve.evaluations} evaluations of the deviance."
            )
        elif end in ("lost", "lower"):
            out.append(
                f"{name}: no {side} limit; the profile was followed as far as {value[at]:.6g}, zeta {reached:.3f}."
            )
    return out
