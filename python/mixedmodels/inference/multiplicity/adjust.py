"""p-values and critical values for many tests at once.

Methods: "none", "bonferroni", "holm", "hochberg", "hommel", "BH" ("fdr"), "BY" from the p-values alone; "sidak",
"tukey", "scheffe", "dunnettx" from their number as well; "mvt" ("single-step") and "free" from their correlations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixedmodels._spellings import SIDES, recased
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.inference.multiplicity import multivariate_t, studentized_range
from mixedmodels.inference.multiplicity.p_adjust import ALIASES, STEPWISE, adjust

ALTERNATIVES = ("two.sided", "less", "greater")


def univariate_p(t: Vector, df: Vector, alternative: str = "two.sided") -> Vector:
    """p-values of t statistics one by one; an infinite `df` for the normal distribution."""
    t, df = np.broadcast_arrays(np.asarray(t, float), np.asarray(df, float))
    alternative = check_alternative(alternative)
    x = {"two.sided": -np.abs(t), "less": t, "greater": -t}[alternative]
    tail = wald.lower_tail(x, df)
    return np.asarray(np.minimum(2 * tail, 1) if alternative == "two.sided" else tail)


def adjusted_p(
    t: Vector,
    df: Vector,
    corr: Matrix | None,
    method: str,
    *,
    family_size: int | None = None,
    alternative: str = "two.sided",
    n_means: float | None = None,
) -> Vector:
    """p-values that allow for all tests of the family.

    Parameters
    ----------
    t : ndarray, shape (k,)
        Statistics.
    df : ndarray
        Degrees of freedom of the statistics (shape (k,) or one number); infinite for normal statistics.
    corr : ndarray, shape (k, k) or None
        Correlation matrix of the statistics, which may be singular; needed by "mvt", "single-step", "free", and by
        "scheffe" for its rank.
    method : str
        Method of adjustment, see the module.
    family_size : int, optional
        Number of tests; k unless given.
    alternative : str, default "two.sided"
        Alternative: "two.sided", "less" or "greater".
    n_means : float, optional
        Number of means compared by "tukey", or the dimension of "scheffe"; from the number of tests (all pairs) and the
        rank of `corr` unless given.

    Raises
    ------
    DataError
        If the method is unknown, lacks the correlations, or does not serve one-sided tests.
    """
    t = np.asarray(t, dtype=float)
    df = np.broadcast_to(np.asarray(df, dtype=float), t.shape)
    method = check_method(method, alternative)
    n = len(t) if family_size is None else family_size
    p = univariate_p(t, df, alternative)
    if method in STEPWISE:
        return adjust(p, method, n)
    if method == "sidak":
        return _sidak(p, n)
    if method in ("mvt", "free"):
        corr = _need(corr, method)
        upper = {"two.sided": np.abs(t), "less": -t, "greater": t}[alternative]
        if method == "free":
            return _free(upper, df, corr, alternative == "two.sided")
        return largest_tail(upper, df, corr, alternative == "two.sided")
    family = n_means if n_means is not None else _default_means(method, n, corr)
    return np.array([_family_tail(method, float(x), float(d), family, n) for x, d in zip(np.abs(t), df, strict=True)])


def critical_value(
    df: Vector | float,
    corr: Matrix | None,
    method: str,
    level: float,
    k: int,
    n_means: float | None = None,
    alternative: str = "two.sided",
) -> Vector:
    """Standard errors at either side of the estimates of simultaneous intervals, one for each of `df`.

    Parameters
    ----------
    df : ndarray or float
        See `adjusted_p`; stepwise methods, which have no intervals, give Bonferroni's.
    corr : ndarray or None
        See `adjusted_p`; stepwise methods, which have no intervals, give Bonferroni's.
    method : str
        See `adjusted_p`; stepwise methods, which have no intervals, give Bonferroni's.
    level : float
        Confidence that all `k` intervals hold.
    k : int
        Number of intervals.
    n_means : float, optional
        See `adjusted_p`; stepwise methods, which have no intervals, give Bonferroni's.
    alternative : str, default "two.sided"
        See `adjusted_p`; stepwise methods, which have no intervals, give Bonferroni's.

    Raises
    ------
    DataError
        As `adjusted_p`, and if `level` is not between 0 and 1.
    """
    wald.check_level(level)
    method = check_method(method, alternative)
    each = np.atleast_1d(np.asarray(df, dtype=float))
    two = alternative == "two.sided"
    if method in ("mvt", "free"):
        law = multivariate_t.law(_need(corr, method), two)
        value = _memo(lambda d: law.quantile(level, d))
    elif method in ("tukey", "scheffe", "dunnettx"):
        family = n_means if n_means is not None else _default_means(method, k, corr)
        value = _memo(lambda d: _family_quantile(method, level, d, family, k))
    else:
        alpha = {"none": 1 - level, "sidak": -np.expm1(np.log(level) / k)}.get(method, (1 - level) / k)
        value = _memo(lambda d: -float(wald.quantile(alpha / (1 + two), d)))
    return np.array([value(float(d)) for d in each])


JOINT = ("sidak", "tukey", "scheffe", "dunnettx", "mvt", "free")


# -- from correlations and numbers of means ---------------------------------------------------------------------


def check_method(method: str, alternative: str = "two.sided") -> str:
    """The name of the method, which must exist and support the alternative."""
    alternative = check_alternative(alternative)
    method = recased(method, [*STEPWISE, *JOINT, *ALIASES])
    name = ALIASES.get(method, method)
    if name not in STEPWISE and name not in JOINT:
        methods = ", ".join(map(repr, [*STEPWISE, *JOINT, *ALIASES]))
        raise DataError(f"adjustment {method!r} is none of {methods}.")
    if alternative != "two.sided" and name in ("tukey", "scheffe", "dunnettx"):
        raise DataError(f"{name!r} is for two-sided inference; with alternative={alternative!r} take 'mvt' or 'sidak'.")
    return name


def check_alternative(alternative: str) -> str:
    """The name of the alternative, which must exist."""
    name: str = recased(alternative, ALTERNATIVES, SIDES)
    if name not in ALTERNATIVES:
        raise DataError(f"alternative must be 'two.sided', 'less' or 'greater', not {alternative!r}.")
    return name


def correlation(vcov: Matrix) -> Matrix:
    """Correlation matrix of estimates with this covariance."""
    sd = np.sqrt(np.diag(vcov))
    with np.errstate(divide="ignore", invalid="ignore"):
        corr = vcov / np.outer(sd, sd)
    np.fill_diagonal(corr, 1.0)
    return np.asarray(corr)


def pairs_to_means(k: float) -> float:
    """Number of means that have `k` pairwise comparisons, whole or not."""
    return float((1 + np.sqrt(1 + 8 * k)) / 2)


def _default_means(method: str, k: int, corr: Matrix | None) -> float:
    if method == "scheffe":
        return float(np.linalg.matrix_rank(_need(corr, method), tol=1e-8, hermitian=True))
    return pairs_to_means(k)


def _family_tail(method: str, t: float, df: float, family: float, k: int) -> float:
    if method == "tukey":
        return studentized_range.ptukey_tail(np.sqrt(2) * t, family, df)
    if method == "scheffe":
        return wald.f_p_value(t**2 / family, family, df)
    return _dunnettx_tail(t, k, df)


def _family_quantile(method: str, level: float, df: float, family: float, k: int) -> float:
    if method == "tukey":
        return studentized_range.qtukey(level, family, df) / float(np.sqrt(2))
    if method == "scheffe":
        return studentized_range.root(lambda c: wald.f_p_value(c**2 / family, family, df) - (1 - level), 0.0, 4.0)
    if k < 2:
        return -float(wald.quantile((1 - level) / 2, df))
    return studentized_range.root(lambda c: _dunnettx_tail(c, k, df) - (1 - level), 0.0, 4.0)


def _dunnettx_tail(t: float, k: int, df: float) -> float:
    """Dunnett's p-value approximated by a weighted mean of those of Tukey and Sidak (as emmeans defines "dunnettx")."""
    single = float(univariate_p(np.array([t]), np.array([df]))[0])
    if k < 2:
        return single
    tukey = studentized_range.ptukey_tail(np.sqrt(2) * t, pairs_to_means(k), df)
    return float((k - 1) / k * tukey + _sidak(np.array([single]), k)[0] / k)


def _sidak(p: Vector, n: int) -> Vector:
    return np.asarray(-np.expm1(n * np.log1p(-np.minimum(p, 1 - 1e-16))))


def largest_tail(upper: Vector, df: Vector, corr: Matrix, two_sided: bool) -> Vector:
    """P(the largest of statistics with these correlations > each of `upper`), each with its own `df`."""
    law = multivariate_t.law(corr, two_sided)
    return np.array([law.tail(float(c), float(d)) for c, d in zip(upper, df, strict=True)])


def _free(upper: Vector, df: Vector, corr: Matrix, two_sided: bool) -> Vector:
    """Step down: the smallest p-value among all, then the smallest among the others, never falling."""
    out = np.full(len(upper), np.nan)
    left = np.flatnonzero(~np.isnan(upper))
    reached = 0.0
    while len(left):
        p = largest_tail(upper[left], df[left], corr[np.ix_(left, left)], two_sided)
        best = int(np.argmin(p))
        reached = max(reached, float(p[best]))
        out[left[best]] = reached
        left = np.delete(left, best)
    return out


def _need(corr: Matrix | None, method: str) -> Matrix:
    if corr is None:
        raise DataError(f"adjustment {method!r} needs the correlation matrix of the estimates.")
    return corr


def _memo(f: Callable[[float], float]) -> Callable[[float], float]:
    seen: dict[float, float] = {}

    def once(d: float) -> float:
        if d not in seen:
            seen[d] = f(d)
        return seen[d]

    return once
