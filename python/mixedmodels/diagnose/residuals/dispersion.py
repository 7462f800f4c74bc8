"""Dispersion of responses beside that of simulations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.simulated import Refits, Simulated
from mixedmodels.errors import DataError
from mixedmodels.tables.test_record import ResidualTest, check_alternative, simulation_p

BY_SPREAD = "DHARMa nonparametric dispersion test via sd of residuals fitted vs. simulated"
BY_REFITS = "DHARMa nonparametric dispersion test via mean deviance residual fitted vs. simulated-refitted"


@dataclass(frozen=True, slots=True)
class PearsonSum:
    """Sum of a model's squared Pearson residuals, its residual degrees of freedom, and the factor 1 that it has."""

    chisq: float
    df: int


def dispersion(simulated: Simulated, alternative: str = "two.sided") -> ResidualTest:
    """The variance of what was observed less its prediction over the mean of the same of the simulations.

    Of refitted models the sum of squared Pearson residuals over the mean of theirs.
    """
    if simulated.refits is not None:
        return _by_refits(simulated.refits, alternative)
    observed = float(np.var(simulated.observed - simulated.predicted, ddof=1))
    drawn = np.asarray(np.var(simulated.simulated - simulated.predicted[:, None], axis=0, ddof=1))
    return _ratio(BY_SPREAD, "dispersion", observed, drawn, alternative)


def _by_refits(refits: Refits, alternative: str) -> ResidualTest:
    observed = float(np.square(refits.observed_pearson).sum())
    return _ratio(BY_REFITS, "dispersion", observed, np.square(refits.pearson).sum(axis=0), alternative)


def pearson(total: PearsonSum, alternative: str = "greater") -> ResidualTest:
    """The sum of squared Pearson residuals against chi-squared; with random effects it tends to be too small."""
    from scipy.special import chdtr, chdtrc

    alternative = check_alternative(alternative)
    if total.df <= 0:
        raise DataError("the model has no residual degrees of freedom, so its dispersion cannot be tested.")
    above, below = float(chdtrc(total.df, total.chisq)), float(chdtr(total.df, total.chisq))
    p = {"greater": above, "less": below, "two.sided": min(2 * min(above, below), 1.0)}[alternative]
    return ResidualTest(
        method="Parametric dispersion test via mean Pearson-chisq statistic",
        statistics={"dispersion": total.chisq / total.df},
        p_value=p,
        alternative=alternative,
        parameters={"df": float(total.df)},
    )


def generic(
    simulated: Simulated,
    summary: Callable[[Vector], float],
    alternative: str = "two.sided",
    method: str = "DHARMa generic simulation test",
) -> ResidualTest:
    """Any number that a function takes from a response, over the mean of the same of the simulations.

    Raises
    ------
    DataError
        If the function does not return a number.
    """
    observed = _number(summary, simulated.observed)
    drawn = np.array([_number(summary, column) for column in np.ascontiguousarray(simulated.simulated.T)])
    return _ratio(method, "ratioObsSim", observed, drawn, alternative)


def _number(summary: Callable[[Vector], float], values: Vector) -> float:
    number = np.asarray(summary(values))
    if number.size != 1 or number.dtype.kind not in "biuf":
        raise DataError(f"summary returned {number!r:.60}; it should return one number.")
    return float(number.reshape(()))


def zero_inflation(simulated: Simulated, alternative: str = "two.sided") -> ResidualTest:
    """The number of zeros over the mean number of zeros of the simulations."""
    observed = float(np.count_nonzero(simulated.observed == 0))
    return _ratio(
        "DHARMa zero-inflation test via comparison to expected zeros with simulation under H0 = fitted model",
        "ratioObsSim",
        observed,
        _zeros(simulated.simulated),
        alternative,
    )


def _zeros(simulated: Matrix) -> Vector:
    return np.asarray(np.count_nonzero(simulated == 0, axis=0), dtype=float)


def _ratio(method: str, name: str, observed: float, drawn: Vector, alternative: str) -> ResidualTest:
    alternative = check_alternative(alternative)
    p = simulation_p(drawn, observed, alternative)
    finite = drawn[~np.isnan(drawn)]
    mean = float(finite.mean()) if len(finite) else float("nan")
    ratio = observed / mean if mean else float("nan")
    return ResidualTest(
        method=method, statistics={name: ratio}, p_value=p, alternative=alternative, simulated=drawn, observed=observed
    )
