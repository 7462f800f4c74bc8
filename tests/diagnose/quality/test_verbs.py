"""The verbs: intervals, defaults of each class of model, performance, R's spellings, and refusals."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.quality_reference import fitted, reference
from tests.support.usual_models import herds, sleep_slopes

import mixedmodels as mm
from mixedmodels import r


@cache
def sleep() -> Any:
    return mm.datasets.load("sleepstudy")


def test_profile_of_the_icc_is_that_of_the_ratio() -> None:
    """With one variance the ICC is a function of the ratio theta, whose interval maps to it."""
    model = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    found = model.icc(ci=0.95).table.row("adjusted")
    derived = {"ratio": "`sd_(Intercept)|Batch` / sigma"}
    limits = model.confint([], derived=derived, criterion="REML").row("ratio")
    for name in ("conf_low", "conf_high"):
        assert found[name] == pytest.approx(limits[name] ** 2 / (1 + limits[name] ** 2), abs=2e-4)
    assert found["conf_low"] < model.icc().adjusted < found["conf_high"]


def test_profile_with_slopes_holds_the_estimate() -> None:
    for reml in (True, False):
        model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep(), REML=reml)
        row = model.icc(ci=0.9).table.row("adjusted")
        assert row["conf_low"] < row["icc"] < row["conf_high"] < 1
        assert np.isnan(model.icc(ci=0.9).table.row("unadjusted")["conf_low"])


def test_interval_on_the_boundary() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        model = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))
    found = model.icc(ci=0.95)
    row = found.table.row("adjusted")
    ratio = model.profile(scale="theta", criterion="REML").confint().row("theta_(Intercept)|Batch")["conf_high"]
    assert (row["icc"], row["conf_low"]) == (0, 0)
    assert row["conf_high"] == pytest.approx(ratio**2 / (1 + ratio**2), rel=1e-6)
    assert "boundary 0" in repr(found)


def test_bootstrap_intervals() -> None:
    found = sleep_slopes().icc(ci=0.9, method="boot", nsim=60, seed=4)
    again = sleep_slopes().icc(ci=0.9, method="boot", nsim=60, seed=4)
    assert repr(found) == repr(again)
    for row in ("adjusted", "unadjusted"):
        limits = found.table.row(row)
        assert 0 <= limits["conf_low"] < limits["conf_high"] <= 1
    assert herds().icc(ci=0.9, nsim=10, seed=1).table.row("adjusted")["conf_low"] >= 0
    r2 = herds().r2(ci=0.9, nsim=10, seed=1).table
    assert (r2["conf_low"] <= r2["conf_high"]).all()
    line = mm.lm("Reaction ~ Days", sleep()).r2(ci=0.9, nsim=40, seed=1).table.row("r2")
    assert line["conf_low"] < line["r2"] < line["conf_high"]


def test_records_are_mappings_that_print_their_method() -> None:
    icc = sleep_slopes().icc()
    assert dict(icc) == icc.to_dict() == {"adjusted": icc.adjusted, "unadjusted": icc.unadjusted}
    assert "sigma^2" in repr(icc)
    assert list(icc.to_frame().columns) == ["figure", "icc"]
    r2 = herds().r2()
    assert r2.conditional > r2.marginal > 0
    assert "pi^2 / 3" in repr(r2)
    with pytest.raises(mm.UnknownColumnError, match="conditional, marginal"):
        r2["adjusted"]


def test_defaults_of_models_without_random_effects() -> None:
    cbpp, ticks = mm.datasets.load("cbpp"), mm.datasets.load("grouseticks")
    assert list(mm.lm("Reaction ~ Days", sleep()).r2()) == ["r2", "r2_adjusted"]
    trials = mm.glm("cbind(incidence, size - incidence) ~ period", cbpp, "binomial")
    assert list(trials.r2()) == ["nagelkerke"]
    gamma = mm.glm("Reaction ~ Days", sleep(), "Gamma(log)")
    assert "lr" in gamma.r2()
    assert list(mm.glm("TICKS ~ YEAR", ticks, "poisson").r2()) == ["nagelkerke"]
    gaussian = mm.glm("Reaction ~ Days", sleep(), "gaussian")
    assert gaussian.r2()["r2_adjusted"] == pytest.approx(mm.lm("Reaction ~ Days", sleep()).rsquared_adj)
    with pytest.raises(mm.DataError, match="no random effects"):
        gaussian.icc()
    with pytest.raises(mm.DataError, match="no random effects"):
        gaussian.r2(by_group=True)
    assert gaussian.r2("nakagawa").marginal < 1
    assert mm.glm_nb("TICKS ~ YEAR", ticks).r2("nakagawa").marginal > 0


def test_r2_of_trials_is_that_of_single_trials() -> None:
    """Rows merged to counts, or one row a trial: the same figures."""
    import pandas as pd

    cbpp = mm.datasets.load("cbpp")
    rows = [(row.period, int(k < row.incidence)) for row in cbpp.itertuples() for k in range(int(row.size))]
    long = pd.DataFrame(rows, columns=["period", "y"])
    merged = mm.glm("cbind(incidence, size - incidence) ~ period", cbpp, "binomial")
    single = mm.glm("y ~ period", long, "binomial")
    for method in ("tjur", "lr", "cox_snell", "nagelkerke", "mcfadden"):
        assert list(merged.r2(method).values()) == pytest.approx(list(single.r2(method).values()), rel=1e-7)


@pytest.mark.parametrize("name", ["slopes", "intercepts", "poisson", "logit", "nb", "lm", "glm_poisson"])
def test_performance_is_that_of_performance(name: str) -> None:
    case, model = reference()["cases"][name], fitted(name)
    found = model.performance().row("")
    names = {
        "AIC": "aic",
        "AICc": "aicc",
        "BIC": "bic",
        "RMSE": "rmse",
        "Log_loss": "log_loss",
        "Score_log": "score_log",
    }
    expected = {names[key]: value for key, value in case["performance"].items() if key in names and value is not None}
    if name == "glm_poisson":
        expected.pop("score_log", None)
    for key, value in expected.items():
        if name == "nb" and key == "score_log":
            continue  # performance takes exp(theta) for theta
        assert found[key] == pytest.approx(value, rel=2e-5)
    if not name.startswith(
        "glm"
    ):  # R's sigma of a glm is the root of deviance / df, of no use where the dispersion is 1
        assert found["sigma"] == pytest.approx(case["performance"]["Sigma"], rel=2e-4)


def test_models_are_compared_and_ranked() -> None:
    m1, m2 = sleep_slopes(), mm.lmer("Reaction ~ Days + (1 | Subject)", sleep())
    m3 = mm.lmer("Reaction ~ 1 + (Days | Subject)", sleep())
    table = r.compare_performance(m1, m2, m3)
    assert table.names == ("m1", "m2", "m3")
    ranked = reference()["ranked"]
    for column, key in (
        ("aic_weight", "AIC_wt"),
        ("aicc_weight", "AICc_wt"),
        ("bic_weight", "BIC_wt"),
        ("rmse", "RMSE"),
    ):
        # performance takes the likelihood at the REML estimate of theta; here a REML fit is fitted again by ML.
        assert table[column] == pytest.approx(ranked[key], rel=1e-5, abs=1e-5)
    assert table["aic"][0] == pytest.approx(mm.lmer(m1.formula, sleep(), REML=False).aic)
    sorted_ = r.compare_performance(m1, m2, m3, rank=True, model_names=["a", "b", "c"])
    assert sorted_.names[0] == "a"
    assert (np.diff(sorted_["score"]) <= 0).all()
    with pytest.raises(mm.DataError, match="rows"):
        r.compare_performance(m1, mm.lmer(m1.formula, sleep().iloc[:90]))
    with pytest.raises(mm.DataError, match="'ML' or 'REML'"):
        m1.performance(estimator="OLS")
    assert m1.performance(estimator="ML").row("")["aic"] == pytest.approx(table["aic"][0])


def test_r_spellings() -> None:
    m = sleep_slopes()
    assert r.icc(m).adjusted == m.icc().adjusted
    assert r.r2(m).conditional == r.r2_nakagawa(m).conditional == m.r2().conditional
    assert r.r_squaredGLMM(m)["r2m"][0] == pytest.approx(m.r2().marginal)
    assert r.r_squaredGLMM(herds()).names == ("theoretical", "delta")
    assert r.r_squaredLR(m)["lr"] == m.r2("lr")["lr"]
    assert r.r_squaredLR(m, null_RE=True)["lr"] < r.r_squaredLR(m)["lr"]
    assert r.cAIC(m, "steinian").caic == m.caic().caic
    assert r.variance_decomposition(m)["share"].sum() == pytest.approx(1)
    assert r.model_performance(m).row("") == m.performance().row("")
    assert r.check_singularity(m) is False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        assert r.check_singularity(mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2")))
    assert r.allFit(m, random_starts=0).agree
    binary = fitted("glm_logit")
    assert r.r2_tjur(binary) == binary.r2()["tjur"]
    assert 0 < r.r2_nagelkerke(binary) < 1
    assert set(r.r2_mcfadden(binary)) == {"mcfadden", "mcfadden_adjusted"}
    with pytest.raises(mm.DataError, match="has none"):
        r.check_singularity(binary)
    with pytest.raises(mm.DataError, match="needs a model"):
        r.compare_performance()


def test_tables_come_back_in_the_users_kind() -> None:
    polars = pytest.importorskip("polars")
    model = mm.lmer("Reaction ~ Days + (1 | Subject)", polars.from_pandas(sleep()))
    assert isinstance(model.icc().to_frame(), polars.DataFrame)
    assert isinstance(model.performance().to_frame(), polars.DataFrame)
    assert isinstance(mm.lm_list("Reaction ~ Days | Subject", polars.from_pandas(sleep())).tidy(), polars.DataFrame)


def test_missing_rows_rank_deficiency_and_exclusion() -> None:
    holes = sleep().assign(twice=2 * sleep()["Days"])
    holes.loc[[3, 50], "Reaction"] = np.nan
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", holes.drop(columns="twice"), na_action="exclude")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.RankDeficientWarning)
        deficient = mm.lmer("Reaction ~ Days + twice + (Days | Subject)", holes, na_action="exclude")
    plain = mm.lmer("Reaction ~ Days + (Days | Subject)", holes)
    for other in (model, deficient):
        assert other.icc().adjusted == pytest.approx(plain.icc().adjusted, rel=1e-6)
        assert other.r2().marginal == pytest.approx(plain.r2().marginal, rel=1e-6)
        assert other.caic().df == pytest.approx(plain.caic().df, rel=1e-6)
        assert other.performance().row("")["rmse"] == pytest.approx(plain.performance().row("")["rmse"], rel=1e-6)
        assert other.all_fit(random_starts=0).agree


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(mm.DataError, match="confidence"):
        sleep_slopes().icc(ci=95)
    with pytest.raises(mm.DataError, match="'profile' or 'boot'"):
        sleep_slopes().icc(ci=0.95, method="wald")
    with pytest.raises(mm.DataError, match="lmer's ICC"):
        herds().icc(ci=0.95, method="profile")
    with pytest.raises(mm.DataError, match="by_group=True"):
        sleep_slopes().icc(by_group=True, ci=0.95)
    with pytest.raises(mm.DataError, match="without intervals"):
        sleep_slopes().r2(by_group=True, ci=0.95)
    with pytest.raises(mm.DataError, match="'tjur' is for binomial"):
        sleep_slopes().r2("tjur")
    with pytest.raises(mm.DataError, match="linear models"):
        sleep_slopes().r2("ols")
    with pytest.raises(mm.DataError, match="no bound"):
        sleep_slopes().r2("nagelkerke")
    with pytest.raises(mm.DataError, match="r2\\(\\) has"):
        sleep_slopes().r2("best")
    sleep_slopes().save(tmp_path / "m.json")
    loaded = mm.load(tmp_path / "m.json")
    for ask in (loaded.icc, loaded.r2, loaded.variance_partition, loaded.performance, loaded.all_fit):
        with pytest.raises(mm.DataError, match="loaded from a file"):
            ask()
