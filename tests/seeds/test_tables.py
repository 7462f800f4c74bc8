"""Tables that the texts print beside their models: data, coefficients by subject, grids of new rows; the bats."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.support.places import SEEDS
from tests.support.seed_texts import beside, sleep2

import mixedmodels as mm
from mixedmodels.r import ggpredict

REFERENCE = json.loads((SEEDS / "effects_reference.json").read_text())

NO_POOLING = {  # intercept and slope of each subject's own line, to the three digits of the text
    "308": (288, 21.7), "309": (200, 4.36), "310": (226, 3.90), "330": (273, 8.01), "331": (298, 4.87),
    "332": (316, 2.40), "333": (285, 10.9), "334": (238, 18.1), "335": (263, -4.21), "337": (313, 22.4),
    "349": (229, 16.4), "350": (248, 23.3), "351": (264, 8.52), "352": (331, 7.29), "369": (267, 13.8),
    "370": (235, 20.6), "371": (258, 12.3), "372": (291, 11.1),
}  # fmt: skip


def test_days_of_deprivation_are_counted_from_the_third() -> None:
    data = sleep2()
    assert data["Reaction"].head(6).tolist() == [250.8006, 321.4398, 356.8519, 414.6901, 382.2038, 290.1486]
    assert data["days_deprived"].head(6).tolist() == list(range(6))
    assert data.groupby(["days_deprived", "Days"]).size().tolist() == [18] * 8
    assert (data["Days"] - data["days_deprived"] == 2).all()
    quartiles = data["Reaction"].describe().round(1)
    assert quartiles[["min", "25%", "50%", "mean", "75%", "max"]].tolist() == [203.0, 265.2, 303.2, 308.0, 347.7, 466.4]


def test_each_subjects_own_line() -> None:
    fit = mm.lm("Reaction ~ 0 + Subject + Subject:days_deprived", sleep2())
    lines = fit.params.to_numpy().reshape(2, 18).T
    for line, (subject, text) in zip(lines, NO_POOLING.items(), strict=True):
        assert tuple(float(f"{v:.3g}") for v in line) == text, subject


def test_predictions_for_every_subject_and_day_are_the_fitted_values() -> None:
    """The text's `crossing(Subject, days_deprived = 0:7)` has the rows of the data, in their order."""
    data = sleep2()
    fit = mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", data)
    levels = data["Subject"].cat.categories
    new = pd.MultiIndex.from_product([levels, range(8)], names=["Subject", "days_deprived"]).to_frame(index=False)
    assert len(new) == 144
    assert new.head(10).to_numpy().tolist() == [*(["308", d] for d in range(8)), ["309", 0], ["309", 1]]
    assert np.asarray(fit.predict(new)) == pytest.approx(np.asarray(fit.fitted()), rel=1e-12)


def test_model_matrices_print_the_sites_as_indicators() -> None:
    sites = pd.read_csv(SEEDS / "sites.csv")
    shown = sites[["y", "x"]].head(6).to_numpy()
    assert shown[:, 0] == pytest.approx([1.5101095, 3.7190900, -4.3737644, 30.1459331, 0.2777422, -3.6978175], abs=5e-8)
    assert shown[:, 1] == pytest.approx([-4.248450, 5.766103, -1.820462, 7.660348, 8.809346, -9.088870], abs=5e-7)
    assert sites["site"].head(6).tolist() == list("gjfnop")
    fit = mm.lm("y ~ site", sites)
    assert list(fit.model_matrix("X").columns) == ["(Intercept)", *(f"site{letter}" for letter in "bcdefghijklmnop")]


@pytest.fixture(scope="module")
def bats() -> pd.DataFrame:
    return beside("batMass.csv")


def test_bats_by_forest_and_species_with_random_sites(bats) -> None:
    fit = mm.lmer("mass ~ forest * species + (1 | sites)", bats)
    assert list(fit.params) == pytest.approx(REFERENCE["bats_random"]["beta"], rel=1e-6)
    assert list(fit.bse) == pytest.approx(REFERENCE["bats_random"]["se"], rel=1e-5)


def test_bats_by_forest_and_species_with_fixed_sites(bats) -> None:
    fit = mm.lm("mass ~ forest * species + sites", bats)
    assert list(fit.params.index) == REFERENCE["bats_fixed"]["names"]
    assert list(fit.params) == pytest.approx(REFERENCE["bats_fixed"]["beta"], rel=1e-8)
    assert list(fit.bse) == pytest.approx(REFERENCE["bats_fixed"]["se"], rel=1e-8)
    assert fit.anova().to_frame()["f_value"].iloc[:4].tolist() == pytest.approx(REFERENCE["bats_fixed"]["f"], rel=1e-8)


def test_random_or_fixed_sites_say_the_same_of_forest_and_species(bats) -> None:
    """The question of the text's exercise: slopes and differences agree to a seventh of their standard errors."""
    random = mm.lmer("mass ~ forest * species + (1 | sites)", bats)
    fixed = mm.lm("mass ~ forest * species + sites", bats)
    shared = [name for name in random.params.index if name != "(Intercept)"]
    assert (np.abs(random.params - fixed.params)[shared] < 0.15 * random.bse[shared]).all()
    assert random.bse[shared].to_numpy() == pytest.approx(fixed.bse[shared].to_numpy(), rel=0.01)


# -- the pictures of effects -------------------------------------------------------------------------------------------


def same_effects(found: object, expected: dict[str, list[float]], tolerance: float) -> None:
    """Agreement with ggeffects' values, whose models stop where `tighten.R` lets lme4 stop."""
    table = found.to_frame("pandas")
    assert table["predicted"].tolist() == pytest.approx(expected["predicted"], rel=tolerance)
    assert table["std_error"].tolist() == pytest.approx(expected["std_error"], rel=tolerance)
    assert table["conf_low"].tolist() == pytest.approx(expected["conf_low"], rel=tolerance, abs=1e-4)
    assert table["conf_high"].tolist() == pytest.approx(expected["conf_high"], rel=tolerance, abs=1e-4)


@pytest.mark.parametrize(("random", "which"), [("(1 | site)", "intercepts"), ("(x | site)", "slopes")])
def test_partial_effects_at_the_average_site(random: str, which: str) -> None:
    fit = mm.lmer(f"y ~ x + {random}", pd.read_csv(SEEDS / "sites.csv"))
    same_effects(ggpredict(fit, "x [-10, -5, 0, 5, 10]"), REFERENCE[which], 1e-5)


def test_bats_predicted_by_forest_and_species(bats) -> None:
    fit = mm.lmer("mass ~ forest * species + (1 | sites)", bats)
    found = ggpredict(fit, ["forest [0, 50, 100]", "species"])
    assert found.to_frame("pandas")["group"].astype(str).tolist() == REFERENCE["bats"]["group"]
    same_effects(found, REFERENCE["bats"], 1e-5)
