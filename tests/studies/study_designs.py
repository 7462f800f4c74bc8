"""The small unbalanced designs of the calibration studies, each with responses whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm

SIZES = (2, 3, 3, 4, 5, 6, 8, 9)  # rows of eight groups; every other group is treated
EIGHT = (2, 3, 3, 4, 5, 8, 10, 12)
TEN = (2, 3, 4, 4, 5, 6, 7, 8, 9, 9)
VISITS = (1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4)  # of twelve herds, seen at up to four times


@dataclass(frozen=True)
class Design:
    """A model, and how responses come about.

    Attributes
    ----------
    fit : to `data`, any response in it.
    draw : responses, shape (rows, count).
    truth : values of the parameters, by the names that `confint` gives them.
    hypotheses : terms whose coefficient is 0 in truth.
    robust : the type of sandwich for it.
    """

    fit: Callable[[pd.DataFrame], Any]
    data: pd.DataFrame
    draw: Callable[[np.random.Generator, int], np.ndarray]
    truth: Mapping[str, float]
    hypotheses: tuple[str, ...]
    robust: str = "CR2"

    @property
    def linear(self) -> bool:
        return self.robust == "CR2"


def groups_and_covariates(sizes: tuple[int, ...]) -> tuple[np.ndarray, pd.DataFrame]:
    g = np.repeat(np.arange(len(sizes)), sizes)
    x = np.random.default_rng(8).normal(size=len(g))
    return g, pd.DataFrame({"g": g.astype(str), "treated": (g % 2).astype(float), "x": x})


def intercepts() -> Design:
    """40 rows of eight groups with random intercepts; a treatment between groups, a covariate within."""
    g, data = groups_and_covariates(SIZES)

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        return 0.7 * rng.normal(size=(len(SIZES), count))[g] + rng.normal(size=(len(g), count))

    truth = {"(Intercept)": 0.0, "treated": 0.0, "x": 0.0, "sd_(Intercept)|g": 0.7, "sigma": 1.0}
    return Design(
        fit=lambda d: mm.lmer("y ~ treated + x + (1 | g)", d),
        data=data,
        draw=draw,
        truth=truth,
        hypotheses=("treated", "x"),
    )


def slopes() -> Design:
    """57 rows of ten groups with random intercepts and slopes, independent of each other in truth."""
    return with_slopes(TEN, 0.5)


def faint_slopes() -> Design:
    """47 rows of eight groups, whose slopes differ so little that most fits are singular."""
    return with_slopes(EIGHT, 0.4)


def with_slopes(sizes: tuple[int, ...], sd: float) -> Design:
    g, data = groups_and_covariates(sizes)
    x = data["x"].to_numpy()[:, None]

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        a, b = 0.7 * rng.normal(size=(len(sizes), count)), sd * rng.normal(size=(len(sizes), count))
        return a[g] + b[g] * x + rng.normal(size=(len(g), count))

    truth = {"(Intercept)": 0.0, "treated": 0.0, "x": 0.0, "sd_(Intercept)|g": 0.7, "sd_x|g": sd, "sigma": 1.0}
    return Design(
        fit=lambda d: mm.lmer("y ~ treated + x + (x | g)", d),
        data=data,
        draw=draw,
        truth=truth,
        hypotheses=("treated", "x"),
    )


def herds() -> Design:
    """38 proportions of twelve herds, each of 3 to 24 animals, as those of `cbpp`: about a fifth of them ill."""
    h = np.repeat(np.arange(len(VISITS)), VISITS)
    size = np.random.default_rng(3).integers(3, 25, len(h))
    visit = np.concatenate([np.arange(v) for v in VISITS]).astype(float)
    data = pd.DataFrame({"herd": h.astype(str), "treated": (h % 2).astype(float), "visit": visit, "size": size})

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        eta = -1.4 + 0.6 * rng.normal(size=(len(VISITS), count))[h]
        return rng.binomial(size[:, None], 1 / (1 + np.exp(-eta))) / size[:, None]

    def fit(d: pd.DataFrame) -> Any:
        return mm.glmer("y ~ treated + visit + (1 | herd)", d, "binomial", weights="size")

    truth = {"(Intercept)": -1.4, "treated": 0.0, "visit": 0.0, "sd_(Intercept)|herd": 0.6}
    return Design(fit=fit, data=data, draw=draw, truth=truth, hypotheses=("treated", "visit"), robust="CR1")
