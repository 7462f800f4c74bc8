"""Crossed factors too large to factorise: what is estimated is said, what is out of reach is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm
from mixedmodels.model.lmer import MixedModel

FORMULA = "Reaction ~ Days + (Days | Subject)"


def with_error(fit: mm.MixedModel, error: float) -> mm.MixedModel:
    return MixedModel(replace(fit._fit, criterion_error=error), fit.design, fit._source, fit._request)


@pytest.mark.parametrize("reml", [True, False])
def test_an_exact_criterion_has_no_error_and_no_line(reml: bool) -> None:
    fit = mm.lmer(FORMULA, tables()["sleep"], REML=reml)
    assert fit.engine.criterion_error == 0.0
    assert fit.engine.describe()["criterion_error"] == 0.0
    for text in (str(fit.summary()), repr(fit), fit.summary()._repr_html_(), str(fit.engine)):
        assert "estimated" not in text


@pytest.mark.parametrize("reml", [True, False])
def test_an_estimated_criterion_adds_one_line_after_the_criterion(reml: bool) -> None:
    exact = mm.lmer(FORMULA, tables()["sleep"], REML=reml)
    estimated = with_error(exact, 0.0123)
    line = "(criterion estimated, standard error 0.012; see fit.engine)"
    for before, after in ((str(exact.summary()), str(estimated.summary())), (repr(exact), repr(estimated))):
        lines = after.split("\n")
        at = lines.index(line)
        # Above it stands the one line, or AIC, BIC, ... and under them their numbers.
        assert ("REML criterion at convergence" if reml else "AIC") in lines[at - (1 if reml else 2)]
        assert [*lines[:at], *lines[at + 1 :]] == before.split("\n")
    assert line in estimated.summary()._repr_html_()


def test_the_error_survives_a_file(tmp_path: Path) -> None:
    estimated = with_error(mm.lmer(FORMULA, tables()["sleep"]), 0.0123)
    estimated.save(tmp_path / "fit.json")
    loaded: Any = mm.load(tmp_path / "fit.json")
    assert loaded.engine.criterion_error == 0.0123
    assert str(loaded.summary()) == str(estimated.summary())


def workers_in_firms(workers: int, firms: int) -> dict[str, Any]:
    """Each worker in one to three firms at random, two rows each: nothing stays sparse."""
    rng = np.random.default_rng(0)
    moves = rng.integers(1, 4, workers)
    w = np.repeat(np.repeat(np.arange(workers), moves), 2)
    f = np.repeat(rng.integers(0, firms, moves.sum()), 2)
    x = rng.normal(size=len(w))
    y = 1 + 0.5 * x + rng.normal(size=workers)[w] + 0.7 * rng.normal(size=firms)[f] + rng.normal(size=len(w))
    return {"y": y, "x": x, "w": w, "f": f}


@pytest.mark.slow
def test_a_design_out_of_reach_is_estimated_and_says_so() -> None:
    fit = mm.lmer("y ~ x + (1 | w) + (1 | f)", workers_in_firms(300_000, 50_000))
    error = fit.engine.criterion_error
    assert 0 < error < 0.05
    assert fit.converged
    # Bounds are some six standard errors of these estimates.
    np.testing.assert_allclose(np.asarray(fit.fixef()), [1, 0.5], atol=0.025)
    assert fit.sigma == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(fit.theta, [1, 0.7], atol=0.03)

    described = fit.engine.describe()
    assert (described["path"], described["criterion_error"]) == ("estimated", error)
    lines = str(described).splitlines()
    assert "would need too many operations" in lines[0]
    assert lines[1].endswith("pairs of levels that meet")
    assert lines[2].startswith(
        f"criterion: estimated with standard error {error:.2g}; estimates of fixed effects given"
    )
    assert f"(criterion estimated, standard error {error:.2g}; see fit.engine)" in str(fit.summary()).split("\n")

    for ask in (lambda: fit.ranef(cond_var=True), lambda: fit.tidy("ran_vals")):
        with pytest.raises(mm.FitError, match=r"out of reach .* ranef\(\) without cond_var"):
            ask()
    assert len(fit.ranef()["f"]) == fit.ngroups["f"]
