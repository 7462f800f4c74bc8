"""Differences between predictions, with standard errors by the delta method."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.inference.multiplicity.p_adjust import adjust as p_adjust

TESTS = ("pairwise", "reference", "consecutive")


def compare(
    predicted: Vector,
    gradient: Matrix,
    coefficients: Coefficients,
    labels: Sequence[str],
    test: Any,
    adjust: str | None,
    level: float,
) -> tuple[tuple[str, ...], dict[str, Vector]]:
    """Names of comparisons, and columns estimate, std_error, df, statistic, p_value, conf_low, conf_high.

    Parameters
    ----------
    predicted : ndarray, shape (r,)
        Predictions.
    gradient : ndarray, shape (r, p)
        Gradient of the predictions in the coefficients.
    labels : sequence of str
        Labels of the r predictions.
    test : str, array_like or None
        One of `TESTS`, None for each prediction itself, or weights of shape (comparisons, r).
    """
    names, weights = _weights(test, labels)
    estimate, c = weights @ predicted, weights @ gradient
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", c, coefficients.vcov, c), 0.0))
    df = coefficients.df(c)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / error
    limits = wald.intervals(estimate, error, level, df)
    p = wald.p_values(statistic, df)
    return names, {
        "estimate": estimate,
        "std_error": error,
        "df": df,
        "statistic": statistic,
        "conf_low": limits[:, 0],
        "conf_high": limits[:, 1],
        "p_value": p if adjust is None else p_adjust(p, adjust),
    }


def _weights(test: Any, labels: Sequence[str]) -> tuple[tuple[str, ...], Matrix]:
    r = len(labels)
    unit = np.eye(r)
    if test is None:
        return tuple(labels), unit
    if isinstance(test, str):
        if test not in TESTS:
            raise DataError(f"test is {test!r}; it is one of {', '.join(map(repr, TESTS))}, None, or a matrix.")
        if r < 2:
            raise DataError("there is one prediction only, and a comparison needs two; give a term of several values.")
        pairs = {
            "pairwise": list(combinations(range(r), 2)),
            "reference": [(i, 0) for i in range(1, r)],
            "consecutive": [(i + 1, i) for i in range(r - 1)],
        }[test]
        return tuple(f"({labels[i]}) - ({labels[j]})" for i, j in pairs), np.array(
            [unit[i] - unit[j] for i, j in pairs]
        )
    weights = np.atleast_2d(np.asarray(test, dtype=float))
    if weights.shape[1] != r:
        raise DataError(f"the matrix of weights has {weights.shape[1]} columns for {r} predictions.")
    return tuple(f"C{i + 1}" for i in range(len(weights))), weights
