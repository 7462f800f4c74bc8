"""Ctrl-C in long computations: how long each verb goes on after SIGINT, sent 20 times at random moments.

    python bench/interrupts.py [--times 20] [--only NAME ...] [--seed 0]

A child process builds the model of a verb and runs the verb as often as it is told; this process sends the signals. A
verb may end by KeyboardInterrupt or return what it has. The script fails if any verb took longer than a second.
"""

from __future__ import annotations

import argparse
import random
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import mixedmodels as mm

LIMIT = 1.0  # seconds
PATIENCE = 30.0
LATEST = 1.5  # a signal is sent at most this long after the verb began

Verb = Callable[[], Any]


def rows(n: int, levels: int, others: int, seed: int = 1) -> dict[str, Any]:
    """Two crossed factors, two numbers, a count, an outcome and a factor of four levels."""
    rng = np.random.default_rng(seed)
    g, k = rng.integers(0, levels, n), rng.integers(0, others, n)
    x, z = rng.normal(size=n), rng.normal(size=n)
    eta = 0.3 * x + 0.5 * rng.normal(size=levels)[g] + 0.5 * rng.normal(size=others)[k]
    f = np.array(["a", "b", "c", "d"])[rng.integers(0, 4, n)]
    count, yes = rng.poisson(np.exp(eta)), (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return {"y": eta + rng.normal(size=n), "x": x, "z": z, "g": g, "k": k, "f": f, "count": count, "yes": yes}


def crossed() -> Verb:
    data = rows(60_000, 1800, 1800)
    return lambda: mm.lmer("y ~ x + (1 | g) + (1 | k)", data)


def one_factor() -> Verb:
    data = rows(1_000_000, 200_000, 50)
    return lambda: mm.lmer("y ~ x + z + f + (x + z | g)", data)


def many_crossed() -> Verb:
    data = rows(400_000, 60_000, 60_000)
    return lambda: mm.lmer("y ~ x + (1 | g) + (1 | k)", data)


def fisher() -> Verb:
    data = rows(150, 5, 3)
    data["id"] = np.arange(150) % 24
    data["id"] = np.array([f"u{i}" for i in data["id"]])
    return lambda: mm.glmer("yes ~ x + (id || g) + (1 | k)", data, "binomial", laplace="fisher")


def quadrature() -> Verb:
    data = rows(3000, 300, 10)
    return lambda: mm.glmer("yes ~ x + (x + z | g)", data, "binomial", nAGQ=25)


def glmer_crossed() -> Verb:
    data = rows(40_000, 4000, 1500)
    return lambda: mm.glmer("count ~ x + (1 | g) + (1 | k)", data, "poisson")


def bootstrap_crossed() -> Verb:
    mm.set_threads(2)
    fit = mm.lmer("y ~ x + (x | g) + (1 | k)", rows(2000, 150, 30))
    return lambda: fit.bootstrap(20_000, seed=1)


def bootstrap_one_factor() -> Verb:
    mm.set_threads(2)
    fit = mm.lmer("y ~ x + (x | g)", rows(2000, 150, 30))
    return lambda: fit.bootstrap(100_000, seed=1)


def bootstrap_glmer() -> Verb:
    fit = mm.glmer("count ~ x + (1 | g)", rows(2000, 150, 30), "poisson")
    return lambda: fit.bootstrap(5000, seed=1)


def simulated_residuals() -> Verb:
    fit = mm.glmer("count ~ x + (1 | g)", rows(200_000, 2000, 30), "poisson")
    return lambda: fit.simulate_residuals(seed=1)


def profile() -> Verb:
    fit = mm.lmer("y ~ x + z + f + (x | g) + (1 | k)", rows(20_000, 800, 300))
    return lambda: fit.profile()


def profile_glmer() -> Verb:
    fit = mm.glmer("count ~ x + z + f + (x | g) + (1 | k)", rows(5000, 300, 80), "poisson")
    return lambda: fit.profile()


def all_fit() -> Verb:
    fit = mm.lmer("y ~ x + (x | g) + (1 | k)", rows(20_000, 800, 300))
    return lambda: fit.all_fit()


def power() -> Verb:
    fit = mm.lmer("y ~ x + (1 | g) + (1 | k)", rows(2000, 150, 30))
    return lambda: fit.power("x", nsim=50_000, seed=1)


def influence() -> Verb:
    fit = mm.lmer("y ~ x + (x | g) + (1 | k)", rows(5000, 500, 100))
    return lambda: fit.influence("g")


def cross_validate() -> Verb:
    fit = mm.lmer("y ~ x + (x | g) + (1 | k)", rows(20_000, 800, 300))
    return lambda: fit.cross_validate(k=50, seed=1)


def pbmodcomp() -> Verb:
    fit = mm.lmer("y ~ x + z + (1 | g) + (1 | k)", rows(2000, 150, 30))
    return lambda: fit.pbmodcomp(". ~ . - z", nsim=20_000, seed=1)


def kenward_roger() -> Verb:
    fit = mm.lmer("y ~ x + z + f + (x | g) + (1 | k)", rows(20_000, 800, 300))
    return lambda: fit.anova(ddf="Kenward-Roger")


def satterthwaite() -> Verb:
    data = rows(60_000, 1500, 1500)
    fit = mm.lmer("y ~ x + z + f + (1 | g) + (1 | k)", data)
    return lambda: fit.anova(ddf="Satterthwaite")


def emmeans_grid() -> Verb:
    data = rows(20_000, 200, 20)
    rng = np.random.default_rng(2)
    for name in ("p", "q", "r"):
        data[name] = np.array([f"{name}{i}" for i in range(12)])[rng.integers(0, 12, 20_000)]
    fit = mm.lmer("y ~ p + q + r + (1 | g)", data)
    return lambda: fit.emmeans("~ p * q * r", ddf="Kenward-Roger")


def predictions() -> Verb:
    fit = mm.lmer("y ~ x + z + (x | g) + (1 | k)", rows(200_000, 20_000, 1000))
    return lambda: fit.predict(se_fit=True)


def laplace_error() -> Verb:
    fit = mm.glmer("yes ~ x + (1 | g) + (1 | k)", rows(20_000, 2000, 500), "binomial")
    return lambda: fit.laplace_error(draws=100_000, seed=1)


def exact_test() -> Verb:
    fit = mm.lmer("y ~ x + (1 | g)", rows(5000, 1500, 30))
    return lambda: fit.rlrt(nsim=2_000_000, seed=1)


def fit_many() -> Verb:
    data = rows(2000, 150, 30)
    responses = np.random.default_rng(3).normal(size=(2000, 5000))
    return lambda: mm.fit_many("y ~ x + (x | g) + (1 | k)", data, responses)


def drop1() -> Verb:
    fit = mm.lmer("y ~ x + z + f + (1 | g) + (1 | k)", rows(60_000, 1500, 1500))
    return lambda: fit.drop1("Chisq")


VERBS: dict[str, Callable[[], Verb]] = {
    make.__name__: make
    for make in (
        crossed,
        one_factor,
        many_crossed,
        fisher,
        quadrature,
        glmer_crossed,
        bootstrap_crossed,
        bootstrap_one_factor,
        bootstrap_glmer,
        simulated_residuals,
        profile,
        profile_glmer,
        all_fit,
        power,
        influence,
        cross_validate,
        pbmodcomp,
        kenward_roger,
        satterthwaite,
        emmeans_grid,
        predictions,
        laplace_error,
        exact_test,
        fit_many,
        drop1,
    )
}


def child(name: str) -> None:
    """Run one verb whenever a line arrives, and say how it ended."""
    # A shell that is not interactive starts jobs in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    verb = VERBS[name]()
    while True:
        print("ready", flush=True)
        if not asked_again():
            return
        try:
            print("began", flush=True)
            verb()
            print("returned", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)


def asked_again() -> bool:
    """Whether a line came; a signal that is late is nothing here."""
    while True:
        try:
            return bool(sys.stdin.readline())
        except KeyboardInterrupt:
            continue


class Run:
    """The child of one verb."""

    def __init__(self, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--child", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.expect("ready")

    def expect(self, word: str) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if word and line != word:
            raise RuntimeError(f"the child said {line!r} instead of {word!r}")
        return line

    def once(self, delay: float) -> tuple[float, str] | None:
        """Seconds after the signal and how the verb ended; None if it ended before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.expect("began")
        if select.select([self.process.stdout], [], [], delay)[0]:
            self.expect("returned")
            self.expect("ready")
            return None
        sent = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        killer = threading.Timer(PATIENCE, self.process.kill)
        killer.start()
        how = self.expect("")
        took = time.monotonic() - sent
        killer.cancel()
        if not how:
            return took, "did not stop"
        self.expect("ready")
        return took, how


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=list(VERBS), default=list(VERBS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", choices=list(VERBS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child)
        return 0
    rng, late = random.Random(asked.seed), 0
    for name in asked.only:
        run = Run(name)
        ends: list[tuple[float, str]] = []
        latest = LATEST
        run.once(rng.uniform(0.02, latest))  # the first end of a verb also loads modules
        while len(ends) < asked.times:
            if run.process.poll() is not None:
                run = Run(name)
            end = run.once(rng.uniform(0.02, latest))
            if end is None:
                latest = max(0.7 * latest, 0.05)  # the verb is shorter than that
            else:
                ends.append(end)
        run.process.kill()
        run.process.wait()
        times = sorted(took for took, _ in ends)
        within = sum(took <= LIMIT for took in times)
        late += within < len(times)
        returned = sum(how == "returned" for _, how in ends)
        print(f"{name:22} {within:3} of {len(times)}, worst {times[-1]:6.2f} s, {returned} returned", flush=True)
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
