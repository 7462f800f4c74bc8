"""Log-density of new responses whose linear predictor is known up to a normal error.

    log p(y) = log of the integral of p(y | eta) N(eta; m, v) d eta

In closed form for a normal response. Else by Gauss and Hermite's rule around the mode of the integrand, scaled by its
curvature there (Liu and Pierce, 1994), which is exact where the integrand is normal.

References
----------
Liu and Pierce (1994), A note on Gauss-Hermite quadrature, Biometrika 81, 624-629.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector

if TYPE_CHECKING:
    from mixedmodels.families import Family

NODES = 41
STEPS = 60  # of Newton's method, halved where they do not climb
STEP = 1e-4  # of differences in eta, in standard deviations of its error where these are below 1
SETTLED = 1e-10
CHUNK = 500_000  # numbers of a temporary array


def normal_log_density(y: Vector, mean: Vector, variance: Vector) -> Vector:
    """Of normal responses; shape (n,)."""
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + (y - mean) ** 2 / variance))


def log_density(family: Family, y: Vector, weights: Vector | None, psi: Any, mean: Vector, variance: Vector) -> Vector:
    """Of responses of a family, shape (n,).

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Responses as the family sees them, and their weights (of a binomial response trials).
    psi : sequence of float
        Logarithms of the free shapes.
    mean, variance : ndarray, shape (n,)
        Of the linear predictor.
    """
    w = np.ones(len(y)) if weights is None else weights
    out = np.empty(len(y))
    size = max(CHUNK // NODES, 1)
    for start in range(0, len(y), size):
        rows = slice(start, start + size)
        out[rows] = _of_rows(_Density(family, y[rows], w[rows], psi), mean[rows], variance[rows])
    return out


Joint = Callable[[Vector], Vector]  # the log-density of responses, as many as rows of its argument


class _Density:
    """The log-density of some responses as a function of their linear predictors."""

    def __init__(self, family: Family, y: Vector, weights: Vector, psi: Any) -> None:
        self.family, self.y, self.weights, self.psi = family, y, weights, psi

    def __call__(self, eta: Vector) -> Vector:
        shape = np.shape(eta)
        y, w = (np.broadcast_to(v if eta.ndim == 1 else v[:, None], shape).ravel() for v in (self.y, self.weights))
        value = self.family.log_density(y, w, np.ascontiguousarray(eta).ravel(), self.psi)
        value = np.where(np.isnan(value), -np.inf, value)  # outside the domain of the link
        return np.asarray(value).reshape(shape)


def integrated(density: Joint, mean: Vector, variance: Vector) -> Vector:
    """The logarithm of the integral of a density over its linear predictor, normal with these means and variances."""
    return _of_rows(density, mean, variance)


def _of_rows(density: Joint, mean: Vector, variance: Vector) -> Vector:
    sd = np.sqrt(variance)
    sure = ~(sd > 1e-8)
    if sure.all():
        return density(mean)
    s = np.where(sure, 1e-8, sd)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        mode, curvature = _mode(density, mean, s)
        points, point_weights = np.polynomial.hermite_e.hermegauss(NODES)
        scale = np.where(curvature > 0, 1 / np.sqrt(np.maximum(curvature, 1e-300)), s)
        eta = mode[:, None] + scale[:, None] * points
        joint = density(eta) - 0.5 * ((eta - mean[:, None]) / s[:, None]) ** 2 + 0.5 * points**2
        top = joint.max(axis=1)
        total = np.exp(joint - np.where(np.isfinite(top), top, 0.0)[:, None]) @ point_weights
        integral = top + np.log(total) + np.log(scale / s) - 0.5 * np.log(2 * np.pi)
    return np.where(sure, density(mean), integral)


def _mode(density: Joint, mean: Vector, sd: Vector) -> tuple[Vector, Vector]:
    """Where the integrand is largest, and minus its second derivative there; shape (n,) each."""

    def value(eta: Vector) -> Vector:
        return np.asarray(density(eta) - 0.5 * ((eta - mean) / sd) ** 2)

    h = STEP * np.minimum(sd, 1.0)

    def slopes(eta: Vector) -> tuple[Vector, Vector]:
        up, here, down = density(eta + h), density(eta), density(eta - h)
        gradient = (up - down) / (2 * h) - (eta - mean) / sd**2
        curvature = 1 / sd**2 - np.minimum((up - 2 * here + down) / h**2, 0.0)
        return np.nan_to_num(gradient), np.nan_to_num(curvature, nan=0.0, posinf=0.0)

    eta, at = mean.copy(), value(mean)
    for _ in range(STEPS):
        gradient, curvature = slopes(eta)
        step = gradient / np.where(curvature > 0, curvature, 1 / sd**2)
        for _ in range(30):
            new = value(eta + step)
            worse = ~(new >= at) & (step != 0)
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
        step = np.where(value(eta + step) >= at, step, 0.0)
        eta = eta + step
        at = value(eta)
        if bool((np.abs(step) <= SETTLED * sd).all()):
            break
    return eta, slopes(eta)[1]
