"""Rodents of the Portal project: species as random intercepts and slopes, and the `lm` tables that the text prints.

The text shows `lm` output under its `lmer` code; the criteria of the mixed models are those that lme4 gives.
"""

from __future__ import annotations

import pandas as pd
import pytest
from tests.support.seed_texts import beside, reference, same_print

import mixedmodels as mm


@pytest.fixture(scope="module")
def animals() -> pd.DataFrame:
    return beside("animals.csv.gz")


@pytest.mark.parametrize(
    ("formula", "which", "rounded"),
    [
        ("log(weight) ~ (1 | species_id) + hindfoot_length", "intercepts", -11966.7),
        ("log(weight) ~ (1 + hindfoot_length | species_id)", "slopes", -12166.1),
    ],
)
def test_mixed_models_drop_missing_rows_and_print_as_in_r(animals, formula: str, which: str, rounded: float) -> None:
    fit = mm.lmer(formula, animals)
    assert fit.nobs == 30738
    assert round(fit.reml_criterion, 1) == rounded
    assert fit.reml_criterion <= reference()["animals"]["criteria"][which == "slopes"] + 1e-6
    assert same_print(fit.summary(), reference()["animals"][which])
    # Rows lost to missing values are counted in our summary, where lme4 is silent.
    assert "4811" in str(fit.summary())


@pytest.mark.parametrize(
    ("formula", "which"), [("log(weight) ~ hindfoot_length", "line"), ("log(weight) ~ species_id", "species")]
)
def test_linear_models_are_printed_line_for_line(animals, formula: str, which: str) -> None:
    fit = mm.lm(formula, animals)
    assert same_print(fit.summary(), reference()["animals"][which], after="Residuals:")
