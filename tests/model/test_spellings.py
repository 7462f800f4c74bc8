"""The same answers under R's function names, statsmodels' attributes and as tidy tables."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm
import mixedmodels.r as r

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def fit() -> mm.MixedModel:
    return mm.lmer(FORMULA, tables()["sleep"])


def test_every_name_of_r_exists_and_is_exported() -> None:
    for name in r.__all__:
        assert callable(getattr(r, name))


def test_r_functions_answer_what_the_model_answers(fit: mm.MixedModel) -> None:
    assert str(r.summary(fit)) == str(fit.summary())
    assert dict(r.fixef(fit)) == dict(fit.fixef())
    assert repr(r.VarCorr(fit)) == repr(fit.VarCorr())
    assert r.ranef(fit).cond_var is not None
    assert repr(r.logLik(fit)) == "'log Lik.' -871.8141 (df=6)"
    assert float(r.logLik(fit, REML=False)) == pytest.approx(-fit.deviance / 2)
    assert (r.AIC(fit), r.BIC(fit), r.sigma(fit), r.nobs(fit)) == (fit.aic, fit.bic, fit.sigma, fit.nobs)
    assert r.REMLcrit(fit) == fit.reml_criterion
    assert r.isREML(fit)
    assert not r.isREML(r.refitML(fit))
    assert r.ngrps(fit) == {"Subject": 18}
    assert r.df_residual(fit) == 174
    assert not r.isSingular(fit)
    assert r.isSingular(fit, tol=0.9)
    assert r.formula(fit) == FORMULA
    assert r.model_matrix(fit, "random").shape == (180, 36)
    assert np.array_equal(r.weights(fit), np.ones(180))
    assert r.resid(fit).equals(fit.residuals())
    assert r.predict(fit, re_form="~0").equals(fit.predict(re_form="~0"))
    assert r.simulate(fit, 2, 1).equals(fit.simulate(2, 1))
    assert list(r.AIC(fit, r.update(fit, REML=False))["df"]) == [6, 6]


def test_r_lmer_shows_the_name_of_the_table() -> None:
    sleep = tables()["sleep"]
    assert "   Data: sleep\n" in str(r.lmer(FORMULA, sleep, REML=False).summary())
    assert "data = sleep)" in str(r.lm("Reaction ~ Days", data=sleep).summary())


def test_the_name_of_the_table_is_that_of_a_variable_or_its_own(fit: mm.MixedModel) -> None:
    assert "Data:" in str(fit.summary())
    own = mm.lmer(FORMULA, mm.datasets.load("sleepstudy"))
    assert "   Data: sleepstudy\n" in str(own.summary())
    nameless = mm.lmer(FORMULA, pd.DataFrame(tables()["sleep"].to_dict("list")))
    assert "Data:" not in str(nameless.summary())


def test_statsmodels_spellings(fit: mm.MixedModel) -> None:
    assert list(fit.params.index) == ["(Intercept)", "Days"]
    np.testing.assert_allclose(fit.bse**2, np.diag(fit.vcov()))
    np.testing.assert_allclose(fit.tvalues, fit.params / fit.bse)
    assert fit.pvalues["Days"] == pytest.approx(1.28e-11, rel=0.01)
    limits = fit.conf_int(alpha=0.1)
    np.testing.assert_allclose(limits[1] - limits[0], 2 * 1.6448536 * fit.bse)
    assert fit.cov_params().equals(fit.vcov())
    assert fit.llf == fit.loglik
    assert fit.scale == pytest.approx(fit.sigma**2)
    assert fit.cov_re.equals(fit.VarCorr()["Subject"])
    assert fit.random_effects["308"]["Days"] == fit.ranef()["Subject"].loc["308", "Days"]
    assert fit.resid.equals(fit.residuals())
    assert fit.fittedvalues.equals(fit.fitted())
    test = fit.t_test([[1, 9], [0, 1]])
    assert test.effect[0] == pytest.approx(fit.params.iloc[0] + 9 * fit.params.iloc[1])
    assert test.pvalue[1] == pytest.approx(fit.pvalues["Days"])
    with pytest.raises(mm.DataError, match=r"shape \(1, 3\), and the model has 2"):
        fit.t_test([1, 2, 3])


def test_tidy_tables(fit: mm.MixedModel) -> None:
    fixed = fit.tidy("fixed", conf_int=True)
    assert list(fixed) == ["effect", "term", "estimate", "std_error", "statistic", "conf_low", "conf_high"]
    pars = fit.tidy("ran_pars")
    assert list(pars["term"]) == ["sd_(Intercept)|Subject", "sd_Days|Subject", "cor_Days.(Intercept)|Subject", "sigma"]
    both = fit.tidy(["fixed", "ran_pars"])
    assert list(both["effect"]) == ["fixed"] * 2 + ["ran_pars"] * 4
    assert both["std_error"].isna().sum() == 4
    values = fit.tidy("ran_vals", conf_int=True)
    assert len(values) == 36
    assert ((values["conf_low"] < values["estimate"]) & (values["estimate"] < values["conf_high"])).all()
    with pytest.raises(mm.DataError, match="'random' is none of"):
        fit.tidy("random")  # type: ignore[arg-type]
    assert fit.glance()["reml_criterion"][0] == fit.reml_criterion


def test_named_vectors(fit: mm.MixedModel) -> None:
    fixef = fit.fixef()
    assert dict(fixef) == dict(zip(["(Intercept)", "Days"], np.asarray(fixef), strict=True))
    assert repr(fixef).split("\n")[0] == "(Intercept)        Days "
    assert list(fixef.to_pandas().index) == list(fixef)
    with pytest.raises(KeyError, match="no coefficient 'days'"):
        fixef["days"]


def test_properties_are_stored_numbers_that_cannot_be_set(fit: mm.MixedModel) -> None:
    with pytest.raises(AttributeError):
        fit.sigma = 1.0  # type: ignore[misc]
    theta = fit.theta
    theta[:] = 0
    assert fit.theta[0] > 0.9


def test_engine_describes_itself(fit: mm.MixedModel) -> None:
    assert fit.engine.evaluations <= 12
    assert fit.engine.certificate["holds"]
    assert fit.engine.certificate["escape_gain"] < 1e-6
    assert fit.engine.describe()["path"] == "one factor"
    assert fit.engine.describe()["eliminated"] == "Subject"
    lines = str(fit.engine.describe()).splitlines()
    assert lines[0].startswith("path: one factor, because the 18 levels of 'Subject'")
    assert re.fullmatch(r"run: converged after \d+ evaluations? in [\d.]+ [mu]?s", lines[2])
    assert lines[3].startswith("certificate: holds: no step promises")
    assert repr(fit.engine) == "\n".join(lines)
    assert fit.engine.seconds < 1


def test_x_z_and_names(fit: mm.MixedModel) -> None:
    x = fit.model_matrix("X")
    assert list(x.columns) == ["(Intercept)", "Days"]
    np.testing.assert_allclose(x.to_numpy() @ np.asarray(fit.fixef()), fit.predict(re_form="~0"))
    np.testing.assert_allclose(fit.model_matrix("Z") @ fit.getME("b") + fit.predict(re_form="~0"), fit.fitted())
    with pytest.raises(mm.DataError, match="'X' and 'Z'"):
        fit.model_matrix("Y")  # type: ignore[arg-type]
