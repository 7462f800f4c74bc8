"""What `predict` says of every kind of model, by each method, and what it refuses."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import integrate, stats

import mixedmodels as mm

NEW = pd.DataFrame({"Days": [0.0, 5, 12, 5], "Subject": ["308", "309", "335", "new"]}, index=list("abcd"))


@lru_cache
def sleep() -> mm.MixedModel:
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@lru_cache
def herds() -> mm.GeneralizedMixedModel:
    return mm.glmer(
        "incidence / size ~ period + (1 | herd)", mm.datasets.load("cbpp"), family="binomial", weights="size"
    )


HERDS = pd.DataFrame({"period": ["1", "2", "4", "1"], "herd": ["1", "2", "3", "new"], "n": [10, 20, 30, 5]})


# -- kinds -----------------------------------------------------------------------------------------------------------


def test_kinds_of_a_linear_model() -> None:
    fit = sleep()
    conditional, typical = (fit.predict(NEW[:3], kind=kind) for kind in ("conditional", "typical"))
    pd.testing.assert_series_equal(conditional, fit.predict(NEW[:3]))
    pd.testing.assert_series_equal(typical, fit.predict(NEW[:3], re_form="~0"))
    pd.testing.assert_series_equal(typical, fit.predict(NEW[["Days"]][:3], kind="marginal"))
    assert list(conditional.index) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("~ 1 | Subject", "~ (1 | Subject)"),
        ("~1|Subject", "~ (1 | Subject)"),
        ("(1 | Subject)", "~ (1 | Subject)"),
        ("1 | Subject", "~ (1 | Subject)"),
        ("~ 0 + Days | Subject", "~ (0 + Days | Subject)"),
        ("~ Days || Subject", "~ (Days || Subject)"),
        ("~NA", "~0"),
    ],
)
def test_re_form_of_one_term_needs_no_parentheses(text: str, same: str) -> None:
    fit = sleep()
    pd.testing.assert_series_equal(fit.predict(re_form=text), fit.predict(re_form=same))
    pd.testing.assert_frame_equal(fit.simulate(1, 1, re_form=text), fit.simulate(1, 1, re_form=same))


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_marginal_means_are_integrals_over_the_random_effects(link: str) -> None:
    fit = mm.glmer(
        "incidence / size ~ period + (1 | herd)", mm.datasets.load("cbpp"), family=f"binomial({link})", weights="size"
    )
    got = fit.predict(HERDS[["period"]], kind="marginal", type="response")
    eta, sd = fit.predict(HERDS, kind="typical"), float(fit.theta[0])
    for mean, at in zip(got, eta, strict=True):
        expected, _ = integrate.quad(
            lambda v, at=at: float(fit.family.mean(at + v)) * stats.norm.pdf(v, scale=sd), -9 * sd, 9 * sd, epsabs=1e-12
        )
        assert mean == pytest.approx(expected, abs=1e-9)
    on_link = fit.predict(HERDS[["period"]], kind="marginal")
    np.testing.assert_allclose(fit.family.mean(on_link), got, rtol=1e-12)


def test_marginal_means_of_counts_and_what_has_none() -> None:
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(20), 10)
    x = rng.normal(size=200)
    eta = 1 + 0.2 * x + (rng.normal(size=(20, 2)) * [0.5, 0.4])[g] @ [1, 0] + 0.4 * rng.normal(size=20)[g] * x
    table = pd.DataFrame({"g": g, "x": x, "y": rng.poisson(np.exp(eta)), "z": rng.gamma(20, np.exp(-eta / 10) / 20)})
    fit = mm.glmer("y ~ x + (x | g)", table, family="poisson")
    new = pd.DataFrame({"x": [0.0, 1.0]})
    covariance = fit.VarCorr()["g"].to_numpy()
    z = np.array([[1, 0], [1, 1]])
    expected = np.exp(fit.predict(new, kind="typical") + np.einsum("ni,ij,nj->n", z, covariance, z) / 2)
    np.testing.assert_allclose(fit.predict(new, kind="marginal", type="response"), expected, rtol=1e-12)

    inverse = mm.glmer("z ~ 1 + (1 | g)", table, family="Gamma")
    with pytest.raises(mm.DataError, match="does not exist for link 'inverse'"):
        inverse.predict(new, kind="marginal")


def test_some_effects_kept_and_the_others_integrated() -> None:
    fit = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    new = pd.DataFrame({"sample": ["A", "F"]})
    np.testing.assert_allclose(
        fit.predict(new, kind="marginal", re_form="~ (1 | sample)"), fit.predict(new, re_form="~ (1 | sample)")
    )
    spread = fit.predict(new, kind="marginal", re_form="~ (1 | sample)", interval="prediction", ddf="asymptotic")
    kept = fit.predict(new, re_form="~ (1 | sample)", se_fit=True)
    variances = fit.VarCorr()["plate"].to_numpy()[0, 0] + fit.sigma**2
    half = stats.norm.ppf(0.975) * np.sqrt(kept["se_fit"] ** 2 + variances)
    np.testing.assert_allclose(spread["conf_high"] - spread["fit"], half, rtol=1e-10)
    with pytest.raises(mm.DataError, match="kind='typical' has all random effects at 0"):
        fit.predict(new, kind="typical", re_form="~ (1 | sample)")


# -- variances -------------------------------------------------------------------------------------------------------


def test_an_unknown_level_has_the_variance_between_levels() -> None:
    fit = sleep()
    got = fit.predict(NEW, se_fit=True, allow_new_levels=True)
    typical = fit.predict(NEW, kind="typical", se_fit=True)
    z = np.array([1, 5.0])
    between = z @ fit.VarCorr()["Subject"].to_numpy() @ z
    assert got["se_fit"]["d"] ** 2 == pytest.approx(typical["se_fit"]["d"] ** 2 + between, rel=1e-10)
    with pytest.raises(mm.DataError, match="allow_new_levels=True"):
        fit.predict(NEW, se_fit=True)


def test_a_missing_group_is_an_unknown_one() -> None:
    """The fitted values are lme4's ``predict(allow.new.levels = TRUE)`` for NA."""
    rows = pd.DataFrame({"Days": [1, 2, 2], "Subject": ["308", None, "new"]})
    got = sleep().predict(rows, se_fit=True, interval="prediction", allow_new_levels=True)
    np.testing.assert_allclose(got["fit"][:2], [273.3299, 272.3397], atol=1e-3)
    pd.testing.assert_series_equal(got.loc[1], got.loc[2], check_names=False)
    assert sleep().predict(rows[:2]).isna().tolist() == [False, True]
    averaged = sleep().predictions(newdata=rows, re_form=None, allow_new_levels=True)["estimate"]
    np.testing.assert_allclose(averaged, got["fit"], rtol=1e-10)
    nested = mm.lmer("strength ~ 1 + (1 | batch/cask)", mm.datasets.load("Pastes"))
    casks = pd.DataFrame({"batch": ["A", "A", None], "cask": ["a", None, "a"]})
    expected = [62.62866, 60.85398, 60.05333]  # a missing cask keeps the effect of its batch
    np.testing.assert_allclose(nested.predict(casks, allow_new_levels=True), expected, atol=2e-4)
    herd = pd.DataFrame({"period": ["1", "1"], "herd": [None, "new"]})
    known = herds().predict(herd, type="response", se_fit=True, allow_new_levels=True)
    pd.testing.assert_series_equal(known.loc[0], known.loc[1], check_names=False)


def test_limits_of_observations_add_the_residual_by_weights() -> None:
    fit = sleep()
    mean = fit.predict(NEW[:2], se_fit=True)
    got = fit.predict(NEW[:2], interval="prediction", weights=[1.0, 4.0], ddf="asymptotic", level=0.9)
    half = stats.norm.ppf(0.95) * np.sqrt(mean["se_fit"] ** 2 + fit.sigma**2 / np.array([1, 4]))
    np.testing.assert_allclose(got["conf_high"] - got["fit"], half, rtol=1e-10)
    np.testing.assert_allclose(got["fit"] - got["conf_low"], half, rtol=1e-10)


def test_satterthwaites_degrees_of_freedom_of_a_balanced_design() -> None:
    """One-way, J groups of n: the exact laws are known.

    The variance of the mean is MSB / (Jn), with J - 1 degrees of freedom; that of a new group's is
    (J + 1) / J times the variance between groups, (MSB - MSE) / n, plus MSE / (Jn).
    """
    fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    j, n = 6, 5
    got = fit.predict(pd.DataFrame({"Batch": ["new"]}), interval="confidence", kind="typical", se_fit=True)
    quantile = (got["conf_high"] - got["fit"]) / got["se_fit"]
    assert quantile[0] == pytest.approx(stats.t.ppf(0.975, j - 1), rel=1e-6)
    mse = fit.sigma**2
    msb = mse + n * fit.VarCorr()["Batch"].iloc[0, 0]
    got = fit.predict(pd.DataFrame({"Batch": ["new"]}), interval="prediction", allow_new_levels=True)
    # f = a MSB + b MSE for the new observation; Satterthwaite: 2 f^2 / Var(f)
    a, b = 1 / (j * n) + 1 / n, 1 - 1 / n
    f = a * msb + b * mse
    df = f**2 / ((a * msb) ** 2 / (j - 1) + (b * mse) ** 2 / (j * (n - 1)))
    half = stats.t.ppf(0.975, df) * np.sqrt(f)
    # the standard error has the second-order part of theta too, which is 0 here
    assert got["conf_high"][0] - got["fit"][0] == pytest.approx(half, rel=1e-6)


def test_everything_is_wider_than_given_theta() -> None:
    for fit, new in ((sleep(), NEW[:3]), (herds(), HERDS[:3])):
        whole = fit.predict(new, se_fit=True)
        given = fit.predict(new, se_fit=True, uncertainty="given_theta")
        assert (whole["se_fit"] > given["se_fit"]).all()


def test_a_singular_fit_has_errors_and_no_more_than_the_typical_ones() -> None:
    with pytest.warns(mm.SingularFitWarning):
        fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))
    conditional = fit.predict(se_fit=True, interval="confidence")
    typical = fit.predict(kind="typical", se_fit=True, interval="confidence")
    pd.testing.assert_frame_equal(conditional, typical)
    assert np.isfinite(conditional.to_numpy()).all()


def test_a_singular_generalised_fit() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"g": np.repeat(np.arange(8), 10), "y": np.tile([0, 1, 2, 3, 1, 2, 2, 4, 0, 1], 8)})
    table["x"] = rng.normal(size=80)
    with pytest.warns(mm.SingularFitWarning):
        fit = mm.glmer("y ~ x + (1 | g)", table, family="poisson")
    new = pd.DataFrame({"g": [0, 99], "x": [0.0, 1.0]})
    plain = mm.glm("y ~ x", table, family="poisson").predict(new, se_fit=True, interval="confidence")
    for how in ({}, {"uncertainty": "given_theta"}):
        got = fit.predict(new, se_fit=True, interval="confidence", allow_new_levels=True, **how)
        np.testing.assert_allclose(got, plain, rtol=1e-5)
    seen = fit.predict(new, interval="prediction", type="response", allow_new_levels=True, seed=1)
    assert np.isfinite(seen).all(axis=None)


# -- methods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["conditional", "typical", "marginal"])
@pytest.mark.parametrize("interval", ["confidence", "prediction"])
def test_simulation_agrees_with_the_delta_method(kind: str, interval: str) -> None:
    """Quantiles of 20,000 draws; theta and sigma are drawn too, which widens limits of an unknown level a little."""
    fit = sleep()
    how: dict[str, Any] = {"kind": kind, "interval": interval, "allow_new_levels": True, "se_fit": True}
    delta = fit.predict(NEW, ddf="asymptotic", **how)
    drawn = fit.predict(NEW, method="simulation", nsim=20_000, seed=3, **how)
    scale = delta["conf_high"] - delta["conf_low"]
    for column in ("se_fit", "conf_low", "conf_high"):
        assert np.max(np.abs(drawn[column] - delta[column]) / scale) < 0.06


@pytest.mark.parametrize("kind", ["conditional", "typical", "marginal"])
def test_simulation_of_a_generalised_model(kind: str) -> None:
    fit = herds()
    how: dict[str, Any] = {"kind": kind, "type": "response", "interval": "confidence", "allow_new_levels": True}
    delta, drawn = fit.predict(HERDS, **how), fit.predict(HERDS, method="simulation", nsim=6_000, seed=3, **how)
    # what is not known of theta widens an unknown herd's limits, here by draws of theta, there by degrees of freedom
    np.testing.assert_allclose(drawn, delta, atol=0.05)
    wide = fit.predict(HERDS, **how | {"interval": "prediction"}, weights="n", seed=3)
    assert ((wide["conf_low"] <= delta["conf_low"] + 1e-9) & (wide["conf_high"] >= delta["conf_high"] - 0.05)).all()
    counts = wide[["conf_low", "conf_high"]].to_numpy() * HERDS["n"].to_numpy()[:, None]
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)


def test_limits_of_observations_of_a_glm_are_quantiles_of_its_distribution() -> None:
    """With very many rows nothing but the distribution is left."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"y": rng.poisson(6, 20_000)})
    got = mm.glm("y ~ 1", table, family="poisson").predict(table[:1], interval="prediction", type="response", seed=1)
    assert got["conf_low"][0] == stats.poisson.ppf(0.025, 6)
    assert got["conf_high"][0] == pytest.approx(stats.poisson.ppf(0.975, 6), abs=1)
    table["y"] = rng.gamma(4, 0.5, len(table))
    gamma = mm.glm("y ~ 1", table, family="Gamma")
    got = gamma.predict(table[:1], interval="prediction", type="response", seed=1, nsim=8_000)
    # a quantile of 8,000 draws has a relative error of two per cent
    assert got["conf_low"][0] == pytest.approx(stats.gamma.ppf(0.025, 4, scale=0.5), rel=0.05)
    assert got["conf_high"][0] == pytest.approx(stats.gamma.ppf(0.975, 4, scale=0.5), rel=0.05)


@pytest.mark.parametrize("name", ["lm", "glm", "lmer", "glmer", "gamma"])
def test_the_bootstrap_agrees_roughly_and_by_seed_exactly(name: str) -> None:
    fit, new, how = {
        "lm": (mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy")), NEW, {}),
        "glm": (mm.glm("cbind(incidence, size - incidence) ~ period", mm.datasets.load("cbpp"), "binomial"), HERDS, {}),
        "lmer": (sleep(), NEW, {"allow_new_levels": True}),
        "glmer": (herds(), HERDS, {"allow_new_levels": True}),
        "gamma": (mm.glm("Reaction ~ Days", mm.datasets.load("sleepstudy"), family="Gamma(log)"), NEW, {}),
    }[name]  # fmt: skip
    for kind in ("conditional", "marginal")[: 1 + bool(how)]:
        for interval in ("confidence", "prediction"):
            asked = {"kind": kind, "interval": interval, "type": "response", "se_fit": True, **how}
            got = fit.predict(new, method="bootstrap", nsim=100, seed=5, progress=False, **asked)
            delta = fit.predict(new, seed=5, **asked)
            width = (delta["conf_high"] - delta["conf_low"]).to_numpy()
            for column in ("conf_low", "conf_high"):  # of 100 draws
                assert np.max(np.abs(got[column] - delta[column]) / width) < 0.5
    again = fit.predict(new, method="bootstrap", nsim=100, seed=5, progress=False, **asked)
    pd.testing.assert_frame_equal(got, again)


# -- what comes back -------------------------------------------------------------------------------------------------


def test_columns_labels_and_kinds_of_table() -> None:
    fit = sleep()
    assert list(fit.predict(NEW[:2], se_fit=True).columns) == ["fit", "se_fit"]
    assert list(fit.predict(NEW[:2], interval="confidence").columns) == ["fit", "conf_low", "conf_high"]
    assert list(fit.predict(NEW[:2], se_fit=True).index) == ["a", "b"]
    assert isinstance(fit.predict(pl.from_pandas(NEW[:2]), se_fit=True), pl.DataFrame)
    own = fit.predict(interval="confidence")
    assert len(own) == 180
    np.testing.assert_array_equal(own["fit"], fit.fitted())


@pytest.mark.parametrize("method", ["delta", "simulation"])
def test_rows_that_miss_something_are_missing(method: str) -> None:
    new = pd.DataFrame({"Days": [1.0, np.nan, 2.0], "Subject": ["308", "308", None]})
    got = sleep().predict(new, se_fit=True, interval="prediction", method=method, seed=1, nsim=50)
    assert got.notna().all(axis=1).tolist() == [True, False, False]
    assert got.isna().all(axis=1).tolist() == [False, True, True]
    typical = sleep().predict(new, kind="typical", se_fit=True)
    assert typical.notna().all(axis=1).tolist() == [True, False, True]


def test_excluded_rows_come_back_as_missing() -> None:
    table = mm.datasets.load("sleepstudy")
    table.loc[3, "Reaction"] = np.nan
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", table, na_action="exclude")
    got = fit.predict(se_fit=True)
    assert len(got) == 180
    assert got.isna().any(axis=1).sum() == 1


def test_a_fit_of_less_than_full_rank_warns_where_that_matters() -> None:
    table = mm.datasets.load("sleepstudy").assign(twice=lambda d: 2 * d["Days"])
    with pytest.warns(mm.RankDeficientWarning):
        mixed = mm.lmer("Reaction ~ Days + twice + (1 | Subject)", table)
    for fit in (mm.lm("Reaction ~ Days + twice", table), mixed):
        assert np.isfinite(fit.predict(table[:3], se_fit=True)).all(axis=None)  # no warning
        with pytest.warns(mm.RankDeficientWarning, match="2 of 3 predictions"):
            fit.predict(table[:3].assign(twice=[0, 1, 2]))


def test_without_fixed_effects_the_typical_group_is_known() -> None:
    fit = mm.lmer("Reaction ~ 0 + (1 | Subject)", mm.datasets.load("sleepstudy"))
    got = fit.predict(NEW, kind="typical", se_fit=True, interval="confidence")
    assert (got.to_numpy() == 0).all()


def test_models_from_a_file(tmp_path: Any) -> None:
    def loaded(fit: Any) -> Any:
        fit.save(tmp_path / "fit.json")
        return mm.load(tmp_path / "fit.json")

    linear = loaded(sleep())
    asked = {"se_fit": True, "interval": "confidence", "kind": "typical"}
    pd.testing.assert_frame_equal(linear.predict(NEW, **asked), sleep().predict(NEW, **asked))
    with pytest.raises(mm.DataError, match="standard errors and limits of means with kind='typical'"):
        linear.predict(NEW, se_fit=True, kind="conditional", allow_new_levels=True)
    generalised = loaded(herds())
    for kind in ("typical", "marginal"):
        asked["kind"] = kind
        pd.testing.assert_frame_equal(generalised.predict(HERDS, **asked), herds().predict(HERDS, **asked))
    with pytest.raises(mm.DataError, match="a model loaded from a file"):
        generalised.predict(HERDS[:2], se_fit=True)
    plain = mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))
    del asked["kind"]
    pd.testing.assert_frame_equal(loaded(plain).predict(NEW, **asked), plain.predict(NEW, **asked))


@pytest.mark.parametrize(("asked", "message"), [
    ({"kind": "average"}, "give 'conditional'"),
    ({"interval": "both"}, "interval is 'both'"),
    ({"method": "magic", "se_fit": True}, "method is 'magic'"),
    ({"uncertainty": "none"}, "uncertainty is 'none'"),
    ({"interval": "confidence", "level": 95}, "level must lie between 0 and 1"),
    ({"se_fit": True, "weights": 1.0}, "they need interval='prediction'"),
    ({"interval": "prediction", "weights": [1, -1, 1]}, "weights must be positive; row 1"),
    ({"interval": "confidence", "ddf": "Kenward-Roger"}, "use it with kind='typical'"),
    ({"se_fit": True, "method": "simulation", "nsim": 0}, "nsim must be a positive whole number"),
])  # fmt: skip
def test_what_it_refuses(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(mm.DataError, match=message):
        sleep().predict(NEW[:3], **asked)


def test_new_responses_have_no_linear_predictor() -> None:
    with pytest.raises(mm.DataError, match="give type='response'"):
        herds().predict(HERDS[:3], interval="prediction")


def test_other_methods_for_fixed_effects() -> None:
    new = NEW[["Days"]]
    kr = sleep().predict(new, kind="typical", se_fit=True, interval="confidence", ddf="Kenward-Roger")
    table = sleep().contest(np.column_stack([np.ones(4), new["Days"]]), joint=False, ddf="Kenward-Roger")
    np.testing.assert_allclose(kr["conf_low"], table["conf_low"], rtol=1e-10)
    robust = sleep().robust()
    got = sleep().predict(new, kind="typical", se_fit=True, ddf=robust)
    x = np.column_stack([np.ones(4), new["Days"]])
    np.testing.assert_allclose(got["se_fit"] ** 2, np.einsum("ni,ij,nj->n", x, robust.vcov, x), rtol=1e-10)


def test_statsmodels_spelling() -> None:
    table = mm.datasets.load("sleepstudy")
    linear = mm.lm("Reaction ~ Days", table)
    got = linear.get_prediction(NEW).summary_frame(alpha=0.1)
    names = ["mean", "mean_se", "mean_ci_lower", "mean_ci_upper", "obs_ci_lower", "obs_ci_upper"]
    assert list(got.columns) == names
    assert list(got.index) == list(NEW.index)
    mean = linear.predict(NEW, se_fit=True, interval="confidence", level=0.9)
    observation = linear.predict(NEW, interval="prediction", level=0.9)
    np.testing.assert_allclose(got[names[:4]], mean)
    np.testing.assert_allclose(got[names[4:]], observation[["conf_low", "conf_high"]])
    mixed = sleep().get_prediction(NEW)
    np.testing.assert_allclose(mixed.predicted_mean, sleep().predict(NEW, kind="typical"))
    np.testing.assert_allclose(
        mixed.conf_int(obs=True)[:, 0], sleep().predict(NEW, kind="typical", interval="prediction")["conf_low"]
    )
    known = sleep().get_prediction(NEW[:2], kind="conditional")
    np.testing.assert_allclose(known.se_mean, sleep().predict(NEW[:2], se_fit=True)["se_fit"])


@pytest.mark.parametrize("formula", ["Reaction ~ Days", "Reaction ~ Days + (Days | Subject)"])
def test_false_is_no_interval(formula: str) -> None:
    sleep = mm.datasets.load("sleepstudy")
    fit = mm.lmer(formula, sleep) if "|" in formula else mm.lm(formula, sleep)
    assert np.array_equal(fit.predict(interval=False), fit.predict())
    with pytest.raises(mm.DataError, match=r"interval is True; give None, 'confidence' or 'prediction'"):
        fit.predict(interval=True)
