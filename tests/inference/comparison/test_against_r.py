"""anova of several models, drop1, add1 and ranova against lme4, lmerTest and R's own."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.comparison_reference import cases, result

# What R's optimisers left, and for glmer that its penalised least squares stop a little early.
STATISTIC = 1e-5
STATISTIC_GLMER = 2e-5
P_VALUE = 1e-6


@pytest.mark.parametrize("name", cases())
def test_numbers_are_those_of_r(name: str) -> None:
    expected, ours = cases()[name], result(name)
    glmer = any(model["kind"] == "glmer" for model in expected["models"])
    assert list(ours.names) == expected["names"]
    assert [ours.header(column) for column in ours.columns] == expected["headers"]
    for header, values, theirs in zip(expected["headers"], ours.columns.values(), expected["columns"], strict=True):
        wanted = np.array([np.nan if v is None else v for v in theirs], dtype=float)
        probability = header.startswith("Pr(")
        tolerance = P_VALUE if probability else STATISTIC_GLMER if glmer else STATISTIC
        relative = 0 if probability else 1e-7
        assert np.asarray(values, dtype=float) == pytest.approx(wanted, abs=tolerance, rel=relative, nan_ok=True), (
            header
        )


@pytest.mark.parametrize("name", cases())
def test_print_is_that_of_r(name: str) -> None:
    theirs = [line.rstrip() for text in cases()[name]["lines"] for line in text.split("\n")]
    assert [line.rstrip() for line in repr(result(name)).split("\n")] == theirs
