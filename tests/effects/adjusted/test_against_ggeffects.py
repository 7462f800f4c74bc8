"""Adjusted predictions against ggeffects' (tests/reference/adjusted): values, predictions, errors, limits, print."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from tests.support.adjusted_reference import FOLDER, arguments, fitted, keys, models, numbers, table, values

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.fitted.outcome import outcome

# Of a linear model both are exact to rounding; R's iterations of a generalised one end when the deviance has settled,
# which leaves eight digits. Of a mixed model both stand near one optimum: R's tightened one is good to about eight
# digits of theta, and that of log(pos) ~, whose criterion is flat, to six. lme4's Hessian of a generalised mixed model
# is by finite differences, which leaves six digits of its standard errors.
TOLERANCE = {"lm": (1e-9, 1e-8), "glm": (1e-7, 1e-6), "lmer": (1e-7, 1e-6), "glmer": (1e-6, 1e-5)}
MISSING_IN_R = "std.error"  # where ggeffects lost some standard errors, those that are left stand in the wrong rows
# ggeffects leaves the limits of an inverse link in the wrong order.
SWAPPED = ("inverse gamma",)

CASES = [(name, i) for name, m in models().items() for i in range(len(m["asks"]))]


def fit_of(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)  # (1 | plot:site) has no variance in one of them
        return fitted(name)


def relative(ours, theirs) -> float:
    return float(np.nanmax(np.abs(ours - theirs)) / np.nanmax(np.abs(theirs)))


@pytest.mark.parametrize(("name", "i"), CASES)
def test_predictions_are_those_of_ggeffects(name: str, i: int) -> None:
    ask, expected = models()[name]["asks"][i], values()[name][i]
    fit = fit_of(name)
    if ask.get("residuals"):
        found = r.residualize_over_grid(fit.ggpredict(ask["terms"]), fit)
        assert relative(found["partial_residual"], numbers(expected["predicted"])) < 1e-5
        again = fit.partial_residuals(ask["terms"], at="grid", scale="response")
        np.testing.assert_allclose(found["partial_residual"], again["partial_residual"], rtol=1e-12)
        return
    found = getattr(r, ask.get("fun", "ggpredict"))(fit, ask["terms"], **arguments(ask))
    count = len(ask["terms"])
    ours, theirs = keys(found, count), keys(expected, count)
    assert sorted(ours) == sorted(theirs)
    order = [ours.index(key) for key in theirs]
    for_values, for_errors = TOLERANCE[models()[name]["class"]]
    assert relative(found.predicted[order], numbers(expected["predicted"])) < for_values
    if MISSING_IN_R not in expected or not np.isfinite(numbers(expected[MISSING_IN_R])).all():
        return
    assert relative(found.std_error[order], numbers(expected["std.error"])) < for_errors
    low, high = numbers(expected["conf.low"]), numbers(expected["conf.high"])
    if name in SWAPPED:
        low, high = high, low
    assert relative(found.conf_low[order], low) < for_errors
    assert relative(found.conf_high[order], high) < for_errors


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().split("\n")]


def test_print_is_that_of_ggeffects() -> None:
    same = 0
    for name, i in CASES:
        ask, expected = models()[name]["asks"][i], values()[name][i]
        # Below the table we say more: what intervals hold, from which scale predictions come, conditions.
        more = {"residuals", "fun", "type", "interval", "condition", "back_transform"} & set(ask)
        if more or name in SWAPPED or "(pos" in models()[name]["formula"]:
            continue
        if not np.isfinite(numbers(expected.get(MISSING_IN_R, [None]))).all():
            continue
        model = fit_of(name)
        found = r.ggpredict(model, ask["terms"], **arguments(ask))
        ours, theirs = lines(repr(found)), lines("\n".join(expected["print"]))
        if model.family.support == "proportion":  # we say which outcome's; R has the left side of the formula
            title = theirs[0].replace(f" of {model.design.response_name}", f" of {outcome(model.design)}")
            assert ours[0] == title
            ours, theirs = ours[1:], theirs[1:]
        assert ours == theirs
        same += 1
    assert same > 30


def test_averages_by_frequency_are_those_of_effects() -> None:
    for case in json.loads((FOLDER / "effects.json").read_text()):
        family = {"family": "binomial"} if case["class"] == "glm" else {}
        fit = getattr(mm, case["class"])(case["formula"], table("bees"), **family)
        found = fit.ggeffect(f"{case['focal']} [-1, 0, 1]" if case["focal"] == "x" else case["focal"], scale="link")
        assert found.predicted == pytest.approx(case["eta"], rel=1e-9)
        assert found.std_error == pytest.approx(case["se"], rel=1e-6)  # the iterations of R's glm()
