"""Populations: what is drawn has the distribution that was asked for, and bad requests are answered in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats

import mixedmodels as mm
from mixedmodels.errors import DataError, FormulaError, UnknownColumnError

N = 4000  # draws; the tolerances below are five standard errors of a mean of so many
FIVE = 5 / np.sqrt(N)

# Distribution, its parameters, and the same one as scipy has it.
SAME = {
    "normal": ({"mean": 3, "sd": 2}, scipy.stats.norm(3, 2)),
    "uniform": ({"min": -1, "max": 4}, scipy.stats.uniform(-1, 5)),
    "exponential": ({"rate": 2}, scipy.stats.expon(scale=0.5)),
    "gamma": ({"shape": 3, "rate": 2}, scipy.stats.gamma(3, scale=0.5)),
    "beta": ({"shape1": 2, "shape2": 3}, scipy.stats.beta(2, 3)),
    "t": ({"df": 5}, scipy.stats.t(5)),
    "lognormal": ({"meanlog": 1, "sdlog": 0.5}, scipy.stats.lognorm(0.5, scale=np.e)),
    "cauchy": ({"location": 1, "scale": 2}, scipy.stats.cauchy(1, 2)),
    "laplace": ({"location": 1, "scale": 2}, scipy.stats.laplace(1, 2)),
}
COUNTS = {
    "binomial": ({"size": 7, "prob": 0.3}, scipy.stats.binom(7, 0.3)),
    "poisson": ({"mean": 4}, scipy.stats.poisson(4)),
    "negative_binomial": ({"mean": 4, "theta": 2}, scipy.stats.nbinom(2, 2 / 6)),
    "integers": ({"min": 2, "max": 5}, scipy.stats.randint(2, 6)),
}


@pytest.mark.parametrize("name", SAME)
def test_continuous_predictors_have_their_distribution(name: str) -> None:
    parameters, law = SAME[name]
    x = mm.population(x=mm.predictor(name, **parameters)).sample_x(N, seed=1)["x"]
    assert scipy.stats.kstest(x, law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", COUNTS)
def test_counts_have_their_mean_and_variance(name: str) -> None:
    parameters, law = COUNTS[name]
    x = np.asarray(mm.population(x=mm.predictor(name, **parameters)).sample_x(N, seed=1)["x"])
    mean, variance, _, kurtosis = law.stats("mvsk")
    assert x.mean() == pytest.approx(mean, abs=FIVE * np.sqrt(variance))
    assert x.var() == pytest.approx(variance, rel=FIVE * np.sqrt(kurtosis + 2))


def test_other_ways_to_a_predictor() -> None:
    def uniform(rng, size):
        return rng.random(size)

    pop = mm.population(
        a=mm.predictor(scipy.stats.gamma(2)),
        b=mm.predictor(uniform),
        c=mm.predictor(lambda rng, size, table: table["a"] + 1),
        d=mm.predictor("normal", mean="2 * a", sd=0.001),
        e=mm.predictor("computed", value=lambda d: d["a"] ** 2),
        m=mm.predictor("mvnormal", mean=[0, 5], sigma=[[1, 0.8], [0.8, 1]]),
    )
    x = pop.sample_x(N, seed=2)
    assert list(x.columns) == ["a", "b", "c", "d", "e", "m1", "m2"]
    assert x["a"].mean() == pytest.approx(2, abs=FIVE * np.sqrt(2))
    assert x["b"].between(0, 1).all()
    assert np.allclose(x["c"], x["a"] + 1)
    assert np.allclose(x["d"], 2 * x["a"], atol=0.01)
    assert np.allclose(x["e"], x["a"] ** 2)
    assert np.corrcoef(x["m1"], x["m2"])[0, 1] == pytest.approx(0.8, abs=FIVE)


def test_factors_have_their_levels_and_shares() -> None:
    pop = mm.population(f=mm.predictor("factor", levels=["z", "a", "m"], prob={"z": 1, "a": 2, "m": 1}))
    f = pop.sample_x(N, seed=1)["f"]
    assert list(f.cat.categories) == ["z", "a", "m"]
    assert np.allclose(f.value_counts(normalize=True, sort=False), [0.25, 0.5, 0.25], atol=FIVE)


def test_groups_lay_rows_out() -> None:
    pop = mm.population(
        school=mm.groups(4, each=3), income=mm.predictor("normal", by="school"), x=mm.predictor("normal")
    )
    d = pop.sample_x(seed=1)
    assert d.groupby("school", observed=True).size().tolist() == [3, 3, 3, 3]
    assert d.groupby("school", observed=True)["income"].nunique().tolist() == [1, 1, 1, 1]
    assert d["income"].nunique() == 4
    assert d["x"].nunique() == 12
    assert pop.sample_x(seed=1, school=7)["school"].nunique() == 7
    nested = mm.population(school=mm.groups(2), pupil=mm.groups(3, within="school", each=2)).sample_x()
    assert nested.shape == (12, 2)
    assert nested["pupil"].cat.categories.tolist() == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]
    crossed = mm.population(subject=mm.groups(3), item=mm.groups(["a", "b"])).sample_x()
    assert crossed.value_counts().tolist() == [1] * 6
    uneven = mm.population(g=mm.groups(3, each=[1, 0, 5])).sample_x()
    assert uneven["g"].value_counts(sort=False).tolist() == [1, 0, 5]
    drawn = mm.population(g=mm.groups(50, each=mm.predictor("poisson", mean=20))).sample_x(seed=1)
    assert 800 < len(drawn) < 1200


FAMILIES = [
    ("poisson", {}, lambda mu: mu),
    ("Gamma(log)", {"error_scale": 0.5}, lambda mu: 0.25 * mu**2),
    ("inverse_gaussian(log)", {"error_scale": 0.5}, lambda mu: 0.25 * mu**3),
    ("negative_binomial", {"shapes": {"theta": 2.0}}, lambda mu: mu + mu**2 / 2),
    ("gaussian", {"error_scale": 0.5}, lambda mu: 0.25 + 0 * mu),
]


@pytest.mark.parametrize(("family", "more", "variance"), FAMILIES)
def test_responses_have_the_mean_and_variance_of_their_family(family, more, variance) -> None:
    pop = mm.population(x=mm.predictor("computed", value=0.7), y=mm.response("0.3 + x", family, **more))
    y = np.asarray(pop.sample(N, seed=3)["y"], dtype=float)
    mu = 1.0 if family == "gaussian" else np.e
    assert y.mean() == pytest.approx(mu, abs=FIVE * np.sqrt(variance(mu)))
    assert y.var() == pytest.approx(variance(mu), rel=0.3)  # five standard errors with the heaviest tail here


def test_binomial_responses_are_counts_of_successes() -> None:
    pop = mm.population(n=mm.predictor("poisson", mean=20), y=mm.response("-1 + 0 * n", "binomial", size="n"))
    d = pop.sample(N, seed=1)
    assert (d["y"] <= d["n"]).all()
    assert d["y"].sum() / d["n"].sum() == pytest.approx(1 / (1 + np.e), abs=0.01)
    assert set(mm.population(y=mm.response("0", "binomial")).sample(50, seed=1)["y"]) == {0, 1}


def test_scales_and_errors_may_depend_and_differ() -> None:
    pop = mm.population(
        x=mm.predictor("uniform", max=10),
        y=mm.response("2 * x", error_scale="1 + x", error=mm.predictor("uniform", min=-1, max=1)),
        z=mm.response(lambda d: d["y"], error_scale=lambda d: 0.001 * d["x"] + 0.001, error=scipy.stats.t(3)),
    )
    d = pop.sample(N, seed=1)
    r = (d["y"] - 2 * d["x"]) / (1 + d["x"])
    assert scipy.stats.kstest(r, scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert np.allclose(d["z"], d["y"], atol=1.0)
    t = (d["z"] - d["y"]) / (0.001 * d["x"] + 0.001)
    assert scipy.stats.kstest(t, scipy.stats.t(3).cdf).pvalue > 1e-4


def test_a_family_may_be_a_function() -> None:
    def inflated(rng, eta):
        return rng.poisson(np.exp(eta)) * (rng.random(len(eta)) < 0.4)

    y = mm.population(y=mm.response("1", inflated)).sample(N, seed=1)["y"]
    assert y.mean() == pytest.approx(0.4 * np.e, abs=0.15)


def test_random_effects_have_their_covariance() -> None:
    sigma = np.array([[4.0, 1.0], [1.0, 1.0]])
    pop = mm.population(
        g=mm.groups(2000, each=2),
        x=mm.predictor("normal"),
        y=mm.response("1 + 2 * x + (1 + x | g)", VarCorr={"g": sigma}, error_scale=1e-6),
    )
    d = pop.sample(seed=1)
    b = d.effects["y"]["g"]
    assert list(b.columns) == ["(Intercept)", "x"]
    assert np.cov(b.T) == pytest.approx(sigma, abs=0.5)  # five standard errors of the largest
    rows = b.loc[d["g"].astype(str)].to_numpy()
    assert np.allclose(d["y"], 1 + 2 * d["x"] + rows[:, 0] + rows[:, 1] * d["x"], atol=1e-4)


def test_seeds_reproduce_and_samples_chain() -> None:
    pop = mm.population(x=mm.predictor("normal"), y=mm.response("1 + x", error_scale=1))
    assert pop.sample(5, seed=1).equals(pop.sample(5, seed=1))
    x = pop.sample_x(n=50, seed=4)
    y = x.sample_y(seed=5)
    assert y[["x"]].equals(x[["x"]])
    assert y.equals(pop.sample_y(x, seed=5))
    assert type(y.to_pandas()) is pd.DataFrame
    doubled = x.assign(x=0.0).sample_y(seed=5)
    assert np.allclose(doubled["y"] + x["x"], y["y"])
    assert np.allclose(pop.sample_y(pl.from_pandas(x.to_pandas()), seed=5)["y"], y["y"])
    assert mm.lm("y ~ x", y).nobs == 50


def test_it_prints_what_it_is() -> None:
    pop = mm.population(
        county=mm.predictor("factor", levels=["A", "B"]),
        income=mm.response("50 + by_level(county, means)", error_scale=2, means={"A": 1, "B": -1}),
    )
    assert repr(pop).splitlines() == [
        "Population with variables:",
        "county: factor(levels = A, B)",
        "income: gaussian(50 + by_level(county, means), error_scale = 2)",
    ]
    assert pop.truth["income"]["means"] == {"A": 1, "B": -1}
    assert set(pop) == {"county", "income"}


BAD = [
    (lambda: mm.population(), "at least one variable"),
    (lambda: mm.population(x=3), "'x' is 3"),
    (lambda: mm.population(y=mm.response("1", error_scale=1), x=mm.predictor("normal")), "comes after the response"),
    (lambda: mm.predictor("norml"), "did you mean 'normal'"),
    (lambda: mm.predictor("normal", mu=2), "no parameter 'mu'"),
    (lambda: mm.predictor("gamma"), "lacks shape"),
    (lambda: mm.predictor(3), "dist is 3"),
    (lambda: mm.response("1"), "error_scale is missing"),
    (lambda: mm.response("1", "poisson", error_scale=2), "have none"),
    (lambda: mm.response("1", "poisson", size=2), "size is for binomial"),
    (lambda: mm.response("1", "negative_binomial"), "give shapes="),
    (lambda: mm.response(3, error_scale=1), "the mean is 3"),
    (lambda: mm.response("1 - (1 | g)", error_scale=1), "takes a random term away"),
    (lambda: mm.population(x=mm.predictor("normal")).sample_x(), "n is missing"),
    (lambda: mm.population(x=mm.predictor("normal")).sample_x(0), "positive whole number"),
    (lambda: mm.population(g=mm.groups(3)).sample_x(9), "leave n out"),
    (lambda: mm.population(g=mm.groups(3)).sample_x(h=9), "no grouping factor"),
    (lambda: mm.population(g=mm.groups(3, within="h")).sample_x(), "no grouping factor before it"),
    (lambda: mm.population(g=mm.groups(3, each=[1, 2])).sample_x(), "one for each of 3 levels"),
    (lambda: mm.population(g=mm.groups(3, each="a")).sample_x(), "give whole numbers or a predictor"),
    (lambda: mm.groups(0), "positive whole number"),
    (lambda: mm.population(f=mm.predictor("factor", levels="ab", prob=[1])).sample_x(3), "give 2 shares"),
    (lambda: mm.population(x=mm.predictor(lambda rng, n: [1.0])).sample_x(3), "was to have 3 values"),
    (lambda: mm.population(x=mm.predictor("normal", sd="z")).sample_x(3), "no column comes before it"),
    (lambda: mm.population(y=mm.response("1", error_scale=-1)).sample(3), "must be positive"),
    (lambda: mm.population(y=mm.response("-1", "poisson(identity)")).sample(3), "has no mean"),
    (lambda: mm.population(g=mm.groups(3), y=mm.response("(1 | g)", error_scale=1)).sample(), "none of VarCorr and sd"),
    (lambda: mm.population(y=mm.response("1", sd=2, error_scale=1)).sample(3), "has no random term"),
    (lambda: mm.by_level(["a", "b"], {"a": 1}), "no number for the level 'b'"),
    (lambda: mm.by_level(["a", "b"], 3), "takes a factor and a mapping"),
]


@pytest.mark.parametrize(("call", "said"), BAD)
def test_bad_requests_are_answered(call, said: str) -> None:
    with pytest.raises(DataError, match=said):
        call()


def test_texts_are_checked() -> None:
    with pytest.raises(FormulaError):
        mm.response("1 +", error_scale=1)
    pop = mm.population(x=mm.predictor("normal"), y=mm.response("1 + z", error_scale=1))
    with pytest.raises(UnknownColumnError, match="no column 'z'"):
        pop.sample(3)
    with pytest.raises(DataError, match="no longer knows"):
        type(pop.sample_x(3))({"x": [1.0]}).sample_y()


def test_crossing() -> None:
    table = mm.crossing(Subject=["b", "a", "b"], day=range(3), dose=2.5)
    assert table.to_dict("list") == {"Subject": list("aaabbb"), "day": [0, 1, 2] * 2, "dose": [2.5] * 6}
    kept = mm.crossing(
        f=pd.Categorical(["z", "a"], categories=["z", "a"]), pairs=pd.DataFrame({"u": [1, 1], "v": [2, 3]})
    )
    assert list(kept["f"].cat.categories) == ["z", "a"]
    assert kept[["u", "v"]].to_numpy().tolist() == [[1, 2], [1, 3]] * 2
    assert mm.crossing(a=[1, 2], kind="polars").shape == (2, 1)
    for bad, said in (({}, "at least one"), ({"a": []}, "no values"), ({"a": {"b": [1]}, "b": [1]}, "two columns")):
        with pytest.raises(DataError, match=said):
            mm.crossing(**bad)
