"""Bands of sorted values hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from mixedmodels.diagnose.checks.normal_band import local_level, normal_band, stays_between


def test_sorted_uniforms_between_bounds() -> None:
    """One value between a and b, and two by the area of their triangle."""
    assert stays_between(np.array([0.2]), np.array([0.7])) == pytest.approx(0.5, rel=1e-12)
    low, high = np.array([0.1, 0.4]), np.array([0.6, 0.9])
    u = np.sort(np.random.default_rng(1).uniform(size=(400_000, 2)), axis=1)
    share = float(((u >= low) & (u <= high)).all(axis=1).mean())
    assert stays_between(low, high) == pytest.approx(share, abs=0.003)  # 4 standard errors of the draws


@pytest.mark.parametrize(("n", "level"), [(30, 0.95), (400, 0.9)])
def test_the_band_holds_whole_samples(n: int, level: float) -> None:
    low, high = normal_band(n, "simultaneous", level)
    z = np.sort(np.random.default_rng(n).normal(size=(4000, n)), axis=1)
    share = float(((z >= low) & (z <= high)).all(axis=1).mean())
    assert share == pytest.approx(level, abs=0.02)  # 4 standard errors; beyond 200 the level is asymptotic


def test_levels_of_the_band() -> None:
    assert local_level(1, 0.95) == pytest.approx(0.05)
    assert local_level(201, 0.95) == pytest.approx(local_level(200, 0.95), rel=0.01)
    low, high = normal_band(20, "pointwise", 0.95)
    wide_low, wide_high = normal_band(20, "simultaneous", 0.95)
    assert (wide_low < low).all()
    assert (wide_high > high).all()
