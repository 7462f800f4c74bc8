"""Likelihood-ratio tests of variances, whose null value lies on the boundary of the parameter space.

Under the null hypothesis the statistic is distributed as the squared length of a normal vector projected on a cone, a
mixture of chi-squared distributions (chi-bar-squared). With r random effects more in a term that already has k, the
cone is that of the r x r positive semidefinite matrices (the conditional covariance of the new effects), beside k r
free covariances: for r = 1 half chi2_k and half chi2_{k+1}; for two variances in two terms the weights depend on the
angle between their directions in the metric of the information; for more, or for two effects at once, the weights come
from simulated projections, and otherwise the distribution itself does.

References
----------
Self and Liang (1987), Journal of the American Statistical Association 82, 605-610.
Stram and Lee (1994), Biometrics 50, 1171-1177; correction in Biometrics 51, 1196.
Shapiro (1988), International Statistical Review 56, 49-62.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import acos, pi

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FitError
from mixedmodels.inference.comparison.cone import NOT_IDENTIFIED, Draws, draws, is_positive

DRAWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """The null distribution of a likelihood-ratio statistic.

    Attributes
    ----------
    free : int
        Number of parameters that the larger model adds in the interior of their space.
    sizes : tuple of int
        Number of effects that each random term gains, whose variances are at the boundary.
    information : callable
        Function without arguments that gives the information matrix of those effects' covariances, with all other
        parameters profiled out; lower triangles column by column, one size after the other. Asked only where the
        weights depend on it.
    approximate : bool, default False
        Whether the smaller model lies on the boundary itself, for which the theory does not hold.
    draws : int, default 20000
        Number of draws of the simulation.
    seed : int, default 0
        Seed of the simulation.
    """

    free: int
    sizes: tuple[int, ...]
    information: Callable[[], Matrix]
    approximate: bool = False
    draws: int = DRAWS
    seed: int = 0

    @cached_property
    def weights(self) -> Vector | None:
        """Weights of chi2_free, chi2_{free+1}, ...; None where the distribution itself is simulated."""
        if self.sizes == ():
            return np.array([1.0])
        if self.sizes == (1,):
            return np.array([0.5, 0.5])
        if self.sizes == (1, 1):
            return _two_weights(self.information())
        if set(self.sizes) == {1}:
            positive = np.sum(self._drawn.projected() > 0, axis=1)
            return np.bincount(positive, minlength=len(self.sizes) + 1) / self.draws
        if self.sizes == (2,):
            # Of three dimensions: the weights of even and of odd ones add up to 1/2 each (Gauss and Bonnet).
            none, all_three = self._drawn.outside().mean(), self._drawn.inside().mean()
            return np.array([none, 0.5 - all_three, 0.5 - none, all_three])
        return None

    @property
    def simulated(self) -> bool:
        """Whether the weights, or the distribution, come from simulated projections."""
        return len(self.sizes) > 2 or max(self.sizes, default=1) > 1

    @cached_property
    def _drawn(self) -> Draws:
        return draws(self.information(), self.sizes, self.draws, np.random.default_rng(self.seed))

    @cached_property
    def _lengths(self) -> Vector:
        return self._drawn.squared_lengths()

    def p_value(self, statistic: float) -> float:
        """Probability of a larger statistic."""
        if self.weights is not None:
            return float(sum(w * _tail(statistic, self.free + i) for i, w in enumerate(self.weights)))
        from scipy.special import chdtrc

        lengths = self._lengths
        if self.free == 0:  # no probability below one draw can be told
            return float((1 + np.sum(lengths >= statistic)) / (1 + self.draws)) if statistic > 0 else 1.0
        return float(np.mean(chdtrc(self.free, np.maximum(statistic - lengths, 0.0))))

    def __str__(self) -> str:
        text = self._distribution()
        return f"{text}; approximately, as the smaller model is singular itself" if self.approximate else text

    def _distribution(self) -> str:
        if self.weights is None:
            gained = " and ".join(f"{r} x {r}" for r in self.sizes)
            extra = f"chi2({self.free}) plus " if self.free else ""
            return f"{extra}the projection on the cone of {gained} covariances ({self.draws} draws)"
        if len(self.weights) == 1:
            return f"chi2({self.free})"
        parts = " + ".join(f"{w:.3g} chi2({self.free + i})" for i, w in enumerate(self.weights))
        return f"{parts} (weights from {self.draws} draws)" if self.simulated else parts


def _tail(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    if df == 0:
        return 1.0 if statistic <= 0 else 0.0
    return float(chdtrc(df, max(statistic, 0.0)))


def _two_weights(information: Matrix) -> Vector:
    """Weights from the angle of a quadrant in the metric of the information (Self and Liang, case 7)."""
    if not is_positive(information):
        raise FitError(NOT_IDENTIFIED)
    covariance = np.linalg.inv(information)
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    inside = 0.5 - acos(float(np.clip(correlation, -1, 1))) / (2 * pi)
    return np.array([0.5 - inside, 0.5, inside])


def no_information() -> Matrix:
    """Raise for models whose information about the variances is not available."""
    raise FitError(
        "the null distribution of this comparison depends on the information about several variances, which is known "
        "for linear mixed models only; compare models that differ by one random effect at a time, or use a bootstrap."
    )
