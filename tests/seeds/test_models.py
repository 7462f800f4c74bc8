"""The random-term formulas of a text on specifying models: Y and C numeric, A with 15 levels, B with 25.

Each implies a design: the columns of X and Z, which effects vary by which factor, how many covariance parameters.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.support.seed_texts import reference

import mixedmodels as mm

TABLE = pd.read_csv(Path(__file__).with_name("models.csv"), dtype={"A": "category", "B": "category"})


@pytest.mark.parametrize("which", range(6))
def test_formula_gives_the_design_and_the_fit_of_r(which: int) -> None:
    expected = reference()["models"][which]
    fit = mm.lmer(expected["formula"], TABLE)
    assert fit.model_matrix("X").shape == (300, expected["p"])
    assert fit.model_matrix("Z").shape == (300, expected["q"])
    tables = fit.VarCorr()
    assert [list(table.columns) for table in tables.values()] == expected["effects"]
    assert [label.split(".")[0] for label in tables] == [group.split(".")[0] for group in expected["groups"]]
    assert len(fit.theta) == len(expected["theta"])
    assert fit.reml_criterion <= expected["criterion"] + 1e-6
    assert np.asarray(fit.theta) == pytest.approx(expected["theta"], rel=1e-4, abs=1e-5)
    assert list(dict(fit.fixef()).values()) == pytest.approx(expected["beta"], rel=1e-4)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=1e-5)


def test_a_model_without_fixed_terms_still_has_an_intercept() -> None:
    assert list(dict(mm.lmer("Y ~ (1 | A)", TABLE).fixef())) == ["(Intercept)"]
