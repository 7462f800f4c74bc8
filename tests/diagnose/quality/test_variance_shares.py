"""The parts of the variance: what holds for every model."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.diagnose.quality import scores


@cache
def sleep(**more: Any) -> Any:
    return mm.lmer("Reaction ~ Days + (Days | Subject)", table(), **more)


@cache
def table() -> Any:
    data = mm.datasets.load("sleepstudy")
    return data.assign(w=1 + data["Days"] % 4 / 2, hours=24.0 * data["Days"])


def test_shares_add_up_and_do_not_depend_on_units() -> None:
    table_ = sleep().variance_partition()
    assert table_["share"].sum() == pytest.approx(1, abs=1e-12)
    assert table_.names == ("fixed effects", "(Days | Subject)", "residual")
    other = mm.lmer("Reaction ~ hours + (hours | Subject)", table()).variance_partition()
    assert other["share"] == pytest.approx(table_["share"], rel=1e-5)
    moved = mm.lmer("I(Reaction / 1000) ~ I(Days - 4) + (I(Days - 4) | Subject)", table()).variance_partition()
    assert moved["share"] == pytest.approx(table_["share"], rel=1e-5)


def test_scale_of_precision_weights_does_not_matter() -> None:
    """It is absorbed by sigma; with per="unit" it does, as in performance and MuMIn."""
    formula = "Reaction ~ Days + (1 | Subject)"
    one = mm.lmer(formula, table(), weights="w")
    ten = mm.lmer(formula, table(), weights="10 * w")
    assert ten.icc().adjusted == pytest.approx(one.icc().adjusted, rel=1e-6)
    assert ten.icc(per="unit").adjusted < one.icc(per="unit").adjusted


def test_groups_add_up_to_the_adjusted_icc() -> None:
    model = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    shares = model.icc(by_group=True)
    assert sum(shares["icc"]) == pytest.approx(model.icc().adjusted)
    assert shares.to_frame()["group"].tolist() == ["plate", "sample"]


def test_simulated_shares_are_found() -> None:
    """The variance of many responses from the model is what its parts add up to."""
    model = sleep()
    of = model.variance_partition()
    y = np.asarray(model.simulate(4000, seed=1))
    x = model._dense_x() @ np.asarray(list(dict(model.fixef()).values()))
    random_and_residual = float(np.mean((y - x[:, None]) ** 2))
    assert of["variance"][1:].sum() == pytest.approx(random_and_residual, rel=0.02)  # four standard errors


def test_bad_choices() -> None:
    cbpp = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    with pytest.raises(mm.DataError, match="'theoretical', 'delta'"):
        cbpp.icc(approximation="trigamma")
    with pytest.raises(mm.DataError, match="'marginal', 'intercept' or 'observed'"):
        cbpp.icc(mean="median")
    with pytest.raises(mm.DataError, match="'unit'"):
        cbpp.icc(per="herd")
    with pytest.raises(mm.DataError, match="linear model has its sigma"):
        sleep().icc(mean="observed")
    inverse = mm.glmer("Reaction ~ Days + (1 | Subject)", table(), "Gamma")
    assert 0 < inverse.icc().adjusted < 1
    with pytest.raises(mm.DataError, match="does not exist"):
        inverse.icc(mean="marginal")


def test_null_models_keep_the_random_effects() -> None:
    ticks = mm.datasets.load("grouseticks")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = mm.glmer("TICKS ~ YEAR + cHEIGHT + (1 | BROOD)", ticks, "poisson")
        null = mm.glmer("TICKS ~ 1 + (1 | BROOD)", ticks, "poisson")
        level = model.r2(by_group=True)
    own, other = model.variance_partition(), null.variance_partition()
    reduction = 1 - own.row("(1 | BROOD)")["variance"] / other.row("(1 | BROOD)")["variance"]
    assert level.row("BROOD")["r2"] == pytest.approx(reduction, rel=1e-6)


def test_scores() -> None:
    assert np.isnan(scores.aicc(-10.0, 5, 6))
    assert scores.aicc(-10.0, 2, 10) == pytest.approx(20 + 4 + 12 / 7)
    assert scores.weights_of(np.array([0.0, 2.0])) == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])
    assert scores.log_loss(np.array([1.0, 0.0]), np.array([1.0, 1.0]), np.array([0.8, 0.4])) == pytest.approx(
        -(np.log(0.8) + np.log(0.6)) / 2
    )
    places = scores.ranks(
        {"aic": [1, 2], "aic_weight": [0.6, 0.4], "rmse": [3, 1], "icc": [np.nan, 1], "sigma": [1, 1]}
    )
    assert places == pytest.approx([0.5, 0.5])
