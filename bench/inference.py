"""Resampling and many responses: seconds, beside a loop over refit and, with --peers, beside R's bootMer.

    python bench/inference.py                    # all
    python bench/inference.py boot many -n 20
    python bench/inference.py boot --peers       # needs Rscript with lme4; takes a minute

Every figure is the best of several runs in one process, its work divided over the engine's threads (--threads).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm

warnings.simplefilter("ignore", mm.MixedModelsWarning)

MODELS = {
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", "sleepstudy"),
    "penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin"),
    "cake": ("angle ~ recipe * temperature + (1 | recipe:replicate)", "cake"),
}

R = r"""
suppressMessages(library(lme4))
fit <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
all <- function(m) { v <- as.data.frame(VarCorr(m)); c(v$sdcor, fixef(m)) }
n <- as.integer(commandArgs(TRUE)[1])
cat(system.time(suppressMessages(suppressWarnings(bootMer(fit, all, nsim = n))))[["elapsed"]])
"""


def best(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def fitted(name: str) -> tuple[Any, Any, str]:
    formula, data = MODELS[name]
    table = mm.datasets.load(data)
    return mm.lmer(formula, table), table, formula


def boot(name: str, options: argparse.Namespace) -> None:
    """1,000 parametric bootstraps, and what of it is drawing and laying out."""
    from mixedmodels.model.replicates import drawer, parameter_values, refitter
    from mixedmodels.simulate import generator

    fit, _, _ = fitted(name)
    whole = best(lambda: fit.bootstrap(1000, 1), options.repeats)
    draw, refit = drawer(fit, "parametric", "~0", generator(1)), refitter(fit)
    responses = draw(1000)
    many = refit(responses)
    drawing = best(lambda: [draw(250) for _ in range(4)], options.repeats)
    refits = best(lambda: refit(responses), options.repeats)
    laying = best(lambda: parameter_values(many, fit._fit), options.repeats)
    some = responses[:100]
    loop = best(lambda: [fit.refit(y) for y in some], 3) * 10
    print(
        f"boot {name:12s} 1,000 replicates {1e3 * whole:7.1f} ms: drawn {1e3 * drawing:.1f}, "
        f"refitted {1e3 * refits:.1f}, "
        f"laid out {1e3 * laying:.1f}; a loop over refit {1e3 * loop:.0f} ms = {loop / whole:.0f} x"
    )
    if options.peers and name == "sleepstudy" and shutil.which("Rscript"):
        out = subprocess.run(["Rscript", "-e", R, "200"], capture_output=True, text=True, check=True)
        seconds = float(out.stdout) * 5
        print(f"    bootMer {seconds:.1f} s = {seconds / whole:,.0f} x")


def pb(name: str, options: argparse.Namespace) -> None:
    """1,000 likelihood ratios."""
    if name != "sleepstudy":
        return
    fit, _, _ = fitted(name)
    print(f"pb   {name:12s} 1,000 ratios {1e3 * best(lambda: fit.pbmodcomp('~ . - Days', 1000, 1), 5):7.1f} ms")


def many(name: str, options: argparse.Namespace) -> None:
    """10,000 responses of one design."""
    fit, table, formula = fitted(name)
    responses = np.asarray(fit.simulate(10_000, seed=1))
    right = formula[formula.index("~") :]
    with_df = best(lambda: mm.fit_many(right, table, responses).to_frame(), options.repeats)
    without = best(lambda: mm.fit_many(right, table, responses, ddf=False).to_frame(), options.repeats)
    laying = best(mm.fit_many(right, table, responses).to_frame, options.repeats)
    some = [responses[:, j].copy() for j in range(100)]
    bare = best(lambda: [fit.refit(y) for y in some], 3) * 100
    same = best(lambda: pd.concat([numbers(fit.refit(y)) for y in some]), 3) * 100
    print(
        f"many {name:12s} 10,000 responses {with_df:6.3f} s with df, {without:6.3f} s without, of which the table "
        f"{laying:5.3f} s; a loop over refit {bare:.2f} s = {bare / without:.0f} x, for the same table {same:.2f} s "
        f"= {same / with_df:.0f} x"
    )


def numbers(model: Any) -> pd.DataFrame:
    """What fit_many's table says of one response."""
    fixed = model.tidy(ddf="Satterthwaite")
    pars = model.tidy("ran_pars")
    return pd.concat([fixed, pars]).assign(criterion=-2 * model.loglik, singular=model.is_singular)


TASKS = {"boot": boot, "pb": pb, "many": many}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument("-n", "--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--peers", action="store_true", help="time R's bootMer, too")
    options = parser.parse_args()
    if options.threads:
        mm.set_threads(options.threads)
    for task in options.tasks:
        for name in MODELS:
            TASKS[task](name, options)


if __name__ == "__main__":
    main()
