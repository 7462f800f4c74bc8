"""The committed type stub of the engine is the one that its own signatures and docstrings give."""

from __future__ import annotations

import doctest
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mixedmodels import _engine

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_stubs", ROOT / "tools" / "make_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_stub_is_up_to_date(tool: ModuleType) -> None:
    assert tool.STUB.read_text() == tool.stub(_engine), "run: python tools/make_stubs.py"


def test_no_parameter_of_the_engine_is_without_a_type(tool: ModuleType) -> None:
    assert ": Any" not in tool.stub(_engine).replace("Sequence[Any]", "")


def test_examples_in_the_tool_hold(tool: ModuleType) -> None:
    assert doctest.testmod(tool).failed == 0
