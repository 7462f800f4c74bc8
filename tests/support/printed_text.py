"""Printed text beside R's: the same lines and columns, the same digits up to one unit in the last that is printed."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]\d+)?")

# What R says in other words or elsewhere: rows lost to missing values and dropped columns (ours name them), R's hint
# that a long correlation table is left out (a message beside the text), and which optimiser ran.
SAID_OTHERWISE = (
    "missing",
    "rank deficient",
    "fit warnings",
    "Dropped",
    "Correlation matrix not shown",
    "Use print(",
    "if you need it",
    "optimizer (",
    "boundary (singular)",
    "Some predictor variables",
    "Data:",
)


def lines(text: Any) -> list[str]:
    """Lines to compare: R's curly quotes made straight, blanks at ends gone, and what is said otherwise left out."""
    straight = str(text).replace("‘", "'").replace("’", "'")
    kept = [line.rstrip() for line in straight.split("\n") if not any(word in line for word in SAID_OTHERWISE)]
    while kept and not kept[0]:
        kept.pop(0)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _unit(number: str) -> float:
    """What one more in the last printed digit is worth."""
    mantissa, _, exponent = number.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals)


def same_line(ours: str, theirs: str) -> bool:
    if NUMBER.sub("#", ours) != NUMBER.sub("#", theirs) or len(ours) != len(theirs):
        return False
    pairs = zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True)
    return all(abs(float(a) - float(b)) <= 1.01 * max(_unit(a), _unit(b)) for a, b in pairs if a != b)


def differences(ours: Any, theirs: Any) -> list[tuple[str | None, str | None]]:
    """Pairs of lines that say different things; none if the texts agree.

    A number that lies on the edge of rounding may be printed either way: one unit in the last digit is no difference.
    """
    pairs = zip_longest(lines(ours), lines(theirs))
    return [(a, b) for a, b in pairs if a is None or b is None or not same_line(a, b)]
