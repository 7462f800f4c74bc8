"""Every kind of picture is drawn for every class of models, or refused in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import plot


def sleep() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    data = mm.datasets.load("sleepstudy")
    data["w"], data["off"] = rng.uniform(0.5, 2, 180), rng.normal(size=180)
    data["f"] = pd.Categorical(np.where(rng.uniform(size=180) < 0.5, "a", "b"))
    data["size"] = np.exp(rng.normal(size=180) + 0.1 * data["Days"])
    data["count"] = rng.negative_binomial(2, 1 / (1 + np.exp(0.1 * data["Days"])))
    data["gap"] = data["Days"].where(data.index % 17 > 0)
    return data


MODELS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "weights and offset": lambda d: mm.lmer("Reaction ~ Days * f + (Days | Subject)", d, weights="w", offset="off"),
    "offset as an array": lambda d: mm.lmer("Reaction ~ Days + (1 | Subject)", d, offset=np.asarray(d["off"])),
    "excluded rows": lambda d: mm.lmer("Reaction ~ gap + (gap || Subject)", d, na_action="exclude"),
    "rank-deficient": lambda d: mm.lmer("Reaction ~ Days + I(2 * Days) + (1 | Subject)", d),
    "a coded number": lambda d: mm.lmer("log(Reaction) ~ factor(Days) + (1 | Subject)", d, subset="Days < 4"),
    "a dictionary": lambda d: mm.lmer("Reaction ~ Days + (0 + Days | Subject)", {k: np.asarray(d[k]) for k in d}),
    "singular": lambda d: mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2")),
    "nested": lambda d: mm.lmer("strength ~ 1 + (1 | batch / cask)", mm.datasets.load("Pastes", as_="pyarrow")),
    "Gamma": lambda d: mm.glmer("size ~ Days + (1 | Subject)", d, family="Gamma(log)"),
    "negative binomial": lambda d: mm.glmer_nb("count ~ Days + (1 | Subject)", d),
    "lm": lambda d: mm.lm("Reaction ~ Days + f", d, weights="w"),
    "glm": lambda d: mm.glm("count ~ Days + offset(off)", d, family="poisson"),
}
KINDS = (
    "residuals",
    "scale_location",
    "qq_residuals",
    "residuals_by_group",
    "groups",
    "shrinkage",
    "caterpillar",
    "qq_random_effects",
    "covariance_ellipses",
    "fixed_ellipses",
    "coefficients",
    "design_matrix",
    "factor_pattern",
)
OF_GROUPS = {"residuals_by_group", "groups", "shrinkage", "caterpillar", "qq_random_effects", "factor_pattern"}


@pytest.mark.parametrize("name", MODELS)
def test_pictures_of_every_class_of_models(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        fit = MODELS[name](sleep())
    refused: dict[str, str] = {}
    for kind in KINDS:
        options = {"levels": [fit.design.groups[0].levels.labels[0]]} if kind == "groups" and fit.design.groups else {}
        try:
            assert fit.plot(kind, **options).axes
            assert len(getattr(plot, f"{kind}_table")(fit)) > 0
        except mm.DataError as error:
            refused[kind] = str(error)
    known = ("has none", "has no groups", "two ", "no coefficient but")
    assert [said for said in refused.values() if not any(words in said for words in known)] == []
    mixed = bool(fit.design.groups)
    assert OF_GROUPS.isdisjoint(refused) if mixed else set(refused) >= OF_GROUPS
    assert {"residuals", "qq_residuals", "design_matrix"}.isdisjoint(refused)


def test_excluded_rows_are_not_drawn() -> None:
    fit = MODELS["excluded rows"](sleep())
    table = plot.residuals_table(fit, smooth=False)
    assert len(table) == fit.nobs == 180 - fit.n_dropped
    assert (plot.groups_table(fit)["part"] == "data").sum() == fit.nobs
    assert np.array_equal(table["residual"], np.asarray(fit.residuals("pearson"))[np.isfinite(fit.residuals())])
