"""The same answers under R's function names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm
import mixedmodels.r as r

FORMULA = "Reaction ~ Days + (Days | Subject)"


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
