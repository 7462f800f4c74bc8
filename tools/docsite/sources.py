"""A Sphinx extension: each verb leads to its source, also where the class that documents it inherits it.

sphinx.ext.viewcode makes a page of each module, and looks up ``MixedModel.emmeans`` in the module that defines it.
There the class has another name, that of the capability. This extension tells viewcode both the module and the name.
"""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

from docsite.reference import MODELS

Tags = dict[str, tuple[str, int, int]]  # qualified name -> kind, first line, last line


def owner(cls: type, name: str) -> type | None:
    """The class in whose body a member is written."""
    return next((base for base in cls.__mro__ if name in vars(base)), None)


@cache
def analysed(module: str) -> tuple[str, Tags]:
    """The code of a module, and the lines of each definition under every name that the reference has for it."""
    analyzer = ModuleAnalyzer.for_module(module)
    analyzer.find_tags()
    tags: Tags = dict(analyzer.tags)
    for model in MODELS.values():
        tags |= inherited(model, module, tags)
    return analyzer.code, tags


def inherited(model: type, module: str, tags: Tags) -> Tags:
    """The lines of what `model` inherits from classes of `module`, under the name of the model."""
    written = {f"{base.__qualname__}.": base for base in model.__mro__ if base.__module__ == module}
    out: Tags = {}
    for prefix, base in written.items():
        for name in vars(base):
            if owner(model, name) is base and prefix + name in tags:
                out[f"{model.__name__}.{name}"] = tags[prefix + name]
    return out


def module_of(module: str, attribute: str) -> str | None:
    """The module that defines an attribute such as ``MixedModel.emmeans``; None where Sphinx knows better."""
    first, _, member = attribute.partition(".")
    value = getattr(importlib.import_module(module), first, None)
    if not member or not inspect.isclass(value):
        return None
    base = owner(value, member)
    return None if base is None or base is object else base.__module__


def _source(app: Sphinx, module: str) -> tuple[str, Tags] | None:
    return analysed(module) if module.startswith("mixedmodels") else None


def _module(app: Sphinx, module: str, attribute: str) -> str | None:
    return module_of(module, attribute)


def setup(app: Sphinx) -> dict[str, Any]:
    """Answer viewcode's questions; viewcode itself is loaded with this extension."""
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("viewcode-find-source", _source)
    app.connect("viewcode-follow-imported", _module)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
