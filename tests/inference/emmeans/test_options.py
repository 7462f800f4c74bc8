"""Options of reference grids: what is unknown is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


@pytest.fixture(scope="module")
def fit() -> mm.LinearModel:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {"f": rng.choice(list("abc"), 90), "z": np.exp(2 * rng.normal(size=90)), "w": rng.normal(size=90)}
    )
    data["y"] = data["z"] + rng.normal(size=90)
    return mm.lm("y ~ f + z + w", data)


@pytest.mark.parametrize(
    ("name", "function"), [("median", np.median), ("min", np.min), ("max", np.max), ("mean", np.mean)]
)
def test_numbers_are_summarised_by_a_function_or_its_name(fit: mm.LinearModel, name: str, function: object) -> None:
    by_function = fit.emmeans("f", cov_reduce=function)["estimate"]
    np.testing.assert_array_equal(fit.emmeans("f", cov_reduce=name)["estimate"], by_function)
    of_one = fit.emmeans("f", cov_reduce={"z": name})["estimate"]
    np.testing.assert_array_equal(of_one, fit.emmeans("f", at={"z": function(fit.frame["z"])})["estimate"])


def test_unknown_summaries_are_refused(fit: mm.LinearModel) -> None:
    with pytest.raises(mm.DataError, match="cov_reduce is 'zero'; give a function, one of 'mean', 'median'"):
        fit.emmeans("f", cov_reduce="zero")
    with pytest.raises(mm.DataError, match="cov_reduce is 'zero'"):
        fit.emmeans("f", cov_reduce={"z": "zero"})
    with pytest.raises(KeyError, match="cov_reduce has 'q', which is no predictor"):
        fit.emmeans("f", cov_reduce={"q": np.mean})


def test_negative_degrees_of_freedom_are_refused(fit: mm.LinearModel) -> None:
    for ddf in (-1, float("nan")):
        with pytest.raises(mm.DataError, match="degrees of freedom are 0 or more"):
            fit.emmeans("f", ddf=ddf)
    with pytest.raises(mm.DataError, match="ddf=-1 is no number of degrees of freedom"):
        fit.avg_slopes(variables="z", ddf=-1)


@pytest.mark.parametrize("wrong", ["L1", ["L1"], [None], [[1, 2]], [[1], [1, 2]], [np.inf], [np.nan], 10**400, []])
def test_values_of_a_number_are_finite_numbers(wrong):
    fit = mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))
    with pytest.raises(mm.errors.DataError, match="'Days'"):
        fit.emmeans("Days", at={"Days": wrong})
