"""Generalised linear models: responses in all their forms, what is refused, separation, Jeffreys' penalty, theta."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import ConvergenceWarning, DataError, DesignError, FitError, PerfectFitWarning, SeparationWarning
from mixedmodels.families import Binomial, NegativeBinomial, Poisson
from mixedmodels.fit.generalized_linear import irls
from mixedmodels.fit.separation.fixed_effects import find

N = 60


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    g = np.repeat(list("abc"), 20)
    d = pd.DataFrame({"x": rng.normal(size=N), "g": pd.Categorical(g), "h": pd.Categorical(rng.choice(["u", "v"], N))})
    d["y"] = (rng.random(N) < 0.5) * 1.0
    d["none_in_b"] = np.where(g == "b", 0, d["y"])
    d["all_in_a"] = np.where(g == "a", 1, d["y"])
    d["none_in_bv"] = np.where((g == "b") & (d["h"] == "v"), 0, d["y"])
    d["cut"] = (d["x"] > 0.2) * 1.0
    d["b"] = rng.integers(0, 2, N)
    d["sum_cut"] = (d["x"] + d["b"] > 0.5) * 1.0
    d["count"] = np.where(g == "b", 0, rng.poisson(3, N))
    d["n"] = rng.integers(1, 9, N)
    d["s"] = rng.binomial(d["n"], 0.4)
    d["p"] = d["s"] / d["n"]
    d["zeros"], d["ones"], d["seven"] = 0.0, 1.0, 7.0
    d["w"] = np.where(np.arange(N) % 4 == 0, 0.0, 1.0)
    d["positive"] = rng.gamma(2, size=N)
    return d


# -- responses -----------------------------------------------------------------------------------------------------

REFUSED: list[tuple[str, str, dict[str, Any], type[Exception], str]] = [
    ("p ~ x", "binomial", {}, DataError, r"proportion without its number of trials; give .* weights=.*cbind"),
    ("n ~ x", "binomial", {}, DataError, r"outside 0 to 1.*cbind\(successes, failures\)"),
    ("I(y + 1) ~ x", "binomial", {}, DataError, r"coded 1 and 2; code failure as 0 and success as 1"),
    ("cbind(s, s - n) ~ x", "binomial", {}, DataError, r"row \d+ \(and \d+ more\).*negative count"),
    ("cbind(p, n) ~ x", "binomial", {}, DataError, r"no pair of whole numbers"),
    ("cbind(s, n, n) ~ x", "binomial", {}, DesignError, r"has 3 columns; a binomial response has two"),
    ("cbind(s, n) ~ x", "poisson", {}, DesignError, r"has 2 columns, but a poisson model has one"),
    ("~ x", "poisson", {}, DesignError, "has no response"),
    ("g ~ x", "poisson", {}, DataError, "where numbers are needed"),
    ("x ~ g", "poisson", {}, DataError, r"row 3 \(and 28 more\), -1.3.* is negative"),
    ("p ~ g", "poisson", {}, DataError, "whole"),
    ("x ~ g", "Gamma", {}, DataError, r"row 3 .*greater than zero"),
    ("y ~ x", "binomial", {"penalty": "ridge"}, DataError, "it is 'jeffreys', or None"),
    ("positive ~ x", "Gamma", {"penalty": "jeffreys"}, DataError, "without a dispersion"),
    ("y ~ x", "binomial", {"start": [1.0]}, DataError, r"start must be 2 finite numbers"),
    ("y ~ x", "binomial", {"weights": "zeros"}, DataError, "every weight is 0"),
    ("y ~ x + (1 | g)", "binomial", {}, DesignError, "random term"),
]


@pytest.mark.parametrize(("formula", "family", "options", "error", "said"), REFUSED)
def test_refusals_say_what_and_how(
    table: pd.DataFrame, formula: str, family: str, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        mm.glm(formula, table, family, **options)


def test_rows_in_messages_are_rows_of_the_table(table: pd.DataFrame) -> None:
    bad = table.assign(x=table["x"].where(table.index != 0), p=0.0)
    bad.loc[7, "p"] = 0.5
    with pytest.raises(DataError, match=r"row 7, 0\.5, is a proportion"):
        mm.glm("p ~ x", bad, "binomial")


def test_of_a_factor_with_more_levels_the_user_says_which_is_the_failure(table: pd.DataFrame) -> None:
    both = table.assign(other=(table["g"] != "a") * 1)
    with pytest.raises(mm.DataError, match=r"the response 'g' has 3 categories.*say which are a success"):
        mm.glm("g ~ x", both, "binomial")
    np.testing.assert_allclose(
        mm.glm("g != 'a' ~ x", both, "binomial").params, mm.glm("other ~ x", both, "binomial").params, rtol=1e-12
    )


def test_rows_without_trials_and_without_weight_count_for_nothing(table: pd.DataFrame) -> None:
    some = table.assign(n=table["n"] * (table["w"] > 0), s=table["s"] * (table["w"] > 0))
    fit = mm.glm("cbind(s, n - s) ~ x", some, "binomial")
    less = mm.glm("cbind(s, n - s) ~ x", some[some["n"] > 0], "binomial")
    np.testing.assert_allclose(fit.params, less.params, rtol=1e-12)
    assert (fit.nobs, fit.df_resid, fit.loglik) == (less.nobs, less.df_resid, pytest.approx(less.loglik))
    assert len(fit.fitted()) == N
    weighted, fewer = mm.glm("s ~ x", table, "poisson", weights="w"), mm.glm("s ~ x", table[table["w"] > 0], "poisson")
    assert (weighted.aic, weighted.bic) == (pytest.approx(fewer.aic), pytest.approx(fewer.bic))
    assert weighted.simulate(2, seed=1).notna().all().all()


# -- constant responses and separation -----------------------------------------------------------------------------

SEPARATED = [
    ("none_in_b ~ x + g", "binomial", {"gb": -1}, r"gb \(-Inf\).*[Ww]here g = 'b', 'none_in_b' is 0 in all 20 rows"),
    (
        "all_in_a ~ x + g",
        "binomial(probit)",
        {"(Intercept)": 1, "gb": -1, "gc": -1},
        r"quasi-complete.*[Ww]here g = 'a', 'all_in_a' is 1 in all 20 rows.*drop 'g'",
    ),
    ("none_in_b ~ g - 1", "binomial(cloglog)", {"gb": -1}, r"[Ww]here g = 'b'"),
    ("none_in_bv ~ g * h", "binomial", {"gb:hv": -1}, r"gb:hv \(-Inf\).*[Ww]here gb:hv, 'none_in_bv' is 0"),
    ("cut ~ x", "binomial", {"(Intercept)": -1, "x": 1}, r"complete separation.*'cut' is 1 only where x >= 0.2"),
    ("sum_cut ~ x + b", "binomial(cauchit)", None, r"linear combination of 'x' and 'b' tells outcomes"),
    ("count ~ g + x", "poisson", {"gb": -1}, r"[Ww]here g = 'b', 'count' is 0 in all 20 rows"),
    ("zeros ~ x", "binomial", None, r"'zeros' is 0 in all 60 rows used.*right column"),
    ("ones ~ 1", "binomial", {"(Intercept)": 1}, r"'ones' is 1 in all 60 rows used"),
    ("zeros ~ 1", "poisson", {"(Intercept)": -1}, r"'zeros' is 0 in all 60 rows used"),
]


@pytest.mark.parametrize(("formula", "family", "direction", "said"), SEPARATED)
def test_separation_is_named(
    table: pd.DataFrame, formula: str, family: str, direction: dict[str, int] | None, said: str
) -> None:
    with pytest.warns(SeparationWarning, match=said) as caught:
        fit = mm.glm(formula, table, family)
    assert [w.category for w in caught] == [SeparationWarning]
    if direction is not None:
        found = find(fit._dense_x(), fit._fit.y, None, fit.family)
        assert found is not None
        names = fit.fixef().names
        assert {names[j]: np.sign(found.direction[j]) for j in found.columns} == direction
        assert all(np.sign(fit.fixef()[k]) == d for k, d in direction.items())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tamed = mm.glm(formula, table, family, penalty="jeffreys")
    assert tamed.converged
    assert np.abs(tamed.params).max() < 30
    assert tamed.penalty == "jeffreys"


def test_separating_directions_keep_their_promise(table: pd.DataFrame) -> None:
    x = np.column_stack([np.ones(N), table["g"] == "b", table["g"] == "c", table["x"]]).astype(float)
    y = table["none_in_b"].to_numpy(float)
    found = find(x, y, None, Binomial())
    assert found is not None
    along = (2 * y - 1) * (x @ found.direction)
    assert along.min() >= -1e-9
    assert (along > 1e-7).tolist() == found.rows.tolist() == (table["g"] == "b").tolist()
    assert not found.complete
    assert find(x, table["y"].to_numpy(float), None, Binomial()) is None
    assert find(x, y, (table["g"] != "b").to_numpy(float), Binomial()) is None  # no weight where it is separated
    mixed = np.where(np.arange(N) == 25, 0.5, y)  # one row of 'b' with both outcomes
    assert find(x, mixed, None, Binomial()) is None


def test_large_estimates_alone_are_no_separation() -> None:
    x = np.repeat([0.0, 1.0], 200)
    y = np.concatenate([np.repeat([0.0, 1.0], [199, 1]), np.repeat([0.0, 1.0], [1, 199])])
    fit = mm.glm("y ~ x", {"y": y, "x": x * 1e-9}, "binomial")
    assert fit.fixef()["x"] == pytest.approx(2e9 * math.log(199), rel=1e-9)


def test_constant_responses_are_told(table: pd.DataFrame) -> None:
    with pytest.warns(PerfectFitWarning, match="'seven' is 7 in all 60 rows used; there is nothing to explain"):
        mm.glm("seven ~ x", table, "poisson")
    with pytest.warns(PerfectFitWarning, match="'seven' is 7"):
        mm.glm("seven ~ x", table, "Gamma")
    with pytest.warns(PerfectFitWarning, match="fits the response exactly"):
        mm.glm("I(exp(x)) ~ x", table, "Gamma(log)")


# -- Jeffreys' penalty ---------------------------------------------------------------------------------------------


def test_jeffreys_in_closed_form(table: pd.DataFrame) -> None:
    """Half a success and half a failure for every cell of a saturated logit model; half a count for a Poisson one."""
    y, g = table["none_in_b"], table["g"]
    fit = mm.glm("none_in_b ~ g", table, "binomial", penalty="jeffreys")
    expected = {k: (y[g == k].sum() + 0.5) / 21 for k in "abc"}
    np.testing.assert_allclose(fit.fitted(), g.map(expected).astype(float), rtol=1e-9)
    counts = mm.glm("count ~ g", table, "poisson", penalty="jeffreys")
    means = {k: (table["count"][g == k].sum() + 0.5) / 20 for k in "abc"}
    np.testing.assert_allclose(counts.fitted(), g.map(means).astype(float), rtol=1e-9)
    assert "Jeffreys" in str(fit.summary())


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_jeffreys_against_a_slow_twin(table: pd.DataFrame, link: str) -> None:
    """The penalised likelihood, written down and climbed by differences, has its top where ours says."""
    family = Binomial(link=link)
    fit = mm.glm("none_in_b ~ x + g", table, family, penalty="jeffreys")
    x = np.column_stack([np.ones(N), table["x"], table["g"] == "b", table["g"] == "c"]).astype(float)
    y = table["none_in_b"].to_numpy(float)

    def penalised(beta: Any) -> float:
        eta = x @ beta
        mu, slope = family.mean(eta), family.mean_derivative(eta)
        w = slope**2 / (mu * (1 - mu))
        return float(np.log(np.where(y == 1, mu, 1 - mu)).sum() + 0.5 * np.linalg.slogdet((x.T * w) @ x)[1])

    top = np.asarray(fit.params)
    scale = np.asarray(fit.bse)
    for j in range(4):
        step = np.eye(4)[j] * scale * 1e-3
        slope = (penalised(top + step) - penalised(top - step)) / 2e-3
        assert abs(slope) < 2e-5
        assert penalised(top + 50 * step) < penalised(top) > penalised(top - 50 * step)


# -- the iterations ------------------------------------------------------------------------------------------------


def test_the_score_is_zero_at_every_estimate(table: pd.DataFrame) -> None:
    for formula, family in (
        ("s ~ x + g", "poisson(sqrt)"),
        ("s ~ x + g", "poisson"),
        ("positive ~ x", "Gamma"),
        ("positive ~ x", "inverse.gaussian(log)"),
        ("y ~ x", "binomial(cauchit)"),
    ):
        fit = mm.glm(formula, table, family)
        pearson, working = (fit.residuals(kind).to_numpy() for kind in ("pearson", "working"))
        pull = fit._dense_x().T @ (pearson**2 / working)  # W r, since Pearson's residuals are sqrt(W) r
        assert np.abs(pull * fit.bse / fit.dispersion).max() < 1e-9


def test_a_bad_first_step_is_mended(table: pd.DataFrame) -> None:
    """A log link for large probabilities: least squares from the response itself leads out of the domain."""
    rng = np.random.default_rng(3)
    x = np.linspace(0, 1, 200)
    y = (rng.random(200) < np.exp(-0.2 - 2 * x)) * 1.0
    fit = mm.glm("y ~ x", {"y": y, "x": x}, "binomial(log)")
    assert fit.converged
    assert fit.fitted().max() <= 1
    again = mm.glm("y ~ x", {"y": y, "x": x}, "binomial(log)", start=[-0.5, -0.5])
    np.testing.assert_allclose(again.params, fit.params, rtol=1e-6)


def test_too_few_iterations_are_told(table: pd.DataFrame) -> None:
    with pytest.warns(ConvergenceWarning, match="still changes"):
        mm.glm("s ~ x + g", table, "poisson", control={"max_evaluations": 1})


def test_no_start_in_the_domain(table: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="give some as start="):
        mm.glm("s ~ x - 1", table, "poisson(identity)")


# -- theta ---------------------------------------------------------------------------------------------------------


def test_theta_maximises_the_likelihood() -> None:
    quine = mm.datasets.load("grouseticks")
    fit = mm.glm_nb("TICKS ~ YEAR + cHEIGHT", quine)
    assert fit.theta is not None
    for factor in (0.99, 1.01):
        known = mm.glm("TICKS ~ YEAR + cHEIGHT", quine, NegativeBinomial(theta=fit.theta * factor))
        assert known.loglik < fit.loglik
        assert known.npar == fit.npar - 1
    assert mm.glm("TICKS ~ YEAR + cHEIGHT", quine, "negative_binomial").loglik == pytest.approx(fit.loglik, rel=1e-12)
    assert mm.glm("TICKS ~ YEAR + cHEIGHT", quine, Poisson()).loglik < fit.loglik


def test_counts_without_a_theta() -> None:
    with pytest.raises(FitError, match="'y' are 0 in every row"):
        mm.glm_nb("y ~ 1", {"y": np.zeros(20)})
    with pytest.raises(FitError, match=r"theta .* grows beyond .*; fit glm\(\.\.\., family='poisson'\)"):
        mm.glm_nb("y ~ 1", {"y": np.tile([3.0, 4.0, 5.0], 20)})


def test_a_penalised_model_without_coefficients_has_a_deviance() -> None:
    data = {"c": [0, 1, 2, 3], "x": [1.0, 2.0, 3.0, 4.0]}
    penalised = mm.glm("c ~ 0", data, "poisson", penalty="jeffreys")
    assert penalised.deviance == pytest.approx(mm.glm("c ~ 0", data, "poisson").deviance)


# -- offsets far from 0 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "binomial"])
@pytest.mark.parametrize("penalty", [None, "jeffreys"])
def test_an_offset_far_from_0_moves_the_intercept_alone(
    table: pd.DataFrame, family: str, penalty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a linear predictor of 1e9 - 1e9 rounding of 1e-7 once kept the search going for minutes."""
    near = np.round(np.linspace(-1, 1, N) * 1024) / 1024  # exact beside 2^30, and so nothing is lost in the data
    response = "count" if family == "poisson" else "y"
    plain = mm.glm(f"{response} ~ x", table, family, offset=near, penalty=penalty)
    calls = []
    working = irls.Problem.working

    def counted(self: irls.Problem, eta: Any) -> Any:
        calls.append(1)
        return working(self, eta)

    monkeypatch.setattr(irls.Problem, "working", counted)
    far = mm.glm(f"{response} ~ x", table, family, offset=near + 2.0**30, penalty=penalty)
    assert len(calls) < 300
    assert far.fixef()["x"] == pytest.approx(plain.fixef()["x"], abs=1e-9)
    assert far.fixef()["(Intercept)"] + 2.0**30 == pytest.approx(plain.fixef()["(Intercept)"], abs=2e-7)
    started = mm.glm(f"{response} ~ x", table, family, offset=near + 2.0**30, penalty=penalty, start=far.fixef())
    assert started.fixef()["x"] == pytest.approx(plain.fixef()["x"], abs=1e-6)


def test_what_rounding_leaves_of_a_step_ends_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an intercept the linear predictor is 1e9 less 1e9, however it is written."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=N)
    columns = pd.DataFrame({"one": (x > 0) * 1.0, "rest": (x <= 0) * 1.0, "z": rng.normal(size=N)})
    columns["count"] = rng.poisson(np.exp(0.3 * x))
    calls = []
    working = irls.Problem.working

    def counted(self: irls.Problem, eta: Any) -> Any:
        calls.append(1)
        return working(self, eta)

    monkeypatch.setattr(irls.Problem, "working", counted)
    offset = 1e9 + rng.normal(size=N)
    fit = mm.glm("count ~ 0 + one + rest + z", columns, "poisson", offset=offset, penalty="jeffreys")
    assert len(calls) < 3000
    assert np.asarray(fit.fixef())[:2] == pytest.approx([-1e9, -1e9], rel=1e-7)
