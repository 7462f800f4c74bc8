"""The engine's own tests, which are in Rust, run with the others."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.support.places import ROOT


@pytest.mark.skipif("RUST_TESTED" in os.environ, reason="cargo has just run them")
@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed, so the Rust tests cannot be built")
def test_the_engine_passes_its_own_tests() -> None:
    command = ["cargo", "test", "--quiet", "--release", "-p", "mixedmodels-engine", "--lib", "--tests"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    assert "test result: ok" in run.stdout
