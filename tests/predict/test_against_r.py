"""Predictions, standard errors and limits against R: lm and glm, lme4, glmmTMB, ggeffects, emmeans."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.support import places

import mixedmodels as mm

REFERENCE = places.REFERENCE / "predict"
EXACT = 1e-7  # R prints 15 digits, and lme4's optimum is tightened to about 10
GLMM_TMB = 2e-5  # its optimum and its Hessian, by differences of exact gradients, have about 5 digits


@lru_cache
def reference() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "reference.json").read_text())
    return found


def limits(table: Any) -> np.ndarray:
    return np.column_stack([table["fit"], table["conf_low"], table["conf_high"]])


# -- without random effects ------------------------------------------------------------------------------------------

IRIS_NEW = pd.DataFrame({
    "Sepal.Width": [2.5, 3, 4.1], "Petal.Length": [1, 4, 7.0], "Species": ["setosa", "versicolor", "virginica"]
})  # fmt: skip


def iris() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "iris.csv")


def test_lm() -> None:
    fit, r = mm.lm("Sepal.Length ~ Sepal.Width * Species + poly(Petal.Length, 2)", iris()), reference()["lm"]
    got = fit.predict(IRIS_NEW, se_fit=True)
    np.testing.assert_allclose(got["fit"], r["fit"], rtol=1e-10)
    np.testing.assert_allclose(got["se_fit"], r["se_fit"], rtol=1e-10)
    got = limits(fit.predict(IRIS_NEW, interval="confidence", level=0.9))
    np.testing.assert_allclose(got, r["confidence"], rtol=1e-10)
    np.testing.assert_allclose(limits(fit.predict(IRIS_NEW, interval="prediction")), r["prediction"], rtol=1e-10)


def test_weighted_lm() -> None:
    fit, r = mm.lm("Sepal.Length ~ Sepal.Width + Species", iris(), weights="Petal.Width"), reference()
    got = fit.predict(IRIS_NEW.assign(w=[1, 2, 0.5]), interval="prediction", weights="w")
    np.testing.assert_allclose(limits(got), r["lm_weighted"]["prediction"], rtol=1e-10)
    got = fit.predict(interval="prediction")[:5]
    np.testing.assert_allclose(limits(got), r["lm_own"]["prediction"], rtol=1e-10)
    with pytest.warns(mm.MixedModelsWarning, match="taken to have weight 1"):
        fit.predict(IRIS_NEW, interval="prediction")


@pytest.mark.parametrize(("name", "formula"), [
    ("binomial", "am ~ wt"), ("Gamma", "mpg ~ wt + hp"), ("poisson", "carb ~ wt + factor(cyl)")
])  # fmt: skip
def test_glm(name: str, formula: str) -> None:
    fit = mm.glm(formula, pd.read_csv(REFERENCE / "mtcars.csv"), family=name)
    new = pd.DataFrame({"wt": [2.0, 3, 4], "hp": [80, 150, 240], "cyl": [4, 6, 8]})
    r = reference()[f"glm_{name.lower()}"]
    link, response = fit.predict(new, se_fit=True), fit.predict(new, se_fit=True, type="response")
    for got, expected in ((link, ("fit", "se_fit")), (response, ("response", "response_se"))):
        np.testing.assert_allclose(got["fit"], r[expected[0]], rtol=1e-6)
        np.testing.assert_allclose(got["se_fit"], r[expected[1]], rtol=1e-6)


# -- linear mixed models ---------------------------------------------------------------------------------------------

SLEEP_NEW = pd.DataFrame({"Days": [0, 4, 9, 12, 5], "Subject": ["308", "335", "372", "309", "new"]})
CASES = {
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", SLEEP_NEW),
    "Penicillin": (
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        pd.DataFrame({"plate": ["a", "g", "x"], "sample": ["A", "F", "C"]}),
    ),
    "Pastes": (
        "strength ~ 1 + (1 | batch) + (1 | sample)",
        pd.DataFrame({"batch": ["A", "B", "J"], "sample": ["A:a", "B:b", "J:c"]}),
    ),
}


@lru_cache
def fitted(name: str, ml: bool = False, weighted: bool = False) -> mm.MixedModel:
    table = mm.datasets.load(name)
    if weighted:
        table = table.assign(w=1 + table["Days"] % 3)
    return mm.lmer(CASES[name][0], table, REML=not ml, weights="w" if weighted else None)


@pytest.mark.parametrize("ml", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_lmer(name: str, ml: bool) -> None:
    fit, new, r = fitted(name, ml), CASES[name][1], reference()[name + "_ml" * ml]
    known = np.array([level != "new" for level in new.iloc[:, -1]])
    given = fit.predict(new, se_fit=True, uncertainty="given_theta", allow_new_levels=True)
    np.testing.assert_allclose(given["fit"], r["fit"], rtol=EXACT)
    np.testing.assert_allclose(given["se_fit"][known], np.array(r["given_theta"])[known], rtol=1e-6)
    # lme4 leaves the variance of unknown levels out
    typical = fit.predict(new, kind="typical", se_fit=True, uncertainty="given_theta")
    np.testing.assert_allclose(typical["se_fit"], r["typical"], rtol=1e-6)
    everything = fit.predict(new, se_fit=True, allow_new_levels=True)
    np.testing.assert_allclose(everything["fit"], r["tmb"]["fit"], rtol=GLMM_TMB)
    np.testing.assert_allclose(everything["se_fit"], r["tmb"]["se_fit"], rtol=1e-4)
    if ml:  # of a REML fit glmmTMB gives the errors of beta as if all random effects were known to be 0
        got = fit.predict(new, kind="typical", se_fit=True)
        np.testing.assert_allclose(got["se_fit"], r["tmb_typical"]["se_fit"], rtol=1e-4)


def test_weighted_lmer() -> None:
    fit, r = fitted("sleepstudy", weighted=True), reference()["sleepstudy_weighted"]
    given = fit.predict(SLEEP_NEW[:4], se_fit=True, uncertainty="given_theta")
    np.testing.assert_allclose(given["fit"], r["fit"][:4], rtol=EXACT)
    np.testing.assert_allclose(given["se_fit"], r["given_theta"][:4], rtol=1e-6)


def test_lmer_as_ggeffects_and_emmeans() -> None:
    fit, new = fitted("sleepstudy"), SLEEP_NEW[["Days"]].iloc[:3]
    asked = {"kind": "typical", "se_fit": True, "interval": "confidence", "uncertainty": "given_theta"}
    r = reference()["ggpredict_fixed"]
    got = fit.predict(new, ddf="asymptotic", **asked)  # lme4's own optimum has 5 to 6 digits
    for column, name in (("fit", "fit"), ("se_fit", "se")):
        np.testing.assert_allclose(got[column], r[name], rtol=1e-4)
    # this version of ggeffects takes t with the residual degrees of freedom where ours are normal
    wider = stats.t.ppf(0.975, fit.df_resid) / stats.norm.ppf(0.975)
    np.testing.assert_allclose((got["conf_high"] - got["fit"]) * wider, np.subtract(r["high"], r["fit"]), rtol=1e-4)
    r = reference()["emmeans"]
    got = fit.predict(new, **asked)
    for column, name in (("fit", "fit"), ("se_fit", "se"), ("conf_low", "low"), ("conf_high", "high")):
        np.testing.assert_allclose(got[column], r[name], rtol=1e-4)


# -- generalised mixed models ----------------------------------------------------------------------------------------


def ticks() -> pd.DataFrame:
    table = mm.datasets.load("grouseticks")
    return table.assign(cHEIGHT=table["HEIGHT"] - table["HEIGHT"].mean())


@lru_cache
def generalised(name: str) -> tuple[mm.GeneralizedMixedModel, pd.DataFrame]:
    if name == "cbpp":
        formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
        new = pd.DataFrame({"period": ["1", "2", "4", "3"], "herd": ["1", "8", "15", "99"]})
        return mm.glmer(formula, mm.datasets.load("cbpp"), family="binomial"), new
    new = pd.read_csv(REFERENCE / "ticks_new.csv", dtype={"YEAR": str, "BROOD": str, "LOCATION": str})
    if name == "ticks":
        formula = "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)"
        return mm.glmer(formula, ticks(), family="poisson"), new
    return mm.glmer("TICKS ~ YEAR + cHEIGHT + (1 | LOCATION)", ticks(), family="negative_binomial"), new


@pytest.mark.parametrize("name", ["cbpp", "ticks", "ticks_nb"])
def test_glmer_as_glmmtmb(name: str) -> None:
    (fit, new), r = generalised(name), reference()[name]
    for type_ in ("link", "response"):
        got = fit.predict(new, type=type_, se_fit=True, allow_new_levels=True)
        np.testing.assert_allclose(got["fit"], r[type_]["fit"], rtol=1e-4)
        np.testing.assert_allclose(got["se_fit"], r[type_]["se_fit"], rtol=1e-4)
    got = fit.predict(new, kind="typical", se_fit=True)
    np.testing.assert_allclose(got["se_fit"], r["typical"]["se_fit"], rtol=1e-4)


def test_glmer_as_ggeffects() -> None:
    fit, r = generalised("cbpp")[0], reference()["ggpredict_glmer"]
    got = fit.predict(pd.DataFrame({"period": list("1234")}), kind="typical", type="response", interval="confidence")
    for column, name in (("fit", "fit"), ("conf_low", "low"), ("conf_high", "high")):
        np.testing.assert_allclose(got[column], r[name], rtol=1e-4)
