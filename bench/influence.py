"""Deletion of every level and every row: seconds, and beside lme4's influence() in the same run where Rscript is found.

    python bench/influence.py                   # all; R takes a few minutes
    python bench/influence.py sleepstudy -n 20
    python bench/influence.py --alone           # without R

Every figure of ours is the best of several runs in one process, Python included; lme4's, which fits again for every
deletion, is one run. How far the faster ways are from fitting again is shown too: the largest difference of Cook's
distances beside the largest of them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from machine import best

import mixedmodels as mm

warnings.simplefilter("ignore", mm.MixedModelsWarning)


@dataclass(frozen=True)
class Case:
    """A model, a factor whose levels are deleted, and how R says the same."""

    data: str
    formula: str
    group: str
    r: str
    family: str | None = None
    rows: bool = True


CASES = {
    "sleepstudy": Case(
        data="sleepstudy",
        formula="Reaction ~ Days + (Days | Subject)",
        group="Subject",
        r="lmer(Reaction ~ Days + (Days | Subject), sleepstudy)",
    ),
    "Penicillin": Case(
        data="Penicillin",
        formula="diameter ~ 1 + (1 | plate) + (1 | sample)",
        group="plate",
        r="lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin)",
    ),
    "cake": Case(
        data="cake",
        formula="angle ~ recipe * temperature + (1 | recipe:replicate)",
        group="recipe:replicate",
        r="lmer(angle ~ recipe * temperature + (1 | rr), transform(cake, rr = interaction(recipe, replicate)))",
    ),
    "cbpp": Case(
        data="cbpp",
        formula="cbind(incidence, size - incidence) ~ period + (1 | herd)",
        group="herd",
        r="glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)",
        family="binomial",
        rows=False,
    ),
}

R = r"""
suppressMessages(library(lme4))
a <- commandArgs(TRUE)
d <- transform(cake, rr = interaction(recipe, replicate))
code <- sub("transform(cake, rr = interaction(recipe, replicate))", "d", a[1], fixed = TRUE)
fit <- eval(parse(text = code))
group <- if (a[2] == "recipe:replicate") "rr" else a[2]
cat(system.time(suppressMessages(suppressWarnings(
  if (a[2] == "") influence(fit) else influence(fit, group)
)))[["elapsed"]])
"""


def fitted(case: Case) -> Any:
    table = mm.datasets.load(case.data)
    return mm.lmer(case.formula, table) if case.family is None else mm.glmer(case.formula, table, case.family)


def by_lme4(case: Case, group: str) -> float:
    done = subprocess.run(["Rscript", "-e", R, case.r, group], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def compared(name: str, group: str | None, options: argparse.Namespace) -> None:
    """A line per way of deletion."""
    case = CASES[name]
    fit = fitted(case)
    theirs = None if options.alone or not shutil.which("Rscript") else by_lme4(case, group or "")
    truth = np.asarray(fit.cooks_distance(group, "refit"))
    for theta in ("fixed", "one_step", "refit"):
        seconds = best(lambda way=theta: fit.influence(group, way), options.repeats)  # type: ignore[misc]
        off = np.nanmax(np.abs(np.asarray(fit.cooks_distance(group, theta)) - truth)) / np.nanmax(truth)
        beside = "" if theirs is None else f"; lme4 {theirs:7.3f} s = {theirs / seconds:8,.0f} x"
        what = f"{len(truth)} {'rows' if group is None else group}"
        print(f"{name:11s}{what:20s}{theta:9s}{1e3 * seconds:9.3f} ms, Cook's D off by {off:.1e}{beside}", flush=True)


def large() -> None:
    """Deletion in 100,000 rows of 2,000 levels with random slopes, and in crossed factors."""
    rng = np.random.default_rng(1)
    n = 100_000
    x, g = rng.normal(size=n), rng.integers(0, 2000, n)
    y = x + rng.normal(size=2000)[g] + rng.normal(size=n)
    fit = mm.lmer("y ~ x + (x | g)", {"x": x, "g": g, "y": y})
    rows = best(lambda: fit.influence(), 3)
    levels = best(lambda: fit.influence("g"), 3)
    print(f"{'large':11s}{n:,} rows {rows:.2f} s, 2,000 levels {levels:.2f} s, variances kept")
    crossed = mm.lmer("y ~ service + (1 | s) + (1 | d) + (1 | dept)", mm.datasets.load("InstEval"))
    students = best(lambda: crossed.influence("s"), 1)
    leverage = best(crossed.leverage, 1)
    print(f"{'InstEval':11s}2,972 students {students:.2f} s, leverage of 73,421 rows {leverage:.2f} s, variances kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=[*CASES, "large"], help=", ".join([*CASES, "large"]))
    parser.add_argument("-n", "--repeats", type=int, default=10, help="runs of which the best counts")
    parser.add_argument("--alone", action="store_true", help="without R")
    options = parser.parse_args()
    for name in options.cases:
        if name == "large":
            large()
            continue
        compared(name, CASES[name].group, options)
        if CASES[name].rows:
            compared(name, None, options)


if __name__ == "__main__":
    main()
