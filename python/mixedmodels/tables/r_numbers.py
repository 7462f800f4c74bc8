"""Numbers as R prints them: common digits for a column, fixed or scientific whichever is shorter.

The rules are those that R documents in ``?print.default``, ``?format``, ``?printCoefmat``, ``?format.pval``: show the
fewest digits so that the element needing the most shows ``digits`` significant ones, and prefer fixed notation unless
it is wider.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 7


def _decompose(x: float, digits: int) -> tuple[int, int]:
    """Decimal exponent and number of significant digits needed to show `x` to `digits` digits."""
    if x == 0.0:
        return 0, 1
    mantissa, exponent = f"{abs(x):.{digits - 1}e}".split("e")
    return int(exponent), len(mantissa.replace(".", "").rstrip("0")) or 1


def _shape(values: Iterable[float], digits: int, nsmall: int) -> tuple[bool, int]:
    """Whether fixed notation is used, and its decimals (or the mantissa's)."""
    left = right = needed = 1
    right = 0
    negative = large_exponent = False
    for x in values:
        if not math.isfinite(x):
            continue
        exponent, significant = _decompose(x, digits)
        sign = 1 if x < 0 else 0
        negative |= x < 0
        left = max(left, sign + max(exponent + 1, 1))
        right = max(right, significant - exponent - 1)
        needed = max(needed, significant)
        large_exponent |= abs(exponent) >= 100
    fixed_width = left + right + (right > 0)
    scientific_width = negative + (needed > 1) + needed + 4 + large_exponent
    if fixed_width <= scientific_width:
        return True, max(right, nsmall)
    return False, needed - 1


def _show(x: float, fixed: bool, decimals: int, na: str) -> str:
    if math.isnan(x):
        return na
    if math.isinf(x):
        return "Inf" if x > 0 else "-Inf"
    x = x or 0.0  # R prints no negative zero
    return f"{x:.{decimals}f}" if fixed else f"{x:.{decimals}e}"


def format_numbers(
    values: ArrayLike, digits: int = DIGITS, *, nsmall: int = 0, width: bool = True, na: str = "NA"
) -> list[str]:
    """R's ``format()`` of a numeric vector: one notation and one number of decimals for all.

    Parameters
    ----------
    values : array_like, shape (n,)
        Numbers.
    digits : int, default 7
        Significant digits that the neediest element shows.
    nsmall : int, default 0
        Least number of decimals in fixed notation.
    width : bool, default True
        Whether to pad on the left to a common width.
    na : str, optional
        The text for NaN.
    """
    numbers = [float(v) for v in np.asarray(values, dtype=float).ravel()]
    fixed, decimals = _shape(numbers, digits, nsmall)
    texts = [_show(x, fixed, decimals, na) for x in numbers]
    return pad_left(texts) if width else texts


def format_number(value: float, digits: int = DIGITS, *, nsmall: int = 0) -> str:
    """One number as R's ``format()`` shows it alone.

    Examples
    --------
    >>> from mixedmodels.tables.r_numbers import format_number
    >>> format_number(0.5)
    '0.5'
    """
    return format_numbers([value], digits, nsmall=nsmall)[0]


def general(value: float, digits: int) -> str:
    """R's ``formatC(x, digits=)``: C's ``%g``, at least ``digits + 1`` wide."""
    text = "NaN" if math.isnan(value) else f"{value:.{digits}g}".replace("inf", "Inf")
    return text.rjust(digits + 1)


def signif(x: float, digits: int) -> float:
    """Rounded to significant digits."""
    return float(f"{x:.{digits - 1}e}") if math.isfinite(x) else x


def round_r(x: float, digits: int) -> float:
    """Rounded to decimals (digits may be negative), half to even on the exact binary value as R >= 4 does."""
    return round(x, digits) if math.isfinite(x) else x


def zapsmall(values: Sequence[float], digits: int) -> list[float]:
    """Rounded, so that numbers negligible beside the largest become 0."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    decimals = math.floor(max(0.0, digits - math.log10(largest)) + 0.5) if largest > 0 else digits
    return [round_r(v, decimals) for v in values]


def quantiles(values: ArrayLike, probabilities: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)) -> list[float]:
    """Sample quantiles of type 7 (linear interpolation of order statistics); NaN are left out."""
    x = np.asarray(values, dtype=float)
    x = x[~np.isnan(x)]
    if not len(x):
        return [math.nan] * len(probabilities)
    places = [p * (len(x) - 1) for p in probabilities]
    needed = sorted({int(f(h)) for h in places for f in (math.floor, math.ceil)})
    x = np.partition(x, needed)
    out = []
    for h in places:
        low, high = math.floor(h), math.ceil(h)
        part = h - low
        out.append(float(x[low] if part == 0 else (1 - part) * x[low] + part * x[high]))
    return out


def format_pvalues(values: Sequence[float], digits: int, eps: float = float(np.finfo(float).eps)) -> list[str]:
    """P-values with "< 2e-16" for those below `eps`; those below 1e-4 are formatted apart.

    Examples
    --------
    >>> from mixedmodels.tables.r_numbers import format_pvalues
    >>> format_pvalues([0.0421, 1e-20], 3)
    ['0.0421', '<2e-16']
    """
    out = ["NA"] * len(values)
    here = [i for i, p in enumerate(values) if not math.isnan(p)]
    tiny = [i for i in here if values[i] < eps]
    rest = [i for i in here if values[i] >= eps]
    least = -4 if digits > 1 else -3
    plain = [i for i in rest if math.floor(math.log10(values[i])) >= least]
    small = [i for i in rest if i not in set(plain)]
    for group in (plain, small):
        for i, text in zip(group, format_numbers([values[i] for i in group], digits), strict=True):
            out[i] = text
    if tiny:
        digits = max(1, digits - 2)
        if rest:
            longest = max(len(out[i]) for i in rest)
            if digits > 1 and digits + 6 > longest:
                digits = max(1, longest - 7)
            gap = "" if digits == 1 and longest <= 6 else " "
        else:
            gap = "" if digits == 1 else " "
        bound = format_number(eps, digits)
        for i in tiny:
            out[i] = f"<{gap}{bound}"
    return out


def pad_left(texts: Sequence[str]) -> list[str]:
    """Right-justified to a common width."""
    widest = max(map(len, texts), default=0)
    return [t.rjust(widest) for t in texts]


def pad_right(texts: Sequence[str]) -> list[str]:
    """Left-justified to a common width."""
    widest = max(map(len, texts), default=0)
    return [t.ljust(widest) for t in texts]
