"""What users' type checkers know: a script with every result annotated passes, and its mistakes are found."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.support.places import ROOT

HERE = Path(__file__).resolve().parent
SCRIPT, WRONG = HERE / "user_script.py", HERE / "wrong_script.py"


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a checker where the package is found as an installed one is."""
    source = ROOT / "python"
    return subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, check=False, env={**os.environ, "MYPYPATH": str(source)}
    )


def checked_by_mypy(script: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    # Stubs of pandas may be absent, as for many users; what they are for is then Any.
    options = ["--strict", "--config-file", os.devnull, "--cache-dir", str(cache), "--follow-imports", "silent"]
    return run([sys.executable, "-m", "mypy", *options, "--disable-error-code", "import-untyped", str(script)])


def checked_by_pyright(script: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    pyright = shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    shutil.copy(script, tmp_path)  # paths of a project are relative to its settings
    settings: dict[str, object] = {
        "include": [script.name],
        "extraPaths": [str(ROOT / "python")],
        "typeCheckingMode": "strict",
    }
    settings["reportMissingTypeStubs"] = False  # of pandas, whose source is read instead
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    return run([pyright, "--project", str(tmp_path), "--pythonpath", sys.executable])


def wrong_lines() -> list[int]:
    lines = WRONG.read_text(encoding="utf-8").splitlines()
    return [i for i, line in enumerate(lines, 1) if "# wrong:" in line]


def test_the_script_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(SCRIPT))
    assert capsys.readouterr().out == "(2, 9) 56 0.279 5\n"


@pytest.mark.slow
def test_mypy_strict_accepts_the_script(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = checked_by_mypy(SCRIPT, tmp_path_factory.getbasetemp() / "mypy")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_mypy_finds_the_mistakes(tmp_path_factory: pytest.TempPathFactory) -> None:
    if find_spec("pandas-stubs") is None:
        pytest.skip("without its stubs a pandas table is Any")
    result = checked_by_mypy(WRONG, tmp_path_factory.getbasetemp() / "mypy")
    found = {int(line) for line in re.findall(r"wrong_script\.py:(\d+): error", result.stdout)}
    assert found == set(wrong_lines()), result.stdout


@pytest.mark.slow
def test_pyright_accepts_the_script(tmp_path: Path) -> None:
    result = checked_by_pyright(SCRIPT, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_pyright_finds_the_mistakes(tmp_path: Path) -> None:
    result = checked_by_pyright(WRONG, tmp_path)
    found = {int(line) for line in re.findall(r"wrong_script\.py:(\d+):\d+ - error", result.stdout)}
    assert found == set(wrong_lines()), result.stdout
