"""How often 95 % intervals hold the truth."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Container
from typing import Any

import numpy as np

import mixedmodels as mm
from tests.studies.shares import Shares
from tests.studies.study_designs import Design

LEVEL = 0.95
BOOTSTRAPS = {"perc": "percentile", "basic": "basic", "norm": "normal", "bca": "BCa"}

Limits = dict[str, tuple[float, float]]


def coverage(design: Design, runs: int, draws: int, seed: int) -> Shares:
    """Shares of intervals that hold the truth, by method and parameter."""
    responses = design.draw(np.random.default_rng(seed), runs)
    held: dict[str, dict[str, int]] = {}
    failures: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = design.fit(design.data.assign(y=responses[:, 0]))
        for i, y in enumerate(responses.T):
            for method, limits in intervals(model.refit(y), design, draws, i).items():
                row = held.setdefault(method, {})
                failures[method] += any(np.isnan(pair).any() for pair in limits.values())
                for name, (low, high) in limits.items():
                    row[name] = row.get(name, 0) + bool(low <= design.truth[name] <= high)
    cells = {method: {name: row[name] / runs for name in design.truth if name in row} for method, row in held.items()}
    notes = [f"{m}: data sets without an interval, which count as missed: {n}." for m, n in failures.items() if n]
    return Shares("interval", runs, cells, "\n".join(notes))


def intervals(fit: Any, design: Design, draws: int, seed: int) -> dict[str, Limits]:
    """Limits by every method; a limit that is not known is NaN, which holds nothing."""
    found = {"Wald, z": student(fit, "asymptotic")}
    if design.linear:
        found |= {f"t, {ddf}": student(fit, ddf) for ddf in ("Satterthwaite", "Kenward-Roger")}
    found["profile"] = profile(fit, list(design.truth))
    if design.linear:
        deviations = [name for name in design.truth if name.startswith("s")]  # sd_... and sigma
        found["profile, REML"] = profile(fit, deviations, criterion="REML")
    drawn = fit.bootstrap(draws, seed)
    for kind, name in BOOTSTRAPS.items():
        found[f"bootstrap, {name}"] = limits_of(drawn.confint(type=kind), design.truth)
    return found


def student(fit: Any, ddf: str) -> Limits:
    """Limits of each coefficient by its standard error and degrees of freedom."""
    names = list(fit.fixef())
    table = fit.contest(np.eye(len(names)), joint=False, ddf=ddf, level=LEVEL)
    return dict(zip(names, zip(table["conf_low"], table["conf_high"], strict=True), strict=True))


def profile(fit: Any, names: list[str], **how: Any) -> Limits:
    try:
        table = fit.confint(names, **how)
    except mm.FitError:
        return dict.fromkeys(names, (np.nan, np.nan))
    return limits_of(table, names)


def limits_of(table: Any, names: Container[str]) -> Limits:
    return {
        name: (low, high)
        for name, low, high in zip(table.names, table["conf_low"], table["conf_high"], strict=True)
        if name in names
    }
