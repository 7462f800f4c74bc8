"""Functions of numbers in formulas, element by element or over a whole column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mixedmodels.design.values import Array

Elementwise = Callable[..., Any]


def _log(x: Array, base: float | None = None) -> Any:
    return np.log(x) if base is None else np.log(x) / np.log(base)


def _round(x: Array, digits: float = 0) -> Any:
    return np.round(x, int(digits))


def _logit(p: Array) -> Any:
    return np.log(p) - np.log1p(-p)


def _expit(x: Array) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def _special(name: str) -> Elementwise:
    def function(x: Array) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(x)

    return function


# R's names where they differ from numpy's, and those that take a second number.
ELEMENTWISE: dict[str, Elementwise] = {
    "log": _log, "round": _round, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "ceiling": np.ceil, "pmin": np.minimum,
    "pmax": np.maximum, "plogis": _expit, "qlogis": _logit, "logit": _logit, "expit": _expit,
    "gamma": _special("gamma"), "lgamma": _special("gammaln"), "pnorm": _special("ndtr"), "qnorm": _special("ndtri"),
    "abs": np.abs, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1,
    "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "floor": np.floor, "trunc": np.trunc, "sign": np.sign,
}  # fmt: skip

# One number from a whole column; it is kept for new data. Missing values are left out.
REDUCTIONS: dict[str, Callable[[Array], Any]] = {
    "mean": np.nanmean,
    "median": np.nanmedian,
    "sd": lambda x: np.nanstd(x, ddof=1),
    "std": lambda x: np.nanstd(x, ddof=1),
    "var": lambda x: np.nanvar(x, ddof=1),
    "min": np.nanmin,
    "max": np.nanmax,
    "sum": np.nansum,
}


def elementwise(name: str) -> Elementwise | None:
    """The function of that name: R's, or any numpy function that works element by element."""
    plain = name.rpartition("::")[2].removeprefix("np.").removeprefix("numpy.")
    function = ELEMENTWISE.get(plain)
    if function is not None:
        return function
    other = getattr(np, plain, None)
    # A ufunc with a signature, as matmul, is a function of whole columns.
    if isinstance(other, np.ufunc) and other.nin <= 2 and other.nout == 1 and other.signature is None:
        return other
    return None
