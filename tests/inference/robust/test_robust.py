"""Cluster-robust covariances: the dense twin, invariances, known cases, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.dense_robust import cr2

import mixedmodels as mm

RNG = np.random.default_rng(4)


def _pupils(seed=1, schools=7):
    rng = np.random.default_rng(seed)
    size = rng.integers(4, 15, schools)
    school = np.repeat(np.arange(schools), size)
    room = school * 3 + rng.integers(0, 3, len(school))
    x = rng.normal(size=len(school))
    y = 2 + x + rng.normal(size=schools)[school] + rng.normal(size=3 * schools)[room] + rng.normal(size=len(school))
    return pd.DataFrame(
        {"y": y, "x": x, "z": rng.normal(size=schools)[school], "w": rng.uniform(0.5, 3, len(school)),
         "school": [f"s{i}" for i in school], "bench": 2 * school + np.arange(len(school)) % 2,
         "room": [f"r{i}" for i in room]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "weights"),
    [
        ("y ~ x + z + (1 | school)", None),
        ("y ~ x + (x | school)", None),
        ("y ~ x * z + (1 | school / room)", None),
        ("y ~ x + z + (1 | school) + (1 | room)", "w"),
        ("y ~ x + (1 | room)", "w"),
        ("y ~ x + offset(z) + (1 | room) + (0 + x | bench)", None),  # crossed within schools
    ],
)
@pytest.mark.filterwarnings("ignore::mixedmodels.errors.SingularFitWarning")
def test_agrees_with_the_dense_twin(formula, weights):
    data = _pupils()
    fit = mm.lmer(formula, data, weights=weights)
    found = fit.robust("CR2", "school")
    vcov, df = cr2(fit, data["school"].to_numpy())
    np.testing.assert_allclose(found.vcov, vcov, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.df(np.eye(len(df))), df, rtol=1e-8)


@pytest.mark.parametrize("kind", ["CR0", "CR1S", "CR2", "CR3"])
def test_order_of_rows_and_names_of_clusters_do_not_matter(kind):
    data = _pupils(2)
    other = data.sample(frac=1, random_state=3)
    other["school"] = other["school"].map({name: f"{9 - i}th" for i, name in enumerate(data["school"].unique())})
    formula = "y ~ x + z + (1 | school)"
    a, b = mm.lmer(formula, data).robust(kind), mm.lmer(formula, other).robust(kind)
    np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-7)
    np.testing.assert_allclose(a.table["df"], b.table["df"], rtol=1e-7)
    c = RNG.normal(size=(2, 3))
    assert a.f_test(c).den_df == pytest.approx(b.f_test(c).den_df, rel=1e-7)


@pytest.mark.parametrize(("cluster_type", "row_type"), [("CR0", "HC0"), ("CR2", "HC2"), ("CR3", "HC3")])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_cluster_per_row_is_a_variance_per_row(cluster_type, row_type, weights):
    data = _pupils()
    fits = [mm.lm("y ~ x + z", data, weights=weights)]
    if weights is None:
        fits.append(mm.glm("round(exp(z)) ~ x", data, "poisson"))
    for fit in fits:
        if weights is not None and cluster_type == "CR2":
            continue  # CR2's working model has equal variances, in which a leverage is not the weighted one
        alone = fit.robust(cluster_type, np.arange(fit.nobs))
        np.testing.assert_allclose(alone.vcov, fit.robust(row_type).vcov, rtol=1e-9, atol=1e-15)


def test_balanced_groups_have_the_degrees_of_freedom_of_a_two_sample_t_test():
    # Each cluster has one treatment: the comparison of 2 x 6 independent means with equal variances has 10.
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(12), 4)
    data = pd.DataFrame({"y": rng.normal(size=48) + rng.normal(size=12)[g], "t": (g >= 6) * 1.0, "g": g})
    fit = mm.lmer("y ~ t + (1 | g)", data)
    found = fit.robust("CR2")
    np.testing.assert_allclose(found.table["df"], [5, 10], rtol=1e-8)  # the intercept is the mean of one arm
    means = data.groupby("g")["y"].mean()
    se = np.sqrt(means[:6].var() / 6 + means[6:].var() / 6)
    assert found.table["std_error"][1] == pytest.approx(se, rel=1e-8)


def test_one_row_of_a_joint_test_is_the_t_test():
    found = mm.lmer("y ~ x + z + (1 | school)", _pupils()).robust("CR2")
    c = np.array([[0.3, -1.0, 2.0]])
    estimate, error = found.estimates(c)
    f = found.f_test(c)
    assert f.f_value == pytest.approx((estimate[0] / error[0]) ** 2)
    assert f.den_df == pytest.approx(found.df(c)[0])
    again = found.f_test(np.vstack([c, 2 * c]))
    assert (again.num_df, again.p_value) == (1, pytest.approx(f.p_value))


def test_cr2_is_unbiased_under_the_working_model():
    # E(V) = tr(P) must be the model's own variance: that is what the adjustment is made for.
    fit = mm.lmer("y ~ x + z + (x | school)", _pupils())
    found = fit.robust("CR2").coefficients._moments
    mean = found.own.sum(axis=0) + np.einsum("jas,jbs->ab", found.left, found.right)
    np.testing.assert_allclose(mean, fit._fit.vcov_unscaled, rtol=1e-8, atol=1e-12)


def test_clusters_come_as_column_values_or_grouping_factor():
    data = _pupils()
    fit = mm.lmer("y ~ x + (1 | school / room)", data)
    wanted = fit.robust().vcov
    for cluster in ("school", data["school"], data["school"].to_numpy(), list(data["school"])):
        np.testing.assert_array_equal(fit.robust(cluster=cluster).vcov, wanted)
    dropped = data.copy()
    dropped.loc[[3, 11], "x"] = np.nan
    part = mm.lmer("y ~ x + (1 | school)", dropped)
    np.testing.assert_array_equal(part.robust(cluster=data["school"]).vcov, part.robust().vcov)
    np.testing.assert_array_equal(part.robust(cluster=data["school"].drop([3, 11])).vcov, part.robust().vcov)


def test_many_rows_in_a_cluster_cost_no_square():
    rng = np.random.default_rng(6)
    g = np.repeat(np.arange(4), 50_000)
    data = pd.DataFrame({"x": rng.normal(size=len(g)), "g": g})
    data["y"] = data["x"] + rng.normal(size=4)[g] + rng.normal(size=len(g))
    fit = mm.lmer("y ~ x + (1 | g)", data)  # one n_j x n_j matrix would take 20 GB
    assert 1 < fit.robust("CR2").table["df"][1] < 3.001


def test_what_cannot_be_done_says_why():
    data = _pupils()
    fit = mm.lmer("y ~ x + (1 | school)", data)
    crossed = mm.lmer("y ~ x + (1 | school) + (1 | half)", data.assign(half=np.arange(len(data)) % 3))
    with pytest.raises(mm.errors.DataError, match="crossed"):
        crossed.robust()
    with pytest.raises(mm.errors.DataError, match=r"level 's0' of grouping factor 'school' has rows in .* clusters"):
        fit.robust(cluster="room")
    with pytest.raises(mm.errors.UnknownColumnError, match="did you mean 'school'"):
        fit.robust(cluster="schol")
    with pytest.raises(mm.errors.DataError, match="'CR9'"):
        fit.robust("CR9")
    with pytest.raises(mm.errors.DataError, match="'HC3'"):
        fit.robust("HC3")
    with pytest.raises(mm.errors.DataError, match="3 values"):
        fit.robust(cluster=[1, 2, 3])
    with pytest.raises(mm.errors.DataError, match="missing in row 2"):
        fit.robust(cluster=[None if i == 2 else name for i, name in enumerate(data["school"])])
    with pytest.raises(mm.errors.DataError, match="no fixed effects"):
        mm.lmer("y ~ 0 + (1 | school)", data).robust()
    line = mm.lm("y ~ x", data)
    with pytest.raises(mm.errors.DataError, match="cluster="):
        line.robust("CR2")
    with pytest.raises(mm.errors.DataError, match="does not use clusters"):
        line.robust("HC2", "school")
    with pytest.raises(mm.errors.DataError, match="one"):
        line.robust("CR0", np.zeros(len(data)))
    with pytest.raises(mm.errors.DataError, match="no coefficient 'q'"):
        fit.robust().wald_test(["q"])
    alone = mm.lm("y ~ x", data.assign(x=np.arange(len(data)) == 5))
    with pytest.raises(mm.errors.FitError, match=r"row 6 .* leverage 1"):
        alone.robust("HC3")
    with pytest.raises(mm.errors.FitError, match="without cluster '5'"):
        alone.robust("CR3", np.arange(len(data)))


def test_prints_and_tables():
    found = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy")).robust()
    text = repr(found)
    for part in ("CR2", "18 clusters of Subject", "Pr(>|t|)"):
        assert part in text
    frame = found.to_frame()
    assert list(frame.columns) == ["term", "estimate", "std_error", "statistic", "df", "p_value"]
    limits = found.confint(0.9)
    half = (limits["conf_high"] - limits["conf_low"]) / 2
    from scipy import stats

    np.testing.assert_allclose(half, found.table["std_error"] * stats.t.ppf(0.95, found.table["df"]))
    assert found.wald_test(["Days"])["p_value"][0] == pytest.approx(found.table["p_value"][1])


def test_rs_functions_say_the_same():
    from mixedmodels import r

    data = _pupils()
    fit = mm.lmer("y ~ x + (1 | school)", data)
    found = fit.robust("CR2")
    np.testing.assert_array_equal(r.vcovCR(fit).to_numpy(), found.vcov)
    np.testing.assert_array_equal(r.coef_test(fit, "CR2")["df"], found.table["df"])
    np.testing.assert_array_equal(r.coef_test(fit, found)["df"], found.table["df"])
    assert r.Wald_test(fit, ["x"])["p_value"][0] == pytest.approx(found.table["p_value"][1])
    np.testing.assert_array_equal(r.conf_int(fit, level=0.9)["conf_low"], found.confint(0.9)["conf_low"])
    line = mm.lm("y ~ x", data)
    np.testing.assert_array_equal(r.vcovHC(line).to_numpy(), line.robust("HC3").vcov)
    np.testing.assert_array_equal(r.sandwich(line).to_numpy(), line.robust("HC0").vcov)
    full = r.sandwich(fit).to_numpy()
    scores = r.estfun(fit).iloc[:, 1:].to_numpy()
    bread = r.bread(fit).to_numpy()
    np.testing.assert_allclose(bread @ scores.T @ scores @ bread / len(scores) ** 2, full, rtol=1e-10)
    with pytest.raises(mm.errors.DataError, match="vcov is 3"):
        r.coef_test(fit, 3)


def test_a_table_of_any_library():
    import polars as pl

    data = _pupils()
    a = mm.lmer("y ~ x + (1 | school / room)", data).robust("CR1", "school")
    b = mm.lmer("y ~ x + (1 | school / room)", pl.DataFrame(data)).robust("CR1", "school")
    np.testing.assert_allclose(a.vcov, b.vcov)
    assert isinstance(b.to_frame(), pl.DataFrame)
