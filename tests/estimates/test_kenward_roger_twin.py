"""Kenward and Roger by components beside the dense twin, which follows the paper."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from tests.support.ddf_reference import fitted
from tests.support.dense_kenward_roger import DenseKenwardRoger

import mixedmodels as mm
from mixedmodels.estimates import kenward_roger, level_components

SMALL = ["oats", "machines_unbalanced", "machines", "pastes", "plots_covariate", "plots_three_way", "plots_empty_cell",
         "herds_weighted", "plots_interaction_alone"]  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_the_same_as_straight_from_the_paper(name: str) -> None:
    model = fitted("ddf", name)
    fast, slow = model._coefficients("KR"), DenseKenwardRoger(model)
    assert np.abs(fast.vcov - slow.vcov).max() < 1e-8 * np.abs(slow.vcov).max()
    c = np.eye(len(fast.beta))
    for rows in (c, c[:1], c[1:3] if len(c) > 2 else c):
        ours, theirs = fast.f_test(rows), slow.f_test(rows)
        found = (ours.f_value, ours.den_df, ours.scale, ours.p_value)
        wanted = tuple(theirs[key] for key in ("f_value", "den_df", "scale", "p_value"))
        assert found == pytest.approx(wanted, rel=1e-6)


# pbkrtest 0.5.2 for lmer(incidence/size ~ period + (1 | herd), cbpp, weights = k * size) against period left out:
# k -> F, denominator degrees of freedom, p.
PBKRTEST = {
    0.1: (5.511609529, 79.090099058, 0.001726764),
    1: (5.6210930, 8365.3411, 7.5972472e-04),
    10: (5.6539903, 843593.80, 7.1963929e-04),
}


def test_the_unit_of_weights_is_no_evidence() -> None:
    """The models are one and the same, with another sigma: so are our tests. pbkrtest's degrees of freedom are not."""
    herds = mm.datasets.load("cbpp")
    rows = np.eye(4)[1:]
    for k, theirs in PBKRTEST.items():
        model = mm.lmer("incidence/size ~ period + (1 | herd)", herds, weights=k * herds["size"])
        ours = model.KRmodcomp(". ~ . - period")
        dense = DenseKenwardRoger(model)
        assert (ours.statistic, ours.den_df) == pytest.approx((5.556527, 40.621946), rel=1e-6)
        assert ours.den_df == pytest.approx(dense.f_test(rows)["den_df"], rel=1e-6)
        as_pbkrtest = DenseKenwardRoger(model, identity=True).f_test(rows)
        found = tuple(as_pbkrtest[key] for key in ("f_value", "den_df", "p_value"))
        assert found == pytest.approx(theirs, rel=1e-4)


def components(name: str) -> level_components.Layout:
    return level_components.layout(fitted("ddf", name).design)


def test_components() -> None:
    assert components("sleepstudy").largest == 2
    assert components("oats").largest == 4  # a block and its three plots
    assert len(components("oats").starts) == 6 + 1
    assert components("penicillin").largest == 30  # crossed: all in one
    assert components("nested_three").largest < 60
    assert components("nested_three").counts.sum(axis=0).tolist() == list(
        fitted("ddf", "nested_three").ngroups.values()
    )


def test_too_many_crossed_levels_are_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    model = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    monkeypatch.setattr(kenward_roger, "LARGEST", 29)
    with pytest.raises(mm.FitError, match=r"dense 30 x 30 matrix.*limit is 29; use ddf='Satterthwaite'"):
        model.summary(ddf="Kenward-Roger")
    assert model._coefficients("Satterthwaite").df(np.eye(1)) > 0


@pytest.mark.slow
def test_twenty_thousand_crossed_rows_take_seconds() -> None:
    rng = np.random.default_rng(1)
    n = 20_000
    s, d, x = rng.integers(0, 500, n), rng.integers(0, 300, n), rng.normal(size=n)
    y = 0.3 * rng.normal(size=500)[s] + 0.5 * rng.normal(size=300)[d] + 0.1 * x + rng.normal(size=n)
    model = mm.lmer("y ~ x + (1 | s) + (1 | d)", pd.DataFrame({"y": y, "x": x, "s": s, "d": d}))
    began = time.perf_counter()
    df = model._coefficients("KR").df(np.eye(2))
    assert time.perf_counter() - began < 30
    assert 300 < df[0] < 800
    assert df[1] == pytest.approx(model._coefficients().df(np.eye(2))[1], rel=1e-3)
