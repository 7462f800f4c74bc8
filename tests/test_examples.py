"""The examples in docstrings run, and print what they show.

Fits that many examples ask of stand ready under the names of `SHARED`, each made once.
"""

from __future__ import annotations

import doctest
import importlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from docsite import reference

import mixedmodels as mm

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DRAWS = re.compile(r"\bplot\b|matplotlib")

SHARED: dict[str, Callable[[], Any]] = {
    "mm": lambda: mm,
    "np": lambda: np,
    "pd": lambda: pd,
    "sleep": lambda: mm.datasets.load("sleepstudy"),
    "cbpp": lambda: mm.datasets.load("cbpp"),
    "fit": lambda: mm.lmer("Reaction ~ Days + (Days | Subject)", shared("sleep")),
    "gm": lambda: mm.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", shared("cbpp"), family="binomial"
    ),
    "lin": lambda: mm.lm("Reaction ~ Days", shared("sleep")),
    "glm": lambda: mm.glm("cbind(incidence, size - incidence) ~ period", shared("cbpp"), family="binomial"),
    "logit": lambda: shared("glm"),
    "cake": lambda: mm.datasets.load("cake"),
    "baking": lambda: mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", shared("cake")),
}


@cache
def shared(name: str) -> Any:
    """What a name of the examples stands for."""
    return SHARED[name]()


def examples() -> list[doctest.DocTest]:
    """Every docstring of the package with examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found: list[doctest.DocTest] = []
    for name in reference.modules():
        found += finder.find(importlib.import_module(name), name)
    return [test for test in [*finder.find(mm, "mixedmodels"), *found] if test.examples]


EXAMPLES = examples()


@pytest.mark.filterwarnings("ignore::mixedmodels.errors.MixedModelsWarning")  # few draws and small data are quick
@pytest.mark.parametrize("test", EXAMPLES, ids=[test.name.removeprefix("mixedmodels.") for test in EXAMPLES])
def test_an_example_prints_what_it_shows(
    test: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "".join(example.source for example in test.examples)
    if DRAWS.search(source):
        pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    names = {name: shared(name) for name in SHARED if re.search(rf"\b{name}\b", source)}
    test.globs = {**test.globs, **names}
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


def test_the_shared_names_are_documented() -> None:
    rules = (Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in SHARED if f"`{name}`" not in rules] == []
