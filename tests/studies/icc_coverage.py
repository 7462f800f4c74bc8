"""How often 95 % intervals of an intraclass correlation hold the truth."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import mixedmodels as mm
from tests.studies.shares import Shares
from tests.studies.study_designs import Design, intercepts, slopes

DRAWS = 199  # of either bootstrap
DESIGNS = {"intercepts": intercepts, "slopes": slopes}


def coverage(runs: int, seed: int) -> Shares:
    """Shares of intervals of the adjusted ICC that hold the truth, by method and design."""
    cells: dict[str, dict[str, float]] = {}
    for name, design in DESIGNS.items():
        for method, share in of_design(design(), runs, seed).items():
            cells.setdefault(method, {})[name] = share
    return Shares("interval", runs, cells)


def of_design(design: Design, runs: int, seed: int) -> dict[str, float]:
    truth = true_icc(design)
    responses = design.draw(np.random.default_rng(seed), runs)
    held: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = design.fit(design.data.assign(y=responses[:, 0]))
        for i, y in enumerate(responses.T):
            for method, (low, high) in intervals(model.refit(y), design, y, i).items():
                held[method] = held.get(method, 0) + bool(low <= truth <= high)
    return {method: count / runs for method, count in held.items()}


def true_icc(design: Design) -> float:
    """Of the parameters that the responses were drawn with."""
    x = design.data["x"].to_numpy()
    slope = design.truth.get("sd_x|g", 0.0)
    among = design.truth["sd_(Intercept)|g"] ** 2 + slope**2 * np.mean(x**2)
    return float(among / (among + design.truth["sigma"] ** 2))


def intervals(fit: Any, design: Design, y: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    ml = fit.update(REML=False).refit(y)
    found = {}
    for name, model, method in (
        ("profile, REML", fit, "profile"),
        ("profile", ml, "profile"),
        ("bootstrap, percentile", fit, "boot"),
    ):
        row = model.icc(ci=0.95, method=method, nsim=DRAWS, seed=seed).table.row("adjusted")
        found[name] = (row["conf_low"], row["conf_high"])
    return found | {"rows drawn, percentile": rows_drawn(design, y, seed)}


def rows_drawn(design: Design, y: np.ndarray, seed: int) -> tuple[float, float]:
    """Rows drawn with replacement, whatever group they are of, as R's performance does it."""
    rng = np.random.default_rng(seed)
    data = design.data.assign(y=y)
    values = []
    while len(values) < DRAWS:
        rows = data.iloc[rng.integers(len(data), size=len(data))]
        try:
            values.append(design.fit(rows).icc().adjusted)
        except mm.MixedModelsError:  # a draw that leaves too few groups or predictors
            continue
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
