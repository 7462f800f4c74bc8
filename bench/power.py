"""Power curves: seconds for 1,000 simulations at 8 sizes, and beside simr in the same run where R has it.

    python bench/power.py                # simr takes minutes; 20 of its simulations are timed and scaled
    python bench/power.py --alone

Ours is the best of several runs in one process, Python included; simr's is one run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

from machine import best

import mixedmodels as mm

SIZES = [4, 6, 8, 10, 12, 14, 16, 18]
NSIM = 1000
SIMR = 20
SCRIPT = """
suppressMessages({library(lme4); library(simr)})
simrOptions(progress = FALSE)
fm <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
fixef(fm)["Days"] <- 4
took <- system.time(suppressMessages(powerCurve(fm, fixed("Days", "sa"), along = "Subject",
                    breaks = c(4, 6, 8, 10, 12, 14, 16, 18), nsim = %d, seed = 1)))[["elapsed"]]
cat(took)
"""


def simr() -> float | None:
    """Seconds that simr would take for all simulations; None without it."""
    if shutil.which("Rscript") is None:
        return None
    run = subprocess.run(["Rscript", "-e", SCRIPT % SIMR], capture_output=True, text=True, check=False)
    return float(run.stdout.split()[-1]) * NSIM / SIMR if run.returncode == 0 else None


def main() -> None:
    """Print one line per kind of power."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, help="runs of which the best counts")
    parser.add_argument("--alone", action="store_true", help="without R")
    given = parser.parse_args()
    sleep = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    herds = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    how = {"seed": 1, "along": "Subject", "sizes": SIZES, "effect": 4}
    calls: dict[str, tuple[Callable[[], Any], int]] = {
        f"{NSIM:,} x {len(SIZES)} fits, Satterthwaite": (lambda: sleep.power_curve("Days", NSIM, **how), given.n),
        "the same by likelihood ratio": (lambda: sleep.power_curve("Days", NSIM, by="LRT", **how), given.n),
        "the curve, analytic": (lambda: sleep.power_curve("Days", method="analytic", **how), given.n),
        "1,000 fits, Kenward-Roger": (lambda: sleep.power("Days", NSIM, 1, by="KR", effect=4), 1),
        "1,000 glmer fits (cbpp)": (lambda: herds.power("period2", NSIM, 1, effect=-1), given.n),
    }
    seconds = {name: best(call, runs) for name, (call, runs) in calls.items()}
    for name, took in seconds.items():
        print(f"{name:<34} {took:8.3f} s")
    ours = next(iter(seconds.values()))
    theirs = None if given.alone else simr()
    if theirs is not None:
        ratio = f"{theirs / ours:,.0f} times as long ({SIMR} timed)"
        print(f"{'simr, the first line':<34} {theirs:8.0f} s, {ratio}")


if __name__ == "__main__":
    main()
