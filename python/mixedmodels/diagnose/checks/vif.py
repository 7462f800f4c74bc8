"""Variance inflation: the precision that a term's coefficients lose because it is correlated with other terms.

With R the correlation matrix of the coefficients without the intercept, a term with the columns A has the generalised
inflation factor det R_AA det R_BB / det R, B being the other columns (Fox and Monette 1992, JASA 87): what the squared
volume of its confidence ellipsoid is, beside that of orthogonal predictors. Limits are those of a squared multiple
correlation on the logit scale, as R's performance has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald


@dataclass(frozen=True, slots=True)
class Inflation:
    """Variance inflation of each term with coefficients of its own.

    Attributes
    ----------
    terms : tuple of str
        Labels of the terms, length k.
    gvif : ndarray, shape (k,)
        Generalised variance inflation factors.
    df : ndarray, shape (k,)
        Number of coefficients of each term.
    """

    terms: tuple[str, ...]
    gvif: Vector
    df: Vector

    @property
    def scaled(self) -> Vector:
        """``GVIF^(1 / (2 Df))``, by what standard errors grow, comparable between terms."""
        out: Vector = self.gvif ** (1 / (2 * self.df))
        return out


def inflation(vcov: Matrix, assign: tuple[int, ...], terms: tuple[str, ...]) -> Inflation:
    """Variance inflation factors from the covariance of the coefficients.

    Parameters
    ----------
    assign : tuple of int
        Term of each coefficient, -1 for the intercept.

    Raises
    ------
    DataError
        If fewer than two terms have coefficients.
    """
    of = np.array(assign)
    chosen = np.flatnonzero(of >= 0)
    present = np.unique(of[chosen])
    if len(present) < 2:
        raise DataError(
            f"variance inflation compares terms with each other, and the model has {len(present)} term"
            f"{'' if len(present) == 1 else 's'} besides the intercept; fit with two or more."
        )
    sd = np.sqrt(np.diag(vcov)[chosen])
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = vcov[np.ix_(chosen, chosen)] / np.outer(sd, sd)
    of = of[chosen]
    if not np.isfinite(correlation).all():
        raise DataError(
            "variance inflation needs standard errors, and this fit has some that are no numbers; look at its summary."
        )
    whole = np.linalg.slogdet(correlation)[1]
    logs, df = [], []
    for term in present:
        own = of == term
        parts = _logdet(correlation, own) + _logdet(correlation, ~own)
        if not np.isfinite(parts):
            raise DataError(
                f"variance inflation compares {terms[term]!r} with the other terms, but the covariance matrix of the "
                "coefficients is singular within one of them: the fit does not determine them; look at its summary."
            )
        logs.append(parts - whole)
        df.append(int(own.sum()))
    return Inflation(tuple(terms[t] for t in present), np.exp(np.array(logs)), np.array(df, dtype=float))


def _logdet(correlation: Matrix, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(np.linalg.slogdet(correlation[np.ix_(rows, rows)])[1])


def inflation_limits(inflation: Inflation, n: int, p: int, level: float) -> tuple[Vector, Vector]:
    """Limits of the factors; beside a factor of 1 the upper one is NaN.

    Parameters
    ----------
    n, p : int
        Numbers of rows and coefficients of the model.
    """
    r2 = 1 - 1 / inflation.gvif
    with np.errstate(all="ignore"):
        error = np.sqrt((1 - r2**2) ** 2 * (n - p - 1) ** 2 / ((n**2 - 1) * (n + 3))) / (r2 * (1 - r2))
        logit = np.log(r2 / (1 - r2))
        far = wald.quantile((1 + level) / 2, np.inf) * error
        low, high = (1 + np.exp(logit + side * far) for side in (-1, 1))
    none = r2 <= 1e-12
    return np.where(none, 1.0, low), np.where(none, np.nan, high)
