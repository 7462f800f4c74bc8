"""Test that quantiles of scaled residuals do not depend on a predictor.

If the model is true, z_i = [residual_i <= q] is 1 with probability q whatever the predictor x_i. (A residual is one of
m + 1 shares of m simulations. z_i is between 0 and 1 for the share that q divides, so that its mean is q.) Two tests
ask whether it is, for each quantile q, both as scores of quantile regression (Gutenbrunner, Jureckova, Koenker and
Portnoy 1993):

    level   the mean of z against q;
    shape   S = sum_j w_j U_j^2, U_j = sum_i f_j(x_i) (z_i - mean z) with the functions of `smooth_basis`, whose weights
            w_j = 1 / (1 + c curvature_j)^2 make wiggly ones count less; given the mean of z the U_j are uncorrelated
            with a known variance, and S is a weighted sum of chi-squared variables.

The p-values are combined as in DHARMa: the smaller of the two of a quantile after Benjamini and Hochberg, and the
smallest over the quantiles after the same. What differs is the regression: DHARMa fits and tests additive quantile
regressions by the R package qgam, which has no twin in Python; here nothing is fitted for the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.quadratic_form import upper_tail
from mixedmodels.diagnose.residuals.quantile_curves import Curve, quantile_curve
from mixedmodels.diagnose.residuals.smooth_basis import SmoothBasis, smooth_basis
from mixedmodels.errors import DataError
from mixedmodels.inference.multiplicity.p_adjust import adjust

FEWEST_ROWS = 10
SHAPES = 4.0  # functions that the weights amount to
MAX_POINTS = 200  # of a curve


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileDeviation:
    """Tests of k quantiles.

    Attributes
    ----------
    residuals, x : ndarray, shape (n,)
        Residuals that were tested, and the predictor, as ranks over the largest where asked for.
    outside : ndarray of bool, shape (n,)
        Whether the observation is outside all of its simulations.
    quantiles : ndarray, shape (k,)
        Probabilities of the quantiles.
    p_level, p_shape, p_value : ndarray, shape (k,)
        P-values of each quantile's two tests and of what combines them; p_shape is NaN where the predictor has one
        value.
    p_total : float
        P-value of all quantiles together.
    """

    residuals: Vector
    outside: NDArray[np.bool_]
    x: Vector
    quantiles: Vector
    p_level: Vector
    p_shape: Vector
    p_value: Vector
    p_total: float


def quantile_deviation(
    residuals: Vector, m: int, x: Vector, quantiles: Sequence[float], rank: bool = True, absolute: bool = False
) -> QuantileDeviation:
    """Tests of quantiles of residuals of m simulations, shape (n,), along a predictor, shape (n,).

    Parameters
    ----------
    absolute : bool, default False
        Whether to test 2 |residual - 1/2|, which is uniform too, and larger where responses spread more.

    Raises
    ------
    DataError
        If there are fewer than 10 rows, or a quantile is not between 0 and 1.
    """
    q = checked_quantiles(quantiles)
    if len(residuals) < FEWEST_ROWS:
        raise DataError(f"there are {len(residuals)} residuals; quantiles along a predictor need {FEWEST_ROWS}.")
    if rank:
        x = ranks(x)
    functions = smooth_basis(_unit(x))
    at_rows = functions(_unit(x))[:, 1:]
    weights = _weights(functions)
    tests = np.array([_tests(_below(residuals, m, quantile, absolute), quantile, at_rows, weights) for quantile in q])
    combined = np.array([np.nanmin(adjust(pair, "BH")) for pair in tests])
    total = float(adjust(combined, "BH").min())
    outside = (residuals == 0) | (residuals == 1)
    tested = 2 * np.abs(residuals - 0.5) if absolute else residuals
    return QuantileDeviation(
        residuals=tested,
        outside=outside,
        x=x,
        quantiles=q,
        p_level=tests[:, 0],
        p_shape=tests[:, 1],
        p_value=combined,
        p_total=total,
    )


def curves(deviation: QuantileDeviation) -> tuple[Curve, ...]:
    """An estimate of each quantile along the predictor, at its distinct values or at 200 points."""
    unit = _unit(deviation.x)
    functions = smooth_basis(unit)
    x = np.unique(deviation.x)
    if len(x) > MAX_POINTS:
        x = np.linspace(x[0], x[-1], MAX_POINTS)
    at_rows, at_points = functions(unit), functions(_unit(x))
    return tuple(
        quantile_curve(deviation.residuals, q, at_rows, functions.curvatures, x, at_points)
        for q in deviation.quantiles.tolist()
    )


def _unit(x: Vector) -> Vector:
    """The predictor on (0, 1), where curvatures are of the size of numbers; 0 where it has one value."""
    return np.asarray((x - x.min()) / (np.ptp(x) or 1.0))


def checked_quantiles(quantiles: Sequence[float]) -> Vector:
    """Quantiles as numbers.

    Raises
    ------
    DataError
        If they are none, or not between 0 and 1.
    """
    try:
        q = np.atleast_1d(np.asarray(quantiles, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(f"quantiles are {quantiles!r:.60}; give numbers between 0 and 1.") from error
    if q.ndim != 1 or not len(q) or not ((q > 0) & (q < 1)).all():
        raise DataError(f"quantiles are {quantiles!r:.60}; give numbers between 0 and 1.")
    return q


def ranks(x: Vector) -> Vector:
    """Ranks over the largest rank; equal values share the mean of theirs."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray((mean_ranks / mean_ranks[-1])[place])


def _weights(functions: SmoothBasis) -> Vector:
    """w_j of the functions but the constant, whose roots sum to `SHAPES` or to all where there are no more."""
    curvature = functions.curvatures[1:]
    if len(curvature) <= SHAPES:
        return np.ones(len(curvature))
    low, high = -40.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        if (1 / (1 + np.exp(middle) * curvature)).sum() > SHAPES:
            low = middle
        else:
            high = middle
    return np.asarray(1 / (1 + np.exp(low) * curvature) ** 2)


def _below(residuals: Vector, m: int, q: float, absolute: bool = False) -> Vector:
    """Part below q of each residual's share, k to k + 1 of m + 1; or of the share of its distance from the middle."""
    if absolute:
        return _below(residuals, m, (1 + q) / 2) - _below(residuals, m, (1 - q) / 2)
    return np.clip((m + 1) * q - m * residuals, 0.0, 1.0)


def _tests(below: Vector, q: float, functions: Matrix, weights: Vector) -> tuple[float, float]:
    """P-values of level and shape."""
    from scipy.special import chdtrc

    n, mean, variance = len(below), float(np.mean(below)), float(np.var(below, ddof=1))
    p_level = float(chdtrc(1, n * (mean - q) ** 2 / (q * (1 - q))))
    if not len(weights):  # one value of the predictor
        return p_level, float("nan")
    if variance == 0:  # no residual, or all, below: nothing that could depend on the predictor
        return p_level, 1.0
    u = functions.T @ (below - mean) / np.sqrt(n * variance)
    return p_level, upper_tail(weights, float(weights @ np.square(u)))
