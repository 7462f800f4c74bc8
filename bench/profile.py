"""Profile likelihoods: milliseconds, and with --peers beside lme4's `profile` in the same run.

    python bench/profile.py
    python bench/profile.py --peers       # needs Rscript with lme4 and nlme

Every figure of ours is the best of several runs, Python included; lme4's is one run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import pandas as pd

import mixedmodels as mm

warnings.simplefilter("ignore", mm.MixedModelsWarning)

OATS = Path(__file__).resolve().parent.parent / "tests" / "reference" / "profile" / "tables" / "Oats.csv"
MODELS = {
    "sleepstudy": "Reaction ~ Days + (Days | Subject)",
    "Oats": "yield ~ nitro * Variety + (1 | Block/Variety)",
    "Penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample)",
}
R = """
suppressMessages({library(lme4); Oats <- as.data.frame(nlme::Oats)})
a <- commandArgs(TRUE)
fit <- lmer(as.formula(a[1]), get(a[2]))
cat(system.time(suppressWarnings(profile(fit)))[["elapsed"]])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=20, help="runs of which the best counts")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    for name, formula in MODELS.items():
        fit = mm.lmer(formula, pd.read_csv(OATS) if name == "Oats" else mm.datasets.load(name))
        seconds = []
        for _ in range(options.n):
            start = time.perf_counter()
            profile = fit.profile()
            seconds.append(time.perf_counter() - start)
        evaluations = sum(c.evaluations for c in profile.profiles.curves)
        points = sum(len(c.zeta) for c in profile.profiles.curves)
        line = f"{name:12} {1e3 * min(seconds):8.2f} ms  {points} points, {evaluations} evaluations"
        if options.peers and shutil.which("Rscript"):
            done = subprocess.run(["Rscript", "-e", R, formula, name], capture_output=True, text=True, check=True)
            theirs = float(done.stdout.split()[-1])
            line += f"   lme4 {theirs:.2f} s, {theirs / min(seconds):.0f} times as long"
        print(line, flush=True)


if __name__ == "__main__":
    main()
