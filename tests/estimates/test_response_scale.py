"""The way back from a transformed response is the inverse of the whole expression, constants and signs included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.estimates.response_scale import of_response
from mixedmodels.formula import parse

EXPRESSIONS = {
    "log(y)": np.log,
    "log(1 + y)": np.log1p,
    "log(y + .5 + .5)": np.log1p,
    "log(y + 1 - 0.5)": lambda y: np.log(y + 0.5),
    "log(1e3 - y)": lambda y: np.log(1e3 - y),
    "log2(2 * y)": lambda y: np.log2(2 * y),
    "log10(y / 4 + 3)": lambda y: np.log10(y / 4 + 3),
    "sqrt(1 + y)": lambda y: np.sqrt(1 + y),
    "2 * sqrt(y + 0.5)": lambda y: 2 * np.sqrt(y + 0.5),
    "3 - sqrt(y) / 2": lambda y: 3 - np.sqrt(y) / 2,
    "log1p(3 * y) + 1": lambda y: np.log1p(3 * y) + 1,
    "-log(y)": lambda y: -np.log(y),
    "logit(y / 100)": lambda y: np.log(y / (100 - y)),
    "asin(sqrt(y / 100))": lambda y: np.arcsin(np.sqrt(y / 100)),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_way_back_returns_the_response(text: str) -> None:
    scale = of_response(parse(f"{text} ~ 1").left)
    assert scale is not None
    assert scale.back is not None
    y = np.array([0.2, 1.0, 7.5, 60.0])
    eta = EXPRESSIONS[text](y)
    np.testing.assert_allclose(scale.back.inverse(eta), y, rtol=1e-10)
    step = 1e-6
    slope = (scale.back.inverse(eta + step) - scale.back.inverse(eta - step)) / (2 * step)
    np.testing.assert_allclose(scale.back.slope(eta), slope, rtol=1e-5)


@pytest.mark.parametrize("text", ["log(5)", "0 * log(y)", "cut(y, 3)", "log(y, 3)"])
def test_other_expressions_have_no_way_back(text: str) -> None:
    scale = of_response(parse(f"{text} ~ 1").left)
    assert scale is None or scale.back is None


def test_means_predictions_and_limits_come_back() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"f": rng.choice(list("abc"), 90), "z": np.exp(rng.normal(size=90))})
    for text, there, back in (
        ("log(1e3 - z)", lambda z: np.log(1e3 - z), lambda t: 1e3 - np.exp(t)),
        ("sqrt(1 + z)", lambda z: np.sqrt(1 + z), lambda t: t**2 - 1),
    ):
        fit = mm.lm(f"{text} ~ f", data)
        expected = [back(there(data["z"][data["f"] == level]).mean()) for level in "abc"]
        means = fit.emmeans("f", type="response")
        np.testing.assert_allclose(means["response"], expected, rtol=1e-9)
        predicted = fit.ggpredict("f")
        np.testing.assert_allclose(predicted["predicted"], expected, rtol=1e-9)
        for table, name in ((means, "response"), (predicted, "predicted")):
            assert (table["conf_low"] < table[name]).all()
            assert (table[name] < table["conf_high"]).all()


def test_differences_become_ratios_only_of_plain_logarithms() -> None:
    scales = {
        text: of_response(parse(f"{text} ~ 1").left) for text in ("log(y)", "log(y + 1)", "2 * log(y)", "log(9 - y)")
    }
    assert {text: scale.of_contrasts() is not None for text, scale in scales.items() if scale} == {
        "log(y)": True,
        "log(y + 1)": True,
        "2 * log(y)": False,
        "log(9 - y)": False,
    }
