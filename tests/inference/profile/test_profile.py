"""Profiles: limits against lme4 and against a dense twin, boundaries, derived quantities, tables."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from tests.support import places
from tests.support.dense_profile import dense

import mixedmodels as mm
from mixedmodels.errors import ConvergenceWarning, DataError, UnknownColumnError
from mixedmodels.inference.profile.parameters import parameters
from mixedmodels.inference.profile.record import Profile
from mixedmodels.inference.profile.walk import Walk, profiles

HERE = places.REFERENCE / "profile"
REFERENCE = json.loads(gzip.decompress((HERE / "reference.json.gz").read_bytes()))
FIXED = json.loads((HERE / "fixed.json").read_text())
QUANTILE = 1.959963984540054

# lme4 leaves out that a term is the second on its factor.
OTHER_NAMES = {
    ("sleep_double", "sd_Days|Subject"): "sd_Days|Subject.1",
}

# Where lme4's limits and ours differ by more than 1e-4; slow twins below side with ours.
LME4_DIFFERS = {
    "sleep_weights": "of fixed effects, which with weights are far too narrow there",
    "oats_slope": "of both standard deviations, in a singular fit",
    "thin": "of the lower end of a standard deviation, by 4e-4 of the upper",
    "ticks": "of the intercept, by 1.1e-4, where a general optimiser has risen by something else than the quantile",
}


def table(name: str) -> pd.DataFrame:
    if (HERE / "tables" / f"{name}.csv").exists():
        return pd.read_csv(HERE / "tables" / f"{name}.csv", dtype={"Subject": str})
    return mm.datasets.load(name)


def model(case: dict[str, Any]) -> Any:
    data = table(case["table"])
    if case.get("family"):
        return mm.glmer(case["formula"], data, family=case["family"])
    weights = 1 + np.asarray(data["Days"]) % 3 if case["weights"] else None
    return mm.lmer(case["formula"], data, REML=case["reml"], weights=weights)


def sleep(**more: Any) -> Any:
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"), **more)


@pytest.mark.filterwarnings("ignore::mixedmodels.errors.SingularFitWarning")
@pytest.mark.parametrize("name", list(REFERENCE))
def test_limits_are_lme4s(name: str) -> None:
    case = REFERENCE[name]
    ours = model(case).confint(order="lower.tri")
    assert list(ours.names) == [OTHER_NAMES.get((name, n), n) for n in case["names"]]
    low = np.array([np.nan if v is None else v for v in case["low"]], dtype=float)
    high = np.array([np.nan if v is None else v for v in case["high"]], dtype=float)
    size = np.maximum(np.abs(low), np.abs(high))
    known = ~np.isnan(low) & ~np.isnan(high)
    far = np.maximum(np.abs(ours["conf_low"] - low), np.abs(ours["conf_high"] - high)) / size
    if name in LME4_DIFFERS:
        assert far[known].max() < 0.2
        return
    assert known.sum() >= len(low) - 1
    assert far[known].max() < 1e-4


def singular_or_not(name: str) -> Any:
    case = {**REFERENCE[name], "reml": False}
    return model(case)


@pytest.mark.filterwarnings("ignore::mixedmodels.errors.SingularFitWarning")
@pytest.mark.parametrize(
    ("name", "which"),
    [
        pytest.param("sleep_weights", "Days", marks=pytest.mark.slow),
        ("oats_slope", "sd_(Intercept)|Block"),
        ("oats_slope", "sd_nitro|Block"),
        ("dyestuff2", "sd_(Intercept)|Batch"),
        pytest.param("thin", "sd_(Intercept)|Subject", marks=pytest.mark.slow),
        pytest.param("thin", "cor_Days.(Intercept)|Subject", marks=pytest.mark.slow),
    ],
)
def test_limits_are_where_a_dense_twin_puts_the_cutoff(name: str, which: str) -> None:
    fit = singular_or_not(name)
    twin = dense(fit.design)
    (parameter,) = (p for p in parameters(fit.design, fit._fit) if p.name == which)
    row = fit.confint(which).row(which)
    inside = [v for v in row.values() if (parameter.kind, abs(v)) not in (("sd", 0), ("cor", 1))]
    assert inside
    dice = np.random.default_rng(3)
    size = max(float(np.sqrt(np.diag(c)).max()) for c in fit.VarCorr().covariances) + 5
    for value in inside:
        count = twin.free(parameter.kind)
        starts = [np.append(dice.normal(size=count - 1) * size, np.log(fit.sigma)) for _ in range(2)]
        rise = twin.held(parameter.kind, parameter.at, value, starts) - fit.deviance
        assert np.sqrt(rise) == pytest.approx(QUANTILE, abs=2e-7)


def test_the_text_with_days_from_2_on() -> None:
    data = mm.datasets.load("sleepstudy")
    data = data[data["Days"] >= 2].assign(days_deprived=lambda d: d["Days"] - 2)
    fit = mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", data)
    limits = fit.confint(signames=True, order="lower.tri")
    printed = {
        ".sig01": (19.0979934, 46.3366599),
        ".sig02": (-0.4051073, 0.8058951),
        ".sig03": (4.0079284, 10.2487351),
        ".sigma": (22.4666029, 29.3494509),
        "(Intercept)": (251.3443396, 284.5904989),
        "days_deprived": (7.7245247, 15.1463328),
    }
    assert limits.names == tuple(printed)
    for name, (low, high) in printed.items():
        loose = 6e-4 if name == ".sig02" else 5e-5  # as loose as the printed run
        assert limits.row(name)["conf_low"] == pytest.approx(low, rel=loose)
        assert limits.row(name)["conf_high"] == pytest.approx(high, rel=loose)


def test_standard_deviations_are_not_profiled_on_the_scale_of_theta() -> None:
    fit = sleep()
    sd = fit.confint("sd_(Intercept)|Subject").row("sd_(Intercept)|Subject")
    theta = fit.profile("theta_", scale="theta").confint().row("theta_(Intercept)|Subject")
    sigma = sleep(REML=False).sigma
    assert abs(sd["conf_low"] - sigma * theta["conf_low"]) > 0.3
    assert abs(sd["conf_high"] - sigma * theta["conf_high"]) > 0.3


def test_theta_has_profiles_on_its_own_scale() -> None:
    fit = sleep(REML=False)
    profile = fit.profile("theta_", scale="theta")
    row = profile.confint().row("theta_Days.(Intercept)|Subject")
    assert row["conf_low"] < 0 < row["conf_high"]
    best = fit.objective

    def held(value: float) -> float:
        return float(minimize(lambda t: best([t[0], value, t[1]]), fit.theta[[0, 2]], options={"gtol": 1e-9}).fun)

    for value in row.values():
        assert np.sqrt(held(value) - fit.deviance) == pytest.approx(QUANTILE, abs=1e-6)


def test_one_sided_intervals_say_so() -> None:
    fit = mm.lmer("strength ~ 1 + (1 | batch) + (1 | sample)", mm.datasets.load("Pastes"))
    limits = fit.confint()
    assert limits.row("sd_(Intercept)|batch")["conf_low"] == 0
    assert any("one-sided" in line and "batch" in line for line in limits.footer)
    assert not any("sample" in line for line in limits.footer)
    assert "one-sided" in repr(limits)


@pytest.mark.filterwarnings("ignore::mixedmodels.errors.SingularFitWarning")
def test_an_estimate_on_the_boundary() -> None:
    limits = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2")).confint()
    assert limits.row("sd_(Intercept)|Batch")["conf_low"] == 0
    assert limits.row("sd_(Intercept)|Batch")["conf_high"] == pytest.approx(REFERENCE["dyestuff2"]["high"][0], rel=1e-5)
    assert any("estimate lies on the boundary" in line for line in limits.footer)


@pytest.mark.parametrize("which", ["sd_(Intercept)|BROOD", "theta", "YEAR96"])
def test_negative_binomial_limits_are_where_a_general_optimiser_puts_them(which: str) -> None:
    fit = mm.glmer_nb("TICKS ~ YEAR + (1 | BROOD)", mm.datasets.load("grouseticks"))
    row = fit.confint(which).row(which)
    at = np.concatenate([fit.theta, np.asarray(fit.fixef()), fit._fit.psi])
    place = {"sd_(Intercept)|BROOD": 0, "YEAR96": 2, "theta": 4}[which]
    objective = fit.objective
    for value in row.values():
        held = np.log(value) if which == "theta" else value

        def f(free: np.ndarray, held: float = held) -> tuple[float, np.ndarray]:
            x = np.insert(free, place, held)
            parts = (x[:1], x[1:4], x[4:])
            return objective(*parts), np.delete(objective.gradient(*parts), place)

        found = minimize(f, np.delete(at, place), jac=True, method="BFGS", options={"gtol": 1e-6})
        assert np.sqrt(found.fun - fit._fit.criterion) == pytest.approx(QUANTILE, abs=2e-6)


def test_families_with_a_free_scale_have_limits() -> None:
    data = mm.datasets.load("sleepstudy").assign(R=lambda d: d["Reaction"] / 100)
    fit = mm.glmer("R ~ Days + (1 | Subject)", data, family="Gamma")
    limits = fit.confint()
    estimates = [*np.sqrt(np.diag(fit.VarCorr().covariances[0])), np.exp(fit._fit.psi[0]), *np.asarray(fit.fixef())]
    assert np.all(limits["conf_low"] < estimates)
    assert np.all(limits["conf_high"] > estimates)


def test_derived_quantities_are_consistent_with_parameters() -> None:
    fit = sleep()
    limits = fit.confint(
        parm=(),
        derived={
            "variance": "`sd_(Intercept)|Subject`^2",
            "mean": lambda e: e["(Intercept)"] + 3 * e["Days"],
            "line": "`(Intercept)` + 3 * Days",
            "odd": lambda e: e["sigma"] ** 3,
        },
    )
    whole = fit.confint()
    for name, parameter, power in (("variance", "sd_(Intercept)|Subject", 2), ("odd", "sigma", 3)):
        for end in ("conf_low", "conf_high"):
            assert limits.row(name)[end] == pytest.approx(whole.row(parameter)[end] ** power, rel=1e-6)
    assert limits.row("mean") == pytest.approx(limits.row("line"), rel=1e-9)
    shifted = mm.datasets.load("sleepstudy").assign(from3=lambda d: d["Days"] - 3)
    again = mm.lmer("Reaction ~ from3 + (Days | Subject)", shifted).confint("(Intercept)").row("(Intercept)")
    assert limits.row("mean") == pytest.approx(again, rel=1e-7)


def test_an_intraclass_correlation_has_the_limits_of_its_ratio() -> None:
    fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    icc = fit.confint((), derived={"icc": "`sd_(Intercept)|Batch`^2 / (`sd_(Intercept)|Batch`^2 + sigma^2)"}).row("icc")
    theta = fit.profile("theta_", scale="theta").confint().row("theta_(Intercept)|Batch")
    for end in ("conf_low", "conf_high"):
        assert icc[end] == pytest.approx(theta[end] ** 2 / (1 + theta[end] ** 2), rel=1e-6)


def test_the_restricted_likelihood_can_be_profiled() -> None:
    fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    limits = fit.confint(criterion="REML")
    assert limits.names == ("sd_(Intercept)|Batch", "sigma")
    twin = dense(fit.design)

    def restricted(tau: float, sigma: float) -> float:
        v = np.diag(np.full(30, sigma**2)) + tau**2 * np.einsum("nlk,plk->np", twin.z[0], twin.z[0])
        inverse = np.linalg.inv(v)
        extra = np.linalg.slogdet(twin.x.T @ inverse @ twin.x)[1]
        return twin.deviance([np.array([[tau**2]])], sigma) + extra - np.log(2 * np.pi)

    for value in limits.row("sd_(Intercept)|Batch").values():
        found = minimize(
            lambda s, t=value: restricted(t, s[0]),
            [50.0],
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-10},
        )
        assert np.sqrt(found.fun - fit.reml_criterion) == pytest.approx(QUANTILE, abs=1e-6)


def test_tables_of_a_profile() -> None:
    profile = sleep().profile()
    frame = profile.to_frame()
    assert list(frame.columns) == [".par", ".zeta", *profile.names]
    for name, part in frame.groupby(".par", sort=False):
        assert np.all(np.diff(part[".zeta"]) > 0)
        assert np.all(np.diff(part[name]) > 0)
    assert frame[".zeta"].abs().max() > 3.9
    spline = profile.zeta("sigma")
    values = np.linspace(22, 30, 9)
    assert spline.inverse(spline(values)) == pytest.approx(values, rel=1e-4)
    density = profile.density("sigma", 2001)
    mass = np.trapezoid(density["density"], density["value"])
    assert mass == pytest.approx(1, abs=1e-3)
    assert "Profiles of 6 parameters" in repr(profile)


def test_interpolated_limits_are_good_to_five_digits() -> None:
    fit = sleep()
    profile = fit.profile()
    for level in (0.5, 0.9, 0.99):
        exact, quick = fit.confint(level=level), profile.confint(level)
        assert quick["conf_low"] == pytest.approx(exact["conf_low"], rel=2e-4)
        assert quick["conf_high"] == pytest.approx(exact["conf_high"], rel=2e-4)


def test_contours_of_a_pair_touch_their_traces() -> None:
    pairs = sleep().profile().pairs("(Intercept)", "Days", levels=(0.9,))
    contour = pairs[pairs["part"] == "contour"]
    radius = np.sqrt(-2 * np.log(0.1))
    for column in ("zeta_a", "zeta_b"):
        assert contour[column].max() == pytest.approx(radius, rel=1e-3)
        assert contour[column].min() == pytest.approx(-radius, rel=1e-3)


def test_names_places_and_shortcuts() -> None:
    fit = sleep()
    assert fit.confint("theta_").names[-1] == "sigma"
    assert fit.confint("beta_").names == ("(Intercept)", "Days")
    assert fit.confint([0, ".sigma", "Days"]).names == ("sd_(Intercept)|Subject", "sigma", "Days")
    assert fit.confint(signames=True, order="lower.tri").names[:4] == (".sig01", ".sig02", ".sig03", ".sigma")
    with pytest.raises(UnknownColumnError, match="no parameter 'nothing'"):
        fit.confint("nothing")
    with pytest.raises(DataError, match="there are 6 parameters"):
        fit.confint(6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "bayes"}, "method is 'bayes'; give 'profile', 'wald' or 'boot'"),
        ({"level": 95}, "level must lie between"),
        ({"order": "random"}, "order is 'random'; give"),
        ({"criterion": "AIC"}, "criterion is 'AIC'; give"),
        ({"derived": {"x": "import os"}}, "is not arithmetic"),
        ({"derived": {"x": "__import__('os')"}}, "it may hold"),
        ({"derived": {"x": "nothing + 1"}}, "names 'nothing'"),
        ({"derived": {"sigma": "sigma"}}, "that is a parameter"),
        ({"derived": {"x": "sigma"}, "method": "wald"}, "by method='profile'"),
    ],
)
def test_bad_arguments_say_what_is_wrong(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        sleep().confint(**arguments)


def test_wald_limits_are_missing_for_variances() -> None:
    limits = sleep().confint(method="wald", ddf="normal")  # as lme4
    assert np.isnan(limits["conf_low"][:4]).all()
    lines = repr(limits).splitlines()
    assert [line.split()[-2:] == ["NA", "NA"] for line in lines[1:7]] == [True] * 4 + [False] * 2
    assert lines[7:] == ["Degrees-of-freedom method: normal"]
    for name, expected in FIXED["lmer_wald"].items():
        assert list(limits.row(name).values()) == pytest.approx(expected, rel=1e-6)
    assert repr(sleep().confint(method="wald")).endswith("Degrees-of-freedom method: Satterthwaite")
    with pytest.raises(DataError, match="ddf is for the Wald limits"):
        sleep().confint(ddf="normal")


def without_random_effects(name: str) -> Any:
    if name == "lm":
        return mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))
    if name.startswith("glm_binomial"):
        formula = "cbind(incidence, size - incidence) ~ period"
        return mm.glm(formula, mm.datasets.load("cbpp"), family="binomial")
    if name == "glm_poisson":
        return mm.glm("TICKS ~ YEAR + cHEIGHT", mm.datasets.load("grouseticks"), family="poisson")
    return mm.glm("Reaction ~ Days", mm.datasets.load("sleepstudy"), family=mm.families.Gamma("log"))


@pytest.mark.parametrize("name", ["lm", "glm_binomial", "glm_binomial_wald", "glm_poisson", "glm_gamma"])
def test_models_without_random_effects_have_rs_limits(name: str) -> None:
    limits = without_random_effects(name).confint(method="wald" if name.endswith("wald") else "profile")
    assert sorted(limits.names) == sorted(FIXED[name])
    # R interpolates in profiles; intervals by standard errors are exact but for where R's iterations stop.
    loose = 2e-6
    for term, expected in FIXED[name].items():
        assert list(limits.row(term).values()) == pytest.approx(expected, rel=loose)


def test_limits_of_a_glm_are_where_the_deviance_has_risen_by_the_quantile() -> None:
    data = mm.datasets.load("cbpp")
    fit = without_random_effects("glm_binomial")
    low = fit.confint().row("period2")["conf_low"]
    held = data.assign(shift=low * (data["period"].astype(str) == "2"), p3=data["period"].astype(str) == "3")
    held = held.assign(p3=held["p3"] * 1.0, p4=(data["period"].astype(str) == "4") * 1.0)
    formula = "cbind(incidence, size - incidence) ~ p3 + p4 + offset(shift)"
    rise = mm.glm(formula, held, family="binomial").deviance - fit.deviance
    assert np.sqrt(rise) == pytest.approx(QUANTILE, abs=1e-8)


@pytest.mark.filterwarnings("ignore::mixedmodels.errors.SeparationWarning")
def test_a_separated_glm_has_an_infinite_limit() -> None:
    data = pd.DataFrame({"y": [0, 1, 0, 1, 1, 1, 1, 1], "g": list("aaaabbbb")})
    row = mm.glm("y ~ g", data, family="binomial").confint("gb").row("gb")
    assert row["conf_low"] == pytest.approx(-0.188013305696337, rel=1e-9)  # the root of the deviance, by bisection
    assert row["conf_high"] == np.inf


def test_models_without_random_effects_have_no_profile() -> None:
    with pytest.raises(DataError, match="for mixed models"):
        without_random_effects("lm").profile()


def test_limits_by_bootstrap_are_those_of_the_bootstrap() -> None:
    fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    ours = fit.confint(method="boot", nsim=200, seed=3)
    theirs = fit.bootstrap(200, 3).confint(type="perc")
    assert ours.names == fit.confint().names
    for name in ours.names:
        assert ours.row(name)["conf_low"] == theirs.row(name)["conf_low"]
        assert ours.row(name)["conf_high"] == theirs.row(name)["conf_high"]
    some = fit.confint("sigma", method="boot", nsim=200, seed=3, signames=True)
    assert some.names == (".sigma",)
    assert some.row(".sigma") == ours.row("sigma")
    limits = fit.confint("sigma", method="profile").row("sigma")
    assert ours.row("sigma")["conf_low"] == pytest.approx(limits["conf_low"], rel=0.15)


def test_profiles_start_again_where_the_deviance_is_lower() -> None:
    """From an estimate that is no optimum the walk finds a lower deviance, and says so."""
    right = sleep(REML=False)
    wrong = sleep(REML=False)
    theta = np.array([0.0, 0.3, 0.0])
    stopped = replace(wrong._fit, theta=theta, criterion=float(wrong.objective(theta)))
    found = profiles(
        wrong._engine, wrong.design, stopped, parameters(wrong.design, stopped), Walk(QUANTILE, 1.0, (QUANTILE,)), {}
    )
    assert len(found.restarts) >= 1
    assert found.fit.criterion == pytest.approx(right.deviance, abs=1e-8)
    table = Profile(found, "pandas")
    assert "lower by" in table.notes[0]
    expected = right.confint()
    limits = table.confint()
    assert limits["conf_low"] == pytest.approx(expected["conf_low"], rel=1e-6)
    assert limits["conf_high"] == pytest.approx(expected["conf_high"], rel=1e-6)
    assert any("lower by" in line for line in limits.footer)


@pytest.mark.parametrize("which", ["sd_(Intercept)|Subject", "Days"])
def test_gamma_limits_are_where_a_general_optimiser_puts_them(which: str) -> None:
    data = mm.datasets.load("sleepstudy").assign(R=lambda d: d["Reaction"] / 100)
    fit = mm.glmer("R ~ Days + (1 | Subject)", data, family=mm.families.Gamma("log"))
    row = fit.confint(which).row(which)
    at = np.concatenate([fit.theta, np.asarray(fit.fixef()), fit._fit.psi])
    place = {"sd_(Intercept)|Subject": 0, "Days": 2}[which]
    objective = fit.objective
    for value in row.values():

        def f(free: np.ndarray, held: float = value) -> tuple[float, np.ndarray]:
            x = np.insert(free, place, held)
            parts = (x[:1], x[1:3], x[3:])
            return objective(*parts), np.delete(objective.gradient(*parts), place)

        found = minimize(f, np.delete(at, place), jac=True, method="BFGS", options={"gtol": 1e-6})
        assert np.sqrt(found.fun - fit._fit.criterion) == pytest.approx(QUANTILE, abs=2e-6)


def test_limits_of_an_intercept_that_lme4_has_otherwise() -> None:
    """By a general optimiser: ours are right, and one of lme4's is off."""
    fit = model(REFERENCE["ticks"])
    row = fit.confint("(Intercept)").row("(Intercept)")
    start = np.concatenate([fit.theta, np.asarray(fit.fixef())[1:]])

    def zeta(value: float) -> float:
        def f(free: np.ndarray) -> tuple[float, np.ndarray]:
            parts = (free[:1], np.concatenate([[value], free[1:]]), np.zeros(0))
            return fit.objective(*parts), np.delete(fit.objective.gradient(*parts), 1)

        found = minimize(f, start, jac=True, method="BFGS", options={"gtol": 1e-7})
        return float(np.sqrt(found.fun - fit._fit.criterion))

    at = REFERENCE["ticks"]["names"].index("(Intercept)")
    theirs = [zeta(REFERENCE["ticks"][end][at]) for end in ("low", "high")]
    for value in row.values():
        assert zeta(value) == pytest.approx(QUANTILE, abs=2e-6)
    assert max(abs(z - QUANTILE) for z in theirs) > 2e-4


def test_a_side_that_takes_too_long_is_left_with_what_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sleep().confint("Days")
    monkeypatch.setattr("mixedmodels.inference.profile.walk.MAX_EVALUATIONS", 1)
    with pytest.warns(ConvergenceWarning, match="profile of Days was left before its limit"):
        curve = sleep().profile("Days")
    value, zeta, _ = curve.profiles.curves[0].points
    assert value[0] < sleep().fixef()["Days"] < value[-1]
    assert whole["conf_low"][0] < value[0]
    assert -1.5 < zeta[0] < 0 < zeta[-1] < 1.5
    with pytest.warns(ConvergenceWarning):
        table = sleep().confint("Days", level=0.9999)
    assert np.isnan(table["conf_low"]).all()
    assert "was followed as far as" in str(table)
