"""Functions and constants of ``env=`` are part of the fit: predictions of new rows know them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError

RNG = np.random.default_rng(7)
DATA = pd.DataFrame({"x": RNG.uniform(1, 3, 60), "g": np.repeat(np.arange(6), 10), "n": RNG.poisson(3, 60)})
DATA["y"] = DATA.x + RNG.normal(size=6)[DATA.g] + RNG.normal(size=60)


def cube(x: np.ndarray) -> np.ndarray:
    return x**3


FITS: dict[str, Callable[[], Any]] = {
    "function": lambda: mm.lmer("y ~ cube(x) + (1 | g)", DATA, env={"cube": cube}),
    "constant": lambda: mm.lm("y ~ I(x^k)", DATA, env={"k": np.int64(3)}),
    "in a random term": lambda: mm.lmer("y ~ x + (0 + I(x - k) | g)", DATA, env={"k": 2.0}),
    "in an offset": lambda: mm.glm("n ~ x", DATA, "poisson", offset="log(k * cube(x))", env={"k": 2, "cube": cube}),
    "in weights and subset": lambda: mm.lm("y ~ x", DATA, weights="k + x", subset="x > low", env={"k": 1, "low": 0.5}),
}


@pytest.mark.filterwarnings("ignore:boundary")
@pytest.mark.parametrize("name", FITS)
def test_predictions_know_env(name: str) -> None:
    fit = FITS[name]()
    np.testing.assert_allclose(fit.predict(DATA), fit.predict(), rtol=1e-12)
    weights = {"weights": "k + x"} if "weights" in name else {}
    assert len(fit.predict(DATA[:3], interval="prediction", type="response", seed=1, **weights)) == 3
    assert len(fit.simulate(1, seed=1, newdata=DATA[:3])) == 3


def test_a_later_change_of_the_mapping_changes_nothing() -> None:
    env = {"k": 3}
    fit = mm.lm("y ~ I(x^k)", DATA, env=env)
    before = fit.predict(DATA[:3])
    env["k"] = 1
    pd.testing.assert_series_equal(fit.predict(DATA[:3]), before)


def test_what_the_formula_does_not_use_is_not_kept() -> None:
    fit = mm.lm("y ~ I(x^k)", DATA, env={"k": 3, "other": 4, "cube": cube})
    assert dict(fit.design.spec.env) == {"k": 3}


def test_an_array_of_env_has_no_values_for_new_rows() -> None:
    z = RNG.normal(size=60)
    fit = mm.lm("y ~ x + z", DATA, env={"z": z})
    with pytest.raises(DataError, match=r"'z' was an array of env= at the fit.*as a column 'z'"):
        fit.predict(DATA[:3])
    np.testing.assert_allclose(fit.predict(DATA.assign(z=z)), fit.predict(), rtol=1e-12)


def test_a_saved_model_has_the_constants_and_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    FITS["constant"]().save(path)
    pd.testing.assert_series_equal(mm.load(path).predict(DATA), FITS["constant"]().predict(DATA))

    fit = FITS["function"]()
    fit.save(path)
    with pytest.raises(DataError, match=r"cube\(\) was a function of env=.*env=\{'cube': \.\.\.\}"):
        mm.load(path).predict(DATA)
    again = mm.load(path, env={"cube": cube})
    np.testing.assert_allclose(again.predict(DATA), fit.predict(DATA), rtol=1e-12)
    again.save(path)  # a model that was loaded says so again
    with pytest.raises(DataError, match=r"cube\(\) was a function"):
        mm.load(path).predict(DATA)


def test_a_saved_model_with_rows_keeps_env(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    fit = FITS["constant"]()
    fit.save(path, rows=True)
    pd.testing.assert_series_equal(mm.load(path).predict(DATA), fit.predict(DATA))
