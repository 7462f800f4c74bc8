"""Definitions of scaled residuals and their tests are DHARMa's: the same simulations give the same numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.residuals_reference import CASES, Given, made, reference

from mixedmodels import r
from mixedmodels.diagnose.residuals import outliers, temporal
from mixedmodels.diagnose.residuals.pit import quantile_residuals

SIDES = ("two.sided", "greater", "less")
EXACT = {"rel": 1e-10, "abs": 1e-12}  # both sides do the same sums
# R 4.2 takes one or two terms of the series of Kolmogorov's distribution; the next one is below 4e-5.
KOLMOGOROV = {"abs": 4e-5}
# lmtest integrates with 15 nodes (pan), this integral is exact to ten digits.
DURBIN = {"abs": 5e-6}


def found_by(res, side: str, case) -> dict:
    found = {
        "uniformity": res.test_uniformity(side),
        "dispersion": res.test_dispersion(side),
        "zeros": res.test_zero_inflation(side),
        "largest": res.test_generic(np.max, side),
        "temporal": res.test_temporal_autocorrelation(case["time"], side),
        "spatial": res.test_spatial_autocorrelation(case["x"], case["y"], alternative=side),
    }
    for margin in ("both", "upper", "lower"):
        found[f"outliers_{margin}"] = res.test_outliers(side, margin=margin, type="binomial")
    return found


@pytest.mark.parametrize("name", CASES)
def test_residuals(name) -> None:
    case = reference()["cases"][name]
    assert np.asarray(made(name).scaled_residuals) == pytest.approx(case["residuals"], **EXACT)


@pytest.mark.parametrize("name", CASES)
def test_all_tests_of_numbers(name) -> None:
    case = reference()["cases"][name]
    res = made(name)
    for side in SIDES:
        for test, ours in found_by(res, side, case).items():
            theirs = case["tests"][side][test]
            if theirs["statistic"] is None or theirs["statistic"] == "NaN":
                assert np.isnan(ours.statistic)
                continue
            assert list(ours.statistics) == np.atleast_1d(theirs["names"]).tolist()
            assert list(ours.statistics.values()) == pytest.approx(np.atleast_1d(theirs["statistic"]).tolist(), **EXACT)
            tolerance = {"uniformity": KOLMOGOROV, "temporal": DURBIN}.get(test, EXACT)
            assert ours.p_value == pytest.approx(theirs["p"], **tolerance), (side, test)
            if test in case["limits"][side]:
                assert ours.conf_int == pytest.approx(case["limits"][side][test], **EXACT)


@pytest.mark.parametrize("name", CASES)
def test_printed_as_r_prints(name) -> None:
    case = reference()["cases"][name]
    for test, ours in found_by(made(name), "two.sided", case).items():
        theirs = case["printed"][test]
        if "NaN" in " ".join(theirs):  # no zeros: R prints NaN, and here it is missing
            continue
        assert without_data(repr(ours)) == without_data("\n".join(theirs)), test


def levels(name: str) -> Any:
    given = np.array(reference()["cases"][name]["group"])
    if name == "poisson":
        return pd.Categorical(given, ["L", "M", "H"])
    return given.astype(float) if name in ("lm", "lmer", "binomial") else given


def without_data(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.rstrip("\n").split("\n")]
    return [re.sub(r"^data:  .*", "data:", line) for line in lines]


@pytest.mark.parametrize("name", CASES)
def test_by_level_and_by_distance(name) -> None:
    case = reference()["cases"][name]
    res, theirs = made(name), case["categorical"]
    ours = res.test_categorical(levels(name))
    assert ours.found.p_value == pytest.approx(theirs["p"], **KOLMOGOROV)
    assert ours.found.p_adjusted == pytest.approx(theirs["adjusted"], abs=1e-4)  # times the number of levels
    assert ours.found.f == pytest.approx(theirs["F"], **EXACT)
    assert list(ours.found.df) == theirs["df"]
    assert ours.p_levene == pytest.approx(theirs["levene"], **EXACT)
    time = np.array(case["time"])
    far = np.exp(np.abs(time[:, None] - time) / len(time)) - 0.5
    np.fill_diagonal(far, 0.0)
    by_matrix = res.test_spatial_autocorrelation(distances=far)
    assert list(by_matrix.statistics.values()) == pytest.approx(case["distances"]["statistic"], **EXACT)
    assert by_matrix.p_value == pytest.approx(case["distances"]["p"], **EXACT)


@pytest.mark.parametrize("name", CASES)
def test_bootstrap_of_outliers_from_the_same_draws(name) -> None:
    case = reference()["cases"][name]
    res = made(name)
    chosen = np.array(case["bootstrap"]["chosen"])
    for margin in ("both", "upper", "lower"):
        theirs = case["bootstrap"][margin]
        for side, p in zip(SIDES, theirs["p"], strict=True):
            ours = outliers.by_bootstrap(res.numbers, chosen, np.random.default_rng(1), side, margin)
            assert ours.simulated == pytest.approx(theirs["frequency"], **EXACT)
            assert ours.observed == pytest.approx(theirs["found"], **EXACT)
            assert ours.p_value == pytest.approx(p, **EXACT)


def test_the_bootstrap_draws_every_other_simulation() -> None:
    chosen = outliers.resampled(5, 4, np.random.default_rng(1))
    assert chosen.shape == (4, 5)
    many = np.vstack([outliers.resampled(5, 4, np.random.default_rng(seed)) for seed in range(200)]).reshape(200, 4, 5)
    for i in range(4):
        seen, counts = np.unique(many[:, i], return_counts=True)
        assert seen.tolist() == [j for j in range(5) if j != i]
        assert counts / counts.sum() == pytest.approx(np.full(4, 0.25), abs=0.06)  # four standard errors


@pytest.mark.parametrize("name", CASES)
def test_groups_and_some_rows(name) -> None:
    case = reference()["cases"][name]
    group = levels(name)
    some = np.array(case["x"]) > 0.4
    third = np.arange(1, len(group) + 1) % 3 > 0
    u = case["uniforms"]
    sums = made(name).recalculate(group, seed=Given(u))
    means = made(name).recalculate(group, aggregate=np.mean, sel=third, seed=Given(u))
    rows = made(name).recalculate(sel=some, seed=Given(u))
    assert np.asarray(sums.observed_response) == pytest.approx(np.atleast_1d(case["sums"]["observed"]), **EXACT)
    assert np.asarray(sums.fitted_predicted) == pytest.approx(np.atleast_1d(case["sums"]["predicted"]), **EXACT)
    assert np.asarray(sums.scaled_residuals) == pytest.approx(np.atleast_1d(case["sums"]["residuals"]), **EXACT)
    assert np.asarray(means.scaled_residuals) == pytest.approx(np.atleast_1d(case["means"]["residuals"]), **EXACT)
    assert np.asarray(rows.scaled_residuals) == pytest.approx(case["some"]["residuals"], **EXACT)
    for ours, theirs in (
        (sums.test_uniformity(), case["sums"]["uniformity"]),
        (sums.test_dispersion(), case["sums"]["dispersion"]),
    ):
        assert ours.statistic == pytest.approx(theirs["statistic"], **EXACT)
        assert ours.p_value == pytest.approx(theirs["p"], **KOLMOGOROV)


@pytest.mark.parametrize("name", CASES)
def test_older_residuals(name) -> None:
    case = reference()["cases"][name]
    simulated, observed = np.array(case["simulated"]), np.array(case["observed"], dtype=float)
    theirs = case["traditional"]
    rng = None
    if case["integer"]:  # R's noise is stored for the first rows
        rng = Given(case["noise"])
        few = len(case["noise"])
        simulated, observed, theirs = simulated[:few], observed[:few], theirs[:few]
    ours = quantile_residuals(simulated, observed, rng, integer=case["integer"], method="traditional")
    assert ours == pytest.approx(theirs, **EXACT)


def test_rotated_residuals() -> None:
    given = reference()["rotation"]
    simulated, observed, few = np.array(given["simulated"]), np.array(given["observed"]), given["few"]
    for which, rotation in (("by_known", np.array(given["known"])), ("estimated", "estimated")):
        ours = r.getQuantile(simulated[:few], observed[:few], False, rotation=rotation)
        assert ours == pytest.approx(given[which], **EXACT), which
    # 180 observations and 30 simulations: their covariance is singular until nearPD mends it, to which decimal of an
    # eigenvalue of 1e-8 nobody can say, so that a few residuals may be a simulation off.
    ours = r.getQuantile(simulated, observed, False, rotation="estimated")
    assert np.abs(ours - given["singular"]).max() <= 1.01 / simulated.shape[1]
    assert np.mean(np.abs(ours - given["singular"]) < 1e-10) > 0.95


@pytest.mark.parametrize("name", ["long", "brief", "odd"])
def test_durbin_and_watson(name) -> None:
    case = reference()["durbin"][name]
    residuals = np.array(case["r"])
    for side in SIDES:
        for kind, theirs in case["tests"][side].items():
            exact = kind == "exact" and len(residuals) < 100
            ours = temporal.temporal(residuals, np.arange(len(residuals)), side, exact)
            assert ours.statistics["DW"] == pytest.approx(theirs["statistic"], **EXACT)
            assert ours.p_value == pytest.approx(theirs["p"], **(DURBIN if exact else EXACT))
