"""Predictions, comparisons, slopes and hypotheses against R's marginaleffects (tests/reference/marginal)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.marginal_reference import NUMBERS, answers, arguments, fitted, in_order, models, numbers

CASES = [(name, i) for name, m in models().items() for i in range(len(m["asks"]))]
TOLERANCE = 1e-6


def asked(name: str, i: int):
    """Our table and R's numbers."""
    ask, theirs = models()[name]["asks"][i], answers()[name]["asks"][i]
    given = arguments(name, ask)
    if models()[name]["class"] == "glmer":  # lme4's covariance is by differences; the delta method is compared here
        given["vcov"] = np.array(answers()[name]["vcov"])
        del given["ddf"]
    return getattr(fitted(name), ask["verb"])(**given), theirs


def far(ours, theirs) -> float:
    """The largest distance, relative to the column where that is above 1."""
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(np.isfinite(ours), finite)
    return float(np.max(np.abs(ours - theirs)[finite] / np.maximum(1.0, np.abs(theirs[finite])), initial=0.0))


@pytest.mark.parametrize(("name", "i"), CASES)
def test_numbers_are_those_of_marginaleffects(name: str, i: int) -> None:
    ours, theirs = asked(name, i)
    assert len(ours) == len(theirs["estimate"])
    order = in_order(ours, theirs)
    seen = [r for r in NUMBERS if r in theirs and NUMBERS[r] in ours.columns]
    assert {"estimate", "conf.low", "conf.high", "p.value"} <= set(seen)
    assert ("std.error" in theirs) == ("std_error" in ours.columns)
    for r in seen:
        assert far(np.asarray(ours[NUMBERS[r]], dtype=float)[order], numbers(theirs[r])) < TOLERANCE, r
