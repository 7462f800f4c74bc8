"""Tail probabilities and quantiles of the normal, t, F and chi-squared distributions, from the engine.

Both tails have a relative accuracy of 1e-13. The engine is loaded anyway, while the import of scipy.special takes
longer than a small fit. Arguments are broadcast; outside the domain the answer is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels import _engine
from mixedmodels._typing import Vector


def normal_tail(z: ArrayLike, *, upper: bool = False) -> Vector:
    """Probabilities of less than `z`, or of more, in the standard normal distribution."""
    shape, (z,) = _columns(z)
    return _engine.normal_tail(z, upper).reshape(shape)


def normal_quantile(p: ArrayLike) -> Vector:
    """Quantiles of the standard normal distribution whose lower tails are `p`."""
    shape, (p,) = _columns(p)
    return _engine.normal_quantile(p).reshape(shape)


def t_tail(t: ArrayLike, df: ArrayLike, *, upper: bool = False) -> Vector:
    """Probabilities of less than `t`, or of more; of the normal distribution where `df` is infinite."""
    shape, (t, df) = _columns(t, df)
    return _engine.t_tail(t, df, upper).reshape(shape)


def t_quantile(p: ArrayLike, df: ArrayLike) -> Vector:
    """Quantiles of t whose lower tails are `p`; of the normal distribution where `df` is infinite."""
    shape, (p, df) = _columns(p, df)
    return _engine.t_quantile(p, df).reshape(shape)


def f_tail(f: ArrayLike, df1: ArrayLike, df2: ArrayLike, *, upper: bool = False) -> Vector:
    """Probabilities of less than `f`, or of more; of chi-squared over `df1` where `df2` is infinite."""
    shape, (f, df1, df2) = _columns(f, df1, df2)
    return _engine.f_tail(f, df1, df2, upper).reshape(shape)


def f_quantile(p: ArrayLike, df1: ArrayLike, df2: ArrayLike, *, upper: bool = False) -> Vector:
    """Quantiles of F whose lower, or upper, tails are `p`."""
    shape, (p, df1, df2) = _columns(p, df1, df2)
    return _engine.f_quantile(p, df1, df2, upper).reshape(shape)


def chi_squared_tail(x: ArrayLike, df: ArrayLike, *, upper: bool = False) -> Vector:
    """Probabilities of less than `x`, or of more, in the chi-squared distribution."""
    shape, (x, df) = _columns(x, df)
    return _engine.chi_squared_tail(x, df, upper).reshape(shape)


def chi_squared_quantile(p: ArrayLike, df: ArrayLike, *, upper: bool = False) -> Vector:
    """Quantiles of chi-squared whose lower, or upper, tails are `p`."""
    shape, (p, df) = _columns(p, df)
    return _engine.chi_squared_quantile(p, df, upper).reshape(shape)


def _columns(*values: ArrayLike) -> tuple[tuple[int, ...], list[Vector]]:
    """The common shape of the values, and each as a contiguous column of it."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))
    return arrays[0].shape, [np.ascontiguousarray(array).ravel() for array in arrays]
