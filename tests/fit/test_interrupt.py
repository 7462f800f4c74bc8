"""Ctrl-C stops a long fit at its next evaluation, although the engine works on other threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import numpy as np, pandas as pd, mixedmodels as mm
rng = np.random.default_rng(0)
n = 60_000
rows = pd.DataFrame({"y": rng.normal(size=n), "a": rng.integers(0, 1800, n), "b": rng.integers(0, 1800, n)})
try:
    mm.lmer("y ~ 1 + (1 | a) + (1 | b)", rows, verbose=1)
except KeyboardInterrupt:
    print("stopped")
else:
    print("finished")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way there")
def test_ctrl_c_stops_a_long_fit() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        assert "evaluation 1" in run.stderr.readline()
        run.send_signal(signal.SIGINT)
        out, more = run.communicate(timeout=60)
    assert out.strip() == "stopped"
    assert more.count("evaluation") < 4
