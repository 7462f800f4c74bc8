"""Nuisance factors and adjustments among groups beside emmeans, and their rules."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels import r

FOLDER = REFERENCE / "emmeans"
THREE = ["day", "oven", "tester"]


@lru_cache
def reference() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "nuisance.json").read_text()))


def baking() -> pd.DataFrame:
    data = mm.datasets.load("cake")
    n = np.arange(len(data))
    return data.assign(day=(n % 4).astype(str), oven=((n % 7) // 3).astype(str), tester=(n % 5).astype(str))


@lru_cache
def model() -> mm.MixedModel:
    return mm.lmer("angle ~ recipe * temp + day + oven + tester + (1 | replicate)", baking(), ddf="normal")


@lru_cache
def pairs_by_temp() -> Any:
    at = {"temp": [175, 200, 225]}
    return model().emmeans("~ recipe | temp", at=at, nuisance=["day", "oven"]).pairs()


MEANS: dict[str, dict[str, Any]] = {
    "equal": {"nuisance": THREE},
    "proportional": {"nuisance": THREE, "wt_nuis": "proportional"},
    "others": {"non_nuisance": ["recipe", "temp", "day"]},
}


@pytest.mark.parametrize("case", MEANS)
def test_means_are_emmeans(case: str) -> None:
    ours, theirs = model().emmeans("recipe", **MEANS[case]), reference()[case]
    assert ours["recipe"].tolist() == theirs["recipe"]
    # variances of lme4's fit are known to four or five digits
    np.testing.assert_allclose(ours["estimate"], theirs["emmean"], rtol=1e-5)
    np.testing.assert_allclose(ours["std_error"], theirs["SE"], rtol=2e-4)


@pytest.mark.parametrize("method", ["plain", "bonferroni", "holm", "sidak", "BH"])
def test_p_values_among_groups_are_emmeans(method: str) -> None:
    ours = pairs_by_temp() if method == "plain" else pairs_by_temp().summary(cross_adjust=method)
    np.testing.assert_allclose(ours["p_value"], reference()[method]["p.value"], rtol=2e-4)
    if method != "plain":
        at = {"temp": [175, 200, 225]}
        means = model().emmeans("~ recipe | temp", at=at, nuisance=["day", "oven"])
        np.testing.assert_array_equal(means.pairs(cross_adjust=method)["p_value"], ours["p_value"])
        np.testing.assert_array_equal(pairs_by_temp().test(cross_adjust=method)["p_value"], ours["p_value"])


def test_it_prints_as_emmeans_prints() -> None:
    def lines(text: str) -> list[str]:
        # emmeans names no method where it is asked for asymptotic degrees of freedom
        return [" ".join(line.split()) for line in text.splitlines() if not line.startswith(("Degrees", "NOTE"))]

    assert lines(repr(model().emmeans("recipe", nuisance=["day", "oven"]))) == lines(
        (FOLDER / "nuisance.txt").read_text().strip("\n")
    )
    assert lines(repr(pairs_by_temp().summary(cross_adjust="holm"))) == lines(
        (FOLDER / "cross_adjust.txt").read_text().strip("\n")
    )


def test_means_with_equal_weights_are_those_of_the_whole_grid() -> None:
    fit = model()
    for nuisance in ("day", THREE):
        few, whole = fit.emmeans("recipe", nuisance=nuisance), fit.emmeans("recipe")
        np.testing.assert_allclose(few["estimate"], whole["estimate"], rtol=1e-12)
        np.testing.assert_allclose(few["std_error"], whole["std_error"], rtol=1e-12)
    trends = fit.emtrends("recipe", "temp", nuisance="day")
    np.testing.assert_allclose(trends["estimate"], fit.emtrends("recipe", "temp")["estimate"], rtol=1e-9)
    assert len(fit.ref_grid(nuisance=THREE).summary()) == 3
    subset = fit.emmeans("recipe", nuisance="day", at={"day": ["0", "2"]})
    chosen = fit.emmeans("recipe", at={"day": ["0", "2"]})
    np.testing.assert_allclose(subset["estimate"], chosen["estimate"], rtol=1e-12)
    assert "1 nuisance factors" in repr(r.emmeans(fit, "recipe", nuisance="day"))


def test_proportional_weights_are_frequencies() -> None:
    data = mm.datasets.load("cbpp")
    fit = mm.glm("incidence ~ period + herd + size", data, "poisson")
    got = fit.emmeans("period", nuisance="herd", wt_nuis="proportional")
    whole = fit.emmeans("period", weights="outer")
    np.testing.assert_allclose(got["estimate"], whole["estimate"], rtol=1e-12)
    response = fit.emmeans("period", nuisance="herd", type="response")
    np.testing.assert_allclose(response["estimate"], np.exp(fit.emmeans("period")["estimate"]), rtol=1e-12)


def test_many_factors_need_no_large_grid() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({f"f{i}": rng.integers(0, 4, 300).astype(str) for i in range(9)})
    data["y"] = rng.normal(size=300)
    fit = mm.lm("y ~ " + " + ".join(c for c in data if c != "y"), data)
    with pytest.raises(mm.DataError, match="nuisance="):
        fit.emmeans("f0")
    got = fit.emmeans("f0", non_nuisance="f0")
    half = fit.emmeans("f0", nuisance=[f"f{i}" for i in range(4, 9)])
    np.testing.assert_allclose(got["estimate"], half["estimate"], rtol=1e-10)
    np.testing.assert_allclose(got["std_error"], half["std_error"], rtol=1e-10)


def test_a_saved_model_has_nuisance_factors(tmp_path: Path) -> None:
    model().save(tmp_path / "fit.json")
    again = mm.load(tmp_path / "fit.json")
    got = again.emmeans("recipe", nuisance=THREE, at={"temp": [200]})
    expected = model().emmeans("recipe", nuisance=THREE, at={"temp": [200]})
    np.testing.assert_allclose(got["estimate"], expected["estimate"], rtol=1e-10)
    with pytest.raises(mm.DataError, match="a model loaded from a file"):
        again.emmeans("recipe", nuisance=THREE, at={"temp": [200]}, wt_nuis="proportional")


def test_what_is_no_nuisance_is_refused() -> None:
    fit = model()
    with pytest.raises(mm.DataError, match="'temp' is in the term 'recipe:temp'"):
        fit.emmeans("recipe", nuisance="temp")
    with pytest.raises(mm.UnknownColumnError, match="nuisance has 'x'"):
        fit.emmeans("recipe", nuisance="x")
    with pytest.raises(mm.DataError, match="both given"):
        fit.emmeans("recipe", nuisance="day", non_nuisance="oven")
    with pytest.raises(mm.DataError, match="wt_nuis is 'foo'"):
        fit.emmeans("recipe", wt_nuis="foo")
    with pytest.raises(mm.UnknownColumnError, match="'day' is not in the reference grid"):
        fit.emmeans("day", nuisance="day")
    offset = mm.glm("incidence ~ period + offset(log(size))", mm.datasets.load("cbpp"), "poisson")
    with pytest.raises(mm.DataError, match="in the offset"):
        offset.emmeans("period", nuisance="size")
    with pytest.raises(mm.DataError, match="slopes are wanted"):
        mm.lm("angle ~ recipe + temp", baking()).emtrends("recipe", "temp", nuisance="temp")


def test_adjustments_that_need_more_than_p_values_are_refused() -> None:
    for method in ("tukey", "mvt", "foo"):
        with pytest.raises(mm.DataError, match="cross_adjust is"):
            pairs_by_temp().summary(cross_adjust=method)
    one = model().emmeans("recipe").pairs()
    np.testing.assert_array_equal(one.summary(cross_adjust="holm")["p_value"], one["p_value"])
