"""Mixtures at the boundary: weights known in closed form, projections and information against slow twins."""

from __future__ import annotations

import warnings
from math import pi, sqrt

import numpy as np
import pytest
from scipy import optimize, stats

import mixedmodels as mm
from mixedmodels.estimates.variance_information import Direction, information, profiled
from mixedmodels.inference.comparison.boundary import Mixture
from mixedmodels.inference.comparison.chi_bar_squared import mixture
from mixedmodels.inference.comparison.cone import draws


def of(sizes: tuple[int, ...], matrix: np.ndarray, free: int = 0) -> Mixture:
    return Mixture(free=free, sizes=sizes, information=lambda: matrix)


def some_information(m: int, seed: int) -> np.ndarray:
    a = np.random.default_rng(seed).standard_normal((m, m + 2))
    return np.asarray(a @ a.T)


def test_one_variance_is_half_and_half() -> None:
    one = of((1,), np.eye(1))
    assert one.p_value(2.7055434540954146) == pytest.approx(0.05)
    assert one.p_value(0.0) == 1
    assert str(one) == "0.5 chi2(0) + 0.5 chi2(1)"
    beside = Mixture(free=2, sizes=(1,), information=lambda: np.eye(1))
    assert beside.p_value(5.0) == pytest.approx(0.5 * stats.chi2.sf(5, 2) + 0.5 * stats.chi2.sf(5, 3))


def test_two_variances_by_their_angle() -> None:
    """The quadrant in the metric of the information has the angle whose cosine is minus the estimates' correlation."""
    for r in (-0.6, 0.0, 0.4):
        both = of((1, 1), np.linalg.inv([[1, r], [r, 1]]))
        angle = np.arccos(-r)
        assert both.weights == pytest.approx([(pi - angle) / (2 * pi), 0.5, angle / (2 * pi)])


def test_three_variances_without_correlation_are_binomial() -> None:
    three = of((1, 1, 1), np.diag([3.0, 1.0, 0.2]))
    assert three.weights == pytest.approx(np.array([1, 3, 3, 1]) / 8, abs=4.5 * 0.5 / sqrt(three.draws))


def test_two_by_two_covariances_in_the_plain_metric() -> None:
    """The chance that a symmetric Gaussian 2 x 2 matrix is positive definite is (2 - sqrt 2) / 4."""
    cone = of((2,), np.diag([1.0, 2.0, 1.0]))
    ends, middle = (2 - sqrt(2)) / 4, sqrt(2) / 4
    assert cone.weights == pytest.approx([ends, middle, middle, ends], abs=4.5 * 0.5 / sqrt(cone.draws))
    assert "weights from 20000 draws" in str(cone)


@pytest.mark.parametrize("seed", [1, 2])
def test_weights_are_those_of_the_simulated_lengths(seed: int) -> None:
    matrix = some_information(3, seed) * np.outer([1, 30, 900], [1, 30, 900])
    cone = of((2,), matrix)
    lengths = draws(matrix, (2,), 5_000, np.random.default_rng(99)).squared_lengths()
    for at in (0.5, 2.0, 5.0):
        assert np.mean(lengths > at) == pytest.approx(cone.p_value(at), abs=4.5 * 0.5 / sqrt(5000))


def test_projections_on_the_orthant_are_least_squares_without_negative_coefficients() -> None:
    matrix = some_information(3, 5)
    found = draws(matrix, (1, 1, 1), 30, np.random.default_rng(3)).squared_lengths()
    scale = np.sqrt(np.diag(matrix))
    metric = matrix / np.outer(scale, scale)
    z = np.random.default_rng(3).standard_normal((30, 3)) @ np.linalg.cholesky(np.linalg.inv(metric)).T
    upper = np.linalg.cholesky(metric).T
    slow = [np.sum((upper @ optimize.nnls(upper, upper @ row)[0]) ** 2) for row in z]
    assert found == pytest.approx(slow, abs=1e-7)


def test_projections_on_matrices_are_the_nearest_products_of_factors() -> None:
    """The slow twin searches over L with S = L L'."""
    matrix = np.diag([1.0, 1.0, 1.0]) + 0.3
    found = draws(matrix, (2,), 12, np.random.default_rng(3)).squared_lengths()
    z = np.random.default_rng(3).standard_normal((12, 3)) @ np.linalg.cholesky(np.linalg.inv(_scaled(matrix))).T

    def away(l: np.ndarray, row: np.ndarray) -> float:  # noqa: E741
        s = np.array([l[0] ** 2, sqrt(2) * l[0] * l[1], l[1] ** 2 + l[2] ** 2]) - row
        return float(s @ _scaled(matrix) @ s)

    for row, length in zip(z, found, strict=True):
        nearest = min(
            optimize.minimize(away, start, args=(row,), tol=1e-12).fun
            for start in ([1, 0, 1], [1, 1, 0.1], [0.1, -1, 1])
        )
        assert length == pytest.approx(float(row @ _scaled(matrix) @ row) - nearest, abs=1e-5)


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """In coordinates of Frobenius's norm, every variance with information 1."""
    root = np.array([1.0, 1 / sqrt(2), 1.0])
    own = np.diag(matrix)[[0, 2]] ** -0.25
    scale = np.array([own[0] ** 2, own[0] * own[1], own[1] ** 2])
    return matrix * np.outer(root * scale, root * scale)


@pytest.mark.parametrize("restricted", [True, False])
def test_information_is_the_sum_over_n_by_n_matrices(restricted: bool) -> None:
    data = (
        mm.datasets.load("sleepstudy")
        .iloc[3:90]
        .assign(w=lambda d: 1.0 + d.Days / 5, h=lambda d: (d.Days % 3).astype(str))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        fit = mm.lmer("Reaction ~ Days + (Days | Subject) + (1 | h)", data, weights="w")
    values, residual = [np.array([[300.0, 10.0], [10.0, 40.0]]), np.array([[25.0]])], 600.0
    off = np.array([[0.0, 1.0], [1.0, 0.0]])
    ways = [Direction(0, None), Direction(0, np.diag([1.0, 0])), Direction(0, off), Direction(1, np.eye(1))]
    ours = information(fit.design, fit._fit.kept, values, residual, ways, restricted)
    z, x = fit.model_matrix("Z").toarray(), fit.model_matrix("X").to_numpy()
    levels = [g.n_levels for g in fit.design.groups]

    def whole(one: np.ndarray | None, two: np.ndarray | None) -> np.ndarray:
        parts = [
            np.kron(np.eye(n), np.zeros((k, k)) if m is None else m)
            for n, k, m in zip(levels, (2, 1), (one, two), strict=True)
        ]
        g = np.zeros((z.shape[1],) * 2)
        g[: len(parts[0]), : len(parts[0])] = parts[0]
        g[len(parts[0]) :, len(parts[0]) :] = parts[1]
        return np.asarray(z @ g @ z.T)

    errors = np.diag(1 / data["w"].to_numpy())
    p = np.linalg.inv(whole(values[0], values[1]) + residual * errors)
    if restricted:
        p = p - p @ x @ np.linalg.solve(x.T @ p @ x, x.T @ p)
    changes = [errors, whole(ways[1].matrix, None), whole(off, None), whole(None, np.eye(1))]
    slow = [[np.trace(p @ a @ p @ b) / 2 for b in changes] for a in changes]
    assert ours == pytest.approx(np.array(slow), rel=1e-8)
    wanted = np.array([False, True, False, True])
    inverse = np.linalg.inv(np.linalg.inv(np.array(slow))[np.ix_(wanted, wanted)])
    assert profiled(ours, wanted) == pytest.approx(inverse, rel=1e-8)


PAIRS = {
    ("1", "(1 | Subject)"): "0.5 chi2(0) + 0.5 chi2(1)",
    ("(1 | Subject)", "(Days | Subject)"): "0.5 chi2(1) + 0.5 chi2(2)",
    ("(1 | Subject)", "Days + (1 | Subject)"): "chi2(1)",
    ("(1 | Subject)", "Days + (Days | Subject)"): "0.5 chi2(2) + 0.5 chi2(3)",
    ("(Days || Subject)", "(Days | Subject)"): "chi2(1)",
    ("(1 | Subject)", "(Days || Subject)"): "0.5 chi2(0) + 0.5 chi2(1)",
    ("(0 + Days | Subject)", "(Days | Subject)"): "0.5 chi2(1) + 0.5 chi2(2)",
    ("(1 | Subject)", "(1 | Subject) + (1 | h)"): "0.5 chi2(0) + 0.5 chi2(1)",
}


def test_the_mixture_is_read_off_the_two_models() -> None:
    data = mm.datasets.load("sleepstudy").assign(h=lambda d: (d.Days % 3).astype(str))

    def fitted(right: str) -> tuple[object, object]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
            fit = (mm.lmer if "|" in right else mm.lm)(f"Reaction ~ {right}", data)
        return fit.design, fit._fit

    for (small, large), expected in PAIRS.items():
        assert str(mixture(fitted(small), fitted(large))) == expected, (small, large)
    assert mixture(fitted("1"), fitted("(Days || Subject)")).sizes == (1, 1)
    assert mixture(fitted("1"), fitted("(Days | Subject)")).sizes == (2,)
    for small, large in (("(1 | h)", "(1 | Subject)"), ("Days + (1 | h)", "(1 | h) + (Days | Subject)")):
        with pytest.raises(mm.DataError, match="does not lie within"):
            mixture(fitted(small), fitted(large))
