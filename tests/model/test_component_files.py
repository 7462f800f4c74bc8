"""Models of several components in files and pickles, refitted and updated."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.component_fits import NAMES, fitted, numbers, salamanders

import mixedmodels as mm
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.families import Family, resolve
from mixedmodels.families.parts import FamilyWithParts

QUANTITIES = ("link", "response", "conditional", "zprob", "disp", "zero_probability")


def _same(one: Any, other: Any) -> None:
    new = salamanders().iloc[::40]
    assert str(one.summary()) == str(other.summary())
    assert repr(one) == repr(other)
    assert one.family == other.family
    assert one.components == other.components
    for component in one.components:
        np.testing.assert_array_equal(one.fixef(component=component), other.fixef(component=component))
        np.testing.assert_array_equal(one.vcov(component=component), other.vcov(component=component))
    for quantity in QUANTITIES:
        np.testing.assert_allclose(one.predict(new, type=quantity), other.predict(new, type=quantity), rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_rows_has_the_estimates_and_predicts(name: str, tmp_path: Path) -> None:
    fit = fitted(name)
    fit.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    _same(fit, loaded)
    with pytest.raises(DataError, match="needs the rows"):
        loaded.refit(fit._response())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_with_rows_does_what_the_model_did(name: str, tmp_path: Path) -> None:
    fit = fitted(name)
    fit.save(tmp_path / "fit.json", rows=True)
    loaded = mm.load(tmp_path / "fit.json")
    _same(fit, loaded)
    np.testing.assert_array_equal(loaded.simulate(2, seed=1), fit.simulate(2, seed=1))
    np.testing.assert_array_equal(loaded.residuals("pearson"), fit.residuals("pearson"))
    np.testing.assert_array_equal(loaded.predict(se_fit=True), fit.predict(se_fit=True))
    assert loaded.update(". ~ . - clean").aic == pytest.approx(fit.update(". ~ . - clean").aic)
    loaded.save(tmp_path / "again.json", rows=True)
    assert (tmp_path / "again.json").read_text() == (tmp_path / "fit.json").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_pickled_model_comes_back_whole(name: str) -> None:
    fit = fitted(name)
    other = pickle.loads(pickle.dumps(fit))
    _same(fit, other)
    np.testing.assert_array_equal(other.simulate(1, seed=5), fit.simulate(1, seed=5))
    assert other.refit(fit._response()).loglik == pytest.approx(fit.loglik, abs=1e-7)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("fit", "further", 0, "theta"), [1.0, 2.0], "fit/theta|further"),
        (("fit", "further", 0, "vcov"), [1.0], "fit/further/0/vcov"),
        (("fit", "further", 0, "component"), "cond", "fit/further/0/component"),
        (("fit", "family", "parts", "zeros"), 3, "fit/family/parts/zeros"),
        (("design", "further"), [], "design/further"),
    ],
)
def test_damage_of_a_component_is_found_where_it_is(
    tmp_path: Path, place: tuple[Any, ...], value: Any, message: str
) -> None:
    path = tmp_path / "fit.json"
    fitted("both_random").save(path)
    document = json.loads(path.read_text())
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=message):
        mm.load(path)


@pytest.mark.parametrize("name", ["poisson", "truncated_nbinom2", "Gamma", "t", "tweedie", "betabinomial"])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("role", ["cases", "precision", None])
def test_a_family_with_parts_goes_through_json(name: str, zeros: bool, role: Any) -> None:
    base = resolve(name)
    family = FamilyWithParts(base=base, zeros=zeros, dispersion_model=bool(base.shapes), role=role)
    stored = json.loads(json.dumps(family.to_json()))
    assert Family.from_json(stored) == family
    assert pickle.loads(pickle.dumps(family)) == family


@pytest.mark.parametrize("name", NAMES)
def test_a_refit_is_of_the_same_class_and_components(name: str) -> None:
    fit = fitted(name)
    y = fit.simulate(1, seed=11)["sim_1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        other = fit.refit(y)
        anew = fit.update("made ~ .", data=salamanders().assign(made=numbers(y)))
    assert type(other) is type(fit)
    assert other.loglik == pytest.approx(anew.loglik, abs=1e-5)
    assert other.components == fit.components


def test_update_changes_each_argument() -> None:
    fit, rows = fitted("both_random"), salamanders()
    without = fit.update(ziformula="~0")
    assert without.components == ("cond",)
    assert without.loglik == pytest.approx(fitted("one").loglik, abs=1e-7)
    changed = fit.update(family="nbinom2", dispformula="~ DOP", ziformula="~1")
    said = mm.glmmTMB("count ~ clean + (1 | site)", rows, "nbinom2", dispformula="~ DOP", ziformula="~1")
    assert changed.components == ("cond", "zi", "disp")
    assert changed.loglik == pytest.approx(said.loglik, abs=1e-7)
    weights = np.where(np.arange(len(rows)) % 2, 1.0, 2.0)
    gauss = mm.glmmTMB("count ~ clean + (1 | site)", rows, "gaussian", weights=weights)
    precise = gauss.update(weights_role="precision")
    lmer = mm.lmer("count ~ clean + (1 | site)", rows, weights=weights, REML=False)
    assert precise.loglik == pytest.approx(lmer.loglik, abs=1e-6)
    assert abs(gauss.loglik - lmer.loglik) > 1


@pytest.mark.parametrize("name", ["nAGQ", "laplace", "penalty", "sigma"])
def test_update_refuses_settings_that_a_glmmtmb_has_not(name: str) -> None:
    with pytest.raises(DataError, match="no argument of glmmTMB"):
        fitted("one").update(**{name: 2})


@pytest.mark.parametrize("name", ["ziformula", "dispformula", "weights_role"])
def test_update_of_a_glmer_refuses_what_is_of_glmmtmb(name: str) -> None:
    cbpp = mm.datasets.load("cbpp")
    fit = mm.glmer("incidence ~ period + (1 | herd)", cbpp, "poisson")
    with pytest.raises(DataError, match=f"{name} is an argument of glmmTMB"):
        fit.update(**{name: "~1"})


def test_what_weights_mean_is_no_parameter() -> None:
    rows = salamanders()
    for role in ("cases", "precision"):
        fit = mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", weights_role=role)
        assert fit.npar == 3


def _constrained() -> Any:
    return mm.glmmTMB(
        "count ~ clean + (1 | site)",
        salamanders(),
        "poisson",
        ziformula="~ clean",
        priors=[{"prior": "normal(0, 0.5)", "class": "fixef", "coef": "clean"}],
        map={"zi~clean": -2.0},
    )


def test_what_is_held_and_has_priors_stays_so(tmp_path: Path) -> None:
    fit = _constrained()
    fit.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    assert loaded.npar == fit.npar == 4
    np.testing.assert_array_equal(loaded.fixef("zi"), fit.fixef("zi"))
    again = fit.refit(fit._response())
    assert again.npar == fit.npar
    np.testing.assert_allclose(again.fixef(), fit.fixef(), atol=1e-6)
    assert again.fixef("zi")["clean"] == -2.0
    draws = fit.bootstrap(3, seed=1, progress=False)
    assert (draws.t[:, list(draws.names).index("zi~clean")] == -2.0).all()
    with pytest.raises(DataError, match="parameters are all free"):
        fit.profile("clean")
    assert fit.all_fit(random_starts=0).agree


def test_terms_of_a_restricted_fit_are_compared_by_maximum_likelihood() -> None:
    rows = salamanders()
    fit = mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", REML=True)
    own = fitted("one")
    assert fit.drop1("Chisq").row("clean")["lrt"] == pytest.approx(own.drop1("Chisq").row("clean")["lrt"], abs=1e-5)
