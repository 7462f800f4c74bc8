"""A linear mixed model knows its way to degrees of freedom, and keeps it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import mixedmodels as mm
from mixedmodels.model import MixedModel

SLEEP = mm.datasets.load("sleepstudy")
FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def by_kenward_roger() -> MixedModel:
    return mm.lmer(FORMULA, SLEEP, ddf="KR")


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("satterthwaite", "Satterthwaite"), ("kr", "Kenward-Roger"), ("z", "normal"), ("lme4", "normal")],
)
def test_spellings_have_one_name(spelling: str, name: str) -> None:
    assert mm.lmer(FORMULA, SLEEP, ddf=spelling).ddf == name


def test_it_is_kept(by_kenward_roger: MixedModel, tmp_path: Path) -> None:
    fit = by_kenward_roger
    fit.save(tmp_path / "fit.json")
    again = [
        fit.update(". ~ . - Days"),
        fit.refit(2 * SLEEP["Reaction"]),
        pickle.loads(pickle.dumps(fit)),
        mm.load(tmp_path / "fit.json"),
    ]
    assert [model.ddf for model in again] == ["Kenward-Roger"] * 4


def test_another_one_needs_no_other_fit(by_kenward_roger: MixedModel, tmp_path: Path) -> None:
    normal = by_kenward_roger.update(ddf="normal")
    assert normal.update(ddf="Satterthwaite").ddf == "Satterthwaite"
    assert normal._fit is by_kenward_roger._fit
    assert (normal.ddf, by_kenward_roger.ddf) == ("normal", "Kenward-Roger")
    by_kenward_roger.save(tmp_path / "fit.json")
    assert mm.load(tmp_path / "fit.json").update(ddf="z").ddf == "normal"


def test_other_classes_have_no_choice() -> None:
    linear = mm.lm("Reaction ~ Days", SLEEP)
    gamma = mm.glm("Reaction ~ Days", SLEEP, "Gamma")
    counts = mm.glmer("incidence ~ 1 + (1 | herd)", mm.datasets.load("cbpp"), "poisson")
    assert (linear.ddf, gamma.ddf, counts.ddf) == ("residual", "residual", "normal")
    for model in (linear, gamma, counts):
        with pytest.raises(mm.DataError, match=f"of {model._fit.function}, whose ddf is {model.ddf!r}"):
            model.update(ddf="normal")


def test_refusals(by_kenward_roger: MixedModel) -> None:
    with pytest.raises(mm.DataError, match="ddf is 'between'; give 'Satterthwaite', 'Kenward-Roger' or 'normal'"):
        mm.lmer(FORMULA, SLEEP, ddf="between")
    with pytest.raises(mm.DataError, match="ddf is 17"):
        by_kenward_roger.update(ddf=17)
    for ask in (
        lambda: mm.lmer(FORMULA, SLEEP, REML=False, ddf="KR"),
        lambda: by_kenward_roger.update(REML=False),
        lambda: mm.lmer(FORMULA, SLEEP, REML=False).update(ddf="KR"),
    ):
        with pytest.raises(mm.DataError, match="is a method for REML"):
            ask()
    assert by_kenward_roger.update(REML=False, ddf="normal").ddf == "normal"
