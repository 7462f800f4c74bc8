"""Power by noncentral distributions, and what a simulated share of significant tests says.

A Wald statistic of r hypotheses C beta = 0 is compared with F(r, nu); where C beta is not 0 it has about the noncentral
F distribution with noncentrality ``(C beta)' (C Var(beta) C')^-1 (C beta)`` (Muller and Stewart 2006, chapter 3), with
one row noncentral t. In balanced designs, where the degrees of freedom do not depend on the variances, both are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, sqrt

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, FitError
from mixedmodels.estimates.coefficients import Asymptotic, Coefficients, FTest, Residual, f_of
from mixedmodels.estimates.kenward_roger import KenwardRoger, adjustment
from mixedmodels.estimates.satterthwaite import joint_df
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.record import MixedFit


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticPower:
    """Power by a noncentral distribution.

    Attributes
    ----------
    power : float
        Probability of a significant test.
    law : str
        Law of the statistic: "t", "normal", "F" or "chi-squared".
    num_df : int
        Degrees of freedom; `den_df` is infinite where the test is asymptotic.
    den_df : float
        Degrees of freedom; `den_df` is infinite where the test is asymptotic.
    noncentrality : float
        Noncentrality: of t (or the normal distribution) effect over standard error, else its square in all directions.
    type_s : float, optional
        Probability that a significant estimate of one effect has the wrong sign; else NaN.
    """

    power: float
    law: str
    num_df: int
    den_df: float
    noncentrality: float
    type_s: float = float("nan")


class Expected(Coefficients):
    """Coefficients of a linear mixed model with Satterthwaite's degrees of freedom as a design promises them.

    They rest on the expected information about the variances, as Kenward and Roger have it, in place of the observed.
    """

    method = "Satterthwaite"

    def __init__(self, names: tuple[str, ...], fit: MixedFit, kenward_roger: KenwardRoger) -> None:
        super().__init__(names, fit.beta, fit.vcov)
        self._kenward_roger = kenward_roger

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        return self._kenward_roger.df(c)

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        chisq, basis = self._wald(c, distance)
        return f_of(chisq, basis, joint_df(self.df(basis)) if len(basis) else np.nan)


def planned_coefficients(design: Design, fit: AnyFit, names: tuple[str, ...], method: str) -> Coefficients:
    """Coefficients at given parameters, with the covariance and degrees of freedom that a design will give them.

    Parameters
    ----------
    method : str
        Method: "t" (Satterthwaite's for a linear mixed model), "kr" or "z".
    """
    vcov, df = fit.vcov, fit.wald_df
    if not fit.mixed or fit.generalized:
        return (
            Residual(names, fit.beta, vcov, df)
            if method == "t" and not isinf(df)
            else Asymptotic(names, fit.beta, vcov)
        )
    if method == "z":
        return Asymptotic(names, fit.beta, vcov)
    try:
        kenward_roger = KenwardRoger(names, fit, adjustment(design, fit))
    except FitError:  # so many effects that no degrees of freedom are needed
        return Asymptotic(names, fit.beta, vcov)
    return kenward_roger if method == "kr" else Expected(names, fit, kenward_roger)


def analytic_power(coefficients: Coefficients, c: Matrix, rhs: Vector, alpha: float) -> AnalyticPower:
    """Power of the test that ``c @ beta`` is `rhs`, shape (r, p) and (r,)."""
    if len(c) == 1:
        se = sqrt(float((c @ coefficients.vcov @ c.T)[0, 0]))
        df = float(coefficients.df(c)[0])
        return t_power(float((c @ coefficients.beta)[0] - rhs[0]) / se, df, alpha)
    test = coefficients.f_test(c, rhs)
    return f_power(test.f_value / test.scale * test.num_df, test.num_df, test.den_df, test.scale, alpha)


def t_power(noncentrality: float, df: float, alpha: float) -> AnalyticPower:
    """Power of a two-sided t test (normal where `df` is infinite)."""
    from scipy.special import nctdtr, ndtr, ndtri, stdtrit

    if isinf(df):
        bound = -float(ndtri(alpha / 2))
        low, high = float(ndtr(-bound - noncentrality)), float(ndtr(noncentrality - bound))
    else:
        bound = float(stdtrit(df, 1 - alpha / 2))
        size = abs(noncentrality)  # the function is exact in its lower tail, and the distribution has a mirror
        high = 1 - float(nctdtr(df, size, bound))
        low = float(nctdtr(df, size, -bound))
        low, high = (low, high) if noncentrality >= 0 else (high, low)
    power = low + high
    wrong = low if noncentrality > 0 else high
    type_s = float("nan") if noncentrality == 0 else wrong / power
    return AnalyticPower(
        power=power, law="normal" if isinf(df) else "t", num_df=1, den_df=df, noncentrality=noncentrality, type_s=type_s
    )


def f_power(noncentrality: float, num_df: int, den_df: float, scale: float, alpha: float) -> AnalyticPower:
    """Power of an F test whose statistic is multiplied by `scale` (chi-squared where `den_df` is infinite)."""
    from scipy.special import chdtri, chndtr, fdtri, ncfdtr

    if isinf(den_df):
        bound = float(chdtri(num_df, alpha))
        return AnalyticPower(
            power=1 - float(chndtr(bound, num_df, noncentrality)),
            law="chi-squared",
            num_df=num_df,
            den_df=inf,
            noncentrality=noncentrality,
        )
    bound = float(fdtri(num_df, den_df, 1 - alpha))
    if noncentrality == 0:
        return AnalyticPower(power=alpha, law="F", num_df=num_df, den_df=den_df, noncentrality=0.0)
    tail = 1 - float(ncfdtr(num_df, den_df, scale * noncentrality, bound))
    return AnalyticPower(power=tail, law="F", num_df=num_df, den_df=den_df, noncentrality=noncentrality)


def share_interval(x: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's exact limits of a share of `x` among `n`."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if x == 0 else float(betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(betaincinv(x + 1, n - x, 1 - tail))
    return low, high


def sign_and_size(estimates_: Vector, significant: NDArray[np.bool_], effect: float) -> tuple[float, float]:
    """Share of significant estimates with the wrong sign, and by what factor they exaggerate the effect.

    Gelman and Carlin's (2014) type S and type M errors; NaN where nothing is significant or the effect is 0.
    """
    retained = estimates_[significant & np.isfinite(estimates_)]
    if not len(retained) or effect == 0 or not np.isfinite(effect):
        return float("nan"), float("nan")
    wrong = float(np.mean(np.sign(retained) != np.sign(effect)))
    return wrong, float(np.mean(np.abs(retained)) / abs(effect))


def check_alpha(alpha: object) -> float:
    """The significance level.

    Raises
    ------
    DataError
        If it is no number between 0 and 1.
    """
    if not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha!r:.40}; give a level between 0 and 1, such as 0.05.")
    return float(alpha)
