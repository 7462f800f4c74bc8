"""Outliers: observations outside all of their simulations, and the number that is expected."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.pit import quantile_residuals
from mixedmodels.diagnose.residuals.simulated import Simulated
from mixedmodels.errors import DataError
from mixedmodels.tables.test_record import ResidualTest, check_alternative, simulation_p

MARGINS = ("both", "upper", "lower")
TYPES = ("default", "bootstrap", "binomial")
FEW = 500  # counts up to which the bootstrap is the default
TIE = 1 + 1e-7  # probabilities as near as this are equal, as in R's binom.test


def outliers(
    simulated: Simulated,
    alternative: str = "two.sided",
    margin: str = "both",
    type: str = "default",  # noqa: A002
    nsim: int = 100,
    *,
    rng: np.random.Generator,
) -> ResidualTest:
    """Test the number of outliers; the default is the bootstrap for up to 500 counts, and the binomial test else.

    Raises
    ------
    DataError
        If there is no such alternative, margin or type.
    """
    alternative = check_alternative(alternative)
    if margin not in MARGINS:
        raise DataError(f"margin is {margin!r:.40}; give one of {', '.join(map(repr, MARGINS))}.")
    if type not in TYPES:
        raise DataError(f"type is {type!r:.40}; give one of {', '.join(map(repr, TYPES))}.")
    if type == "default":
        type = "bootstrap" if simulated.integer and simulated.n <= FEW else "binomial"  # noqa: A001
    if type == "binomial":
        return by_binomial(simulated.residuals, simulated.m, alternative, margin)
    if not isinstance(nsim, (int, np.integer)) or nsim < 1:
        raise DataError(f"nsim must be a positive whole number; got {nsim!r:.40}.")
    chosen = resampled(simulated.m, min(nsim, simulated.m), rng)
    return by_bootstrap(simulated, chosen, rng, alternative, margin)


def by_binomial(residuals: Vector, m: int, alternative: str, margin: str) -> ResidualTest:
    """Residuals nearer than 1 / (m + 1) to 0 or 1, each of which has that probability; by the exact binomial test."""
    edge = 1 / (m + 1)
    low, high = int((residuals < edge).sum()), int((residuals > 1 - edge).sum())
    count = {"both": low + high, "upper": high, "lower": low}[margin]
    expected = edge * (2 if margin == "both" else 1)
    n = len(residuals)
    return ResidualTest(
        method="DHARMa outlier test based on exact binomial test with approximate expectations",
        statistics={f"outliers at {margin} margin(s)": float(count)},
        p_value=binomial_p(count, n, expected, alternative),
        alternative=alternative,
        parameters={"observations": float(n)},
        estimates={f"frequency of outliers (expected: {expected:.15g} )": count / n},
        null_value=("probability of success", expected),
        conf_int=binomial_limits(count, n, alternative),
        conf_level=0.95,
    )


def by_bootstrap(
    simulated: Simulated, chosen: NDArray[np.intp], rng: np.random.Generator, alternative: str, margin: str
) -> ResidualTest:
    """The frequency of outliers against that of simulations among others, drawn from all with replacement.

    Parameters
    ----------
    chosen : ndarray of int, shape (replicates, m)
        Positions of those that each of the first simulations is compared with.
    """
    observed = _frequency(simulated.residuals, margin)
    many, _ = simulated.compared
    noisy = simulated.method == "traditional"
    drawn = np.empty(len(chosen))
    for i, columns in enumerate(chosen):
        others = many[:, columns]
        if noisy:
            r = quantile_residuals(others, many[:, i], rng, integer=simulated.integer, method="traditional")
            drawn[i] = _frequency(r, margin)
        else:
            drawn[i] = _outside(others, many[:, i], margin)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return ResidualTest(
        method="DHARMa bootstrapped outlier test",
        statistics={f"outliers at {margin} margin(s)": observed * simulated.n},
        p_value=simulation_p(drawn, observed, alternative),
        alternative=alternative,
        parameters={"observations": float(simulated.n)},
        estimates={f"outlier frequency (expected: {drawn.mean():.15g} )": observed},
        conf_int=(float(low), float(high)),
        simulated=drawn,
        observed=observed,
    )


def resampled(m: int, replicates: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """For each of the first simulations as many of the others, with replacement; shape (replicates, m)."""
    drawn = rng.integers(m - 1, size=(replicates, m))
    return np.asarray(drawn + (drawn >= np.arange(replicates)[:, None]), dtype=np.intp)


def _frequency(residuals: Vector, margin: str) -> float:
    low, high = float(np.mean(residuals == 0)), float(np.mean(residuals == 1))
    return {"both": low + high, "upper": high, "lower": low}[margin]


def _outside(others: Matrix, one: Vector, margin: str) -> float:
    """Share of the rows of one simulation that are below or above all others."""
    low = float(np.mean(others.min(axis=1) > one)) if margin != "upper" else 0.0
    high = float(np.mean(others.max(axis=1) < one)) if margin != "lower" else 0.0
    return low + high


def binomial_p(x: int, n: int, p: float, alternative: str) -> float:
    """P-value of x successes of n; two-sided that of all numbers that are no more probable."""
    from scipy.special import bdtr, bdtrc

    if alternative == "less":
        return float(bdtr(x, n, p))
    if alternative == "greater":
        return float(bdtrc(x - 1, n, p)) if x else 1.0
    mean = n * p
    if x == mean:
        return 1.0
    bound = _probability(np.array([x]), n, p)[0] * TIE
    if x < mean:
        far = int((_probability(np.arange(ceil(mean), n + 1), n, p) <= bound).sum())
        return float(min(1.0, bdtr(x, n, p) + (bdtrc(n - far, n, p) if far else 0.0)))
    far = int((_probability(np.arange(floor(mean) + 1), n, p) <= bound).sum())
    return float(min(1.0, (bdtr(far - 1, n, p) if far else 0.0) + bdtrc(x - 1, n, p)))


def _probability(k: NDArray[np.int_], n: int, p: float) -> Vector:
    from scipy.special import gammaln, xlog1py, xlogy

    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlog1py(n - k, -p)
    return np.asarray(np.exp(log))


def binomial_limits(x: int, n: int, alternative: str, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's limits of a probability."""
    from scipy.special import betaincinv

    alpha = (1 - level) / (2 if alternative == "two.sided" else 1)
    low = 0.0 if x == 0 or alternative == "less" else float(betaincinv(x, n - x + 1, alpha))
    high = 1.0 if x == n or alternative == "greater" else float(betaincinv(x + 1, n - x, 1 - alpha))
    return low, high
