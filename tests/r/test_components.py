"""R's spellings of glmmTMB: families as functions, components as an argument, the verbs of its models."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import mixedmodels as mm
import mixedmodels.r as r
from mixedmodels.r import families


@pytest.fixture(scope="module")
def salamanders():
    return mm.datasets.load("Salamanders")


@pytest.fixture(scope="module")
def zinb(salamanders):
    return r.glmmTMB("count ~ mined + (1 | site)", salamanders, r.nbinom2, "~ mined + (1 | spp)", "~ cover")


@pytest.mark.parametrize("name", families.__all__)
def test_family_functions_return_the_family_of_their_name(name: str) -> None:
    function = getattr(r, name)
    family = function()
    plain = "Gamma" if name == "ziGamma" else name
    assert family == mm.families.resolve(plain)
    link = inspect.signature(function).parameters["link"].default
    assert link == family.link
    other = next(each for each in family.handle.links if each != link)
    assert function(other).link == other


def test_fixed_shapes_of_family_functions() -> None:
    assert r.t_family(df=4).df == 4
    assert r.tweedie(power=1.5).power == 1.5
    assert r.nbinom2(theta=2).theta == 2


@pytest.mark.parametrize("family", [r.nbinom2, r.nbinom2(), "nbinom2", mm.families.NegativeBinomial])
def test_a_family_is_a_function_an_object_a_text_or_a_class(salamanders, family) -> None:
    fit = r.glmmTMB("count ~ mined", salamanders, family)
    assert fit.loglik == mm.glmmTMB("count ~ mined", salamanders, "nbinom2").loglik


def test_further_arguments_are_those_of_glmmtmb(salamanders) -> None:
    formula = "count ~ mined + (1 | site)"
    for arguments in ({"REML": True}, {"map": {"log(theta)": 0.0}}):
        ours = mm.glmmTMB(formula, salamanders, "nbinom2", **arguments)
        assert r.glmmTMB(formula, salamanders, r.nbinom2, **arguments).loglik == ours.loglik
        assert ours.loglik != r.glmmTMB(formula, salamanders, r.nbinom2).loglik


def test_the_call_is_shown_as_typed(zinb, salamanders) -> None:
    ours = mm.glmmTMB(
        "count ~ mined + (1 | site)",
        salamanders,
        "nbinom2",
        ziformula="~ mined + (1 | spp)",
        dispformula="~ cover",
    )
    assert str(r.summary(zinb)) == str(ours.summary())
    assert "Data: salamanders\n" in str(r.summary(zinb))


@pytest.mark.parametrize("component", ["cond", "zi", "disp"])
def test_r_functions_take_a_component(zinb, component: str) -> None:
    assert dict(r.fixef(zinb, component)) == dict(zinb.fixef(component))
    assert r.vcov(zinb, component).equals(zinb.vcov(component=component))
    assert repr(r.VarCorr(zinb, component)) == repr(zinb.VarCorr(component))
    ours, theirs = r.ranef(zinb, component=component), zinb.ranef(component=component)
    assert list(ours) == list(theirs)
    assert all(ours[name].equals(theirs[name]) for name in theirs)
    assert list(r.coef(zinb, component)) == list(zinb.coef(component))


def test_estimates_of_components_differ(zinb) -> None:
    """A component that is ignored would give those of the conditional part."""
    estimates = [tuple(r.fixef(zinb, name).values()) for name in ("cond", "zi", "disp")]
    assert len(set(estimates)) == 3
    assert dict(r.fixef(zinb)) == dict(r.fixef(zinb, "cond"))


def test_verbs_of_rows_and_of_the_family(zinb, salamanders) -> None:
    assert np.isnan(r.sigma(zinb))
    assert r.family_params(zinb) == {}
    mixed = r.glmmTMB("count ~ mined", salamanders, r.tweedie)
    assert r.sigma(mixed) == mixed.sigma
    assert list(r.family_params(mixed)) == ["Tweedie power"]
    rows = salamanders.head(3)
    for kind in ("link", "response", "conditional", "zprob", "disp"):
        assert r.predict(zinb, rows, type=kind).equals(zinb.predict(rows, type=kind))
    assert r.predict(zinb).equals(zinb.predict(type="link"))  # R's default
    assert r.simulate(zinb, 2, 1).equals(zinb.simulate(2, 1))
    assert r.residuals(zinb).equals(zinb.residuals("response"))  # R's default
    assert r.residuals(zinb, "pearson").equals(zinb.residuals("pearson"))


def test_a_component_of_a_model_without_them_is_refused(fit: mm.MixedModel) -> None:
    for function in (r.fixef, r.vcov, r.VarCorr, r.ranef, r.coef):
        with pytest.raises(mm.DataError, match=r"component is 'zi', and the model .* is not one of glmmTMB's"):
            function(fit, component="zi")
    assert dict(r.fixef(fit, "cond")) == dict(fit.fixef())


def test_a_component_without_random_effects_has_an_empty_table(zinb) -> None:
    table = r.VarCorr(zinb, "disp")
    assert len(table) == 0
    assert repr(table).split() == ["Groups", "Name", "Std.Dev."]
