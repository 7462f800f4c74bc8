"""Rows of weight 0 and of no trials: they get predictions, and everything else is as without them.

R's lm for these rows (R 4.5, the weights below): 178 rows, log-likelihood -947.4455, BIC 1910.436, sigma 49.87097.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import DataError

GONE = [2, 49]
LMM = "Reaction ~ Days + (Days | Subject)"
TRIALS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@pytest.fixture(scope="module")
def nights() -> pd.DataFrame:
    table = mm.datasets.load("sleepstudy").copy()
    weights = np.tile([1.0, 2.0, 0.5], 60)
    weights[GONE] = 0
    return table.assign(w=weights)


@pytest.fixture(scope="module")
def herds() -> pd.DataFrame:
    table = mm.datasets.load("cbpp").copy()
    table.loc[3, ["incidence", "size"]] = 0
    return table


def pair(nights: pd.DataFrame, herds: pd.DataFrame, which: str) -> tuple[Any, Any, list[int]]:
    """A model of all rows, that of the rows that count, and which rows do not."""
    if which == "glmer":
        return mm.glmer(TRIALS, herds, "binomial"), mm.glmer(TRIALS, herds.drop(index=3), "binomial"), [3]
    fit, formula = (mm.lmer, LMM) if which == "lmer" else (mm.lm, "Reaction ~ Days")
    return fit(formula, nights, weights="w"), fit(formula, nights.drop(index=GONE), weights="w"), GONE


def test_lm_as_r(nights: pd.DataFrame) -> None:
    fit = mm.lm("Reaction ~ Days", nights, weights="w")
    assert (fit.nobs, fit.df_resid) == (178, 176)
    assert [fit.loglik, fit.bic, fit.sigma] == pytest.approx([-947.4455, 1910.436, 49.87097], rel=1e-6)
    assert fit.residuals("pearson")[2] == 0


@pytest.mark.parametrize("which", ["lm", "lmer", "glmer"])
def test_nothing_counts_them(nights: pd.DataFrame, herds: pd.DataFrame, which: str) -> None:
    fit, less, gone = pair(nights, herds, which)
    assert (fit.nobs, fit.df_resid) == (less.nobs, less.df_resid)
    assert [fit.loglik, fit.aic, fit.bic] == pytest.approx([less.loglik, less.aic, less.bic], rel=1e-12)
    assert np.allclose(fit.vcov(), less.vcov(), rtol=1e-9)
    kept = fit.influence().to_frame()
    pd.testing.assert_frame_equal(kept, less.influence().to_frame(), rtol=1e-7)
    first, second = fit.bootstrap(3, seed=1), less.bootstrap(3, seed=1)
    assert not first.failures
    pd.testing.assert_frame_equal(first.to_frame(), second.to_frame(), rtol=1e-6)
    hat = fit.hat_values()
    assert hat[gone].tolist() == [0] * len(gone)
    assert np.allclose(hat.drop(gone), less.hat_values())


@pytest.mark.parametrize("which", ["lm", "lmer", "glmer"])
def test_they_have_predictions(nights: pd.DataFrame, herds: pd.DataFrame, which: str) -> None:
    fit, less, gone = pair(nights, herds, which)
    table = herds if which == "glmer" else nights
    how = {"type": "response"} if which == "glmer" else {}
    means = less.predict(table, **how)
    for own in (fit.fitted(), fit.predict(**how), fit.augment()["fitted"]):
        assert np.allclose(own, means)
        assert own.index.tolist() == table.index.tolist()
    residuals = fit.residuals("response")
    observed = pd.Series(0.0, table.index) if which == "glmer" else table["Reaction"]
    assert np.allclose(residuals[gone], (observed - means)[gone])
    assert np.allclose(residuals.drop(gone), less.residuals("response"))
    assert (fit.residuals("pearson")[gone] == 0).all()
    limits = fit.predict(interval="confidence")
    assert np.isfinite(limits).all(axis=None)
    assert np.allclose(limits, less.predict(table, interval="confidence"))


@pytest.mark.parametrize("which", ["lm", "lmer", "glmer"])
def test_new_responses(nights: pd.DataFrame, herds: pd.DataFrame, which: str) -> None:
    fit, less, gone = pair(nights, herds, which)
    drawn, fewer = fit.simulate(2, seed=1), less.simulate(2, seed=1)
    assert np.allclose(drawn.drop(gone), fewer)
    silent = drawn.loc[gone].to_numpy()
    assert (silent == 0).all() if which == "glmer" else np.isnan(silent).all()  # as R
    assert fit.refit(drawn["sim_1"]).loglik == pytest.approx(less.refit(fewer["sim_1"]).loglik, rel=1e-10)


def test_trials_of_0_in_either_form(herds: pd.DataFrame) -> None:
    fit = mm.glmer(TRIALS, herds, "binomial")
    shares = herds.assign(share=(herds["incidence"] / herds["size"]).fillna(0.0))
    other = mm.glmer("share ~ period + (1 | herd)", shares, "binomial", weights="size")
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-12)
    assert other.nobs == fit.nobs == 55


def test_a_level_without_weight_has_no_effect(nights: pd.DataFrame) -> None:
    table = nights.assign(w=np.where(nights["Subject"] == "308", 0.0, 1.0))
    fit = mm.lmer(LMM, table, weights="w")
    assert fit.loglik == pytest.approx(mm.lmer(LMM, table[10:]).loglik, rel=1e-12)
    assert fit.ranef()["Subject"].loc["308"].tolist() == [0, 0]
    assert np.allclose(fit.fitted()[:10], fit.predict(table[:10], re_form="~0"))


def test_missing_values_beside(nights: pd.DataFrame) -> None:
    table = nights.copy()
    table.loc[7, "Reaction"] = np.nan
    fit = mm.lmer(LMM, table, weights="w")
    assert fit.fitted().index.tolist() == [i for i in range(180) if i != 7]
    padded = mm.lmer(LMM, table, weights="w", na_action="exclude")
    assert len(padded.fitted()) == 180
    assert np.flatnonzero(padded.fitted().isna()).tolist() == [7]


def test_saved_with_its_rows(nights: pd.DataFrame, tmp_path: Path) -> None:
    fit = mm.lmer(LMM, nights, weights="w")
    fit.save(tmp_path / "fit.json", rows=True)
    again = mm.load(tmp_path / "fit.json")
    assert np.array_equal(again.fitted(), fit.fitted())
    assert again.bic == fit.bic


def test_weights_that_are_all_0_or_negative(nights: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="every weight is 0, so that no row is left"):
        mm.lmer(LMM, nights, weights=np.zeros(180))
    with pytest.raises(DataError, match="weights are -1 in row 0"):
        mm.lm("Reaction ~ Days", nights, weights=-np.ones(180))
