"""Fits that end on a boundary, too early, nowhere, or without some columns: the warnings, and what the summary says."""

from __future__ import annotations

import io
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

HERDS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


def quiet(*arguments: Any, **options: Any) -> tuple[Any, list[Any]]:
    """A fit, and the warnings that came with it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mm.glmer(*arguments, **options)
    return fit, caught


@pytest.fixture(scope="module")
def alike() -> pd.DataFrame:
    """Groups with the same numbers of counts: less variation between them than chance would bring."""
    return pd.DataFrame({"g": np.repeat(list("abcdef"), 5), "y": np.tile([2, 3, 5, 4, 6], 6)})


def test_a_variance_of_zero(alike: pd.DataFrame, tmp_path: Path) -> None:
    fit, (warning,) = quiet("y ~ 1 + (1 | g)", alike, "poisson")
    assert warning.category is mm.SingularFitWarning
    assert "in (1 | g) the variance of (Intercept) is 0" in str(warning.message)
    assert warning.filename == __file__
    assert fit.is_singular
    assert fit.converged
    assert fit.theta[0] == 0
    mean = alike["y"].mean()
    assert fit.params.iloc[0] == pytest.approx(np.log(mean))
    assert fit.bse.iloc[0] == pytest.approx((mean * len(alike)) ** -0.5)  # as of a glm
    assert "boundary (singular) fit: see fit.singularity()" in str(fit.summary())
    fit.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    assert str(loaded.summary()) == str(fit.summary())
    assert loaded.vcov(full=True).equals(fit.vcov(full=True))


def test_too_few_evaluations() -> None:
    fit, (warning,) = quiet(HERDS, mm.datasets.load("cbpp"), "binomial", control={"max_evaluations": 2})
    assert warning.category is mm.ConvergenceWarning
    assert "after 2 evaluations (max_evaluations" in str(warning.message)
    assert not fit.converged
    assert "convergence code: 1" in str(fit.summary())


def test_columns_that_say_the_same() -> None:
    data = mm.datasets.load("cbpp").assign(twice=lambda d: 2.0 * (d["period"] == "2"))
    fit, (warning,) = quiet(HERDS.replace("(1", "twice + (1"), data, "binomial")
    assert warning.category is mm.RankDeficientWarning
    assert "'twice'" in str(warning.message)
    assert "rank deficient so dropping 1 column" in str(fit.summary())
    assert fit.loglik == pytest.approx(mm.glmer(HERDS, data, "binomial").loglik, abs=1e-9)
    assert list(fit.fixef()) == ["(Intercept)", "period2", "period3", "period4"]


def test_coefficients_without_an_estimate(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    kind = np.tile(["a", "b", "c"], 40)
    group = np.repeat(np.arange(12), 10)
    chance = 1 / (1 + np.exp(-rng.normal(size=12)[group]))
    data = pd.DataFrame({"kind": kind, "group": group, "yes": np.where(kind == "b", 1, rng.random(120) < chance)})
    fit, caught = quiet("yes ~ kind + (1 | group)", data, "binomial")
    (said,) = [str(w.message) for w in caught if w.category is mm.SeparationWarning]
    assert "kindb (+Inf)" in said
    assert "Where kind = 'b', 'yes' is 1 in all 40 rows" in said
    assert "Use penalty='soft' for finite estimates, or merge such a level with another, or drop 'kind'." in said
    flowing = " ".join(str(fit.summary()).split())
    assert said in flowing
    assert "quasi-complete separation" in fit._repr_html_()
    fit.save(tmp_path / "fit.json")
    assert str(mm.load(tmp_path / "fit.json").summary()) == str(fit.summary())


def test_as_many_effects_as_rows() -> None:
    ticks = mm.datasets.load("grouseticks")
    fit, caught = quiet("TICKS ~ cHEIGHT + (1 | INDEX)", ticks, "poisson")
    assert not caught
    assert fit.ngroups == {"INDEX": 403}
    with pytest.raises(mm.DesignError, match="806 random effects for 403 observations"):
        mm.glmer("TICKS ~ 1 + (cHEIGHT | INDEX)", ticks, "poisson")
    with pytest.raises(mm.DesignError, match="cannot be distinguished from the residual"):
        mm.glmer("TICKS + 1 ~ 1 + (1 | INDEX)", ticks, "Gamma(log)")


def test_quadrature_over_two_effects() -> None:
    sites = mm.datasets.load("sites")
    at = {n: mm.glmer("y2 ~ x + (x | site)", sites, "poisson", nAGQ=n).loglik for n in (1, 7, 15)}
    assert at[7] == pytest.approx(at[15], abs=1e-3)
    assert at[15] - at[1] == pytest.approx(0.083, abs=2e-3)


def test_progress_and_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(io.StringIO):
        def write(self, text: str) -> int:
            if "evaluation 2" in text:
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    monkeypatch.setattr("sys.stderr", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        mm.glmer(HERDS, mm.datasets.load("cbpp"), "binomial", verbose=1)
    assert mm.glmer(HERDS, mm.datasets.load("cbpp"), "binomial").converged
