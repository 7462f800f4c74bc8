"""How often 95 % limits of predictions hold what they are for: means and observations of old and of new groups."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from mixedmodels.r import predictInterval
from tests.studies.shares import Shares
from tests.studies.study_designs import SIZES, TEN, VISITS

NEW = 8  # groups that the model has not seen
LEVEL = 0.95


@dataclass(frozen=True)
class World:
    """A model, its rows, and how predictors become responses.

    Attributes
    ----------
    formula, fit : how it is fitted to rows with a response y.
    sizes : rows of each group.
    sds : of intercepts and, if any, of slopes of x between groups.
    slope : of x in truth; the intercept is `level`.
    respond : linear predictors -> responses.
    mean : linear predictors -> means.
    """

    fit: Callable[[pd.DataFrame], Any]
    sizes: tuple[int, ...]
    sds: tuple[float, ...]
    level: float
    slope: float
    respond: Callable[[np.random.Generator, np.ndarray], np.ndarray]
    mean: Callable[[np.ndarray], np.ndarray]
    weights: float | None = None

    def rows(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rows of the fit, and of the predictions: one of each group, then one of each new group."""
        groups = len(self.sizes)
        x = np.random.default_rng(8).normal(size=sum(self.sizes) + groups + NEW)
        g = np.concatenate([np.repeat(np.arange(groups), self.sizes), np.arange(groups + NEW)])
        table = pd.DataFrame({"g": [f"g{i:02d}" for i in g], "x": x})
        return table[: sum(self.sizes)], table[sum(self.sizes) :].reset_index(drop=True)

    def predictors(self, rng: np.random.Generator, tables: tuple[pd.DataFrame, ...]) -> list[np.ndarray]:
        """True linear predictors of the rows, with random effects drawn for all groups at once."""
        b = rng.normal(size=(len(self.sizes) + NEW, len(self.sds))) * self.sds
        out = []
        for table in tables:
            own = b[[int(name[1:]) for name in table["g"]]]
            x = table["x"].to_numpy()
            out.append(self.level + self.slope * x + own[:, 0] + (own[:, 1] * x if len(self.sds) > 1 else 0.0))
        return out


TRIALS = 8.0
WORLDS = {
    "intercepts": World(
        fit=lambda d: mm.lmer("y ~ x + (1 | g)", d),
        sizes=SIZES,
        sds=(0.7,),
        level=0.0,
        slope=0.5,
        respond=lambda rng, eta: eta + rng.normal(size=len(eta)),
        mean=lambda eta: eta,
    ),
    "slopes": World(
        fit=lambda d: mm.lmer("y ~ x + (x | g)", d),
        sizes=TEN,
        sds=(0.7, 0.5),
        level=0.0,
        slope=0.5,
        respond=lambda rng, eta: eta + rng.normal(size=len(eta)),
        mean=lambda eta: eta,
    ),
    "counts": World(
        fit=lambda d: mm.glmer("y ~ x + (1 | g)", d, family="poisson"),
        sizes=TEN,
        sds=(0.6,),
        level=1.0,
        slope=0.3,
        respond=lambda rng, eta: rng.poisson(np.exp(eta)).astype(float),
        mean=np.exp,
    ),
    "proportions": World(
        fit=lambda d: mm.glmer("y ~ x + (1 | g)", d.assign(n=TRIALS), family="binomial", weights="n"),
        sizes=VISITS,
        sds=(0.8,),
        level=-0.5,
        slope=0.5,
        respond=lambda rng, eta: rng.binomial(int(TRIALS), 1 / (1 + np.exp(-eta))) / TRIALS,
        mean=lambda eta: 1 / (1 + np.exp(-eta)),
        weights=TRIALS,
    ),
}

METHODS: dict[str, dict[str, Any]] = {
    "delta, given theta, z": {"uncertainty": "given_theta", "ddf": "asymptotic"},
    "delta, all, z": {"ddf": "asymptotic"},
    "delta, all (the default)": {},
    "simulation": {"method": "simulation"},
    "bootstrap": {"method": "bootstrap", "nsim": 200},
}


def coverage(name: str, runs: int, seed: int) -> Shares:
    """Shares of limits that hold a mean or an observation, by method, over rows of old and of new groups."""
    world = WORLDS[name]
    rng = np.random.default_rng(seed)
    rows, new = world.rows()
    old = len(world.sizes)
    held: dict[str, dict[str, float]] = {}
    linear = len(world.sds) > 1 or name == "intercepts"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = None
        for run in range(runs):
            eta, eta_new = world.predictors(rng, (rows, new))
            y, y_new, truth = world.respond(rng, eta), world.respond(rng, eta_new), world.mean(eta_new)
            model = world.fit(rows.assign(y=y)) if model is None else model.refit(y)
            for method, options in METHODS.items():
                found = held.setdefault(method, {})
                for interval, value, what in (("confidence", truth, "mean"), ("prediction", y_new, "observation")):
                    weights = {"weights": world.weights} if interval == "prediction" else {}
                    low, high = _limits(model, new, interval, run, {**options, **weights})
                    inside = (low - 1e-9 <= value) & (value <= high + 1e-9)
                    for groups, part in (("old", slice(0, old)), ("new", slice(old, None))):
                        column = f"{what}, {groups} group"
                        found[column] = found.get(column, 0.0) + float(inside[part].mean())
            if linear:
                found = held.setdefault("merTools' predictInterval", {})
                table = predictInterval(model, new, level=LEVEL, seed=run)
                inside = (table["lwr"] <= y_new) & (y_new <= table["upr"])
                for groups, part in (("old", slice(0, old)), ("new", slice(old, None))):
                    column = f"observation, {groups} group"
                    found[column] = found.get(column, 0.0) + float(inside[part].mean())
    return Shares("limits", runs, {m: {c: s / runs for c, s in row.items()} for m, row in held.items()})


def _limits(model: Any, new: pd.DataFrame, interval: str, seed: int, options: dict[str, Any]) -> tuple[Any, Any]:
    table = model.predict(
        new, interval=interval, type="response", level=LEVEL, allow_new_levels=True, seed=seed, **options
    )
    return table["conf_low"].to_numpy(), table["conf_high"].to_numpy()
