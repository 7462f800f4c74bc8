"""Fits in other processes, after a fit that used the threads of the engine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.fit import threads

FORMULA = "y ~ x + (1 | g) + (1 | k)"
SECONDS = 60  # a child that hangs is given up


def rows(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    n = 20_000
    g, k = rng.integers(0, 2000, n), rng.integers(0, 100, n)
    y = rng.normal(size=2000)[g] + rng.normal(size=100)[k] + rng.normal(size=n)
    return {"y": y, "x": rng.normal(size=n), "g": g, "k": k}


def criterion(seed: int) -> float:
    return float(mm.lmer(FORMULA, rows(seed)).reml_criterion)


@pytest.fixture
def several_threads() -> Any:
    before = threads.threads()
    mm.set_threads(2)
    yield
    mm.set_threads(before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of fork beside threads
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_fit_after_their_parent(method: str, several_threads: None) -> None:
    expected = [criterion(seed) for seed in (1, 2)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(criterion, (1, 2)).get(SECONDS) == expected
    assert criterion(1) == expected[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_keeps_its_parents_bound_and_its_own_children_fit(several_threads: None) -> None:
    expected = criterion(3)
    pid = os.fork()
    if pid == 0:  # pragma: no cover - runs in the child
        code = 1
        try:
            grandchild = os.fork()
            if grandchild == 0:
                os._exit(0 if criterion(3) == expected and threads.threads() == 2 else 2)
            code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        finally:
            os._exit(code)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail("the child did not end")


def test_jobs_of_joblib_fit() -> None:
    pytest.importorskip("joblib")
    code = (
        "import joblib, mixedmodels as mm\n"
        "from tests.fit.test_processes import criterion\n"
        "mm.set_threads(2)\n"
        "one = [criterion(s) for s in (1, 2)]\n"
        "assert joblib.Parallel(n_jobs=2, backend='loky')(joblib.delayed(criterion)(s) for s in (1, 2)) == one\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("n", [2**63, 10_000, 0, -1, 1.5, True])
def test_threads_are_bounded(n: Any) -> None:
    with pytest.raises(mm.DataError, match="set_threads"):
        mm.set_threads(n)


def test_an_environment_variable_does_not_start_threads() -> None:
    code = (
        "import os, numpy as np, mixedmodels as mm\n"
        "mm.set_threads(2)\n"
        "from tests.fit.test_processes import criterion\n"
        "criterion(1)\n"
        "mm.lmer('Reaction ~ Days + (Days | Subject)', mm.datasets.load('sleepstudy')).profile()\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    many = {**os.environ, "RAYON_NUM_THREADS": "3000", "OPENBLAS_NUM_THREADS": "1"}
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("the system does not list threads")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False, env=many
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 8
