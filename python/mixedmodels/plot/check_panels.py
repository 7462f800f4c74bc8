"""The panels of a page of checks: the data of each panel, from the tables of the checks, in the same columns.

Columns of every panel: part, series (which of several curves, or a label), x, y, low, high.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks.family_checks import bins_of
from mixedmodels.diagnose.checks.loess import lowess
from mixedmodels.plot.residual_plots import BINNED_ALONG
from mixedmodels.plot.subjects import columns_of, response_label

Columns = dict[str, Any]

BOUNDS = (5.0, 10.0)  # of variance inflation: moderate, high
WIDEST = 10.0  # times its estimate; an upper limit beyond says nothing
CONTOURS = (0.5, 1.0)  # of Cook's distance
MAX_STEPS = 30  # of a curve of counts
FEW_VALUES = 15  # a response with fewer distinct values is shown value by value


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A panel of the page.

    Attributes
    ----------
    name : str
        Name as in the table.
    title, x, y : str
        Title and labels of the axes, in words.
    columns : dict of str
        What is drawn.
    verdict : str, default ""
        Verdict of the check: "OK", "Look" or "None"; empty if the panel has no check.
    """

    name: str
    title: str
    x: str
    y: str
    columns: Columns
    verdict: str = ""


def columns(
    part: Sequence[str], x: Any, y: Any, *, series: Sequence[Any] | None = None, low: Any = None, high: Any = None
) -> Columns:
    """The columns of a panel. Columns that are left out hold missing values."""
    n = len(part)
    numbers = {"x": x, "y": y, "low": low, "high": high}
    return {
        "part": list(part),
        "series": [""] * n if series is None else [str(s) for s in series],
        **{k: np.full(n, np.nan) if v is None else np.asarray(v, dtype=float) for k, v in numbers.items()},
    }


def joined(*parts: Columns) -> Columns:
    """Columns one after the other."""
    return {
        k: [v for p in parts for v in p[k]] if k in ("part", "series") else np.concatenate([p[k] for p in parts])
        for k in parts[0]
    }


def panels(check: Any) -> list[Panel]:
    """The panels of the checks that were made, in the order of the page."""
    verdicts = {c.title: c.verdict for c in check.checks}
    out = []
    for title, build in BUILDERS.items():
        if title in verdicts:
            out.append(build(check, verdicts[title]))
    normal = {t: v for t, v in verdicts.items() if t.startswith("normality of ") and t != "normality of residuals"}
    return out + (_effects(check, normal) if normal else [])


def _draws(check: Any, verdict: str) -> Panel:
    table = columns_of(check.posterior_predictive_table())
    data = table["draw"] == 0
    part = np.where(data, "data", "draw").tolist()
    series = [f"{int(d)}" for d in table["draw"]]
    drawn = columns(part, table["value"], table["density"], series=series)
    few = int(np.sum(data)) < FEW_VALUES
    shares = bool(np.isclose(np.sum(table["density"][data]), 1.0, rtol=1e-9))
    if shares and not few:
        drawn = _in_steps(drawn)
    name, y = ("shares" if few else "draws", "Share of rows" if shares else "Density")
    x = response_label(check._model)
    return Panel(name=name, title="Data and draws", x=x, y=y, columns=drawn, verdict=verdict)


def _in_steps(drawn: Columns) -> Columns:
    """Shares of a wide range of counts, in at most 30 steps of equal width, so that their curve is no comb."""
    low = drawn["x"].min()
    width = math.ceil((np.ptp(drawn["x"]) + 1) / MAX_STEPS)
    draw, which = np.array([int(s) for s in drawn["series"]]), ((drawn["x"] - low) // width).astype(int)
    count = int(which.max()) + 1
    sums = np.bincount(draw * count + which, drawn["y"], (int(draw.max()) + 1) * count)
    middle = low + width * (np.arange(count) + 0.5) - 0.5
    series = np.repeat(np.arange(len(sums) // count), count)
    part = np.where(series == 0, "data", "draw").tolist()
    return columns(part, np.tile(middle, len(sums) // count), sums, series=[f"{s}" for s in series])


def _cloud(table: Columns, y: str) -> Columns:
    """Points, and the smooth curve of the table."""
    order = np.argsort(table["fitted"], kind="stable")
    points = columns(["point"] * len(order), table["fitted"], table[y])
    return joined(points, columns(["smooth"] * len(order), table["fitted"][order], table["smooth"][order]))


def _linearity(check: Any, verdict: str) -> Panel:
    model = check._model
    x = "Linear predictor" if model._fit.generalized else "Fitted value"
    x += " of the fixed effects" if check.mixed else ""
    y = "Deviance residual" if model._fit.generalized else "Residual"
    drawn = _cloud(columns_of(check.linearity_table()), "residual")
    return Panel(name="residuals", title="Linearity", x=x, y=y, columns=drawn, verdict=verdict)


def _spread(check: Any, verdict: str) -> Panel:
    drawn = _cloud(columns_of(check.scale_location_table()), "root")
    return Panel(
        name="scale_location",
        title="Equal variance",
        x="Fitted value",
        y="√|standardised residual|",
        columns=drawn,
        verdict=verdict,
    )


def _dispersion(check: Any, verdict: str) -> Panel:
    table = columns_of(check.dispersion_table())
    finite = np.isfinite(table["fitted"]) & np.isfinite(table["squared_residual"])
    mean, squared, expected = (table[k][finite] for k in ("fitted", "squared_residual", "variance"))
    x, line = lowess(mean, squared, robust=False)
    seen = columns(["observed"] * len(x), x, np.maximum(line, 0.0))
    # The same smoother for both: the variance of unequal numbers of trials is no function of the mean.
    x, line = lowess(mean, expected, robust=False)
    drawn = joined(seen, columns(["expected"] * len(x), x, np.maximum(line, 0.0)))
    return Panel(name="dispersion", title="Dispersion", x="Mean", y="Variance", columns=drawn, verdict=verdict)


def _bins(check: Any, verdict: str) -> Panel:
    mixed = bool(check._model.design.random)
    bins = bins_of(check._model, None, fixed=mixed)  # as the check judges them
    drawn = columns(["bin"] * len(bins.rows), bins.fitted, bins.residual, low=bins.low, high=bins.high)
    return Panel(
        name="binned",
        title="Binned residuals",
        x=BINNED_ALONG if mixed else "Fitted value",
        y="Mean residual",
        columns=drawn,
        verdict=verdict,
    )


def _influence(check: Any, verdict: str) -> Panel:
    table = columns_of(check.influence_table())
    h, r, cooks = table["leverage"], table["residual"], table["cooks_distance"]
    rows = [f"{int(i)}" for i in table["row"]]
    drawn = [columns(["point"] * len(h), h, r, series=rows, low=cooks)]
    p = _coefficients(h, r, cooks)
    if p is not None:
        grid = np.linspace(max(float(np.nanmin(h)), 1e-4), min(float(np.nanmax(h)) * 1.02, 0.999), 101)
        for distance in CONTOURS:
            reach = np.sqrt(distance * p * (1 - grid) / grid)
            for sign in (-1, 1):
                drawn.append(columns(["contour"] * len(grid), grid, sign * reach, series=[f"{distance:g}"] * len(grid)))
    return Panel(
        name="influence",
        title="Influential rows",
        x="Leverage",
        y="Standardised residual",
        columns=joined(*drawn),
        verdict=verdict,
    )


def _coefficients(h: Vector, r: Vector, cooks: Vector) -> float | None:
    """The p of Cook's distance r^2 h / (p (1 - h)) if it holds for all rows; else None."""
    finite = np.isfinite(h) & np.isfinite(r) & (cooks > 1e-12) & (h < 1)
    if not finite.any():
        return None
    p = r[finite] ** 2 * h[finite] / ((1 - h[finite]) * cooks[finite])
    return float(np.median(p)) if np.ptp(p) <= 1e-6 * float(np.median(p)) else None


def _collinearity(check: Any, verdict: str) -> Panel:
    table = columns_of(check.collinearity_table())
    n = len(table["vif"])
    # Beside a factor of about 1 the data tell no limits: the upper one is missing or astronomically large.
    known = np.isfinite(table["conf_high"]) & (table["conf_high"] <= WIDEST * table["vif"])
    low, high = (np.where(known, table[k], np.nan) for k in ("conf_low", "conf_high"))
    drawn = columns(["term"] * n, table["vif"], np.arange(n)[::-1], series=table["term"], low=low, high=high)
    return Panel(
        name="collinearity", title="Collinearity", x="Variance inflation", y="", columns=drawn, verdict=verdict
    )


def _normality(check: Any, verdict: str) -> Panel:
    table = columns_of(check.qq_residuals_table())
    n = len(table["quantile"])
    rows = [f"{int(i)}" for i in table["row"]]
    low, high = table["joint_low"], table["joint_high"]
    drawn = columns(["point"] * n, table["quantile"], table["residual"], series=rows, low=low, high=high)
    return Panel(
        name="normality",
        title="Normality of residuals",
        x="Normal quantile",
        y="Standardised residual",
        columns=drawn,
        verdict=verdict,
    )


def _effects(check: Any, verdicts: dict[str, str]) -> list[Panel]:
    table = columns_of(check.qq_random_effects_table())
    keys = list(zip(table["group"], table["effect"], strict=True))
    out = []
    for group, effect in dict.fromkeys(keys):
        mine = np.array([k == (group, effect) for k in keys])
        q, value, low, high = (table[k][mine] for k in ("quantile", "value", "conf_low", "conf_high"))
        labels = [label for label, here in zip(table["level"], mine, strict=True) if here]
        drawn = columns(["point"] * len(q), q, value, series=labels, low=low, high=high)
        name = f"{effect} of {group}"
        verdict = verdicts.get(f"normality of {name}", "")
        out.append(
            Panel(
                name=f"normality of {name}",
                title=f"Normality of {name}",
                x="Normal quantile",
                y="Effect",
                columns=drawn,
                verdict=verdict,
            )
        )
    return out


BUILDERS: dict[str, Callable[[Any, str], Panel]] = {
    "draws from the model": _draws,
    "linearity": _linearity,
    "equal variance": _spread,
    "dispersion": _dispersion,
    "binned residuals": _bins,
    "influential rows": _influence,
    "collinearity": _collinearity,
    "normality of residuals": _normality,
}
