"""Public docstrings are numpydoc: `[tool.numpydoc_validation]` of pyproject.toml says which of its checks hold."""

from __future__ import annotations

import inspect
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from docsite import reference

import mixedmodels as mm

ROOT = Path(__file__).resolve().parent.parent


def documented() -> dict[str, Any]:
    """Full name -> function or class, of everything that the reference documents and of R's spellings."""
    values: list[Any] = list(reference.MODELS.values())
    for space in (mm, mm.r, mm.plot, mm.families, mm.datasets):
        values += [getattr(space, name) for name in getattr(space, "__all__", None) or reference.public(vars(space))]
    for name, (model, _) in reference.verbs().items():
        values.append(next(vars(c)[name] for c in model.__mro__ if name in vars(c)))
    for result in [*reference.results().values(), *reference.estimators().values()]:
        values += [result, *(vars(result)[name] for name in reference.public(vars(result)))]
    plain = [v.fget if isinstance(v, property) else v.func if isinstance(v, cached_property) else v for v in values]
    plain = [getattr(v, "__func__", v) for v in plain]
    own = [v for v in plain if inspect.isfunction(v) or inspect.isclass(v)]
    return {f"{v.__module__}.{v.__qualname__}": v for v in own if v.__module__.startswith("mixedmodels")}


DOCUMENTED = documented()


def test_numpydoc_finds_no_fault() -> None:
    validate = pytest.importorskip("numpydoc.validate")
    setting = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]["checks"]
    assert setting[0] == "all"  # what follows is left out
    faults = [
        f"{name}: {code} {text}"
        for name in DOCUMENTED
        for code, text in validate.validate(name)["errors"]
        if code not in setting
    ]
    assert len(DOCUMENTED) > 500
    assert faults == []


def test_a_section_of_parameters_has_them_all() -> None:
    missing = {}
    for name, value in DOCUMENTED.items():
        body = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n|\Z)", inspect.getdoc(value) or "", re.M | re.S)
        if body and inspect.isfunction(value):
            said = {n for names in re.findall(r"^([\w*, ]+) : ", body[1], re.M) for n in re.findall(r"\w+", names)}
            left_out = [n for n in inspect.signature(value).parameters if n not in {"self", "cls", *said}]
            missing |= {name: left_out} if left_out else {}
    assert missing == {}
