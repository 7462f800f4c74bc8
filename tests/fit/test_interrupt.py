"""Ctrl-C ends what takes long: within an evaluation, on every thread, and whoever computes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.fit.many_responses import linear_mixed
from mixedmodels.fit.threads import aside

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way there"),
    pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning"),
]

SOON = 3.0  # seconds; a second on a machine that has nothing else to do

CHILD = """
import signal, warnings
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background would begin without
warnings.simplefilter("ignore")
import numpy as np, mixedmodels as mm
rng = np.random.default_rng(0)

def rows(n, a, b):
    g, k, x, z = rng.integers(0, a, n), rng.integers(0, b, n), rng.normal(size=n), rng.normal(size=n)
    y = x + rng.normal(size=a)[g] + rng.normal(size=b)[k] + rng.normal(size=n)
    return {"y": y, "x": x, "z": z, "g": g, "k": k, "count": rng.poisson(2.0, n), "yes": (y > 0) * 1.0}

MAKE
try:
    print("began", flush=True)
    VERB
    print("finished", flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

WITHIN_ONE_EVALUATION = {
    "dense crossed": ("data = rows(60_000, 2600, 2600)", "mm.lmer('y ~ 1 + (1 | g) + (1 | k)', data)"),
    "few rows": (
        "data = rows(150, 5, 3); data['id'] = np.array([f'u{i % 30}' for i in range(150)])",
        "mm.glmer('yes ~ x + (id || g) + (id || k)', data, 'binomial', laplace='fisher')",
    ),
    "quadrature": ("data = rows(3000, 300, 5)", "mm.glmer('yes ~ x + (x + z | g)', data, 'binomial', nAGQ=25)"),
    "bootstrap": (
        "mm.set_threads(2); fit = mm.lmer('y ~ x + (x | g) + (1 | k)', rows(2000, 150, 30))",
        "fit.bootstrap(20_000, seed=1)",
    ),
    "order of elimination": (
        "mm.lmer('y ~ x + (1 | g) + (1 | k)', rows(300, 20, 20)); data = rows(600_000, 90_000, 90_000)",
        "mm.lmer('y ~ x + (1 | g) + (1 | k)', data)",
    ),
    "eigenvalues": ("fit = mm.lmer('y ~ x + (1 | g)', rows(12_000, 3500, 5))", "fit.rlrt(seed=1)"),
    "simulated residuals": (
        "fit = mm.lm('y ~ x', rows(200_000, 5, 3))",
        "fit.simulate_residuals(1000, seed=1, method='traditional')",
    ),
}


@pytest.mark.parametrize("name", WITHIN_ONE_EVALUATION)
def test_ctrl_c_ends_long_work_soon(name: str) -> None:
    make, verb = WITHIN_ONE_EVALUATION[name]
    code = CHILD.replace("MAKE", make).replace("VERB", verb)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "began"
        time.sleep(1.0)
        sent = time.monotonic()
        run.send_signal(signal.SIGINT)
        how = run.stdout.readline().strip()
        took = time.monotonic() - sent
        run.kill()
    # A bootstrap returns the replicates that it has, if there are any.
    assert how in (("finished", "stopped") if name == "bootstrap" else ("stopped",))
    assert took < SOON


def crossed(n: int, levels: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, levels, n), rng.integers(0, levels, n)
    return {"y": rng.normal(size=levels)[a] + rng.normal(size=levels)[b] + rng.normal(size=n), "a": a, "b": b}


def test_a_handler_of_the_users_own_decides() -> None:
    calls = []
    before = signal.signal(signal.SIGINT, lambda *_: calls.append(1))
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        fit = mm.lmer("y ~ 1 + (1 | a) + (1 | b)", crossed(30_000, 900))
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [1]
    assert fit.converged


def test_an_exception_of_a_handler_comes_through() -> None:
    def handler(*_: object) -> None:
        raise TimeoutError("enough")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(TimeoutError, match="enough"):
            mm.lmer("y ~ 1 + (1 | a) + (1 | b)", crossed(60_000, 2600))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # The flag is down again.
    assert mm.lmer("y ~ 1 + (1 | a) + (1 | b)", crossed(20_000, 300)).converged


def test_a_fit_on_another_thread_goes_on() -> None:
    data = crossed(30_000, 900)
    expected = mm.lmer("y ~ 1 + (1 | a) + (1 | b)", data).reml_criterion
    results: list[float] = []
    other = threading.Thread(target=lambda: results.append(mm.lmer("y ~ 1 + (1 | a) + (1 | b)", data).reml_criterion))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        other.start()
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            mm.lmer("y ~ 1 + (1 | a) + (1 | b)", crossed(60_000, 2600))
    finally:
        signal.signal(signal.SIGINT, before)
    other.join()
    assert results == [expected]


def test_a_signal_after_the_last_response_of_a_chunk_is_not_lost() -> None:
    from mixedmodels.inference.bootstrap.replicates import refitted

    chunks = []

    def refit(y: Any) -> Any:
        chunks.append(len(y))
        fits = linear_mixed.empty(len(y), (0,), 1)
        fits.status[:] = linear_mixed.CONVERGED
        return replace(fits, signalled=len(chunks) == 2)

    many = refitted(lambda count: np.zeros((count, 3)), refit, 100, 3, False, 20)
    assert chunks == [20, 20]
    assert len(many) == 40
    assert many.interrupted


def test_a_signal_in_the_smaller_model_keeps_the_batches_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smaller model has fewer coefficients, so that its fits are no part of the answer."""
    from mixedmodels.inference.bootstrap import pbmodcomp, replicates

    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", mm.datasets.load("sleepstudy"), REML=False)
    monkeypatch.setattr(replicates, "CHUNK_NUMBERS", 16 * fit.nobs)
    made, calls = pbmodcomp.refitter, []

    def refitter(model: Any) -> Any:
        work = made(model)

        def one(y: Any) -> Any:
            calls.append(len(y))
            return replace(work(y), signalled=len(calls) == 3)

        return one

    monkeypatch.setattr(pbmodcomp, "refitter", refitter)
    result = fit.pbmodcomp(". ~ . - Days", nsim=64, seed=1, progress=False)
    assert calls == [16, 16, 16]  # both models, then the smaller one
    assert len(result.reference) == 16


def test_a_call_aside_answers_and_fails_as_here() -> None:
    assert aside(pow, 2, 5) == 32
    with pytest.raises(np.linalg.LinAlgError):
        aside(np.linalg.cholesky, -np.eye(2))
    results: list[int] = []
    other = threading.Thread(target=lambda: results.append(aside(pow, 2, 5)))
    other.start()
    other.join()
    assert results == [32]
