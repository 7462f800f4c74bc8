"""Intervals of models of several components: Wald's beside glmmTMB's, profiles beside constrained minima."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2
from tests.support.component_fits import fitted
from tests.support.glmmtmb_models import comparable
from tests.support.glmmtmb_models import fitted as beside_r
from tests.support.glmmtmb_reference import reference

from mixedmodels.errors import DataError, MixedModelsWarning

PRINTED = [
    name for name, values in reference().items() if "confint_full" in values.get("texts", {}) and comparable(name)
]
OF_R = re.compile(r"(cond|zi|disp)\.(.*)")


def _our_name(name: str, shapes: tuple[str, ...]) -> str:
    """What a row of glmmTMB's table is called here."""
    if name == "sigma" and shapes:
        return shapes[0]
    match = OF_R.fullmatch(name)
    if match is None:
        return name
    component, rest = match.groups()
    rest = re.sub(r"^Std\.Dev\.", "sd_", rest)
    rest = re.sub(r"^Cor\.", "cor_", rest)
    return rest if component == "cond" else f"{component}~{rest}"


@pytest.mark.parametrize("name", PRINTED)
def test_wald_limits_are_those_of_glmmtmb(name: str) -> None:
    fit = beside_r(name)
    ours = fit.confint(method="wald")
    compared = 0
    for line in reference()[name]["texts"]["confint_full"].splitlines()[1:]:
        label, low, high, _ = line.rsplit(None, 3)
        row = _our_name(label.strip(), fit.family.shapes)
        if row not in ours.names or "NA" in (low, high) or "NaN" in (low, high):
            continue
        mine = ours.row(row)
        if label.strip() == "sigma" and row == "shape":  # of a gamma law, which R shows as 1 / sqrt(shape)
            low, high = str(float(high) ** -2), str(float(low) ** -2)
        if row.startswith("disp~") and fit.family.name == "gaussian":  # here of log(sigma), in R of log(sigma^2)
            low, high = str(float(low) / 2), str(float(high) / 2)
        wide = float(high) - float(low)
        if not 0 < wide < 1e3:  # on the boundary, where neither has limits
            continue
        assert mine["conf_low"] == pytest.approx(float(low), abs=2e-3 * wide), row
        assert mine["conf_high"] == pytest.approx(float(high), abs=2e-3 * wide), row
        compared += 1
    assert compared >= 2


def _constrained(fit: object, place: int, value: float) -> float:
    """The least criterion where one of all parameters has a value, by a search of scipy's own."""
    objective, parts = fit.objective, fit._fit.point  # type: ignore[attr-defined]
    cuts = np.cumsum([len(part) for part in parts])[:-1]
    start = np.concatenate(parts)
    free = np.arange(len(start)) != place

    def point(x: np.ndarray) -> list[np.ndarray]:
        whole = start.copy()
        whole[free], whole[place] = x, value
        return np.split(whole, cuts)

    out = minimize(
        lambda x: objective(*point(x)),
        start[free],
        jac=lambda x: objective.gradient(*point(x))[free],
        method="BFGS",
        options={"gtol": 1e-6},
    )
    return float(out.fun)


@pytest.mark.parametrize(
    ("name", "parameter", "place"),
    [
        ("both_random", "sd_(Intercept)|site", 0),
        ("both_random", "zi~sd_(Intercept)|site", 1),
        ("both_random", "zi~clean", 5),
        ("hurdle", "zi~clean", 4),
        ("hurdle", "disp~scale(DOY)", 6),
        ("spread", "disp~clean", 4),
        ("no_random", "clean", 1),
        ("no_random", "theta", 4),
    ],
)
def test_a_profile_limit_is_where_the_constrained_minimum_has_risen(name: str, parameter: str, place: int) -> None:
    fit = fitted(name)
    row = fit.confint(parameter).row(parameter)
    for limit in (row["conf_low"], row["conf_high"]):
        at = np.log(limit) if parameter == "theta" else limit
        rise = _constrained(fit, place, at) - fit._fit.criterion
        assert rise == pytest.approx(chi2.ppf(0.95, 1), abs=2e-3)


def test_profile_names_every_parameter_of_every_component() -> None:
    names = fitted("both_random").confint(method="wald").names
    assert names == (
        "sd_(Intercept)|site",
        "zi~sd_(Intercept)|site",
        "(Intercept)",
        "clean",
        "zi~(Intercept)",
        "zi~clean",
    )
    assert fitted("hurdle").profile(["zi~clean", "disp~(Intercept)"], points=2).confint().names == (
        "zi~clean",
        "disp~(Intercept)",
    )


def test_bootstrap_limits_have_the_same_rows_and_reproduce() -> None:
    fit = fitted("both_random")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        one = fit.confint(method="boot", nsim=30, seed=4)
        two = fit.confint(method="boot", nsim=30, seed=4)
    assert one.names == fit.confint(method="wald").names
    np.testing.assert_array_equal(one["conf_low"], two["conf_low"])
    assert (one["conf_low"] < one["conf_high"]).all()


@pytest.mark.parametrize("name", ["both_random", "hurdle", "spread", "no_random"])
def test_bootstrap_replicates_are_refits_of_its_draws(name: str) -> None:
    fit = fitted(name)
    draws = fit.bootstrap(2, seed=7, progress=False)
    np.testing.assert_allclose(np.asarray(draws.t0)[-len(fit._fit.joint.beta) :], fit._fit.joint.beta, rtol=1e-12)
    again = fit.simulate(2, seed=7, re_form="~0")
    for i in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            other = fit.refit(again[f"sim_{i + 1}"])
        np.testing.assert_allclose(draws.t[i][-len(other._fit.joint.beta) :], other._fit.joint.beta, atol=2e-4)


def test_the_objective_is_the_criterion_of_all_components() -> None:
    for name in ("both_random", "hurdle", "spread", "no_random"):
        fit = fitted(name)
        assert fit.objective(*fit._fit.point) == pytest.approx(fit.deviance, abs=1e-8)
        theta, beta, psi = fit._fit.point
        gradient = fit.objective.gradient(theta, beta + 0.1, psi)
        step = np.zeros_like(beta)
        step[-1] = 1e-5
        slope = (fit.objective(theta, beta + 0.1 + step, psi) - fit.objective(theta, beta + 0.1 - step, psi)) / 2e-5
        assert gradient[len(theta) + len(beta) - 1] == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_searches_from_other_starts_end_in_one_optimum() -> None:
    fit = fitted("both_random")
    searches = fit.all_fit(random_starts=1, seed=1)
    best = [end for end in searches.ends if end.criterion < fit.deviance + 1e-4]
    assert len(best) == searches.same >= len(searches.ends) - 1  # L-BFGS-B may stop at a saddle
    for end in best:
        np.testing.assert_allclose(end.theta, fit._fit.joint.theta, atol=2e-3)
        np.testing.assert_allclose(end.beta, fit._fit.joint.beta, atol=2e-3)
    with pytest.raises(DataError, match="has no random effects"):
        fitted("no_random").all_fit()


def test_error_of_laplace_of_several_components() -> None:
    error = fitted("both_random").laplace_error(2000, seed=1)
    assert error.method == "importance sampling"
    assert error.std_error < 0.3
    with pytest.raises(DataError, match="its likelihood is exact"):
        fitted("no_random").laplace_error(seed=1)
