"""One design, many responses: against lme4 one by one, missing values, failures, kinds of tables."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.errors import DataError, FormulaError

FILE = REFERENCE / "bootstrap" / "reference.json.gz"
with gzip.open(FILE, "rt") as lines:
    MANY = json.load(lines)["many"]


@pytest.fixture(scope="module")
def data():
    return mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def drawn(data):
    return np.array(mm.lmer("Reaction ~ Days + (Days | Subject)", data).simulate(6, seed=1))


def rows(table, response, effect):
    return table[(table["response"] == response) & (table["effect"] == effect)]


@pytest.mark.parametrize("name", list(MANY))
def test_agrees_with_lme4_one_by_one(name):
    case = MANY[name]
    many = mm.fit_many(
        case["formula"], mm.datasets.load(case["data"]), np.array(case["y"]), weights=case.get("weights")
    )
    table = many.to_frame()
    assert not many.failures
    for j, theirs in enumerate(case["found"]):
        fixed, pars = rows(table, j, "fixed"), rows(table, j, "ran_pars")
        assert fixed["criterion"].iloc[0] == pytest.approx(theirs["criterion"], rel=1e-6)
        np.testing.assert_allclose(fixed["estimate"], theirs["beta"], rtol=1e-6)
        np.testing.assert_allclose(fixed["std_error"], theirs["se"], rtol=1e-6)
        assert bool(fixed["singular"].iloc[0]) == theirs["singular"]
        # A correlation with an effect of no variance is undefined.
        sdcor = np.array(theirs["sdcor"], dtype=float)
        ours = pars["estimate"].to_numpy()
        both = np.isfinite(ours) & np.isfinite(sdcor)
        np.testing.assert_allclose(ours[both], sdcor[both], rtol=1e-6, atol=1e-6 * sdcor[-1])
        if theirs["df"]:
            np.testing.assert_allclose(fixed["df"], theirs["df"], rtol=1e-5)


def test_singular_responses_are_among_the_reference():
    assert sum(found["singular"] for case in MANY.values() for found in case["found"]) >= 8


def test_agrees_with_refit(data, drawn):
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", data)
    table = fit.refit_many(drawn).to_frame()
    again = fit.refit(drawn[:, 2])
    found = rows(table, 2, "fixed")
    np.testing.assert_allclose(found["estimate"], np.asarray(again.fixef()), rtol=1e-6)
    np.testing.assert_allclose(found["df"], again._coefficients("Satterthwaite").df(np.eye(2)), rtol=1e-4)
    assert rows(table, 2, "ran_pars")["term"].tolist() == [
        "sd_(Intercept)|Subject", "sd_Days|Subject", "cor_Days.(Intercept)|Subject", "sigma",
    ]  # fmt: skip
    ml = fit.update(REML=False)
    assert ml.refit_many(drawn).fits.criterion[2] == pytest.approx(-2 * ml.refit(drawn[:, 2]).loglik, rel=1e-9)


def test_columns_of_the_table(data, drawn):
    table = mm.fit_many("~ Days + (1 | Subject)", data, drawn).to_frame()
    assert table.columns.tolist() == [
        "response", "effect", "term", "estimate", "std_error", "df", "statistic", "p_value", "criterion", "singular",
        "converged", "nobs",
    ]  # fmt: skip
    assert len(table) == 6 * 4
    without = mm.fit_many("~ Days + (1 | Subject)", data, drawn, ddf=False).to_frame()
    assert without["df"].isna().all()
    assert without["p_value"].isna().all()
    assert without["statistic"].notna().sum() == 12


def test_many_fits_have_the_method_of_the_model(data, drawn):
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", data)
    for ddf, method in (("Satterthwaite", "Satterthwaite"), ("KR", "Satterthwaite"), ("normal", "normal")):
        many = fit.update(ddf=ddf).refit_many(drawn)
        assert f"Degrees-of-freedom method: {method}" in repr(many)
        tidy = fit.update(ddf=method).refit(drawn[:, 0]).tidy()
        first = many.to_frame().iloc[:2]
        np.testing.assert_allclose(first["p_value"], tidy["p_value"], rtol=1e-5)
        assert np.isinf(first["df"]).all() == (method == "normal")
    normal = mm.fit_many("~ Days + (1 | Subject)", data, drawn, ddf="normal").to_frame()
    assert np.isinf(normal.loc[normal["effect"] == "fixed", "df"]).all()
    assert "Degrees-of-freedom" not in repr(mm.lm("Reaction ~ Days", data).refit_many(drawn))
    with pytest.raises(mm.DataError, match="is for one fit at a time"):
        fit.refit_many(drawn, ddf="Kenward-Roger")


def test_missing_values_leave_out_rows_of_their_response_alone(data, drawn):
    y = drawn.copy()
    y[::7, 1] = np.nan
    y[::7, 4] = np.nan
    y[data["Subject"] == "308", 2] = np.nan  # a whole level
    y[:, 3] = np.nan
    many = mm.fit_many("~ Days + (Days | Subject)", data, y)
    table = many.to_frame()
    assert many.failures == {"every value is missing": 1}
    for j in (0, 1, 2, 4, 5):
        alone = mm.lmer("y ~ Days + (Days | Subject)", data.assign(y=y[:, j]))
        found = rows(table, j, "fixed")
        assert found["nobs"].iloc[0] == alone.nobs
        np.testing.assert_allclose(found["estimate"], np.asarray(alone.fixef()), rtol=1e-6)
        assert found["criterion"].iloc[0] == pytest.approx(-2 * alone.loglik, rel=1e-9)
    assert rows(table, 3, "fixed")["estimate"].isna().all()
    assert not rows(table, 3, "fixed")["converged"].any()


def test_missing_predictors_and_subset_are_for_all(data, drawn):
    gaps = data.assign(Days=data["Days"].where(data.index % 11 > 0), h=np.arange(180) % 2)
    wanted = (gaps["Days"].notna() & (gaps["h"] == 1)).to_numpy()
    whole = mm.fit_many("~ Days + (1 | Subject)", gaps, drawn, subset="h == 1")
    part = mm.fit_many("~ Days + (1 | Subject)", data[wanted], drawn[wanted])
    used = mm.fit_many("~ Days + (1 | Subject)", gaps, drawn[wanted], subset="h == 1")
    for other in (part, used):
        np.testing.assert_allclose(whole.fits.beta, other.fits.beta, rtol=1e-9)
    assert (whole.fits.n == wanted.sum()).all()


def test_a_coefficient_that_part_of_the_rows_cannot_tell_is_missing(data, drawn):
    y = drawn[:, :2].copy()
    early = data.assign(late=(data["Days"] >= 8).astype(float))
    y[data["Days"] >= 8, 1] = np.nan
    table = mm.fit_many("~ Days + late + (1 | Subject)", early, y).to_frame()
    found = rows(table, 1, "fixed").set_index("term")["estimate"]
    alone = mm.lmer("y ~ Days + (1 | Subject)", data.assign(y=y[:, 1]))
    assert np.isnan(found["late"])
    np.testing.assert_allclose(found[["(Intercept)", "Days"]], np.asarray(alone.fixef()), rtol=1e-7)


def test_one_bad_response_does_not_spoil_the_others(data, drawn):
    y = drawn.copy()
    y[:, 0] = 7.0
    many = mm.fit_many("~ Days + (Days | Subject)", data, y)
    good = mm.fit_many("~ Days + (Days | Subject)", data, drawn)
    assert many.fits.failed.tolist() == [True] + [False] * 5
    np.testing.assert_array_equal(many.fits.beta[1:], good.fits.beta[1:])
    assert "1 have no fit" in repr(many)


@pytest.mark.parametrize("weights", [None, "w"])
def test_linear_models(data, drawn, weights):
    data = data.assign(w=np.tile([1.0, 2.0], 90))
    table = mm.fit_many("~ Days + I(Days^2)", data, drawn, weights=weights).to_frame()
    alone = mm.lm("y ~ Days + I(Days^2)", data.assign(y=drawn[:, 5]), weights=weights)
    found = rows(table, 5, "fixed")
    theirs = alone.tidy()
    for column in ("estimate", "std_error", "p_value"):
        np.testing.assert_allclose(found[column], theirs[column], rtol=1e-9)
    assert rows(table, 5, "ran_pars")["estimate"].tolist() == pytest.approx([alone.sigma])
    assert found["criterion"].iloc[0] == pytest.approx(-2 * alone.loglik)
    assert (found["df"] == 177).all()


def test_generalised_models():
    cbpp = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp, "binomial")
    y = fit.simulate(3, seed=1)
    by_model = fit.refit_many(y)
    by_formula = mm.fit_many("~ period + (1 | herd)", cbpp, y, family="binomial", weights="size")
    np.testing.assert_allclose(by_model.fits.beta, by_formula.fits.beta, rtol=1e-9)
    alone = fit.refit(y["sim_3"])
    np.testing.assert_allclose(by_model.fits.beta[2], np.asarray(alone.fixef()), rtol=1e-5)
    np.testing.assert_allclose(
        rows(by_model.to_frame(), "sim_3", "fixed")["p_value"], alone.tidy()["p_value"], rtol=1e-3
    )
    fixed = mm.fit_many("~ period", cbpp, y, family="binomial", weights="size")
    one = mm.glm("sim_1 ~ period", cbpp.assign(sim_1=y["sim_1"]), "binomial", weights="size")
    np.testing.assert_allclose(fixed.fits.beta[0], np.asarray(one.fixef()), rtol=1e-9)


def test_a_response_that_the_family_cannot_have_fails_alone():
    data = pd.DataFrame({"x": np.arange(12.0), "g": list("abc") * 4})
    y = np.column_stack([np.tile([-1.0, 2.0, 3.0, 0.0], 3), np.tile([1.0, 2.0, 4.0, 0.0], 3), np.zeros(12)])
    many = mm.fit_many("~ x + (1 | g)", data, y, family="poisson")
    assert many.fits.failed.tolist() == [True, False, True]
    assert any("nothing was counted" in why for why in many.failures)


def test_responses_come_as_tables_or_names_and_go_back_in_kind(data, drawn):
    names = [f"gene{j}" for j in range(6)]
    table = pd.DataFrame(drawn, columns=names)
    whole = pd.concat([data, table], axis=1)
    first = mm.fit_many("Reaction ~ Days + (1 | Subject)", data, table)
    second = mm.fit_many("~ Days + (1 | Subject)", whole, names)
    polars = mm.fit_many("~ Days + (1 | Subject)", pl.from_pandas(data), pl.from_pandas(table))
    for other in (second, polars):
        np.testing.assert_array_equal(first.fits.beta, other.fits.beta)
    assert isinstance(polars.to_frame(), pl.DataFrame)
    assert polars.to_frame()["response"].unique(maintain_order=True).to_list() == names
    assert first.fixef().columns.tolist() == ["response", "(Intercept)", "Days"]
    assert "gene0" in repr(first)


def test_chunks_and_threads_do_not_matter(data, drawn, monkeypatch):
    before = mm.fit_many("~ Days + (Days | Subject)", data, drawn)
    monkeypatch.setattr("mixedmodels.many.fit_many.CHUNK_NUMBERS", 400)
    after = mm.fit_many("~ Days + (Days | Subject)", data, drawn)
    pd.testing.assert_frame_equal(before.to_frame(), after.to_frame())


def test_what_was_done_before_ctrl_c_is_there(data, drawn, monkeypatch):
    from mixedmodels.many import fit_many as module

    fits_of = module.fits_of
    calls = []

    def impatient(*arguments):
        fit = fits_of(*arguments)

        def one(y):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return fit(y)

        return one

    monkeypatch.setattr(module, "fits_of", impatient)
    monkeypatch.setattr(module, "CHUNK_NUMBERS", 400)
    many = mm.fit_many("~ Days + (Days | Subject)", data, drawn)
    assert np.isfinite(many.fits.beta[:2]).all()
    assert np.isnan(many.fits.beta[2:]).all()
    assert "4 were not reached (interrupted)" in repr(many)


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        (np.zeros((7, 2)), "7 rows where the model has 180"),
        (np.zeros(180), "shape \\(180,\\)"),
        (np.zeros((180, 0)), "no response"),
        (["Subject"], "text or categories"),
        (["nothing"], "no column 'nothing'"),
        (pd.DataFrame({"a": ["x"] * 180}), "text or categories"),
        (object(), "give a table"),
        (np.full((180, 2), np.inf), "response 0 is inf in row 0"),
    ],
)
def test_bad_responses(data, responses, message):
    with pytest.raises((DataError, KeyError), match=message):
        mm.fit_many("~ Days + (1 | Subject)", data, responses)


def test_bad_formulas(data, drawn):
    with pytest.raises(FormulaError, match="write the terms"):
        mm.fit_many("y ~ . + (1 | Subject)", data, drawn)
    with pytest.raises(KeyError, match="Dayz"):
        mm.fit_many("~ Dayz + (1 | Subject)", data, drawn)
