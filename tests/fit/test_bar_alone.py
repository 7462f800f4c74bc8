"""A random term without parentheses: the whole right side, beside an intercept, as lme4 reads it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import mixedmodels as mm


def test_a_bar_alone_is_the_random_term() -> None:
    data = mm.datasets.load("Dyestuff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bare = mm.lmer("Yield ~ 1 | Batch", data)
    usual = mm.lmer("Yield ~ 1 + (1 | Batch)", data)
    assert bare.loglik == usual.loglik
    assert dict(bare.fixef()) == dict(usual.fixef())
    assert bare.formula == "Yield ~ 1 | Batch"  # as lme4 prints it
    assert bare.update("log(Yield) ~ .").formula == "log(Yield) ~ (1 | Batch)"
    assert bare.refit(data["Yield"] + 1).formula == bare.formula
    np.testing.assert_allclose(bare.predict(re_form="~ 1 | Batch"), bare.fitted())


def test_a_bar_alone_is_saved(tmp_path: Path) -> None:
    fit = mm.lmer("Yield ~ 1 | Batch", mm.datasets.load("Dyestuff"))
    fit.save(tmp_path / "fit.json")
    again = mm.load(tmp_path / "fit.json")
    assert again.formula == fit.formula
    np.testing.assert_array_equal(again.predict({"Batch": ["A"]}), fit.predict({"Batch": ["A"]}))


@pytest.mark.parametrize(
    ("right", "theta", "loglik"),  # of lme4 1.1-31
    [
        ("Days | Subject", [0.99747210, -0.08493433, 0.45822838], -884.9225),
        ("Days + 1 | Subject", [0.99747210, -0.08493433, 0.45822838], -884.9225),
        ("0 + Days || Subject", [0.4211432], -894.6145),
    ],
)
def test_effects_left_of_the_bar_are_random_only_and_a_warning_says_so(
    right: str, theta: list[float], loglik: float
) -> None:
    with pytest.warns(mm.MixedModelsWarning, match=r"write Days \+ \(") as caught:
        fit = mm.lmer(f"Reaction ~ {right}", mm.datasets.load("sleepstudy"))
    assert caught[0].filename == __file__
    assert list(fit.fixef()) == ["(Intercept)"]
    np.testing.assert_allclose(fit.theta, theta, atol=5e-5)
    assert fit.loglik == pytest.approx(loglik, abs=5e-5)


def test_a_generalised_model_has_the_rule_too() -> None:
    data = mm.datasets.load("cbpp")
    response = "cbind(incidence, size - incidence)"
    bare = mm.glmer(f"{response} ~ 1 | herd", data, "binomial")
    assert bare.loglik == mm.glmer(f"{response} ~ (1 | herd)", data, "binomial").loglik
    with pytest.raises(mm.DesignError, match="use lmer"):
        mm.lm("Yield ~ 1 | Batch", mm.datasets.load("Dyestuff"))
