"""Components of a `mm.glmmTMB` model: verbs about the coefficients of each, and what looks at one mean alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError
from mixedmodels.fit.components.moments import quantity

THEIRS = json.loads((Path(__file__).parents[1] / "reference" / "emmeans" / "components.json").read_text())
ROWS = {"mined": ["yes", "no"], "spp": ["GP", "DF"], "DOY": [-1.0, 0.5], "cover": [0.5, -1.0]}


@pytest.fixture(scope="module")
def fit() -> Any:
    table = mm.datasets.load("Salamanders")
    formula = "count ~ mined + spp + (1 | site)"
    return mm.glmmTMB(formula, table, "nbinom2", ziformula="~ mined", dispformula="~ DOY")


def test_means_of_zero_inflation_are_those_of_emmeans(fit: Any) -> None:
    # emmeans 1.8 on glmmTMB 1.1.5: emmeans(m, ~ mined, component = "zi", type = "response")
    means = fit.emmeans("mined", component="zi", type="response")
    assert means.table["estimate"] == pytest.approx([0.4658, 0.0142], abs=5e-5)
    assert means.table["std_error"] == pytest.approx([0.1410, 0.0944], abs=5e-5)
    contrast = fit.emmeans("pairwise ~ mined", component="zi").contrasts
    assert contrast.table["estimate"] == pytest.approx([4.10], abs=5e-3)
    assert contrast.table["std_error"] == pytest.approx([6.51], abs=5e-3)


def test_the_mean_dispersion_is_that_of_emmeans(fit: Any) -> None:
    mean = fit.emmeans("1", component="disp", type="response")
    assert mean.table["estimate"] == pytest.approx([1.11], abs=5e-3)
    assert mean.table["std_error"] == pytest.approx([0.352], abs=5e-4)
    assert "response" in str(mean)


def test_tests_of_a_component_are_walds(fit: Any) -> None:
    beta, vcov = np.asarray(fit.fixef("zi")), np.asarray(fit.vcov(component="zi"))
    chisq = beta[1] ** 2 / vcov[1, 1]
    assert fit.car_anova(component="zi")["chisq"] == pytest.approx([chisq])
    assert fit.contest([[0, 1]], component="zi")["f_value"] == pytest.approx([chisq])
    assert fit.linear_hypothesis("minedno = 0", component="zi")["chisq"] == pytest.approx([chisq])
    assert fit.glht("minedno = 0", component="zi")["estimate"] == pytest.approx([beta[1]])


def test_the_conditional_component_is_the_model_itself(fit: Any) -> None:
    assert fit.component("cond") is fit
    assert fit.component("zi").fixef().names == fit.fixef("zi").names
    assert str(fit.emmeans("mined", component="cond")) == str(fit.emmeans("mined"))


def test_a_component_has_no_rows_of_its_own(fit: Any) -> None:
    for verb in ("residuals", "fitted"):
        with pytest.raises(DataError, match="whole model"):
            getattr(fit.component("zi"), verb)()


@pytest.mark.parametrize("name", ["zeros", "zi", None, 1])
def test_a_component_that_is_not_there_is_named(name: Any) -> None:
    plain = mm.glmmTMB("TICKS ~ cHEIGHT + (1 | BROOD)", mm.datasets.load("grouseticks"), "nbinom2")
    with pytest.raises(DataError, match="component"):
        plain.fixef(name)


def test_predictions_have_the_mean_of_all_components(fit: Any) -> None:
    ours = fit.predictions(re_form="~0")
    whole = fit.predict(type="response", re_form="~0", se_fit=True)
    assert ours["estimate"] == pytest.approx(whole["fit"].to_numpy(), rel=1e-12)
    assert ours["std_error"] == pytest.approx(whole["se_fit"].to_numpy(), rel=1e-4)
    zi, mu = fit.predict(type="zprob", re_form="~0"), fit.predict(type="conditional", re_form="~0")
    assert fit.avg_predictions(re_form="~0")["estimate"] == pytest.approx([float(((1 - zi) * mu).mean())], rel=1e-10)


@pytest.mark.parametrize("type_", ["response", "conditional", "zprob", "zlink", "disp", "zero_probability"])
def test_average_quantities_have_errors_over_all_parameters(fit: Any, type_: str) -> None:
    average = fit.avg_predictions(type=type_, re_form="~0")
    own = fit._fit
    theta, beta, psi = own.point
    vcov = own.vcov_joint[len(theta) :, len(theta) :]
    rows = [(d, p) for d, p in zip((fit.design, *fit.design.further), own.predictors, strict=True)]
    x = [np.column_stack([np.ones(own.n) if c is None else c for c in d.fixed.columns]) for d, _ in rows]

    def mean_at(at: np.ndarray) -> float:
        parts, start = [], 0
        for columns in x:
            parts.append(columns @ at[start : start + columns.shape[1]])
            start += columns.shape[1]
        return float(quantity(own.family, parts, None, at[start:], type_).mean())

    at = np.concatenate([beta, psi])
    steps = 1e-5 * np.eye(len(at))
    gradient = np.array([(mean_at(at + step) - mean_at(at - step)) / 2e-5 for step in steps])
    assert average["estimate"] == pytest.approx([mean_at(at)], rel=1e-10)
    assert average["std_error"] == pytest.approx([np.sqrt(gradient @ vcov @ gradient)], rel=1e-5)


def test_slopes_are_in_the_variables_of_all_components(fit: Any) -> None:
    table = fit.avg_slopes()
    assert {"mined", "spp", "DOY"} <= set(table["term"])
    zero = fit.avg_comparisons(variables="mined", type="zprob")
    probability = fit.emmeans("mined", component="zi", type="response").table["estimate"]
    assert zero["estimate"] == pytest.approx([probability[1] - probability[0]], rel=1e-8)
    assert "probability of a structural zero" in str(zero)


def test_a_covariance_of_one_predictor_is_refused(fit: Any) -> None:
    with pytest.raises(DataError, match="parameters: "):
        fit.avg_predictions(vcov=np.eye(2))
    with pytest.raises(DataError, match="type is"):
        fit.avg_predictions(type="zeros")


@pytest.mark.parametrize("verb", ["emmeans", "joint_tests", "car_anova", "ggpredict", "confint"])
def test_models_of_one_component_say_so(verb: str) -> None:
    arguments = {"emmeans": ("mined",), "ggpredict": ("mined",)}.get(verb, ())
    plain = mm.glm("count ~ mined", mm.datasets.load("Salamanders"), "poisson")
    with pytest.raises(DataError, match="one component"):
        getattr(plain, verb)(*arguments, component="zi")


def test_labels_say_what_the_numbers_of_a_component_are(fit: Any) -> None:
    assert "Predicted probabilities of a structural zero" in str(fit.ggpredict("mined", component="zi"))
    assert "Predicted dispersion" in str(fit.ggpredict("DOY", component="disp"))
    assert "Component zi: probability of a structural zero" in str(fit.emmeans("mined", component="zi"))
    assert "component zi" in str(fit.car_anova(component="zi"))
    assert fit.confint(method="wald", component="zi").names == tuple(f"zi~{n}" for n in fit.fixef("zi").names)


def test_letters_of_a_component_s_levels(fit: Any) -> None:
    letters = fit.glht(mm.mcp(mined="Tukey"), component="zi")
    assert "glmmTMB(formula = ~mined" in str(letters.summary())
    assert "component zi" in str(letters.summary())
    assert letters["estimate"] == pytest.approx([np.asarray(fit.fixef("zi"))[1]])


def test_a_sequential_table_is_refused(fit: Any) -> None:
    with pytest.raises(DataError, match="car_anova"):
        fit.anova()
    assert fit.anova(type=2)["chisq"] == pytest.approx(fit.car_anova()["chisq"])


def test_one_predictor_has_the_marginal_effects_of_glmer() -> None:
    ticks = mm.datasets.load("grouseticks")
    formula = "TICKS ~ cHEIGHT + (1 | BROOD)"
    ours, others = mm.glmmTMB(formula, ticks, "nbinom2"), mm.glmer(formula, ticks, "nbinom2")
    assert ours.avg_slopes()["estimate"] == pytest.approx(others.avg_slopes()["estimate"], rel=1e-6)
    assert ours.avg_slopes()["std_error"] == pytest.approx(others.avg_slopes()["std_error"], rel=1e-4)


def test_predictions_of_random_effects_by_component(fit: Any) -> None:
    both = mm.glmmTMB(
        "count ~ mined + (1 | site)", mm.datasets.load("Salamanders"), "poisson", ziformula="~ mined + (1 | site)"
    )
    own = both.predict(type="zlink") - both.predict(type="zlink", re_form={"cond": None, "zi": "~0"})
    modes = both.ranef(component="zi")["site"]["(Intercept)"]
    sites = mm.datasets.load("Salamanders")["site"].astype(str)
    assert own.to_numpy() == pytest.approx(modes[sites].to_numpy(), abs=1e-10)
    assert both.predict(type="link").to_numpy() == pytest.approx(
        both.predict(type="link", re_form={"cond": None, "zi": "~0"}).to_numpy()
    )


def test_the_table_of_parameters_names_components(fit: Any) -> None:
    table = fit.tidy("all", conf_int=True)
    assert table["component"].unique().tolist() == ["cond", "zi", "disp"]
    zi = table[table["component"] == "zi"]
    assert zi["estimate"].to_numpy() == pytest.approx(np.asarray(fit.fixef("zi")))
    assert (table["effect"] == "ran_pars").sum() == 1
    ratios = fit.tidy(exponentiate=True)
    assert ratios["estimate"].to_numpy() == pytest.approx(np.exp(fit.tidy()["estimate"].to_numpy()))


@pytest.mark.parametrize("wrong", [{"method": "bootstrap"}, {"interval": "prediction"}, {"random_only": True}])
def test_arguments_of_other_models_are_refused(fit: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="delta method"):
        fit.predict(**wrong)


def test_rows_have_population_means_over_all_components(fit: Any) -> None:
    rows = fit.augment()
    assert rows["fixed"].to_numpy() == pytest.approx(fit.predict(type="response", re_form="~0").to_numpy())
    assert rows["fitted"].to_numpy() == pytest.approx(fit.predict(type="response").to_numpy())


@pytest.mark.parametrize("verb", ["robust", "scores", "hat_values", "leverage", "rstandard"])
def test_what_looks_at_one_predictor_names_the_others(fit: Any, verb: str) -> None:
    with pytest.raises(DataError, match="zi '~mined', disp '~DOY'"):
        getattr(fit, verb)()


def test_shares_of_variance_say_what_they_are_of(fit: Any) -> None:
    for verb in ("r2", "icc"):
        with pytest.raises(DataError, match="dispformula"):
            getattr(fit, verb)()
        assert "structural zeros is left out" in str(getattr(fit.update(dispformula="~1"), verb)())


def test_adjusted_predictions_of_the_conditional_part_say_so(fit: Any) -> None:
    assert "no structural zeros" in str(fit.ggpredict("mined"))
    assert "structural" not in str(fit.ggpredict("mined", scale="link"))
    with pytest.raises(DataError, match="avg_predictions"):
        fit.ggaverage("mined")
    hurdle = mm.glmmTMB("count ~ mined", mm.datasets.load("Salamanders"), "truncated_poisson", ziformula="~ mined")
    assert "not the mean of the truncated_poisson family" in str(hurdle.ggpredict("mined"))


@pytest.fixture(scope="module")
def hurdle() -> Any:
    formula = "count ~ mined + DOY + (1 | site)"
    return mm.glmmTMB(formula, mm.datasets.load("Salamanders"), "truncated_poisson", ziformula="~ mined + cover")


@pytest.mark.parametrize("name", ["mixture", "hurdle"])
@pytest.mark.parametrize("type_", ["response", "conditional", "zprob"])
def test_predictions_of_each_type_are_glmmtmbs(fit: Any, hurdle: Any, name: str, type_: str) -> None:
    theirs = THEIRS[name][type_]
    model = {"mixture": fit, "hurdle": hurdle}[name]
    ours = model.predictions(pd.DataFrame(ROWS), re_form="~0", type=type_)
    assert ours["estimate"] == pytest.approx(theirs["estimate"], rel=1e-4)
    assert ours["std_error"] == pytest.approx(theirs["std_error"], rel=1e-4)


def test_means_and_slopes_of_a_hurdle_are_those_of_emmeans(hurdle: Any) -> None:
    means, slope = hurdle.emmeans("mined", component="zi").table, hurdle.emtrends("~ 1", "cover", component="zi").table
    assert means["estimate"] == pytest.approx(THEIRS["zi"]["estimate"], rel=1e-4)
    assert means["std_error"] == pytest.approx(THEIRS["zi"]["std_error"], rel=1e-4)
    assert slope["estimate"] == pytest.approx(THEIRS["trend"]["estimate"], rel=1e-4)
    assert slope["std_error"] == pytest.approx(THEIRS["trend"]["std_error"], rel=1e-4)


def test_a_type_of_predictions_that_is_none_is_refused(fit: Any) -> None:
    with pytest.raises(DataError, match="zero_probability"):
        fit.predict(type="latent")
