"""Families of hypotheses about estimates in a row: each with the first, all pairs, neighbours, a mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mixedmodels.design.contrasts import helmert, polynomial
from mixedmodels.effects.marginal.jets import Jet, stacked

Pairs = list[tuple[int, int]]
DEGREES = ("Linear", "Quadratic", "Cubic", "Quartic", "Quintic")

# Family -> which estimates are compared with which: (i, j) is the i-th less, or over, the j-th.
PAIRS: dict[str, Callable[[int], Pairs]] = {
    "reference": lambda r: [(i, 0) for i in range(1, r)],
    "revreference": lambda r: [(0, i) for i in range(1, r)],
    "sequential": lambda r: [(i, i - 1) for i in range(1, r)],
    "revsequential": lambda r: [(i - 1, i) for i in range(1, r)],
    "pairwise": lambda r: [(i, j) for j in range(r) for i in range(j + 1, r)],
    "revpairwise": lambda r: [(i, j) for j in range(r) for i in range(j)],
}
MEANS = ("meandev", "meanotherdev", "trt_vs_ctrl")
WEIGHTED = ("poly", "helmert")
FAMILIES = (*PAIRS, *MEANS, *WEIGHTED)


def family_of(name: str, ratio: bool, estimates: Jet, labels: Sequence[str]) -> tuple[Jet, list[str]]:
    """The hypotheses of a family about estimates in their order, with their labels.

    Parameters
    ----------
    name : str
        One of `FAMILIES`.
    ratio : bool
        Whether estimates are divided rather than subtracted.
    """
    r = len(estimates)
    sign = "/" if ratio else "-"
    if name in PAIRS:
        pairs = PAIRS[name](r)
        first, second = (estimates.take(np.array([pair[k] for pair in pairs], dtype=np.intp)) for k in (0, 1))
        return _compared(first, second, ratio), [f"({labels[i]}) {sign} ({labels[j]})" for i, j in pairs]
    if name in WEIGHTED:
        weights = (polynomial(r).matrix[:, :5] if name == "poly" else helmert(r).matrix).T
        texts = DEGREES if name == "poly" else [f"Helmert {i + 1}" for i in range(r - 1)]
        return estimates.combined(weights), list(texts[: len(weights)])
    if name == "meandev":
        means = estimates.combined(np.full((r, r), 1 / r))
        return _compared(estimates, means, ratio), [f"({text}) {sign} Mean" for text in labels]
    if name == "meanotherdev":
        means = estimates.combined((1 - np.eye(r)) / (r - 1))
        return _compared(estimates, means, ratio), [f"({text}) {sign} Mean (other)" for text in labels]
    control = stacked([estimates.take(np.array([0]))] * (r - 1))
    treated = estimates.take(np.arange(1, r))
    return _compared(treated, control, ratio).average(), [f"Mean(Trt) {sign} Ctrl"]


def _compared(first: Jet, second: Jet, ratio: bool) -> Jet:
    return first / second if ratio else first - second
