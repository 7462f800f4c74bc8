"""A linear mixed model knows its way to degrees of freedom, and keeps it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
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
    fit.save(tmp_path / "rows.json", rows=True)
    again += [mm.load(tmp_path / "rows.json"), mm.load(tmp_path / "rows.json").update(". ~ .")]
    assert [model.ddf for model in again] == ["Kenward-Roger"] * 6


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


@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger"])
def test_a_file_keeps_the_tests(ddf: str, tmp_path: Path) -> None:
    formula = "angle ~ recipe * poly(temp, 2) + (1 | recipe:replicate)"
    fit = mm.lmer(formula, mm.datasets.load("cake"), ddf=ddf)
    fit.save(tmp_path / "fit.json")
    once = mm.load(tmp_path / "fit.json")
    once.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "fit.json").read_text()
    for model in (once, mm.load(tmp_path / "again.json")):
        ours, theirs = fit._coefficients(), model._coefficients()
        assert theirs.method == ddf
        np.testing.assert_allclose(theirs.t_tests().df, ours.t_tests().df, rtol=1e-12)
        np.testing.assert_allclose(theirs.t_tests().std_error, ours.t_tests().std_error, rtol=1e-12)
        assert theirs.f_test(np.eye(9)[3:]).den_df == pytest.approx(ours.f_test(np.eye(9)[3:]).den_df, rel=1e-12)


def test_the_normal_distribution_stands_in_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = mm.lmer(FORMULA, SLEEP)
    monkeypatch.setattr(type(fit._engine), "describe", lambda self: {"path": "estimated"})
    own = fit._coefficients()
    assert own.method == "normal"
    assert own.remarks[0].startswith(
        "The normal distribution is used in place of Satterthwaite's method: degrees of freedom"
    )
    with pytest.raises(mm.FitError, match="use ddf='normal'"):
        fit._coefficients("Satterthwaite")
    monkeypatch.undo()
    fit.save(tmp_path / "fit.json")
    by_another_way = mm.load(tmp_path / "fit.json").update(ddf="Kenward-Roger")._coefficients()
    assert "is used in place of Kenward-Roger's method" in by_another_way.footer[1]
    nothing = mm.lmer("Reaction ~ 0 + (1 | Subject)", SLEEP)._coefficients()
    assert (nothing.method, nothing.names, nothing.remarks) == ("normal", (), ())
