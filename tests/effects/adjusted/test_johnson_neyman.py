"""Johnson and Neyman's bounds: there the slope's t is the critical one, and significance changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.support.adjusted_reference import table

import mixedmodels as mm
from mixedmodels.estimates import wald


@pytest.fixture(scope="module")
def bees():
    return table("bees")


def t_at(fit, variable: str, moderator: str, value: float, **given) -> float:
    found = fit.emtrends("~ 1", variable, at={moderator: [value]}, **given)
    return float(found["estimate"][0] / found["std_error"][0])


def test_bounds_of_a_linear_model(bees) -> None:
    fit = mm.lm("y ~ x * z + f", bees)
    found = fit.johnson_neyman("x", "z")
    critical = float(wald.quantile(0.975, float(fit.df_resid)))
    assert len(found.bounds) == 2
    for bound in found.bounds:
        assert abs(t_at(fit, "x", "z", bound)) == pytest.approx(critical, rel=1e-6)  # emtrends takes differences
    for low, high in found.intervals:
        middle = low + 1 if math.isinf(high) else high - 1 if math.isinf(low) else (low + high) / 2
        assert abs(t_at(fit, "x", "z", middle)) > critical
    inside = np.array([any(a < w < b for a, b in found.intervals) for w in found["z"]])
    assert inside.tolist() == found["significant"].tolist()
    assert "Johnson-Neyman" in repr(found)


def test_bounds_by_another_method_are_looked_for(bees) -> None:
    fit = mm.lmer("y ~ x * z + f + (x | site)", bees)
    found = fit.johnson_neyman("x", "z")
    assert len(found.bounds) == 1
    trend = fit.emtrends("~ 1", "x", at={"z": [found.bounds[0]]})
    critical = float(wald.quantile(0.975, float(trend["df"][0])))
    assert abs(trend["estimate"][0] / trend["std_error"][0]) == pytest.approx(critical, rel=1e-6)
    assert "looked for" in repr(found)
    closed = fit.johnson_neyman("x", "z", ddf="normal")
    assert "looked for" not in repr(closed)


def test_the_two_ways_agree_within_the_data(bees) -> None:
    straight = mm.lm("y ~ x * z", bees).johnson_neyman("x", "z")
    bent = mm.lm("y ~ x * (z + I(z^2))", bees).johnson_neyman("x", "z")
    assert straight.regions.linear
    assert not bent.regions.linear
    # the same model written with a column that bends nothing
    same = mm.lm("y ~ x * log(exp(z))", bees).johnson_neyman("x", "z")
    assert same.bounds == pytest.approx(straight.bounds, rel=1e-7)


def test_a_difference_of_two_levels_is_a_slope_too(bees) -> None:
    fit = mm.glm("count ~ g * x", bees, "poisson")
    found = fit.johnson_neyman("g", "x", level=0.9)
    for bound in found.bounds:
        pair = fit.emmeans("g", at={"x": [bound]}).pairs()
        assert abs(pair["estimate"][0] / pair["std_error"][0]) == pytest.approx(wald.quantile(0.95, math.inf), rel=1e-6)
    assert "difference of g" in repr(found)


def test_slopes_that_bend_are_taken_at_the_typical_value(bees) -> None:
    fit = mm.lm("y ~ poly(x, 2) * z", bees)
    found = fit.johnson_neyman("x", "z", points=3)
    mean, h = bees["x"].mean(), 1e-4
    below, above = fit.ggpredict({"x": [mean - h, mean + h]}, condition={"z": float(found["z"][1])}).predicted
    assert found["slope"][1] == pytest.approx((above - below) / (2 * h), rel=1e-6)


def test_everywhere_and_nowhere(bees) -> None:
    strong = bees.assign(y2=bees["x"] * 5 + bees["y"] * 1e-3)
    assert "At every value" in repr(mm.lm("y2 ~ x + z", strong).johnson_neyman("x", "z"))
    rng = np.random.default_rng(3)
    noise = bees.assign(y2=rng.normal(size=len(bees)))
    nowhere = mm.lm("y2 ~ x + z", noise).johnson_neyman("x", "z")
    assert nowhere.intervals == ()
    assert "no value" in repr(nowhere)


def test_what_has_no_slope_is_refused(bees) -> None:
    fit = mm.lmer("y ~ x * z + f + (1 | site)", bees)
    for variable, moderator, message in (
        ("f", "z", "3 levels"), ("x", "f", "is a factor"), ("x", "x", "itself"), ("q", "z", "no variable"),
        ("site", "z", "not among the fixed"),
    ):  # fmt: skip
        with pytest.raises(mm.errors.DataError, match=message):
            fit.johnson_neyman(variable, moderator)
    holed = bees[(bees["f"] != "c") | (bees["g"] != "low")]
    deficient = mm.lm("y ~ g * f + x * g", holed)
    assert deficient.johnson_neyman("g", "x").bounds
    with pytest.raises(mm.errors.DataError, match="do not determine"):
        deficient.johnson_neyman("g", "x", condition={"f": "c"})
    with pytest.raises(mm.errors.DataError, match="2 at least"):
        fit.johnson_neyman("x", "z", points=1)
