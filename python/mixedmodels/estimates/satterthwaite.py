"""Satterthwaite's degrees of freedom, with the uncertainty of theta and of sigma.

The variance of a contrast, f = sigma^2 c'Phi_0(theta)c, is treated as a multiple of a chi-squared variable whose
degrees of freedom match its mean and variance: nu = 2 f^2 / Var(f).

Let D(theta, tau) be the deviance (or REML criterion) with tau = log(sigma) free. As lmerTest, we take Var(f) from the
delta method with 2 H^-1 for the covariance of the variance parameters, H the exact Hessian of D. From
D = l(theta) + r^2(theta) exp(-2 tau) + 2 d tau + const it follows at the optimum that D_tautau = 4 d, and that the
Schur complement of D_tautau is the Hessian P of the criterion profiled over sigma. Inverting by blocks,

    2 H^-1 = 2 J P^-1 J' + e e' / (2 d),    J = [I ; d log(sigma_hat)/d theta],   e = (0, ..., 0, 1)',

so that with g the derivative of the profiled variance sigma_hat^2(theta) c'Phi_0(theta)c

    1 / nu = 1 / d + g'P^-1 g / f^2.

The first part is what sigma alone contributes: nu never exceeds d. On a singular fit the criterion is even in the
column of T that vanished, so g is 0 there; flat directions of P (eigenvalue 0) are left out, as lmerTest leaves them
out, and g is 0 along these too.

Where sigma is known, H is P alone and g the derivative of sigma^2 c'Phi_0(theta)c: nu = f^2 / g'P^-1 g, infinite where
the variance of the contrast does not depend on theta.

A fit by maximum likelihood has the degrees of freedom of its own variances, as in lmerTest, and says that these are too
small in small samples. A comparison of two models is of their fits by REML, as in pbkrtest (`refitted`).

References: Satterthwaite (1946), Biometrics Bulletin 2; Fai and Cornelius (1996), J. Stat. Comput. Simul. 54, for
several rows; Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Software 82(13).
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.estimates.coefficients import Coefficients, FTest, Refit, f_of
from mixedmodels.estimates.theta_information import ThetaInformation
from mixedmodels.fit.record import MixedFit

REFITTED = (
    "The model was fitted by maximum likelihood: estimates and tests of the fixed effects are from a refit by REML."
)
LARGE = 1e6  # degrees of freedom whose nu / (nu - 2) has few digits beside 1
BY_ML = "The variances are those of maximum likelihood, too small in small samples: update(REML=True) has REML's."


class Satterthwaite(Coefficients):
    """Coefficients of a linear mixed model with Satterthwaite's degrees of freedom.

    With `refitted` the fit is one by REML, in place of the model's, which was not.
    """

    method = "Satterthwaite"

    def __init__(
        self, names: tuple[str, ...], fit: MixedFit, information: ThetaInformation, *, refitted: bool = False
    ) -> None:
        super().__init__(names, fit.beta, fit.sigma**2 * fit.vcov_unscaled)
        self.facts = information
        self.refitted = Refit(REFITTED, fit.sigma) if refitted else None
        self.caution = None if fit.reml else BY_ML
        log_sigma_slope = information.log_sigma_slope[:, None, None]
        self._slopes = fit.sigma**2 * information.vcov_slope + 2 * log_sigma_slope * self.vcov
        self._inverse_hessian = information.inverse_hessian
        self._df_sigma = information.df

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        c = np.atleast_2d(c)
        f = np.einsum("ri,ij,rj->r", c, self.vcov, c)
        g = np.einsum("ri,mij,rj->rm", c, self._slopes, c)
        spread = np.einsum("rm,mk,rk->r", g, self._inverse_hessian, g)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(1 / (1 / self._df_sigma + spread / f**2))

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        chisq, basis = self._wald(c, distance)
        return f_of(chisq, basis, joint_df(self.df(basis)) if len(basis) else np.nan)


def joint_df(nu: Vector) -> float:
    """Denominator degrees of freedom of the mean of squares of independent t variables with `nu` degrees of freedom.

    The F variable is to have the mean that this has, E / q with E the sum of nu / (nu - 2); 2 where some have no mean.
    Infinite degrees of freedom, as of a variance that is known, are those of chi-squared.
    """
    finite = nu[np.isfinite(nu)]
    if len(nu) == 1 or not len(finite) or (len(finite) == len(nu) and np.ptp(nu) < 1e-8):
        return float(np.mean(nu))
    if np.any(finite <= 2):
        return 2.0
    if len(finite) == len(nu) and nu.max() < LARGE:
        e = float(np.sum(nu / (nu - 2)))
        return 2 * e / (e - len(nu))
    beyond = float(np.sum(2 / (finite - 2)))  # E - q, without a difference of numbers near 1
    return 2 * (len(nu) + beyond) / beyond
