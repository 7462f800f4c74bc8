"""Every basis with each of its settings is fitted, alone and beside groups, and predicts its own rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

BASES = [
    "poly(x, 2)",
    "poly(x, 2, raw = TRUE)",
    "poly(x, degree = 3, raw = TRUE)",
    "poly(x, z, degree = 2)",
    "poly(x, z, degree = 2, raw = TRUE)",
    "bs(x)",
    "bs(x, df = 5)",
    "bs(x, degree = 1, knots = c(-0.5, 0.5))",
    "0 + bs(x, df = 5, intercept = TRUE)",
    "bs(x, knots = 0, Boundary.knots = c(-9, 9))",
    "ns(x)",
    "ns(x, df = 3)",
    "ns(x, knots = c(-0.5, 0.5))",
    "0 + ns(x, df = 3, intercept = TRUE)",
    "ns(x, df = 2, Boundary.knots = c(-2, 2))",
    "scale(x)",
    "scale(x, center = FALSE)",
    "scale(x, scale = FALSE)",
    "I(x^2)",
    "x:poly(z, 2, raw = TRUE)",
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    data = pd.DataFrame(
        {"x": rng.normal(size=120), "z": rng.normal(size=120), "g": np.repeat(list("abcdefghijkl"), 10)}
    )
    data["y"] = data["x"] ** 2 + data["z"] + np.repeat(rng.normal(size=12), 10) + rng.normal(size=120)
    data["count"] = rng.poisson(np.exp(0.3 * data["x"] + np.repeat(rng.normal(scale=0.4, size=12), 10)))
    return data


@pytest.mark.parametrize("basis", BASES)
def test_every_class_fits_it_and_predicts_its_own_rows(basis: str, table: pd.DataFrame) -> None:
    fits = [
        mm.lm(f"y ~ {basis}", table),
        mm.lmer(f"y ~ {basis} + (1 | g)", table),
        mm.glm(f"count ~ {basis}", table, "poisson"),
        mm.glmer(f"count ~ {basis} + (1 | g)", table, "poisson"),
    ]
    for fit in fits:
        rows = table.iloc[[3, 50, 119]]
        np.testing.assert_allclose(fit.predict(rows), np.asarray(fit.predict())[[3, 50, 119]], rtol=1e-7)


@pytest.mark.parametrize("basis", [b for b in BASES if "z" not in b])
def test_it_serves_as_a_random_slope(basis: str, table: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        fit = mm.lmer(f"y ~ z + diag(0 + {basis.removeprefix('0 + ')} | g)", table)
    assert np.isfinite(fit.reml_criterion)


def test_raw_and_orthogonal_polynomials_span_the_same_space(table: pd.DataFrame) -> None:
    raw, orthogonal = (mm.lm(f"y ~ poly(x, 3, raw = {raw})", table) for raw in ("TRUE", "FALSE"))
    np.testing.assert_allclose(raw.fitted(), orthogonal.fitted(), rtol=1e-9)
    powers = mm.lm("y ~ x + I(x^2) + I(x^3)", table)
    np.testing.assert_allclose(list(raw.fixef().values()), list(powers.fixef().values()), rtol=1e-9)
