"""Fits beside the truth: coefficients, spreads, and what cannot be matched."""

from __future__ import annotations

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError


def truth_of(pop, fit, **more) -> dict[str, float]:
    table = pop.compare(fit, **more)
    return dict(zip(table["term"], table["truth"], strict=True))


def test_coefficients_of_any_coding_are_found() -> None:
    pop = mm.population(
        f=mm.predictor("factor", levels=["a", "b", "c"]),
        x=mm.predictor("normal"),
        y=mm.response("1 + 2 * x + by_level(f, m) + 0.5 * x^2", error_scale=3, m={"a": 1, "b": 2, "c": 6}),
    )
    d = pop.sample(200, seed=1)
    found = truth_of(pop, mm.lm("y ~ f + x + I(x^2)", d))
    assert found == pytest.approx({"(Intercept)": 2, "fb": 1, "fc": 5, "x": 2, "I(x^2)": 0.5, "sigma": 3}, abs=1e-9)
    sums = truth_of(pop, mm.lm("y ~ f + x + I(x^2)", d, contrasts={"f": "sum"}))
    assert sums["(Intercept)"] == pytest.approx(4)
    assert sums["f1"] == pytest.approx(-2)
    missed = truth_of(pop, mm.lm("y ~ f + x", d))  # no straight line is the curve
    assert np.isnan(missed["x"])
    assert missed["sigma"] == 3


def test_numbers_by_level_are_split_into_mean_and_spread() -> None:
    a, b = {"p": 1.0, "q": 2.0, "r": 6.0}, {"p": 0.0, "q": 1.0, "r": 2.0}
    pop = mm.population(
        g=mm.predictor("factor", levels=["p", "q", "r"]),
        x=mm.predictor("normal"),
        y=mm.response("10 + by_level(g, a) + x * by_level(g, b)", error_scale=0.5, a=a, b=b),
    )
    found = truth_of(pop, mm.lmer("y ~ x + (x | g)", pop.sample(300, seed=1)))
    spread = np.cov(list(a.values()), list(b.values()))
    assert found["(Intercept)"] == pytest.approx(13)
    assert found["x"] == pytest.approx(1)
    assert found["sd_(Intercept)|g"] == pytest.approx(np.sqrt(spread[0, 0]))
    assert found["sd_x|g"] == pytest.approx(np.sqrt(spread[1, 1]))
    assert found["cor_x.(Intercept)|g"] == pytest.approx(spread[0, 1] / np.sqrt(spread[0, 0] * spread[1, 1]), abs=1e-6)


def test_covariances_drawn_from_are_the_truth() -> None:
    pop = mm.population(
        g=mm.groups(40, each=10),
        x=mm.predictor("normal"),
        y=mm.response("1 + 2 * x + (1 + x | g)", VarCorr={"g": [[4, 0.6], [0.6, 1]]}, error_scale=2),
    )
    d = pop.sample(seed=1)
    table = pop.compare(mm.lmer("y ~ x + (x | g)", d))
    known = {"(Intercept)": 1, "x": 2, "sd_(Intercept)|g": 2, "sd_x|g": 1, "cor_x.(Intercept)|g": 0.3, "sigma": 2}
    assert dict(zip(table["term"], table["truth"], strict=True)) == pytest.approx(known, abs=1e-6)
    assert table["covered"].tolist()[:2] == [True, True]
    assert np.allclose(table["error"], table["estimate"] - table["truth"])
    # a term without the slope that was drawn has no true spread
    assert np.isnan(truth_of(pop, mm.lmer("y ~ x + (1 | g)", d))["sd_(Intercept)|g"])


def test_generalised_models_and_other_links() -> None:
    pop = mm.population(
        g=mm.groups(30, each=20),
        x=mm.predictor("normal"),
        y=mm.response("0.5 + 0.3 * x + (1 | g)", "poisson", sd={"g": 0.5}),
    )
    d = pop.sample(seed=1)
    found = truth_of(pop, mm.glmer("y ~ x + (1 | g)", d, "poisson"))
    assert found == pytest.approx({"(Intercept)": 0.5, "x": 0.3, "sd_(Intercept)|g": 0.5})
    assert np.isnan(truth_of(pop, mm.glmer("y ~ x + (1 | g)", d, "poisson(sqrt)"))["x"])


def test_rows_and_columns_that_the_fit_left_out() -> None:
    pop = mm.population(
        x=mm.predictor("normal"), z=mm.predictor("computed", value="2 * x"), y=mm.response("1 + z", error_scale=1)
    )
    d = pop.sample(60, seed=1)
    d.loc[3, "y"] = np.nan
    assert truth_of(pop, mm.lm("y ~ x", d, subset="x > -1"))["x"] == pytest.approx(2)
    assert truth_of(pop, mm.lm("y ~ x", d[["x", "y"]]), data=d)["x"] == pytest.approx(2)
    two = mm.population(a=mm.response("1", error_scale=1), b=mm.response("1", error_scale=1))
    with pytest.raises(DataError, match="responses a, b"):
        two.compare(mm.lm("I(a + b) ~ 1", two.sample(20, seed=1)))
