"""Unit and origin of a predictor change no test, no verdict and no print but where they are named."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.errors import MixedModelsWarning, RankDeficientWarning, SingularFitWarning
from mixedmodels.r import check_singularity, isSingular

UNITS = [(1e-9, 0.0), (1e4, 0.0), (1e9, 0.0), (1.0, 3e3), (1.0, 1e5), (1e6, 1e8)]
COLUMNS = ["num_df", "den_df", "f_value", "p_value"]


def _designed():
    """Groups with a slope of their own, a factor, counts, and groups without a slope of their own."""
    rng = np.random.default_rng(20)
    n, g = 240, np.repeat(np.arange(20), 12)
    x = rng.normal(size=n) + 3
    f = rng.choice(list("abc"), n)
    slopes = 0.4 * rng.normal(size=20)
    y = 1 + (0.5 + slopes[g]) * x + (f == "b") + rng.normal(size=20)[g] + 0.5 * rng.normal(size=n)
    flat = 1 + 0.5 * x + rng.normal(size=20)[g] + 0.5 * rng.normal(size=n)
    count = rng.poisson(np.exp(0.2 + 0.1 * x + 0.3 * rng.normal(size=20)[g]))
    table = {"x": x, "z": rng.normal(size=n), "f": f, "g": g, "y": y, "flat": flat, "count": count}
    return pd.DataFrame(table)


DATA = _designed()


def _moved(unit, origin, data=DATA):
    return data.assign(x=data.x * unit + origin)


def _tests(model, own):
    """What tests a term: statistics, degrees of freedom, p-values; `own` names coefficients that are compared."""
    out = {}
    for number in (1, 2, 3):
        for ddf in ("Satterthwaite", "Kenward-Roger"):
            out[f"type {number}, {ddf}"] = model.anova(type=number, ddf=ddf).to_frame()[COLUMNS]
    out["drop1"] = model.drop1(test="F").to_frame()[COLUMNS]
    out["car"] = model.car_anova().to_frame().iloc[:, 1:]
    out["lme4"] = model.anova(ddf="lme4").to_frame()[["npar", "f_value"]]
    out["coefficients"] = model.tidy().set_index("term").loc[own, ["statistic", "df", "p_value"]]
    return {name: table.to_numpy(float) for name, table in out.items()}


def _same(got, expected, rtol=2e-5):
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, rtol=rtol, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("unit", "origin"), UNITS)
@pytest.mark.parametrize("formula", ["y ~ x + f + (x | g)", "y ~ x + f + (1 | g)", "y ~ f * z + x + (1 | g)"])
def test_every_test_of_an_lmer_is_the_same_in_any_unit(formula, unit, origin):
    own = ["x", "fb", "fc"]
    _same(*(_tests(mm.lmer(formula, data), own) for data in (_moved(unit, origin), DATA)))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_an_interaction_with_a_factor_is_tested_alike_in_any_unit(unit):
    def tests(data):
        model = mm.lmer("y ~ f * x + (1 | g)", data)
        return {f"type {n}": model.anova(type=n).to_frame()[COLUMNS].to_numpy(float) for n in (1, 2, 3)}

    _same(tests(_moved(unit, 0.0)), tests(DATA))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_a_joint_test_of_coefficients_in_different_units_counts_both(unit):
    def joint(data):
        model = mm.lmer("y ~ x + f + (1 | g)", data)
        table = model.linear_hypothesis(["x = 0", "fb = 0"]).to_frame()
        return table.loc[0, ["num_df", "f_value", "den_df"]].to_numpy(float)

    got, expected = joint(_moved(unit, 0.0)), joint(DATA)
    np.testing.assert_allclose(got[:2], expected[:2], rtol=1e-6)
    # Fai and Cornelius' degrees of freedom of several rows depend on the scale of the rows, here as in lmerTest.
    np.testing.assert_allclose(got[2], expected[2], rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_what_remains_of_an_aliased_term_is_tested_in_any_unit(unit):
    data = DATA.assign(f2=DATA.f.map({"a": "u", "b": "v", "c": "v"}))

    def single(data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RankDeficientWarning)
            return mm.lmer("y ~ x + f + f2 + (1 | g)", data).drop1(test="F").to_frame()[COLUMNS].to_numpy(float)

    np.testing.assert_allclose(single(_moved(unit, 0.0, data)), single(data), rtol=1e-6)


@pytest.mark.parametrize(("unit", "origin"), UNITS)
def test_tests_of_models_without_random_slopes_are_the_same_in_any_unit(unit, origin):
    def tests(data):
        lm, glm = mm.lm("y ~ x + f", data), mm.glm("count ~ x + f", data, family="poisson")
        glmer = mm.glmer("count ~ x + f + (1 | g)", data, family="poisson")
        own = ["statistic", "p_value"]
        return {
            "lm": lm.anova().to_frame()[["f_value", "p_value"]],
            "lm coefficients": lm.tidy().set_index("term").loc[["x", "fb"], own],
            "glm": glm.anova().to_frame()[["deviance", "p_value"]],
            "glm coefficients": glm.tidy().set_index("term").loc[["x", "fb"], own],
            "glmer": glmer.car_anova().to_frame()[["chisq", "p_value"]],
            "glmer coefficients": glmer.tidy().set_index("term").loc[["x", "fb"], own],
        }

    got, expected = ({k: v.to_numpy(float) for k, v in tests(data).items()} for data in (_moved(unit, origin), DATA))
    _same(got, expected)


# -- singularity ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "origin"), UNITS)
@pytest.mark.parametrize(("response", "singular"), [("y", False), ("flat", True)])
def test_the_verdict_of_singularity_is_the_same_in_any_unit(response, singular, unit, origin):
    with warnings.catch_warnings():
        warnings.simplefilter("error" if not singular else "ignore", SingularFitWarning)
        model = mm.lmer(f"{response} ~ x + (x | g)", _moved(unit, origin))
    assert model.is_singular is singular
    assert isSingular(model) is singular
    assert check_singularity(model) is singular
    state = model.singularity(fit=False)
    assert bool(state) is singular
    assert [s.rank for s in state.terms] == [1 if singular else 2]
    if singular and origin == 0:
        assert [d.kind for d in state.terms[0].directions] == ["together"]
    many = model.refit_many(DATA[[response, response]].to_numpy())
    assert many.fits.singular.tolist() == [singular, singular]


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_the_verdict_of_a_glmer_is_the_same_in_any_unit(unit):
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(30), 20)
    x = rng.normal(size=600)
    count = rng.poisson(np.exp(0.5 + 0.3 * x + 0.4 * rng.normal(size=30)[g] + 0.4 * rng.normal(size=30)[g] * x))
    model = mm.glmer("count ~ x + (x | g)", pd.DataFrame({"x": x * unit, "g": g, "count": count}), family="poisson")
    assert not model.is_singular


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_a_saved_model_keeps_the_verdict(unit, tmp_path):
    model = mm.lmer("y ~ x + (x | g)", _moved(unit, 0.0))
    model.save(tmp_path / "model.json")
    loaded = mm.load(tmp_path / "model.json")
    assert not loaded.is_singular
    assert not isSingular(loaded)


# -- rank ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [1e8, 1e9, 1.7e12])
def test_a_predictor_far_from_zero_is_not_dropped(origin):
    """R drops it from 1e7 standard deviations on, as what is left of it beside the intercept is short."""
    data = DATA.assign(x=np.round(DATA.x, 2) + origin)
    expected = mm.lm("y ~ x + f", DATA.assign(x=data.x - origin)).tidy().set_index("term").loc["x"]
    got = mm.lm("y ~ x + f", data).tidy().set_index("term").loc["x"]
    np.testing.assert_allclose(got[["estimate", "statistic"]].astype(float), expected[["estimate", "statistic"]], 1e-3)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_combinations_and_constants_are_dropped_in_any_unit(unit):
    x = DATA.x * unit
    data = DATA.assign(x=x, w=3 * x - 2 * unit, third=np.where(np.arange(len(x)) % 2, 0.1 * 3, 0.3) * unit)
    with pytest.warns(RankDeficientWarning, match="dropped 'w', 'third'"):
        model = mm.lmer("y ~ x + w + third + (1 | g)", data)
    assert list(model.fixef()) == ["(Intercept)", "x"]


def test_a_slope_too_far_from_zero_is_named():
    with pytest.warns(MixedModelsWarning, match=r"'x' in \(x \| g\) is 9.6e\+07 standard deviations away from 0"):
        mm.lmer("y ~ x + (x | g)", _moved(1.0, 1e8))


# -- print ---------------------------------------------------------------------------------------------------------


def _zeros(text):
    """Numbers in print that are 0 in all their digits."""
    return re.findall(r"(?<![\d.e-])-?0\.0+(?![\d.e])", text)


def test_no_number_prints_as_zero_that_is_not():
    model = mm.lmer("y ~ x + (1 | g)", _moved(1e9, 0.0))
    profile = model.profile(["x", "(Intercept)"])
    for shown in (
        model.confint("beta_", method="wald"),
        model.confint(["x", "(Intercept)"], method="profile"),
        profile,
        model.glht("x = 0").confint(),
        model.summary(),
        model.VarCorr(),
        mm.lm("y ~ x", _moved(1e9, 0.0)).confint(),
    ):
        assert not _zeros(str(shown)), str(shown)


def test_limits_keep_their_own_digits():
    text = str(mm.lmer("y ~ x + (1 | g)", _moved(1e9, 0.0)).confint("beta_", method="wald"))
    limits = mm.lmer("y ~ x + (1 | g)", DATA).confint("beta_", method="wald").row("x")
    line = next(row for row in text.splitlines() if row.startswith("x"))
    np.testing.assert_allclose([float(v) for v in line.split()[1:]], np.array([*limits.values()]) * 1e-9, rtol=1e-4)
