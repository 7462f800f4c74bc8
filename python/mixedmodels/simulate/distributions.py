"""Distributions by name: functions of a numpy Generator and a number of draws."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.frame import nearest

Rng = np.random.Generator
Draw = Callable[..., Any]


def _normal(rng: Rng, n: int, mean: Any = 0.0, sd: Any = 1.0) -> Any:
    return mean + sd * rng.standard_normal(n)


def _uniform(rng: Rng, n: int, min: Any = 0.0, max: Any = 1.0) -> Any:  # noqa: A002
    return min + (max - min) * rng.random(n)


def _binomial(rng: Rng, n: int, size: Any = 1, prob: Any = 0.5) -> Any:
    return rng.binomial(np.asarray(size, dtype=int), prob, n)


def _poisson(rng: Rng, n: int, mean: Any = 1.0) -> Any:
    return rng.poisson(mean, n)


def _negative_binomial(rng: Rng, n: int, mean: Any, theta: Any) -> Any:
    return rng.poisson(rng.gamma(theta, np.asarray(mean) / theta, n))


def _exponential(rng: Rng, n: int, rate: Any = 1.0) -> Any:
    return rng.standard_exponential(n) / rate


def _gamma(rng: Rng, n: int, shape: Any, rate: Any = 1.0) -> Any:
    return rng.standard_gamma(shape, n) / rate


def _beta(rng: Rng, n: int, shape1: Any, shape2: Any) -> Any:
    return rng.beta(shape1, shape2, n)


def _t(rng: Rng, n: int, df: Any) -> Any:
    return rng.standard_t(df, n)


def _lognormal(rng: Rng, n: int, meanlog: Any = 0.0, sdlog: Any = 1.0) -> Any:
    return np.exp(meanlog + sdlog * rng.standard_normal(n))


def _cauchy(rng: Rng, n: int, location: Any = 0.0, scale: Any = 1.0) -> Any:
    return location + scale * rng.standard_cauchy(n)


def _laplace(rng: Rng, n: int, location: Any = 0.0, scale: Any = 1.0) -> Any:
    return location + scale * rng.laplace(size=n)


def _integers(rng: Rng, n: int, min: Any, max: Any) -> Any:  # noqa: A002
    return rng.integers(min, max, n, endpoint=True)


def _mvnormal(rng: Rng, n: int, mean: Any, sigma: Any) -> Any:
    return rng.multivariate_normal(np.asarray(mean, dtype=float), np.asarray(sigma, dtype=float), n, method="cholesky")


def _computed(rng: Rng, n: int, value: Any) -> Any:
    return np.broadcast_to(np.asarray(value, dtype=float), n).copy()


def _factor(rng: Rng, n: int, levels: Any, prob: Any = None, ordered: bool = False) -> Any:
    import pandas as pd

    labels = list(levels)
    if not labels or len(set(labels)) < len(labels):
        raise DataError(f"levels are {labels!r:.80}; give at least one, each once.")
    if isinstance(prob, Mapping):
        unknown = [k for k in prob if k not in labels]
        if unknown or len(prob) < len(labels):
            raise DataError(f"prob must have one share for each of the levels {', '.join(map(str, labels))}.")
        prob = [prob[label] for label in labels]
    if prob is not None:
        shares = np.asarray(prob, dtype=float)
        if shares.shape != (len(labels),) or not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
            raise DataError(f"prob has shape {shares.shape}; give {len(labels)} shares that are not negative.")
        prob = shares / shares.sum()
    from_codes: Any = pd.Categorical.from_codes
    return from_codes(rng.choice(len(labels), n, p=prob), categories=labels, ordered=ordered)


DISTRIBUTIONS: dict[str, Draw] = {
    "normal": _normal, "uniform": _uniform, "binomial": _binomial, "poisson": _poisson,
    "negative_binomial": _negative_binomial, "exponential": _exponential, "gamma": _gamma, "beta": _beta, "t": _t,
    "lognormal": _lognormal, "cauchy": _cauchy, "laplace": _laplace, "integers": _integers, "mvnormal": _mvnormal,
    "factor": _factor, "computed": _computed,
}  # fmt: skip


def checked(dist: Any, parameters: Mapping[str, Any]) -> str:
    """The name of a distribution, after a check of name and parameters.

    Raises
    ------
    DataError
        If there is no such distribution, or it lacks a parameter or has no such one.
    """
    if isinstance(dist, str):
        if dist not in DISTRIBUTIONS:
            near = nearest(dist, tuple(DISTRIBUTIONS))
            offer = f"did you mean {near!r}?" if near else f"there are {', '.join(DISTRIBUTIONS)}."
            raise DataError(
                f"there is no distribution {dist!r}; {offer} Others are given as a function of rng and size."
            )
        signature = list(inspect.signature(DISTRIBUTIONS[dist]).parameters.values())[2:]
        names = [p.name for p in signature]
        unknown = [p for p in parameters if p not in names]
        if unknown:
            raise DataError(f"the distribution {dist!r} has no parameter {unknown[0]!r}; it has {', '.join(names)}.")
        missing = [p.name for p in signature if p.default is p.empty and p.name not in parameters]
        if missing:
            raise DataError(f"the distribution {dist!r} lacks {', '.join(missing)}; it has {', '.join(names)}.")
        return dist
    if not callable(getattr(dist, "rvs", None)) and not callable(dist):
        raise DataError(
            f"dist is {dist!r:.60}; give a name such as 'normal', a frozen distribution of scipy.stats, or a function "
            "of a numpy Generator and a size."
        )
    if parameters and hasattr(dist, "rvs"):
        raise DataError(f"a frozen distribution has its parameters; leave {', '.join(parameters)} out.")
    return str(getattr(dist, "__name__", None) or getattr(getattr(dist, "dist", None), "name", "a distribution"))


def draw(dist: Any, rng: Rng, n: int, parameters: Mapping[str, Any], columns: Any) -> Any:
    """`n` values; a function that takes three arguments is also given the columns drawn so far."""
    if isinstance(dist, str):
        return DISTRIBUTIONS[dist](rng, n, **parameters)
    if hasattr(dist, "rvs"):
        return dist.rvs(size=n, random_state=rng)
    try:
        positional = [
            p for p in inspect.signature(dist).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name not in parameters
        ]  # fmt: skip
    except (TypeError, ValueError):  # of a function that is not written in Python
        positional = []
    more = (columns,) if len(positional) > 2 else ()
    return dist(rng, n, *more, **parameters)
