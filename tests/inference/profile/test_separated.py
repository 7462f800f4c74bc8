"""Profiles of coefficients that are infinite, as the predictors separate the outcomes.

The slow twin holds a coefficient by an offset and fits the others again.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import xlogy

import mixedmodels as mm

pytestmark = pytest.mark.filterwarnings(
    "ignore::mixedmodels.errors.SeparationWarning", "ignore::mixedmodels.errors.SingularFitWarning"
)

RISE = 3.841458820694124  # of the deviance at a limit of 95 %
INF = math.inf


def rows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    n = 120
    u = np.repeat(0.7 * rng.normal(size=20), 6)
    x = rng.normal(size=n)
    f = np.array(list("abc"))[rng.integers(0, 3, n)]
    yes = (rng.random(n) < 1 / (1 + np.exp(0.3 - 0.5 * x - u))).astype(float)
    late = np.where(rng.random(n) < 0.5, 0.0, np.abs(x))
    counts = rng.poisson(np.exp(0.3 + 0.3 * x + u)).astype(float)
    return {"g": np.repeat([f"g{i:02d}" for i in range(20)], 6), "x": x, "f": f, "late": late, "yes": yes, "n": counts}


def separated(case: str) -> mm.GeneralizedLinearMixedModel:
    d = rows()
    f, formula, family = d["f"], "y ~ x + f + (1 | g)", "binomial"
    if case == "a level of ones":
        d["y"] = np.where(f == "c", 1.0, d["yes"])
    elif case == "a first level of zeros":
        d["y"] = np.where(f == "a", 0.0, d["yes"])
    elif case == "a level of zeros and one of ones":
        d["y"] = np.where(f == "a", 0.0, np.where(f == "c", 1.0, d["yes"]))
    elif case == "a level without counts":
        d["y"], family = np.where(f == "c", 0.0, d["n"]), "poisson"
    elif case == "a number":
        d["y"], formula = np.where(d["late"] > 0, 1.0, d["yes"]), "y ~ late + f + (1 | g)"
    elif case == "a slope":
        d["y"], formula = np.where(f == "c", 0.0, d["yes"]), "y ~ f + (x | g)"
        family = "binomial(cloglog)"
    return mm.glmer(formula, d, family)


def rise(fit: mm.GeneralizedLinearMixedModel, name: str, value: float) -> float:
    """By how much the deviance is higher where a coefficient has this value."""
    x = fit.model_matrix()
    data = rows() | {"y": fit._fit.y, "held": value * np.asarray(x[name])}
    free = [c for c in x if c != name]
    data |= {f"c{i}": np.asarray(x[c]) for i, c in enumerate(free)}
    bar = fit.formula[fit.formula.index("(") :]
    formula = f"y ~ 0 + {' + '.join(f'c{i}' for i in range(len(free)))} + offset(held) + {bar}"
    return 2 * (fit.loglik - mm.glmer(formula, data, str(fit._fit.family)).loglik)


CASES = {
    "a level of ones": {"fc": (None, INF), "x": (None, None)},
    "a first level of zeros": {"(Intercept)": (-INF, None), "fb": (None, INF), "fc": (None, INF), "x": (None, None)},
    "a level of zeros and one of ones": {"(Intercept)": (-INF, None), "fb": (None, INF), "fc": (None, INF)},
    "a level without counts": {"fc": (-INF, None), "x": (None, None)},
    "a number": {"late": (None, INF), "fb": (None, None)},
    "a slope": {"fc": (-INF, None), "fb": (None, None)},
}


@pytest.mark.parametrize("case", CASES)
def test_limits_of_a_separated_glmer_are_where_the_deviance_has_risen_or_infinite(case: str) -> None:
    fit = separated(case)
    limits = fit.confint(list(CASES[case]))
    for name, expected in CASES[case].items():
        row = limits.row(name)
        for limit, infinite in zip((row["conf_low"], row["conf_high"]), expected, strict=True):
            if infinite is None:
                assert rise(fit, name, limit) == pytest.approx(RISE, abs=2e-5)
            else:
                assert limit == infinite
                assert f"{name}: no {'lower' if infinite < 0 else 'upper'} limit" in str(limits)


@pytest.mark.parametrize("case", ["a level of ones", "a first level of zeros", "a level without counts", "a slope"])
def test_the_profile_of_an_infinite_coefficient_is_that_of_constrained_fits(case: str) -> None:
    fit = separated(case)
    name, (low, _) = next((k, v) for k, v in CASES[case].items() if INF in (v[0] or 0, v[1] or 0) or v[0] == -INF)
    zeta = fit.profile([name]).zeta(name)
    values = zeta.inverse(np.array([1.0, 0.05, 3.0]) * (1 if low == -INF else -1))
    for value, size in zip(values, (1.0, 0.05, 3.0), strict=True):
        assert math.sqrt(rise(fit, name, value)) == pytest.approx(size, abs=5e-3)


def test_a_fit_of_few_rows_that_are_separated_ends() -> None:
    """Of a glm: the search for a limit begins where a standard error of millions says nothing."""
    x = np.array([0.054387, -0.545139, -4.854689])
    y, size = np.array([5.0, 1.0, 0.0]), np.array([7.0, 2.0, 7.0])
    data = {"x": x, "b": np.array([False, True, True]), "yes": y, "no": size - y}
    fit = mm.glm("cbind(yes, no) ~ x + b", data, "binomial")
    columns = np.column_stack([np.ones(3), x, data["b"]])

    def deviance(beta: np.ndarray) -> float:
        eta, p = columns @ beta, y / size
        saturated = xlogy(p, p) + xlogy(1 - p, 1 - p)
        return float(2 * size @ (saturated + np.logaddexp(0, eta) - p * eta))

    def held(j: int, value: float) -> float:
        starts = ([0.0, 0.0], [1.0, -1.0], [-1.0, 1.0])
        return min(minimize(lambda r: deviance(np.insert(r, j, value)), s, options={"gtol": 1e-9}).fun for s in starts)

    limits = fit.confint()
    for j, (name, low, high) in enumerate((("(Intercept)", -INF, None), ("x", None, INF), ("bTRUE", None, INF))):
        row = limits.row(name)
        for limit, infinite in ((row["conf_low"], low), (row["conf_high"], high)):
            if infinite is None:
                assert held(j, limit) - fit.deviance == pytest.approx(RISE, abs=1e-6)
            else:
                assert limit == infinite


def test_limits_of_a_glm_whose_linear_predictor_is_rounded_coarsely() -> None:
    """Beside a mean of 1e9 the deviance has seven digits; the search for its limits ended after two minutes."""
    rng = np.random.default_rng(9)
    data = {"f": np.array(list("abcde"))[rng.integers(0, 5, 100)], "y": rng.normal(size=100)}
    plain = mm.glm("y ~ f", data, "gaussian").confint()
    began = time.process_time()
    far = mm.glm("y ~ f", data | {"y": data["y"] + 1e9}, "gaussian").confint()
    assert time.process_time() - began < 20
    for name in plain.names[1:]:
        assert list(far.row(name).values()) == pytest.approx(list(plain.row(name).values()), abs=1e-6)
