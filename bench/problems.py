"""The problems whose speed is watched: shipped data sets, and tables simulated from fixed seeds.

Those that other packages are timed on have the same names, seeds and formulas there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

import mixedmodels as mm


@dataclass(frozen=True)
class Problem:
    name: str
    formula: str
    frame: pd.DataFrame = field(repr=False)
    best: float | None = None  # REML criterion that a right answer reaches


def _categorical(codes: np.ndarray, levels: int | None = None) -> pd.Categorical:
    """Integer levels straight from codes, without sorting ten million of them."""
    count = int(codes.max()) + 1 if levels is None else levels
    return pd.Categorical.from_codes(codes, categories=np.arange(count))


def one_factor(n: int, groups: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    g = rng.integers(0, groups, n)
    x = rng.normal(size=n)
    b = rng.normal(size=(groups, 2))
    y = 1 + 2 * x + b[g, 0] + 0.5 * b[g, 1] * x + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "g": _categorical(g, groups)})


def crossed(n: int, a_levels: int, b_levels: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, a_levels, n), rng.integers(0, b_levels, n)
    x = rng.normal(size=n)
    y = 1 + 2 * x + rng.normal(size=a_levels)[a] + rng.normal(size=b_levels)[b] + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "a": _categorical(a, a_levels), "b": _categorical(b, b_levels)})


def maximal() -> pd.DataFrame:
    """56 subjects by 32 items, three conditions varying within both: twenty covariance parameters."""
    rng = np.random.default_rng(3)
    s, i = (v.ravel() for v in np.meshgrid(np.arange(56), np.arange(32), indexing="ij"))
    cell = (s + i) % 8
    w = np.column_stack([np.ones(len(s)), *(np.where(cell >> bit & 1, 0.5, -0.5) for bit in range(3))])
    us = rng.normal(size=(56, 4)) @ np.tril(rng.normal(size=(4, 4))).T
    ui = rng.normal(size=(32, 4)) @ np.tril(rng.normal(size=(4, 4))).T
    y = (w * us[s]).sum(1) + (w * ui[i]).sum(1) + 2 * rng.normal(size=len(s))
    return pd.DataFrame(
        {"y": y, "p": w[:, 1], "q": w[:, 2], "r": w[:, 3], "subj": _categorical(s, 56), "item": _categorical(i, 32)}
    )


def nested() -> pd.DataFrame:
    """200,000 pupils in 10,000 classes of 1,000 schools of 50 regions."""
    rng = np.random.default_rng(4)
    n = 200_000
    classes = rng.integers(0, 10_000, n)
    schools, regions = classes // 10, classes // 200
    x = rng.normal(size=n)
    y = x + rng.normal(size=10_000)[classes] + rng.normal(size=1_000)[schools] + rng.normal(size=50)[regions]
    return pd.DataFrame(
        {"y": y + rng.normal(size=n), "x": x, "region": _categorical(regions, 50),
         "school": _categorical(schools, 1_000), "room": _categorical(classes, 10_000)}
    )  # fmt: skip


def workers(near: bool, n_workers: int = 300_000, n_firms: int = 50_000) -> pd.DataFrame:
    """Workers in one to three firms each, one row a job; they move nearby, or anywhere."""
    rng = np.random.default_rng(5)
    jobs = rng.integers(1, 4, n_workers)
    w = np.repeat(np.arange(n_workers), jobs)
    first = np.repeat(rng.integers(0, n_firms, n_workers), jobs)
    if near:
        moved = np.r_[False, w[1:] == w[:-1]]
        f = (first + moved * rng.integers(-5, 6, len(w))) % n_firms
    else:
        f = rng.integers(0, n_firms, len(w))
    x = rng.normal(size=len(w))
    y = 1 + 0.5 * x + rng.normal(size=n_workers)[w] + 0.7 * rng.normal(size=n_firms)[f] + rng.normal(size=len(w))
    return pd.DataFrame({"y": y, "x": x, "worker": _categorical(w, n_workers), "firm": _categorical(f)})


def _insteval(name: str, formula: str, best: float | None = None) -> Problem:
    return Problem(name, formula, mm.datasets.load("InstEval"), best)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "sleepstudy": lambda: Problem(
        "sleepstudy", "Reaction ~ Days + (1 + Days | Subject)", mm.datasets.load("sleepstudy"), 1743.62827
    ),
    "penicillin": lambda: Problem(
        "penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"), 330.86059
    ),
    "maximal": lambda: Problem("maximal", "y ~ p + q + r + (p + q + r | subj) + (p + q + r | item)", maximal()),
    "insteval": lambda: _insteval("insteval", "y ~ service + (1 | s) + (1 | d) + (1 | dept)", 237733.83413),
    "insteval28": lambda: _insteval("insteval28", "y ~ service * dept + (1 | s) + (1 | d)"),
    "nested": lambda: Problem("nested", "y ~ x + (1 | region/school/room)", nested()),
    "million": lambda: Problem("million", "y ~ x + (1 + x | g)", one_factor(1_000_000, 100_000)),
    "crossed": lambda: Problem("crossed", "y ~ x + (1 | a) + (1 | b)", crossed(1_000_000, 20_000, 2_000)),
    "ten_million": lambda: Problem("ten_million", "y ~ x + (1 + x | g)", one_factor(10_000_000, 100_000)),
    "movers_near": lambda: Problem("movers_near", "y ~ x + (1 | worker) + (1 | firm)", workers(near=True)),
    "movers_anywhere": lambda: Problem("movers_anywhere", "y ~ x + (1 | worker) + (1 | firm)", workers(near=False)),
}

SLOW = ("movers_anywhere",)  # only when named: the firms' graph fills in nearly completely


@cache
def problem(name: str) -> Problem:
    return PROBLEMS[name]()
