"""R's functions for general linear hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.inference.glht.comparison_matrices import comparison_matrix
from mixedmodels.inference.glht.mcp import mcp
from mixedmodels.inference.multiplicity import multivariate_t, mvt_rectangles, studentized_range
from mixedmodels.inference.multiplicity.compact_letters import letters
from mixedmodels.inference.multiplicity.p_adjust import adjust
from mixedmodels.r.small_samples import is_lmer, multcomp
from mixedmodels.tables.result_table import ResultTable

__all__ = [
    "cld",
    "contrMat",
    "glht",
    "linearHypothesis",
    "mcp",
    "multcompLetters",
    "p_adjust",
    "pmvt",
    "ptukey",
    "qmvt",
    "qtukey",
]


def glht(model: Any, linfct: Any, rhs: ArrayLike | None = None, alternative: str | None = None, df: Any = None) -> Any:
    """General linear hypotheses of a model (``multcomp::glht``); see the method `glht` of models.

    As there, tests are normal but of an lm, unless `df` says otherwise.

    Examples
    --------
    >>> from mixedmodels.r import glht
    >>> tests = glht(fit, ["Days = 0"])
    >>> tests.summary()["estimate"].round(2)
    array([10.47])
    """
    return model.glht(linfct, rhs, alternative, multcomp(model, df))


def cld(object: Any, level: float = 0.05, decreasing: bool = False) -> Mapping[str, str]:  # noqa: A002
    """Compact letter display of the pairwise comparisons of a factor (``multcomp::cld``).

    Examples
    --------
    >>> from mixedmodels.r import cld, glht, mcp
    >>> dict(cld(glht(baking, mcp(recipe="Tukey"))))
    {'A': 'a', 'B': 'a', 'C': 'a'}
    """
    display: Mapping[str, str] = object.cld(level, decreasing=decreasing)
    return display


def linearHypothesis(
    model: Any, hypothesis_matrix: Any, rhs: ArrayLike | None = None, test: str | None = None, ddf: Ddf = None
) -> ResultTable:
    """One joint Wald test of linear hypotheses (``car::linearHypothesis``).

    As there, the test is "Chisq" by the normal distribution but of an lm, and "F" of an lmer is Kenward and Roger's,
    unless `ddf` says otherwise.

    Examples
    --------
    >>> from mixedmodels.r import linearHypothesis
    >>> linearHypothesis(fit, "Days = 0")["chisq"].round(2)
    array([45.85])
    """
    if ddf is None and model._fit.function != "lm":
        test = test or "Chisq"
        ddf = "normal" if test == "Chisq" else "Kenward-Roger" if is_lmer(model) else None
    table: ResultTable = model.linear_hypothesis(hypothesis_matrix, rhs, test, ddf)
    return table


def contrMat(n: Mapping[str, float], type: str = "Dunnett", base: int = 1) -> NDArray[np.float64]:  # noqa: A002
    """Contrast matrix of groups, given as name -> size (``multcomp::contrMat``); `base` numbers the control.

    Examples
    --------
    >>> from mixedmodels.r import contrMat
    >>> contrMat({"a": 5, "b": 5, "c": 5}).tolist()
    [[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]
    """
    return comparison_matrix(type, np.array(list(n.values()), dtype=float), list(n), base - 1)[0]


def p_adjust(p: ArrayLike, method: str = "holm", n: int | None = None) -> NDArray[np.float64]:
    """p-values adjusted for their number (``p.adjust``).

    Examples
    --------
    >>> from mixedmodels.r import p_adjust
    >>> p_adjust([0.01, 0.02, 0.03], "bonferroni")
    array([0.03, 0.06, 0.09])
    """
    return adjust(np.asarray(p, dtype=float), method, n)


def ptukey(q: ArrayLike, nmeans: float, df: float = np.inf, lower_tail: bool = True) -> NDArray[np.float64]:
    """Distribution function of the studentized range.

    Examples
    --------
    >>> from mixedmodels.r import ptukey
    >>> ptukey(3.5, 3, 20).round(4)
    array([0.9441])
    """
    tail = np.array(
        [studentized_range.ptukey_tail(float(x), nmeans, df) for x in np.atleast_1d(np.asarray(q, dtype=float))]
    )
    return 1 - tail if lower_tail else tail


def qtukey(p: ArrayLike, nmeans: float, df: float = np.inf) -> NDArray[np.float64]:
    """Quantiles of the studentized range.

    Examples
    --------
    >>> from mixedmodels.r import qtukey
    >>> qtukey(0.95, 3, 20).round(4)
    array([3.5779])
    """
    return np.array([studentized_range.qtukey(float(x), nmeans, df) for x in np.atleast_1d(np.asarray(p, dtype=float))])


def pmvt(
    lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf, df: float = np.inf, corr: ArrayLike | None = None
) -> float:
    """P(lower <= T <= upper) of the multivariate t distribution (``mvtnorm::pmvt``, ``pmvnorm`` with infinite `df`).

    Parameters
    ----------
    lower : array_like, default -np.inf
        Bounds, one number for all or shape (k,).
    upper : array_like, default np.inf
        Bounds, one number for all or shape (k,).
    df : float, default np.inf
        Degrees of freedom; 0 or infinite for the normal distribution.
    corr : array_like, shape (k, k), optional
        Correlation matrix, which may be singular; None for independent statistics.

    Raises
    ------
    DataError
        If `corr` is not a correlation matrix, or the bounds do not fit it.

    Examples
    --------
    >>> from mixedmodels.r import pmvt
    >>> round(pmvt(lower=-1.96, upper=1.96, corr=np.eye(2)), 4)
    0.9025
    """
    low, high = (np.atleast_1d(np.asarray(b, dtype=float)) for b in (lower, upper))
    k = max(len(low), len(high)) if corr is None else len(np.atleast_2d(np.asarray(corr, dtype=float)))
    if {len(low), len(high)} - {1, k} or np.isnan(low).any() or np.isnan(high).any():
        raise DataError(f"bounds are numbers, one or {k}; got {len(low)} lower and {len(high)} upper ones.")
    low, high = np.broadcast_to(low, (k,)), np.broadcast_to(high, (k,))
    degrees = df or np.inf
    matrix = _checked_correlation(np.eye(k) if corr is None else corr)
    return mvt_rectangles.box_probability(low, high, multivariate_t.factor(matrix), degrees)[0]


def qmvt(p: float, tail: str = "lower.tail", df: float = np.inf, corr: ArrayLike | None = None, k: int = 1) -> float:
    """Equicoordinate quantile of the multivariate t distribution (``mvtnorm::qmvt``).

    Parameters
    ----------
    p : float
        Probability.
    tail : str, default "lower.tail"
        Tail: "lower.tail" for P(all T <= q) = p, "upper.tail" for P(all T > q) = p, "both.tails" for P(all abs(T) <= q)
        = p.
    df : float, default np.inf
        Degrees of freedom; 0 or infinite for the normal distribution.
    corr : array_like, optional
        Correlation matrix; None for `k` independent statistics.
    k : int, default 1
        Number of statistics if `corr` is None.

    Examples
    --------
    >>> from mixedmodels.r import qmvt
    >>> round(qmvt(0.95, tail="both.tails", k=2), 4)
    2.2365
    """
    if tail not in ("lower.tail", "upper.tail", "both.tails") or not 0 < p < 1:
        raise DataError(f"tail is lower.tail, upper.tail or both.tails, and p between 0 and 1; got {tail!r} and {p}.")
    matrix = _checked_correlation(np.eye(k) if corr is None else corr)
    value = multivariate_t.law(matrix, tail == "both.tails").quantile(p, df or np.inf)
    return -value if tail == "upper.tail" else value


def _checked_correlation(corr: ArrayLike) -> NDArray[np.float64]:
    matrix = np.atleast_2d(np.asarray(corr, dtype=float))
    multivariate_t.check_correlation(matrix)
    return matrix


def multcompLetters(
    p_values: Mapping[tuple[str, str], float], names: Sequence[str], threshold: float = 0.05
) -> list[str]:
    """Letters of names from the p-values of their pairs (``multcompView::multcompLetters``).

    Examples
    --------
    >>> from mixedmodels.r import multcompLetters
    >>> pairs = {("a", "b"): 0.5, ("a", "c"): 0.01, ("b", "c"): 0.02}
    >>> multcompLetters(pairs, ["a", "b", "c"])
    ['a', 'a', 'b']
    """
    return letters(p_values, names, threshold)
