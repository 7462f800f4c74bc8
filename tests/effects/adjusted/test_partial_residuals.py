"""Partial residuals from their definition, for models with and without random effects, on both scales."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.adjusted_reference import table

import mixedmodels as mm
from mixedmodels.r import residualize_over_grid


@pytest.fixture(scope="module")
def bees():
    return table("bees")


def test_of_a_linear_model_they_are_component_plus_residual(bees) -> None:
    fit = mm.lm("y ~ x + f + z", bees)
    found = fit.partial_residuals("x")
    beta = dict(fit.fixef())
    component = beta["(Intercept)"] + beta["x"] * bees["x"] + beta["z"] * bees["z"].mean()
    np.testing.assert_allclose(found["partial_residual"], component + fit.residuals(), rtol=1e-9)
    np.testing.assert_allclose(found["predicted"], component, rtol=1e-9)
    # residuals are orthogonal to x, so that the line through the points is the model's
    assert np.polyfit(found["x"], found["partial_residual"], 1)[0] == pytest.approx(beta["x"], rel=1e-9)


def test_of_a_mixed_model_groups_are_taken_out_or_left_in(bees) -> None:
    fit = mm.lmer("y ~ x + f + (x | site)", bees)
    out, left = fit.partial_residuals("x"), fit.partial_residuals("x", re_form="~0")
    np.testing.assert_allclose(out["residual"], fit.residuals(), rtol=1e-9)
    np.testing.assert_allclose(left["residual"], bees["y"] - fit.predict(re_form="~0"), rtol=1e-9)
    modes = fit.ranef()["site"].loc[bees["site"]]
    between = np.asarray(modes["(Intercept)"]) + np.asarray(modes["x"]) * bees["x"]
    np.testing.assert_allclose(left["partial_residual"] - out["partial_residual"], between, rtol=1e-8, atol=1e-10)
    by_site = fit.partial_residuals(["x", "site"], type="random", condition={"f": "a"})
    line = fit.predict(bees.assign(f="a"))
    np.testing.assert_allclose(by_site["predicted"], line, rtol=1e-10)
    assert by_site["group"].tolist() == bees["site"].tolist()


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_of_a_generalised_model_the_residual_is_the_working_one(bees) -> None:
    fit = mm.glmer("cbind(s, n - s) ~ x + f + (1 | site)", bees, "binomial")
    link, response = fit.partial_residuals("x"), fit.partial_residuals("x", scale="response")
    np.testing.assert_allclose(link["residual"], fit.residuals("working"), rtol=1e-8)
    np.testing.assert_allclose(response["partial_residual"], 1 / (1 + np.exp(-link["partial_residual"])), rtol=1e-12)
    assert ((response["partial_residual"] > 0) & (response["partial_residual"] < 1)).all()


def test_of_a_transformed_response_they_come_back(bees) -> None:
    fit = mm.lm("log(pos) ~ x + f", bees)
    back = fit.partial_residuals("x", scale="response")
    np.testing.assert_allclose(np.log(back["partial_residual"]), fit.partial_residuals("x")["partial_residual"])


def test_levels_asked_for_leave_out_other_rows(bees) -> None:
    fit = mm.lm("y ~ x * f", bees)
    found = fit.partial_residuals(["x", "f [b]"])
    assert found["row"].tolist() == np.flatnonzero(bees["f"] == "b").tolist()
    np.testing.assert_allclose(
        found["partial_residual"], bees["y"][bees["f"] == "b"], rtol=1e-9
    )  # nothing else is in it


def test_rows_left_out_of_the_fit_are_left_out(bees) -> None:
    holed = bees.copy()
    holed.loc[[4, 70], "y"] = np.nan
    fit = mm.lmer("y ~ x + (1 | site)", holed, na_action="exclude")
    found = fit.partial_residuals("x")
    assert len(found) == 158
    assert 4 not in found["row"]


def test_what_makes_no_sense_is_refused(bees) -> None:
    fit = mm.lm("y ~ x * f", bees)
    with pytest.raises(mm.errors.DataError, match="at must be"):
        fit.partial_residuals("x", at="mean")
    with pytest.raises(mm.errors.DataError, match="no random effects"):
        fit.partial_residuals("x", type="random")
    with pytest.raises(mm.errors.DataError, match="no place in the grid"):
        residualize_over_grid(fit.ggpredict(["x", "f [a, b]"]), fit)
    with pytest.raises(mm.errors.DataError, match="no linear predictor"):
        residualize_over_grid(fit.ggaverage("f"), fit)
