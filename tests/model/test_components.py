"""Components of a `mm.glmmTMB` model: verbs about the coefficients of each, and what looks at one mean alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError


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


@pytest.mark.parametrize("verb", ["avg_predictions", "avg_comparisons", "avg_slopes", "slopes"])
def test_what_follows_one_predictor_refuses_a_mean_of_two(fit: Any, verb: str) -> None:
    with pytest.raises(DataError, match="zero inflation"):
        getattr(fit, verb)()


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
