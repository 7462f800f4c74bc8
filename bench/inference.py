"""Inference after the fit: seconds, and beside R in the same run where Rscript (with lme4 and nlme) is found.

    python bench/inference.py                    # all; R takes a minute
    python bench/inference.py boot many -n 20
    python bench/inference.py --alone            # without R

Every figure of ours is the best of several runs in one process, Python included, its work divided over the engine's
threads (--threads); R's is one run.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import best

import mixedmodels as mm

warnings.simplefilter("ignore", mm.MixedModelsWarning)

OATS = Path(__file__).resolve().parent.parent / "tests" / "reference" / "profile" / "tables" / "Oats.csv"
MODELS = {
    "sleepstudy": "Reaction ~ Days + (Days | Subject)",
    "Oats": "yield ~ factor(nitro) * Variety + (1 | Block/Variety)",
    "Penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample)",
    "cake": "angle ~ recipe * temperature + (1 | recipe:replicate)",
}
PEER_DRAWS = 100  # of bootMer, whose time grows in proportion

R = r"""
suppressMessages({library(lme4); Oats <- as.data.frame(nlme::Oats)})
a <- commandArgs(TRUE)
fit <- lmer(as.formula(a[1]), get(a[2]))
all <- function(m) { v <- as.data.frame(VarCorr(m)); c(v$sdcor, fixef(m)) }
cat(system.time(suppressMessages(suppressWarnings(
  if (a[3] == "profile") profile(fit) else bootMer(fit, all, nsim = as.integer(a[4]))
)))[["elapsed"]])
"""


def data(name: str) -> pd.DataFrame:
    return pd.read_csv(OATS) if name == "Oats" else mm.datasets.load(name)


def fitted(name: str) -> Any:
    return mm.lmer(MODELS[name], data(name))


def beside_r(name: str, what: str, ours: float, options: argparse.Namespace) -> str:
    """How long lme4 takes for the same, and the ratio; nothing without R."""
    if options.alone or not shutil.which("Rscript"):
        return ""
    command = ["Rscript", "-e", R, MODELS[name], name, what, str(PEER_DRAWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = float(done.stdout.split()[-1]) * (1000 / PEER_DRAWS if what == "boot" else 1)
    return f"; lme4 {theirs:.2f} s = {theirs / ours:,.0f} x"


def profile(name: str, options: argparse.Namespace) -> str:
    """Profiles of all parameters."""
    fit = fitted(name)
    seconds = best(fit.profile, options.repeats)
    curves = fit.profile().profiles.curves
    points, evaluations = sum(len(c.zeta) for c in curves), sum(c.evaluations for c in curves)
    return (
        f"{1e3 * seconds:8.2f} ms, {points} points, {evaluations} evaluations"
        f"{beside_r(name, 'profile', seconds, options)}"
    )


def boot(name: str, options: argparse.Namespace) -> str:
    """1,000 parametric bootstraps, and what of it is drawing and laying out."""
    from mixedmodels.fit.simulated_responses import generator
    from mixedmodels.fitted.replicates import drawer, parameter_values, refitter

    fit = fitted(name)
    whole = best(lambda: fit.bootstrap(1000, 1), options.repeats)
    draw, refit = drawer(fit, "parametric", "~0", generator(1)), refitter(fit)
    responses = draw(1000)
    many = refit(responses)
    drawing = best(lambda: [draw(250) for _ in range(4)], options.repeats)
    refits = best(lambda: refit(responses), options.repeats)
    laying = best(lambda: parameter_values(many, fit._fit), options.repeats)
    peer = beside_r(name, "boot", whole, options) if name == "sleepstudy" else ""
    return (
        f"{1e3 * whole:8.2f} ms for 1,000 replicates: drawn {1e3 * drawing:.1f}, refitted "
        f"{1e3 * refits:.1f}, laid out {1e3 * laying:.1f}{peer}"
    )


def pb(name: str, options: argparse.Namespace) -> str:
    """1,000 likelihood ratios."""
    fit = fitted(name)
    return f"{1e3 * best(lambda: fit.pbmodcomp('~ . - Days', 1000, 1), options.repeats):8.2f} ms for 1,000 ratios"


def kr(name: str, options: argparse.Namespace) -> str:
    """Kenward and Roger's tests of 20,000 rows in two crossed factors; pbkrtest would invert a matrix of 3.2 GB."""
    rng = np.random.default_rng(1)
    n = 20_000
    s, d, x = rng.integers(0, 500, n), rng.integers(0, 300, n), rng.normal(size=n)
    y = 0.3 * rng.normal(size=500)[s] + 0.5 * rng.normal(size=300)[d] + 0.1 * x + rng.normal(size=n)
    fit = mm.lmer("y ~ x + (1 | s) + (1 | d)", {"y": y, "x": x, "s": s, "d": d})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = best(lambda: fit.tidy(ddf="Kenward-Roger"), 1)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return f"{seconds:8.2f} s, {grown:.0f} MB more than before; n x n would be {8 * n * n / 2**20:,.0f} MB"


def many(name: str, options: argparse.Namespace) -> str:
    """10,000 responses of one design, against a loop over refit."""
    fit, table = fitted(name), data(name)
    responses = np.asarray(fit.simulate(10_000, seed=1))
    right = MODELS[name][MODELS[name].index("~") :]
    repeats = min(3, options.repeats)
    with_df = best(lambda: mm.fit_many(right, table, responses).to_frame(), repeats)
    without = best(lambda: mm.fit_many(right, table, responses, ddf=False).to_frame(), repeats)
    some = [responses[:, j].copy() for j in range(100)]
    bare = best(lambda: [fit.refit(y) for y in some], 3) * 100
    same = best(lambda: pd.concat([numbers(fit.refit(y)) for y in some]), 3) * 100
    return (
        f"{with_df:8.3f} s for 10,000 responses with df, {without:.3f} s without; a loop over "
        f"refit {bare:.2f} s = {bare / without:.0f} x, for the same table {same:.2f} s = {same / with_df:.0f} x"
    )


def numbers(model: Any) -> pd.DataFrame:
    """What fit_many's table says of one response."""
    fixed = model.tidy(ddf="Satterthwaite")
    pars = model.tidy("ran_pars")
    return pd.concat([fixed, pars]).assign(criterion=-2 * model.loglik, singular=model.is_singular)


def residuals(name: str, options: argparse.Namespace) -> str:
    """250 simulations of 7,584 rows with crossed random effects, and the residuals scaled by them."""
    formula = "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)"
    fit = mm.glmer(formula, mm.datasets.load(name), "binomial")
    return f"{1e3 * best(lambda: fit.simulate_residuals(250), options.repeats):8.2f} ms for 250 simulations"


TASKS = {  # task -> what does it, and of which models
    "profile": (profile, ("sleepstudy", "Oats", "Penicillin")),
    "boot": (boot, ("sleepstudy", "Penicillin", "cake")),
    "pb": (pb, ("sleepstudy",)),
    "kr": (kr, ("crossed",)),
    "many": (many, ("sleepstudy", "Penicillin", "cake")),
    "residuals": (residuals, ("VerbAgg",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument("-n", "--repeats", type=int, default=10, help="runs of which the best counts")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--alone", action="store_true", help="without R")
    options = parser.parse_args()
    if options.threads:
        mm.set_threads(options.threads)
    for task in options.tasks:
        work, names = TASKS[task]
        for name in names:
            print(f"{task:8s}{name:11s} {work(name, options)}", flush=True)


if __name__ == "__main__":
    main()
