"""Smooth lines, against what they are by definition."""

from __future__ import annotations

import numpy as np

from mixedmodels.diagnose.checks.loess import lowess, smooth


def test_a_line_stays_a_line() -> None:
    x = np.random.default_rng(1).uniform(0, 10, 300)
    at, line = lowess(x, 3 - 2 * x)
    assert np.allclose(line, 3 - 2 * at, atol=1e-9)
    assert at[0] == x.min()
    assert at[-1] == x.max()


def test_outliers_are_not_followed() -> None:
    rng = np.random.default_rng(2)
    x = np.linspace(0, 10, 200)
    y = np.sin(x) + rng.normal(0, 0.05, 200)
    y[::20] += 30
    at, line = lowess(x, y, share=0.2)
    # The bias of a local line over a fifth of the range, and the noise.
    assert np.max(np.abs(line - np.sin(at))[5:-5]) < 0.15


def brute_lowess(x: np.ndarray, y: np.ndarray, at: float, k: int) -> float:
    distance = np.abs(x - at)
    near = np.argsort(distance, kind="stable")[:k]
    reach = distance[near].max() * 1.0001
    w = (1 - (distance[near] / reach) ** 3) ** 3
    a = np.column_stack([np.ones(k), x[near] - at]) * np.sqrt(w)[:, None]
    return float(np.linalg.lstsq(a, y[near] * np.sqrt(w), rcond=None)[0][0])


def test_local_lines_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=90), rng.uniform(-1, 1, 90)
    at, line = lowess(x, y, share=0.3, robust=False)
    assert np.allclose(line, [brute_lowess(x, y, a, 27) for a in at], rtol=1e-9, atol=1e-12)


def test_too_few_different_values_have_no_line() -> None:
    at, line = lowess(np.array([0.0, 1.0, 2.0] * 5), np.arange(15.0))
    assert len(at) == len(line) == 0


def test_a_curve_through_few_places_has_the_means_there() -> None:
    x, y = np.array([0.0, 0, 1, 1, 2]), np.array([1.0, 3, 5, 7, 4])
    assert smooth(x, y).tolist() == [2, 2, 6, 6, 4]
    assert smooth(np.zeros(3), np.array([1.0, 2, 6])).tolist() == [3, 3, 3]
    line = np.linspace(0, 1, 50)
    assert np.allclose(smooth(line, 2 * line + 1), 2 * line + 1)  # local lines keep a line
