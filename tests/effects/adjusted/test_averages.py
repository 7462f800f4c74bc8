"""Counterfactual averages against the package marginaleffects, and against a loop over rows with differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.adjusted_reference import table

import mixedmodels as mm
from mixedmodels.effects.adjusted import averages


@pytest.fixture(scope="module")
def fits():
    bees, cbpp = table("bees"), mm.datasets.load("cbpp")
    return {
        "lm": mm.lm("y ~ x * f + poly(z, 2)", bees),
        "glm": mm.glm("incidence ~ period + offset(log(size))", cbpp, family="poisson"),
        "lmer": mm.lmer("y ~ x * f + (x | site)", bees),
        "glmer": mm.glmer("count ~ x * f + offset(log(effort)) + (1 | site)", bees, family="poisson"),
    }


FOCAL = {"lm": "f", "glm": "period", "lmer": "f", "glmer": "f"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", list(FOCAL))
def test_averages_are_those_of_marginaleffects(fits, name: str) -> None:
    me = pytest.importorskip("marginaleffects")
    fit, focal = fits[name], FOCAL[name]
    theirs = me.avg_predictions(fit.for_marginaleffects(), variables=focal, by=focal)
    ours = fit.ggaverage(focal, ddf="asymptotic")
    order = np.argsort([str(v) for v in theirs[focal]])
    np.testing.assert_allclose(ours.predicted, theirs["estimate"].to_numpy()[order], rtol=1e-9)
    # their derivatives are differences
    np.testing.assert_allclose(ours.std_error, theirs["std_error"].to_numpy()[order], rtol=1e-5)
    np.testing.assert_allclose(ours.conf_low, theirs["conf_low"].to_numpy()[order], rtol=1e-4)


@pytest.mark.parametrize("name", ["lmer", "glmer"])
@pytest.mark.parametrize("random", [False, True])
def test_averages_are_those_of_a_loop_over_rows(fits, name: str, random: bool, monkeypatch) -> None:
    monkeypatch.setattr(averages, "CHUNK", 200)  # one or two combinations at a time
    fit, bees = fits[name], table("bees")
    found = fit.ggaverage(["x [-1, 1]", "f [a, c]"], type="random" if random else "fixed")
    for i, (x, f) in enumerate(zip(found["x"], found["group"], strict=True)):
        rows = bees.assign(x=x, f=f)
        mean = np.mean(fit.predict(rows, re_form=None if random else "~0", type="response"))
        assert found.predicted[i] == pytest.approx(mean, rel=1e-12)
    v, beta = np.asarray(fit.vcov()), np.array(list(dict(fit.fixef()).values()))
    rows = bees.assign(x=1.0, f="c")
    base = np.asarray(fit.predict(rows, re_form=None if random else "~0", type="link"))
    design = np.column_stack([np.ones(160), rows["x"], np.zeros(160), np.ones(160), np.zeros(160), rows["x"]])
    back = np.exp if name == "glmer" else (lambda eta: eta)
    gradient = np.array(
        [(back(base + h * c).mean() - back(base - h * c).mean()) / (2 * h) for h, c in ((1e-5, c) for c in design.T)]
    )
    assert len(gradient) == len(beta)
    assert found.std_error[3] == pytest.approx(np.sqrt(gradient @ v @ gradient), rel=1e-6)  # by differences


def test_what_is_conditioned_on_is_held_in_every_row(fits) -> None:
    fit, bees = fits["lm"], table("bees")
    found = fit.ggaverage("f", condition={"x": 0.5})
    expected = [np.mean(fit.predict(bees.assign(x=0.5, f=level))) for level in "abc"]
    np.testing.assert_allclose(found.predicted, expected, rtol=1e-12)
    assert found.constants == {"x": 0.5}


def test_rows_left_out_do_not_count() -> None:
    bees = table("bees").copy()
    bees.loc[[2, 30, 99], "y"] = np.nan
    fit = mm.lmer("y ~ x + f + (1 | site)", bees, na_action="exclude")
    used = bees.dropna(subset=["y"])
    expected = [np.mean(fit.predict(used.assign(f=level))) for level in "abc"]
    np.testing.assert_allclose(fit.ggaverage("f", type="random").predicted, expected, rtol=1e-12)
    assert isinstance(fit.ggaverage("f").to_frame(), pd.DataFrame)
