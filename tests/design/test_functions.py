"""Which functions a formula knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.design.functions import elementwise


@pytest.mark.parametrize("name", ["matmul", "vecdot", "matvec", "vecmat"])
def test_functions_of_whole_columns_are_not_elementwise(name: str) -> None:
    assert elementwise(name) is None
    data = pd.DataFrame({"x": np.arange(9.0), "y": np.arange(9.0) ** 2})
    with pytest.raises(mm.FormulaError, match=f"the function {name}\\(\\) is not known"):
        mm.lm(f"y ~ {name}(x, x)", data)


@pytest.mark.parametrize("name", ["log", "sqrt", "np.cbrt", "numpy.square", "hypot", "base::exp"])
def test_elementwise_functions_are_known(name: str) -> None:
    assert elementwise(name) is not None


# -- dummy(), as lme4's -----------------------------------------------------------------------------------------------


def _plots() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    f, g = rng.choice(list("abc"), 90), np.repeat(np.arange(9), 10)
    y = (f == "b") * rng.normal(size=9)[g] + rng.normal(size=90)
    return pd.DataFrame({"y": y, "f": f, "t": g % 3, "g": g, "is_b": 1.0 * (f == "b"), "is_c": 1.0 * (f == "c")})


def test_dummy_is_an_indicator_of_the_levels_named() -> None:
    data = _plots()
    named = mm.lmer('y ~ dummy(f, "b") + (0 + dummy(f, "b") | g)', data)
    columns = mm.lmer("y ~ is_b + (0 + is_b | g)", data)
    assert named.loglik == pytest.approx(columns.loglik, abs=1e-9)
    assert list(named.params.index) == ["(Intercept)", 'dummy(f, "b")']
    both = mm.lm("y ~ dummy(f)", data)  # without levels all but the first
    assert list(both.params.index) == ["(Intercept)", "dummy(f)b", "dummy(f)c"]
    np.testing.assert_allclose(both.coef(), mm.lm("y ~ is_b + is_c", data).coef(), rtol=1e-12)
    assert list(mm.lm('y ~ 0 + dummy(f, levelsToKeep = c("c", "a"))', data).params.index) == [
        'dummy(f, levelsToKeep = c("c", "a"))c',
        'dummy(f, levelsToKeep = c("c", "a"))a',
    ]


def test_dummy_of_new_rows_has_the_levels_of_the_fit() -> None:
    data = _plots()
    fit = mm.lm("y ~ dummy(f) + dummy(t, c(1, 2))", data)
    for row in range(6):
        assert fit.predict(data[row : row + 1]).iloc[0] == pytest.approx(fit.fitted().iloc[row], abs=1e-12)
    with pytest.raises(mm.DataError, match="has the level 'z', which the fit did not know"):
        fit.predict(data[:1].assign(f="z"))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ('dummy(f, "z")', mm.DataError, "'z' is not a level; the levels are a, b, c"),
        ("dummy()", mm.FormulaError, "takes a factor and the levels to keep"),
        ('dummy(f, keep = "b")', mm.FormulaError, "takes a factor and the levels to keep"),
        ("dummy(one)", mm.DataError, "the factor has one level, 'x'"),
    ],
)
def test_dummy_refuses(call: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        mm.lm(f"y ~ {call}", _plots().assign(one="x"))
