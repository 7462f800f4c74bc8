"""Draws of predictions as merTools makes them: residual, fixed and random effects independent of each other.

Source: Knowles and Frederick, merTools; Gelman and Hill (2007), section 7.2, for ``arm::sim``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.covariance import covariances
from mixedmodels.predict.draws import root
from mixedmodels.predict.target import loadings


class IndependentDraws:
    """The parts of predictions.

    Parameters
    ----------
    conditional : sequence of ndarray
        Conditional covariances of the levels' effects of each grouping factor, shape (levels, K, K).
    """

    def __init__(self, design: Design, fit: AnyMixedFit, conditional: Sequence[Matrix]) -> None:
        self._design, self._fit, self._conditional = design, fit, conditional

    def sigma(self, count: int, rng: np.random.Generator) -> Vector:
        """Residual standard deviations from the posterior of a flat prior, or known; 1 of a generalised model."""
        fit = self._fit
        if fit.generalized:
            return np.ones(count)
        if fit.known_sigma:
            return np.full(count, fit.sigma)
        df = fit.n - len(fit.beta) - len(fit.theta) - 1
        return np.sqrt(fit.pwrss / rng.chisquare(df, count))

    def random_parts(self, new: Design, count: int, rng: np.random.Generator) -> dict[str, Matrix]:
        """Contributions of each grouping factor, shape (rows, count); 0 of unknown levels, NaN of missing ones."""
        out = {}
        for g, group in enumerate(new.groups):
            terms = [i for i, term in enumerate(new.random) if term.group == g]
            z = np.hstack([loadings(new.random[i].columns, new.n_table) for i in terms])
            modes = np.hstack([self._fit.b[i] for i in terms])
            seen, codes = np.unique(group.codes, return_inverse=True)
            part = np.zeros((new.n_table, count))
            for j, code in enumerate(seen):
                rows = codes == j
                if code >= 0:
                    b = modes[code] + rng.standard_normal((count, z.shape[1])) @ root(self._conditional[g][code]).T
                    part[rows] = z[rows] @ b.T
                elif code == -2:
                    part[rows] = np.nan
            out[group.name] = part
        return out

    def fixed_part(self, x: Matrix, covariance: Matrix, count: int, rng: np.random.Generator) -> Matrix:
        """Contributions of the fixed effects, shape (rows, count)."""
        beta = self._fit.beta + rng.standard_normal((count, len(self._fit.beta))) @ root(covariance).T
        return np.asarray(x @ beta.T)

    def vcov(self, fix_intercept: bool, ignored: Sequence[int], names: Sequence[str]) -> Matrix:
        """Covariance of the fixed effects.

        Parameters
        ----------
        fix_intercept : bool
            Whether to divide the variance of the intercept (given the others) into what the random intercepts account
            for, which is left out, and the rest.
        ignored : sequence of int
            Positions of coefficients that are taken as known.
        """
        out = np.array(self._fit.vcov)
        if fix_intercept and names[:1] == ["(Intercept)"]:
            ratio = 1 - sum(self._accounted()) / out[0, 0]
            precision = np.linalg.inv(out)
            precision[0, 0] /= ratio
            out = np.linalg.inv(precision)
        if ignored:
            precision = np.linalg.inv(out)
            precision[ignored, ignored] *= 1e15
            out = np.linalg.inv(precision)
        return out

    def _accounted(self) -> list[float]:
        """For each grouping factor with random intercepts the variance of their mean."""
        fit, out = self._fit, []
        scale = fit.effects_scale
        for g in range(len(self._design.groups)):
            i = next(i for i, term in enumerate(self._design.random) if term.group == g)
            if self._design.random[i].effects[0] == "(Intercept)":
                between = covariances(fit.theta, fit.sizes, scale)[i][0, 0]
                out.append(1 / float(np.sum(1 / (self._conditional[g][:, 0, 0] + between))))
        return out
