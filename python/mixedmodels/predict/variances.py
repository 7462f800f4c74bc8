"""Errors of the linear predictors of a fit: their variances given the parameters, and that of the parameters.

A linear predictor is eta = x'beta + z'b. Its error has two independent parts. One would remain if the parameters were
known; the other comes from their estimation.

* A linear mixed model has the parameters theta. Given them, beta and b have the covariance sigma^2 M^-1 of Henderson's
  equations (as in lme4); d eta / d theta includes the change of both (Kackar and Harville 1984).
* A generalised mixed model has the parameters theta, beta and the shapes, with the covariance of the full likelihood.
  Given them, the covariance of b is the inverse of its Hessian at the modes (Kass and Steffey 1989, as TMB's
  ``sdreport``). With theta and the shapes taken as known, M^-1 remains.
* A model without random effects has the parameters beta, with their covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import FitError
from mixedmodels.estimates.theta_information import ThetaInformation, theta_information
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.henderson_rows import TermRows
from mixedmodels.fit.mode_slopes import ModeSlopes, mode_slopes
from mixedmodels.fit.record import GlmmFit, MixedFit
from mixedmodels.predict.new_levels import new_level_slopes, new_level_variance, quadratic

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Lmm

STEP = 1e-4  # of theta in differences of variances, whose error is of the order of its square


@dataclass(frozen=True, slots=True)
class Spread:
    """Errors of linear predictors: normal with variance `own`, given M parameters that vary with a covariance.

    Attributes
    ----------
    own : ndarray, shape (n,)
        Variance of each row's error given the parameters.
    slopes : ndarray, shape (n, M)
        Derivatives of the linear predictors in the parameters; no columns if the parameters are taken as known.
    covariance : ndarray, shape (M, M)
        Covariance matrix of the parameters; empty if they are taken as known.
    """

    own: Vector
    slopes: Matrix
    covariance: Matrix

    @property
    def variance(self) -> Vector:
        """Variance of both parts together, shape (n,)."""
        return np.asarray(self.own + quadratic(self.slopes, self.covariance))


class PredictionErrors:
    """Prediction errors of a model without random effects, from the covariance of beta."""

    def __init__(self, fit: AnyFit) -> None:
        self._vcov = fit.vcov

    def spread(self, x: Matrix, random: Sequence[TermRows], everything: bool) -> Spread:
        """Errors of the linear predictors of rows.

        Parameters
        ----------
        x : ndarray, shape (n, p)
            Model matrix of the rows, in the columns of X that are estimated.
        random : sequence of tuple of (ndarray, sequence of ndarray or None) or None
            Level codes and columns of each random term; None for a term that the prediction leaves out.
        everything : bool
            Whether the errors include the estimation of all parameters; else theta and the shapes are taken as known.
        """
        return Spread(quadratic(x, self._vcov), np.empty((len(x), 0)), np.empty((0, 0)))


class MixedErrors(PredictionErrors):
    """Prediction errors of a model with random effects.

    Parameters
    ----------
    weights, engine : callable
        Functions that return the weights W and the engine's handle. They run on first use and may raise an error.
    """

    _fit: AnyMixedFit

    def __init__(
        self, design: Design, fit: AnyMixedFit, weights: Callable[[], Vector], engine: Callable[[], Lmm]
    ) -> None:
        self._design, self._fit = design, fit
        self._weights, self._engine = weights, engine

    @cached_property
    def _whole(self) -> Henderson:
        return Henderson(self._design, self._fit, self._weights())

    def _slopes_of(self, x: Matrix, random: Sequence[TermRows], slopes: ModeSlopes) -> Matrix:
        """Derivatives of the linear predictors of rows, shape (n, M)."""
        out = x @ slopes.beta
        for rows, b in zip(random, slopes.b, strict=True):
            if rows is None:
                continue
            codes, columns = rows
            in_fit = (codes >= 0).astype(float)[:, None]
            places = np.where(codes >= 0, codes, 0)
            for k, column in enumerate(columns):
                out += b[:, k][places] * (
                    in_fit if column is None else in_fit * np.where(in_fit[:, 0], column, 0.0)[:, None]
                )
        return out


class LinearMixedErrors(MixedErrors):
    """Prediction errors of a linear mixed model."""

    _fit: MixedFit

    def spread(self, x: Matrix, random: Sequence[TermRows], everything: bool) -> Spread:
        """Variances around linear predictors, as of `MixedErrors.spread`."""
        own = self._fit.sigma**2 * self._relative(self._fit, x, random)
        if not everything:
            return Spread(own, np.empty((len(x), 0)), np.empty((0, 0)))
        return Spread(own, self._slopes_of(x, random, self._slopes), 2 * self.information.inverse_hessian)

    @cached_property
    def information(self) -> ThetaInformation:
        """The information about theta; the covariance of its estimate is twice the inverse Hessian of the criterion."""
        engine = self._engine()
        if engine.describe()["path"] == "estimated":
            raise FitError(
                "the uncertainty of theta needs the factorisation of the crossed random effects, which for this model "
                "is out of reach (see fit.engine); use uncertainty='given_theta' with ddf='normal'."
            )
        return theta_information(engine, self._fit)

    @cached_property
    def _slopes(self) -> ModeSlopes:
        return mode_slopes(self._design, self._fit, self._weights(), self._whole)

    def _relative(self, fit: MixedFit, x: Matrix, random: Sequence[TermRows]) -> Vector:
        """Variances of the linear predictors given theta, over sigma^2, shape (n,)."""
        if all(rows is None for rows in random):
            return quadratic(x, fit.vcov_unscaled)
        equations = self._whole if fit is self._fit else self._whole.at(fit.theta)
        return np.maximum(equations.row_variances(x, random), 0.0)

    def df(
        self, x: Matrix, random: Sequence[TermRows], new_effects: Sequence[Matrix | None], residual: Vector
    ) -> Vector:
        """Satterthwaite's degrees of freedom of variances f = sigma^2 (x'Vx + ... + z'TT'z + residual), shape (n,).

        The method is that of a contrast (see `estimates.satterthwaite`). Here f is the variance of a prediction's
        error: the sum over the linear predictor given theta, the effects of new levels, and the new observation.

        Parameters
        ----------
        new_effects : sequence of ndarray or None
            Loadings z of the effects of new levels, shape (n, k) for each random term; None for a term without them.
        residual : ndarray, shape (n,)
            Variance of the new observation over sigma^2; zeros for a mean.
        """
        fit, information = self._fit, self.information
        f = self._relative(fit, x, random) + new_level_variance(fit, new_effects, len(x)) + residual
        g = self._theta_slopes(x, random) + new_level_slopes(fit, new_effects, len(x))
        g += 2 * f[:, None] * information.log_sigma_slope
        with np.errstate(divide="ignore", invalid="ignore"):
            df = 1 / (1 / information.df + quadratic(g, information.inverse_hessian) / f**2)
        return np.where(f == 0, np.inf, df)  # f = 0: the prediction has no error

    def _theta_slopes(self, x: Matrix, random: Sequence[TermRows]) -> Matrix:
        """Derivatives of `_relative` in theta, shape (n, m)."""
        if all(rows is None for rows in random):
            return np.asarray(np.einsum("ni,mij,nj->nm", x, self.information.vcov_slope, x))
        out = np.empty((len(x), len(self._fit.theta)))
        for j in range(out.shape[1]):
            sides = []
            for step in (STEP, -STEP):
                theta = self._fit.theta.copy()
                theta[j] += step
                sides.append(self._relative(replace(self._fit, theta=theta), x, random))
            out[:, j] = (sides[0] - sides[1]) / (2 * STEP)
        return out


class GeneralizedMixedErrors(MixedErrors):
    """Prediction errors of a generalised linear mixed model."""

    _fit: GlmmFit

    def spread(self, x: Matrix, random: Sequence[TermRows], everything: bool) -> Spread:
        """Variances around linear predictors, as of `MixedErrors.spread`."""
        fit = self._fit
        if not everything:
            return Spread(np.maximum(self._whole.row_variances(x, random), 0.0), x[:, :0], np.empty((0, 0)))
        if all(rows is None for rows in random):
            slopes = np.zeros((len(x), len(self._covariance)))
            slopes[:, len(fit.theta) : len(fit.theta) + len(fit.kept)] = x
            return Spread(np.zeros(len(x)), slopes, self._covariance)
        own = np.maximum(self._equations_at_beta.row_variances(None, random), 0.0)
        return Spread(own, self._slopes_of(x, random, self._slopes), self._covariance)

    @cached_property
    def _covariance(self) -> Matrix:
        """Covariance of theta, beta and psi; elements of theta on the boundary have none and are taken as known."""
        fit = self._fit
        out = fit.vcov_joint.copy()
        unknown = np.isnan(np.diagonal(out)) & (np.arange(len(out)) < len(fit.theta))
        out[unknown] = out[:, unknown] = 0.0
        if np.isnan(out).any():
            raise FitError(
                "the covariance of the estimates is not known, as the Hessian of the log-likelihood is not positive "
                "definite; use uncertainty='given_theta', or method='bootstrap'."
            )
        return out

    def df(self, spread: Spread, new_effects: Sequence[Matrix | None]) -> Vector:
        """Satterthwaite's degrees of freedom of variances that include effects of new levels, shape (n,).

        They account for the uncertainty of the variance between levels alone. They are infinite without new levels.
        """
        fit, n = self._fit, len(spread.own)
        m = len(fit.theta)
        f = spread.variance + new_level_variance(fit, new_effects, n)
        with np.errstate(divide="ignore", invalid="ignore"):
            df = 2 * f**2 / quadratic(new_level_slopes(fit, new_effects, n), self._covariance[:m, :m])
        return np.where(np.isnan(df), np.inf, df)

    @cached_property
    def _equations_at_beta(self) -> Henderson:
        return Henderson(self._design, self._fit, self._weights(), known_beta=True)

    @cached_property
    def _slopes(self) -> ModeSlopes:
        return mode_slopes(self._design, self._fit, self._weights(), self._equations_at_beta)
