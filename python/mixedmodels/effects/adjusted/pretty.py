"""Values that stand for a number: round ones over its range, and mean, quartiles and the like.

`pretty` is R's function of that name (?pretty), `pretty_range` and `representative` choose as ggeffects does.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

HIGH = 1.5  # R's high.u.bias: how much larger units are preferred
FIVE = 0.5 + 1.5 * HIGH  # R's u5.bias: the same for units of 5
SHRINK = 0.75
FUZZ = 1e-10  # of a unit, that a range may stick out


def pretty(low: float, high: float, n: int = 5) -> Vector:
    """About `n` + 1 equally spaced round values that cover a range.

    Parameters
    ----------
    low, high : float
        Ends of the range.
    n : int, default 5
        Number of intervals wanted.
    """
    fewest = n // 3
    unit = _unit(_cell(low, high, n, fewest))
    first, last = math.floor(low / unit + FUZZ), math.ceil(high / unit - FUZZ)
    while first * unit > low + FUZZ * unit:
        first -= 1
    while last * unit < high - FUZZ * unit:
        last += 1
    short = fewest - (last - first)
    if short > 0:
        below = short // 2 + (short % 2 if first >= 0 else 0)
        if low == 0 and first == 0 and high != 0:
            below = 0
        elif high == 0 and last == 0 and low != 0:
            below = short
        first, last = first - below, last + short - below
    values = np.linspace(first * unit, last * unit, last - first + 1)
    values[np.abs(values) < 1e-14 * unit] = 0.0
    return values


def _cell(low: float, high: float, n: int, fewest: int) -> float:
    """Length of an interval before it is rounded."""
    width, size = high - low, max(abs(low), abs(high))
    factor = (1 + 1 / (1 + HIGH)) * max(1, n) * sys.float_info.epsilon
    if size == 0 or width < size * factor * 3:
        cell = 1.0 if size == 0 else size
        cell = (9 + cell / 10 if cell > 10 else cell) * SHRINK
        return cell / fewest if fewest > 1 else cell
    return width / n if n > 1 else width


def _unit(cell: float) -> float:
    base = 10.0 ** math.floor(math.log10(cell))
    unit = base
    for factor, bias in ((2, HIGH), (5, FIVE), (10, HIGH)):
        if factor * base - cell >= bias * (cell - unit):
            break
        unit = factor * base
    return unit


def pretty_range(x: Vector, n: int | None = None) -> Vector:
    """Round values over the range of a number: few where it has many distinct ones, for which a line will do.

    Parameters
    ----------
    x : ndarray
        Values of the number.
    n : int, optional
        About how many values are wanted, in place of the choice by the number of distinct ones.
    """
    finite = x[np.isfinite(x)]
    distinct = len(np.unique(finite))
    low, high = float(finite.min()), float(finite.max())
    step = math.sqrt(high - low) / 10
    count = int((high - low) / step + FUZZ) + 1 if step > 0 else 1
    top = low + (count - 1) * step
    base = n if n is not None else 3 if distinct > 100 else 5 if distinct > 50 else 10
    wanted = base ** int(math.log10(count))
    few, more, many = (pretty(low, top, k) for k in (wanted, math.ceil(wanted * 1.5), 2 * wanted))
    if len(few) >= distinct:
        return few
    if len(few) < 10 and len(more) < 25:
        return more
    return many if len(more) < 15 and len(many) < 25 else few


def representative(x: Vector, how: str = "meansd") -> Vector:
    """Values that represent a number, rounded to two or so digits; "all" for those that there are.

    Parameters
    ----------
    how : str, default "meansd"
        Way to the values: "meansd", "minmax", "zeromax", "quart", "quart2", "terciles", "terciles2", "fivenum", "all".

    Raises
    ------
    DataError
        If there is no such way.
    """
    finite = x[np.isfinite(x)]
    how = how.replace("iles", "") if how.startswith("quartiles") else how
    if how[:4] in ("quar", "terc") and len(np.unique(np.quantile(finite, np.linspace(0, 1, 5)))) < 3:
        how = "minmax"
    return _distinct_rounded(finite, _represented(finite, how))


def _represented(x: Vector, how: str) -> Vector:
    inner = how.endswith("2")
    parts = {"quart": 4, "terciles": 3}.get(how.removesuffix("2"))
    if parts is not None:
        values = np.quantile(x, np.linspace(0, 1, parts + 1))
        return np.asarray(values[1:-1] if inner else values)
    if how == "meansd":
        mean, sd = float(x.mean()), float(x.std(ddof=1)) if len(x) > 1 else 0.0
        return np.array([mean - sd, mean, mean + sd])
    if how == "minmax":
        return np.array([x.min(), x.max()])
    if how == "zeromax":
        return np.array([0.0, x.max()])
    if how == "all":
        return np.unique(x)
    if how == "fivenum":
        return five_numbers(np.sort(x))
    raise DataError(
        f"{how!r} is no way to choose values; there are meansd, minmax, zeromax, quart, quart2, terciles, "
        "terciles2, fivenum and all."
    )


def five_numbers(x: Vector) -> Vector:
    """Tukey's five numbers of sorted values: ends, hinges and median."""
    n = len(x)
    depth = ((n + 3) // 2) / 2
    places = np.array([1, depth, (n + 1) / 2, n + 1 - depth, n])
    return np.asarray((x[np.floor(places).astype(int) - 1] + x[np.ceil(places).astype(int) - 1]) / 2)


def _distinct_rounded(x: Vector, values: Vector) -> Vector:
    """Rounded to one digit where x is whole, else two, and to one more where values would coincide."""
    whole = bool(np.allclose(x, np.round(x), rtol=1.5e-8, atol=0))
    digits = 1 if whole else 2
    rounded = [rounded_as_r(float(v), digits) for v in values]
    if len(set(rounded)) < len(rounded):
        rounded = [rounded_as_r(float(v), digits + 1) for v in values]
    return np.array(list(dict.fromkeys(rounded)))


def rounded_as_r(x: float, digits: int) -> float:
    """The nearer of the two decimals around x as R finds it: by differences of doubles, to even digits in a tie."""
    power = 10.0**digits
    low, high = math.floor(x * power), math.ceil(x * power)
    below, above = x - low / power, high / power - x
    return (low if below < above or (below == above and low % 2 == 0) else high) / power
