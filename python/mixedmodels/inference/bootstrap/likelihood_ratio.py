"""A likelihood ratio against its distribution under the smaller model, drawn by the parametric bootstrap.

With T_1, ..., T_n the ratios of responses drawn from the smaller model, of which those that are positive count:

    PBtest    p = (1 + #{T_i > T}) / (1 + n)
    Gamma     the gamma distribution with the mean E and variance V of the T_i
    Bartlett  d T / E against chi-squared with d degrees of freedom
    F         T / d against F with d and 2 E / (E - 1) degrees of freedom, as pbkrtest has it

Reference: Halekoh and Hojsgaard (2014), J. Stat. Software 59(9).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from mixedmodels._typing import Vector

NOISE = 1e-8  # ratios closer to 0 than this are 0, which is what models that coincide at a boundary have


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapTest:
    """Tests of one likelihood ratio.

    Attributes
    ----------
    statistic : float
        Likelihood ratio.
    df : int
        Difference of the numbers of parameters.
    samples : int
        Number of ratios drawn; `positive` of them are positive, `extreme` exceed the statistic.
    p_chisq, p_value : float
        P-values against chi-squared, and of PBtest.
    p_value_all : float
        P-value of PBtest with the ratios that are 0 counted too.
    p_gamma, bartlett, p_bartlett, f_value, den_df, p_f : float
        Statistics and p-values of the variants: gamma, Bartlett and F.
    mean, variance : float
        Mean and variance of the positive ratios.
    """

    statistic: float
    df: int
    samples: int
    positive: int
    extreme: int
    p_chisq: float
    p_value: float
    p_value_all: float
    p_gamma: float
    bartlett: float
    p_bartlett: float
    f_value: float
    den_df: float
    p_f: float
    mean: float
    variance: float


def bootstrap_test(statistic: float, df: int, reference: Vector) -> BootstrapTest:
    """Tests from ratios drawn under the smaller model, shape (n,); NaN are left out."""
    from scipy.special import chdtrc, fdtrc, gammaincc

    finite = reference[np.isfinite(reference)]
    positive = finite[finite > 0]
    n, extreme = len(positive), int((positive > statistic).sum())
    mean = float(positive.mean()) if n else nan
    variance = float(positive.var(ddof=1)) if n > 1 else nan
    bartlett = df * statistic / mean if n else nan
    den_df = 2 * mean / (mean - 1) if n and mean != 1 else nan
    f = statistic / df if df else nan
    return BootstrapTest(
        statistic=statistic,
        df=df,
        samples=len(finite),
        positive=n,
        extreme=extreme,
        p_chisq=float(chdtrc(df, max(statistic, 0.0))) if df else nan,
        p_value=(1 + extreme) / (1 + n),
        p_value_all=(1 + extreme) / (1 + len(finite)),
        p_gamma=float(gammaincc(mean**2 / variance, statistic * mean / variance)) if n > 1 else nan,
        bartlett=bartlett,
        p_bartlett=float(chdtrc(df, bartlett)) if n and df else nan,
        f_value=f,
        den_df=den_df,
        p_f=float(fdtrc(df, den_df, f)) if den_df > 0 else nan,
        mean=mean,
        variance=variance,
    )


def ratios(small: Vector, large: Vector) -> Vector:
    """Likelihood ratios from the criteria of both models; rounding error around 0 becomes 0."""
    out = small - large
    with np.errstate(invalid="ignore"):
        out[np.abs(out) < NOISE * np.maximum(1.0, np.abs(large) * 1e-3)] = 0.0
    return np.asarray(out)


def stopped_at(reference: Vector, statistic: float, extremes: int | None) -> int:
    """Number of ratios until `extremes` of them exceed the statistic; all of them where too few do."""
    if extremes is None:
        return len(reference)
    with np.errstate(invalid="ignore"):
        where = np.flatnonzero(reference > statistic)
    return int(where[extremes - 1]) + 1 if len(where) >= extremes else len(reference)
