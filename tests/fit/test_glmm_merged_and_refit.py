"""Rows that say the same are one row to the engine, and a refit shares the design: neither may show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    """Single trials with two categorical predictors: few distinct rows in each group."""
    rng = np.random.default_rng(11)
    n, groups = 2400, 12
    table = pd.DataFrame(
        {
            "a": rng.choice(["u", "v"], n),
            "b": rng.choice(["r", "s", "t"], n),
            "g": rng.integers(0, groups, n),
            "h": rng.integers(0, 3, n),
        }
    )
    slopes = 0.8 + 0.9 * rng.normal(size=groups)
    eta = -0.4 + slopes[table["g"]] * (table["a"] == "v") + rng.normal(size=groups)[table["g"]]
    eta += 0.4 * rng.normal(size=3)[table["h"]]
    table["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    table["count"] = rng.poisson(np.exp(0.5 * eta))
    return table.astype({"a": "category", "b": "category", "g": "category", "h": "category"})


def kept_apart(table: pd.DataFrame) -> np.ndarray:
    """An offset that makes all rows differ, and no difference."""
    return 1e-13 * np.arange(len(table))


@pytest.mark.parametrize("family", ["binomial", "poisson"])
@pytest.mark.parametrize("formula", ["{y} ~ a + b + (1 | g)", "{y} ~ a + (1 | g) + (1 | h)", "{y} ~ a + (a | g)"])
def test_merged_rows_change_nothing(trials: pd.DataFrame, family: str, formula: str) -> None:
    text = formula.format(y="y" if family == "binomial" else "count")
    merged = mm.glmer(text, trials, family=family)
    apart = mm.glmer(text, trials, family=family, offset=kept_apart(trials))
    assert merged.nobs == apart.nobs == len(trials)
    assert merged.loglik == pytest.approx(apart.loglik, abs=1e-7)
    np.testing.assert_allclose(merged.theta, apart.theta, atol=2e-6)
    np.testing.assert_allclose(np.asarray(merged.vcov()), np.asarray(apart.vcov()), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(np.asarray(merged.fitted()), np.asarray(apart.fitted()), rtol=1e-5)
    residuals = [np.asarray(fit.residuals("pearson")) for fit in (merged, apart)]
    np.testing.assert_allclose(*residuals, rtol=1e-4, atol=1e-6)


def test_quadrature_of_merged_rows(trials: pd.DataFrame) -> None:
    merged = mm.glmer("y ~ a + b + (1 | g)", trials, family="binomial", nAGQ=7)
    apart = mm.glmer("y ~ a + b + (1 | g)", trials, family="binomial", nAGQ=7, offset=kept_apart(trials))
    assert merged.loglik == pytest.approx(apart.loglik, abs=1e-7)


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_a_refit_is_the_fit(trials: pd.DataFrame, family: str) -> None:
    name = "y" if family == "binomial" else "count"
    numbers = trials.assign(x=np.linspace(-1, 1, len(trials)))
    first = mm.glmer(f"{name} ~ x + (1 | g)", numbers, family=family)
    other = np.asarray(first.simulate(1, seed=3))[:, 0]
    again = first.refit(other)
    fresh = mm.glmer(f"{name} ~ x + (1 | g)", numbers.assign(**{name: other}), family=family)
    assert again.loglik == pytest.approx(fresh.loglik, abs=1e-7)
    np.testing.assert_allclose(again.theta, fresh.theta, atol=2e-6)
    assert again.engine.evaluations == fresh.engine.evaluations
    assert first.loglik != again.loglik
