"""What completion offers: the verbs of a model, and not what other packages ask of it."""

from __future__ import annotations

from typing import Any

import pytest

import mixedmodels as mm
from mixedmodels.model.verbs import unlisted

MOST = 115  # names that a user can look over


@pytest.fixture(scope="module")
def models(sleep: mm.MixedModel, herds: mm.GeneralizedMixedModel) -> dict[str, Any]:
    table = mm.datasets.load("sleepstudy")
    return {
        "lmer": sleep,
        "glmer": herds,
        "lm": mm.lm("Reaction ~ Days", table),
        "glm": mm.glm("Reaction ~ Days", table, "Gamma(log)"),
    }


@pytest.mark.parametrize("kind", ["lmer", "glmer", "lm", "glm"])
def test_completion_offers_few_names_and_all_of_them_answer(models: dict[str, Any], kind: str) -> None:
    model = models[kind]
    offered = [name for name in dir(model) if not name.startswith("_")]
    assert 80 < len(offered) <= MOST
    assert [name for name in offered if not hasattr(type(model), name) and name not in vars(model)] == []
    assert {"summary", "predict", "tidy", "anova", "confint", "emmeans", "cross_validate", "plot"} <= set(offered)


@pytest.mark.parametrize("kind", ["lmer", "glmer", "lm", "glm"])
def test_other_packages_names_answer_and_are_not_offered(models: dict[str, Any], kind: str) -> None:
    model = models[kind]
    hidden = {
        "get_coef",
        "get_vcov",
        "set_variable_type",
        "find_predictors",
        "params",
        "bse",
        "llf",
        "t_test",
        "logLik",
    }
    assert not hidden & set(dir(model))
    assert all(hasattr(model, name) for name in hidden)
    mixed_only, family_only = {"cov_re", "random_effects"}, {"family_params"}
    absent = {name for name in unlisted() if not hasattr(type(model), name) and name not in vars(model)}
    assert absent <= (set() if kind in ("lmer", "glmer") else mixed_only) | (
        set() if kind in ("glm", "glmer") else family_only
    )


def test_the_package_offers_its_public_names() -> None:
    assert dir(mm) == sorted(mm.__all__)
    assert all(hasattr(mm, name) for name in dir(mm))
    assert "Any" not in dir(mm)
    assert mm.r.__name__ == "mixedmodels.r"
    assert mm.sklearn.__name__ == "mixedmodels.sklearn"
