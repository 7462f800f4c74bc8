"""Tail probabilities of F, t and chi-squared in high precision, written to reference.json.gz.

    pip install mpmath gmpy2 && python tests/reference/distributions/make_reference.py

Nothing here knows how the engine does it: the incomplete beta function is the continued fraction of DLMF 8.17.22, the
incomplete gamma function the series 8.11.4 or Legendre's continued fraction, each evaluated from behind with ever more
terms until 22 digits stand. A case is [law, value, df1, df2, lower tail, upper tail], tails as decimal text.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

Number = Any
HERE = Path(__file__).resolve().parent
DF = (0.01, 0.5, 1.0, 3.7, 17.0, 120.0, 1e4, 1e6, 1e9)
DISTANCES = (-37.0, -10.0, -3.0, -1.0, 0.3, 1.0, 3.0, 10.0, 25.0, 37.0)  # from 1, in standard deviations of log F
MOST_TERMS = 3200
SMALLEST = mpf(10) ** -305


class TooSlow(Exception):
    """A fraction that needs too many terms."""


def settled(fraction: Callable[[int], Number]) -> Number:
    """The limit of a fraction in its number of terms."""
    last, terms = fraction(100), 200
    while terms <= MOST_TERMS:
        value = fraction(terms)
        if abs(value - last) < abs(value) * mpf(10) ** -22:
            return value
        last, terms = value, 2 * terms
    raise TooSlow


def beta_fraction(a: Number, b: Number, x: Number) -> Number:
    def coefficient(k: int) -> Number:
        m = k // 2
        if k % 2 == 0:
            return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))

    def fraction(terms: int) -> Number:
        value = mpf(0)
        for k in range(terms, 0, -1):
            value = coefficient(k) / (1 + value)
        return 1 / (a * (1 + value))

    return settled(fraction)


def f_tails(f: Number, df1: float, df2: float) -> tuple[Number, Number]:
    a, b = mpf(df1) / 2, mpf(df2) / 2
    x, y = a * f / (a * f + b), b / (a * f + b)
    kernel = mp.exp(a * mp.log(x) + b * mp.log(y) - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b))
    if x < (a + 1) / (a + b + 2):
        lower = kernel * beta_fraction(a, b, x)
        return lower, 1 - lower
    upper = kernel * beta_fraction(b, a, y)
    return 1 - upper, upper


def chi_squared_tails(chi_squared: float, df: float) -> tuple[Number, Number]:
    a, x = mpf(df) / 2, mpf(chi_squared) / 2
    kernel = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if x > a + 1:
        upper = kernel * settled(lambda terms: gamma_fraction(a, x, terms))
        return 1 - upper, upper
    lower = kernel * settled(lambda terms: gamma_series(a, x, terms))
    return lower, 1 - lower


def gamma_fraction(a: Number, x: Number, terms: int) -> Number:
    value = mpf(0)
    for k in range(terms, 0, -1):
        value = k * (a - k) / (x + 2 * k + 1 - a + value)
    return 1 / (x + 1 - a + value)


def gamma_series(a: Number, x: Number, terms: int) -> Number:
    value = mpf(1)
    for k in range(terms, 0, -1):
        value = 1 + value * x / (a + k)
    return value / a


def cases() -> list[list[Any]]:
    mp.dps = 50
    found: list[list[Any]] = []

    def add(law: str, value: float, df1: float, df2: float, tails: Callable[[], tuple[Number, Number]]) -> None:
        try:
            lower, upper = tails()
        except TooSlow:
            return
        found.append([law, value, df1, df2, *(mp.nstr(t, 20) if t > SMALLEST else "0" for t in (lower, upper))])

    for df, distance in itertools.product(DF, DISTANCES):
        x = df * math.exp(distance * min(math.sqrt(2 / df), 3.0))
        add("chi-squared", x, df, math.inf, lambda x=x, df=df: chi_squared_tails(x, df))
        if distance > 0:
            t = lambda t=distance, df=df: f_tails(mpf(t) ** 2, 1.0, df)  # noqa: E731
            add("t", distance, 1.0, df, lambda t=t: (1 - t()[1] / 2, t()[1] / 2))
    for df1, df2, distance in itertools.product(DF, DF, DISTANCES[::2]):
        f = math.exp(distance * min(math.sqrt(2 / df1 + 2 / df2), 3.0))
        add("F", f, df1, df2, lambda f=f, df1=df1, df2=df2: f_tails(mpf(f), df1, df2))
    return found


if __name__ == "__main__":
    text = json.dumps(cases(), separators=(",", ":"))
    (HERE / "reference.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
