"""Generalised mixed models of one simulated table, over families, links and designs, that tests share."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import special

import mixedmodels as mm
from tests.support import dense_glmm

R_NAMES = {
    "Binomial": "binomial",
    "Poisson": "poisson",
    "NegativeBinomial": "nbinom2",
    "Gamma": "Gamma",
    "InverseGaussian": "inverse.gaussian",
    "Gaussian": "gaussian",
}


class Case(NamedTuple):
    """A response of the table with a family, and random terms."""

    response: str
    family: str
    link: str
    random: str = "(1 | g)"
    fixed: str = "x + f"
    theta: float | None = None

    @property
    def formula(self) -> str:
        return f"{self.response} ~ {self.fixed} + {self.random}"

    @property
    def object(self) -> Any:
        options = {"theta": self.theta} if self.family == "NegativeBinomial" else {}
        return getattr(mm.families, self.family)(link=self.link, **options)

    def __str__(self) -> str:
        return f"{self.family}-{self.link}-{self.random}".replace(" ", "")


BOTH = "(x | g) + (1 | h)"
CASES = [
    Case("b", "Binomial", "logit", BOTH),
    Case("cbind(s, t - s)", "Binomial", "probit"),
    Case("cbind(s, t - s)", "Binomial", "cloglog", "(1 | h / k)"),
    Case("cbind(s, t - s)", "Binomial", "cauchit", "(1 | g) + (1 | h)"),
    Case("c", "Poisson", "log", BOTH),
    Case("r", "Poisson", "sqrt", "(1 | g) + (1 | h)"),
    Case("n", "NegativeBinomial", "log", BOTH),
    Case("n", "NegativeBinomial", "log", "(x | g)", theta=1.5),
    Case("p", "Gamma", "log", BOTH),
    Case("p", "Gamma", "inverse", "(1 | g)", "x"),
    Case("i", "InverseGaussian", "log", "(1 | g) + (1 | h)"),
    Case("v", "Gaussian", "log", "(x | g)"),
]
EACH = pytest.mark.parametrize("case", CASES, ids=str)
ONE_FACTOR = [case for case in CASES if "h" not in case.random]


def letters(codes: np.ndarray, prefix: str) -> pd.Categorical:
    return pd.Categorical(
        [f"{prefix}{code:02d}" for code in codes], [f"{prefix}{code:02d}" for code in np.unique(codes)]
    )


def table(seed: int = 7, n: int = 400, g_levels: int = 24, h_levels: int = 9) -> pd.DataFrame:
    """Rows with real variance in every effect of CASES, so that optima lie off the boundary."""
    rng = np.random.default_rng(seed)
    g, h, f = (rng.integers(0, levels, n) for levels in (g_levels, h_levels, 2))
    x, trials = rng.normal(size=n).round(3), rng.integers(1, 9, n)
    x = x - x.mean()  # the engine lays its quadrature grids for centred predictors
    b = rng.normal(size=(g_levels, 2)) @ np.array([[0.7, 0.25], [0.0, 0.4]])
    between = 0.5 * rng.normal(size=h_levels)
    eta = 0.4 + 0.3 * x - 0.4 * f + b[g, 0] + b[g, 1] * x + between[h]
    k = rng.integers(0, 3, n)
    nested = 0.7 * rng.normal(size=3 * h_levels)[3 * h + k]
    mu, chance = np.exp(eta), special.expit(1.2 * eta + between[h] - 0.5 + nested)
    return pd.DataFrame(
        {
            "b": rng.binomial(1, special.expit(2 * eta)), "s": rng.binomial(trials, chance),
            "t": trials, "c": rng.poisson(mu), "r": rng.poisson((3.5 + 0.5 * eta) ** 2),
            "n": rng.negative_binomial(2, 2 / (2 + 2 * mu)), "p": rng.gamma(4, mu / 4).clip(1e-3),
            "i": rng.wald(mu, 4.0), "v": mu + 0.5 * rng.normal(size=n), "x": x, "w": rng.integers(1, 4, n),
            "o": rng.normal(0, 0.3, n), "f": letters(f, "f"), "g": letters(g, "g"), "h": letters(h, "h"),
            "k": letters(k, "k"),
        }
    )  # fmt: skip


TABLE = table()


def fit(case: Case, data: pd.DataFrame = TABLE, **options: Any) -> Any:
    return mm.glmer(case.formula, data, family=case.object, **options)


@cache
def fitted(case: Case, nAGQ: int = 1, laplace: str = "observed") -> Any:
    return fit(case, nAGQ=nAGQ, laplace=laplace)


def twin(case: Case, data: pd.DataFrame = TABLE, **options: Any) -> dense_glmm.DenseGlmm:
    return dense_glmm.build(case.formula, data, R_NAMES[case.family], case.link, theta=case.theta, **options)


def criterion(model: Any) -> float:
    return -2 * float(model.loglik)


def beta(model: Any) -> np.ndarray:
    return np.array(list(dict(model.fixef()).values()))


def errors(model: Any) -> np.ndarray:
    return np.sqrt(np.diag(np.asarray(model.vcov())))


def covariances(model: Any) -> list[np.ndarray]:
    return [np.asarray(block, float) for block in model.VarCorr().values()]


def near(model: Any, far: float = 0.1, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A point away from the optimum."""
    rng, at = np.random.default_rng(seed), model._fit
    return tuple(part * (1 + far * rng.normal(size=len(part))) for part in (at.theta, at.beta, at.psi))  # type: ignore[return-value]


def assert_same(one: Any, other: Any, tolerance: float = 1e-5) -> None:
    """Two fits of the same model: criterion to rounding, estimates to what the stopping rule leaves open."""
    assert criterion(other) == pytest.approx(criterion(one), abs=1e-7)
    scale = errors(one)
    assert np.abs((beta(other) - beta(one)) / scale).max() < tolerance
    np.testing.assert_allclose(errors(other), scale, rtol=10 * tolerance)
    for mine, its in zip(covariances(other), covariances(one), strict=True):
        np.testing.assert_allclose(mine, its, rtol=10 * tolerance, atol=tolerance * np.abs(its).max())
    np.testing.assert_allclose(other._fit.psi, one._fit.psi, atol=tolerance)
