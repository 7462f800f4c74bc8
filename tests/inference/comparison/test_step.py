"""Backward elimination beside lmerTest's `step`, and its rules."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels import r

FOLDER = REFERENCE / "comparison"
COLUMNS = {
    "eliminated": "Eliminated",
    "npar": "npar",
    "loglik": "logLik",
    "aic": "AIC",
    "lrt": "LRT",
    "df": "Df",
    "sum_sq": "Sum Sq",
    "mean_sq": "Mean Sq",
    "num_df": "NumDF",
    "den_df": "DenDF",
    "f_value": "F value",
    "rss": "RSS",
}


@lru_cache
def reference() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "step.json").read_text()))


@lru_cache
def whole() -> mm.MixedModel:
    data = mm.datasets.load("cake")
    return mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate) + (1 | replicate)", data)


@lru_cache
def sloped() -> mm.MixedModel:
    data = mm.datasets.load("cake")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        return mm.lmer("angle ~ recipe * temp + (temp | replicate)", data.assign(temp=(data["temp"] - 200) / 10))


@lru_cache
def days() -> mm.MixedModel:
    return mm.lmer("Reaction ~ Days + I(Days^2) + (Days | Subject)", mm.datasets.load("sleepstudy"))


@lru_cache
def casks() -> mm.MixedModel:
    return mm.lmer("strength ~ 1 + (1 | batch) + (1 | sample)", mm.datasets.load("Pastes"))


@lru_cache
def nothing() -> mm.MixedModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        return mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))


@lru_cache
def lonely() -> mm.MixedModel:
    data = mm.datasets.load("sleepstudy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        odd = [str(i % 9) for i in range(len(data))]
        return mm.lmer("Reaction ~ Days + I(Days^2) + (1 | odd)", data.assign(odd=odd))


CASES: dict[str, tuple[Callable[[], mm.MixedModel], dict[str, Any]]] = {
    "cake": (whole, {}),
    "cake_kr": (whole, {"ddf": "Kenward-Roger", "alpha_fixed": 0.3}),
    "cake_keep": (whole, {"keep": "recipe"}),
    "slopes": (sloped, {}),
    "slopes_random_kept": (sloped, {"reduce_random": False}),
    "slopes_fixed_kept": (sloped, {"reduce_fixed": False}),
    "days": (days, {}),
    "casks": (casks, {}),
    "nothing": (nothing, {}),
    "lonely": (lonely, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_tables_and_models_are_lmertests(case: str) -> None:
    model, how = CASES[case]
    steps, expected = model().step(**how), reference()[case]
    assert steps.get_model().formula == expected["formula"]
    for table, theirs in ((steps.random, expected["random"]), (steps.fixed, expected["fixed"])):
        assert table is not None
        assert list(table.names) == theirs["names"]
        for name, values in table.columns.items():
            header = COLUMNS.get(name) or next(h for h in theirs["columns"] if h.startswith("Pr("))
            header = "Sum of Sq" if name == "sum_sq" and "Sum of Sq" in theirs["columns"] else header
            column = np.array(theirs["columns"][header], dtype=float)
            # lme4 stops a little before the optimum; degrees of freedom feel it most
            np.testing.assert_allclose(values, column, rtol=3e-4, atol=2e-5, err_msg=f"{case} {header}")


@pytest.mark.parametrize("case", ["cake", "cake_kr", "casks", "lonely", "slopes_fixed_kept"])
def test_it_prints_as_lmertest_prints(case: str) -> None:
    model, how = CASES[case]
    text = (FOLDER / f"{case}.txt").read_text().replace("‘", "'").replace("’", "'")
    text = (
        text.replace("2.2737e-13", "         0") if case == "lonely" else text
    )  # what lme4 leaves of a difference of 0
    ours = repr(model().step(**how)).splitlines()
    theirs = text.rstrip("\n").splitlines()
    if case in ("lonely", "casks"):  # columns are as wide as what they hold: 2e-13, or the names of no rows
        ours, theirs = [[" ".join(line.split()) for line in lines] for lines in (ours, theirs)]
    assert [line.rstrip() for line in ours] == [line.rstrip() for line in theirs]


def test_the_model_is_the_one_that_its_formula_fits() -> None:
    found = whole().step().get_model()
    again = mm.lmer(found.formula, mm.datasets.load("cake"))
    assert found.loglik == pytest.approx(again.loglik, abs=1e-9)
    linear = lonely().step().get_model()
    assert isinstance(linear, mm.LinearModel)
    fixed = mm.lm("Reaction ~ Days + I(Days^2)", mm.datasets.load("sleepstudy")).step()
    assert fixed.random is None
    assert fixed.get_model().formula == "Reaction ~ Days"


def test_maximum_likelihood_contrasts_and_the_models_own_method_stay() -> None:
    data = mm.datasets.load("cake")
    ml = mm.lmer("angle ~ recipe + temp + (1 | replicate)", data, REML=False, contrasts={"recipe": "sum"}, ddf="normal")
    steps = ml.step(keep=["recipe"])
    found = steps.get_model()
    assert not found.is_reml
    assert list(found.fixef()) == ["(Intercept)", "recipe1", "recipe2", "temp"]
    assert "Degrees of freedom method: normal" in repr(steps)


def test_it_is_pickled_and_has_r_names() -> None:
    steps = r.step(casks())
    again = pickle.loads(pickle.dumps(steps))
    assert repr(again) == repr(steps)
    assert r.get_model(again).formula == "strength ~ (1 | sample)"
    assert "Eliminated" in steps._repr_html_()
    assert steps.random is not None
    assert steps.random.to_frame()["eliminated"].tolist()[1:] == [1, 0]


def test_what_cannot_be_reduced_is_refused() -> None:
    herds = mm.glmer("incidence / size ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial", weights="size")
    with pytest.raises(mm.DataError, match=r"drop1\('Chisq'\)"):
        herds.step()
    with pytest.raises(mm.DataError, match="alpha_fixed is 5"):
        casks().step(alpha_fixed=5)
    with pytest.raises(mm.DataError, match="'recipes' is not a term"):
        whole().step(keep="recipes")
    with pytest.raises(mm.DataError, match="give ddf as a text"):
        days().step(ddf=days().robust("CR2"))
    data = mm.datasets.load("sleepstudy")
    holes = data.assign(hole=np.where(np.arange(180) % 50 == 0, np.nan, np.cos(np.arange(180.0))))
    with pytest.raises(mm.DataError, match="uses 180 rows and the model before it 176"):
        mm.lmer("Reaction ~ Days + hole + (1 | Subject)", holes).step()
