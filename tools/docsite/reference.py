"""The reference: which page documents what, in which order; autodoc and numpydoc write it from the docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import mixedmodels as mm
from docsite import topics
from mixedmodels.tables.exported import ByName, Exported
from mixedmodels.tables.single_test import SeveralTests, SingleTest
from mixedmodels.tables.table import Table

MODELS = {
    "lmer": mm.MixedModel,
    "glmer": mm.GeneralizedMixedModel,
    "lm": mm.LinearModel,
    "glm": mm.GeneralizedLinearModel,
    "glmmTMB": mm.ComponentsModel,
}
WIDTH = 88  # of a signature; a longer one goes on below
MENTIONED = 6  # verbs that a result names as its origin
# The functions of the package by what they are for; those that are not named here come last.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "Models": ("lmer", "glmer", "glmer_nb", "glmmTMB", "lm", "glm", "glm_nb"),
    "Many models": ("fit_many", "lm_list", "model_table"),
    "Populations and plans": (
        "population", "predictor", "response", "by_level", "groups", "crossing", "simulate_response",
        "make_lmer", "make_glmer", "make_lm", "make_glm",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something documented: its name, where autodoc imports it from, the object, the page, and what models have it."""

    name: str
    path: str
    value: Any
    page: str
    note: str = ""

    @property
    def anchor(self) -> str:
        """Where pages link to."""
        # Anchors know no case, and there are loglik and logLik.
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.name)
        return re.sub(r"[\W_]+", "-", f"{self.page}-of-{name}" if "." in name else f"{self.page}-{name}").lower()

    @property
    def is_property(self) -> bool:
        """Whether one reads it without parentheses."""
        return isinstance(self.value, (property, cached_property))

    @property
    def directive(self) -> str:
        """The directive of autodoc for an object of this kind."""
        if inspect.isclass(self.value):
            return "autoexception" if issubclass(self.value, BaseException) else "autoclass"
        if self.is_property:
            return "autoproperty"
        return "automethod" if self.page == "models" or "." in self.name else "autofunction"

    def text(self, level: int) -> str:
        """Heading, note, and where autodoc writes signature and docstring."""
        own = self.name.rpartition(".")[2]
        note = f"{{.verb-note}}\n{self.note}\n\n" if self.note else ""
        head = f"({self.anchor})=\n{'#' * level} `{own}`\n\n"
        return f"{head}{note}```{{eval-rst}}\n.. {self.directive}:: {self.path}\n```\n"


def summary(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def write(folder: Path) -> tuple[str, ...]:
    """Write the pages of the reference into `folder`; returns their names in order."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {page: make() for page, make in PAGES.items()}
    for page, sections in made.items():
        title, lead, groups = sections
        text = [f"# {title}\n\n{lead}\n"]
        for heading, entries in groups:
            level = 3 if heading else 2
            text += [f"## {heading}\n"] if heading else []
            text += [entry.text(level) for entry in entries]
        (folder / f"{page}.md").write_text("\n".join(text), encoding="utf-8")
    return tuple(made)


Section = tuple[str, list[Entry]]
Made = tuple[str, str, list[Section]]


def signature(value: Any) -> str:
    """Arguments with their defaults, without types, which the text tells; nothing for a property."""
    if not callable(value) or isinstance(value, (property, cached_property)):
        return ""
    try:
        found = inspect.signature(value)
    except ValueError:
        return "(...)"
    arguments = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in found.parameters.values()
        if p.name not in ("self", "cls")
    ]
    text = str(found.replace(parameters=arguments, return_annotation=inspect.Signature.empty))
    return text if len(text) <= WIDTH else textwrap.fill(text, WIDTH, subsequent_indent="    ", break_long_words=False)


def public(members: Iterable[str]) -> list[str]:
    """Names without an underscore in front."""
    return [name for name in members if not name.startswith("_")]


def verbs() -> dict[str, tuple[type, str]]:
    """Public member of a model -> the class that documents it, and the kinds of model that have it."""
    out: dict[str, tuple[type, str]] = {}
    for model in MODELS.values():
        for name in public(dir(model)):
            have = [kind for kind, other in MODELS.items() if hasattr(other, name)]
            out.setdefault(name, (model, "" if len(have) == len(MODELS) else f"Of {_listed(have)}."))
    return out


def _listed(names: list[str]) -> str:
    """Names with commas, and a word before the last."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def by_topic() -> dict[str, list[Entry]]:
    """The verbs of a fitted model by topic: first what one calls, then what one reads without parentheses."""
    groups: dict[str, list[Entry]] = {}
    for name, (model, note) in verbs().items():
        owner = next(c for c in model.__mro__ if name in vars(c))
        path = f"mixedmodels.{model.__name__}.{name}"
        entry = Entry(name=name, path=path, value=vars(owner)[name], page="models", note=note)
        groups.setdefault(topics.topic(owner.__module__), []).append(entry)
    ordered = sorted(groups, key=topics.place)
    return {heading: sorted(groups[heading], key=_verbs_first) for heading in ordered}


def _verbs_first(entry: Entry) -> tuple[bool, str]:
    return entry.is_property, entry.name.lower()


def _models() -> Made:
    groups = by_topic()
    lead = (
        "What `lm`, `lmer`, `glm`, `glmer` and `glmmTMB` return has these verbs. A note says where only some of them "
        "have one. Names without parentheses are properties. [Which verb when](../which-verb.md) goes from the "
        "question to the verb.\n\n"
    )
    return "Verbs of a fitted model", lead + overview(groups), list(groups.items())


def _components() -> Made:
    """The verbs that a model of several components has in a form of its own."""
    lead = (
        "What `glmmTMB` returns has [all verbs of a model](models.md). Those that take a component, or more kinds of "
        "predictions and residuals, are these.\n"
    )
    return "Models of several components", lead, _by_class({"ComponentsModel": mm.ComponentsModel}, "components", {})


def overview(groups: dict[str, list[Entry]]) -> str:
    """A table of the topics with their verbs, each a link."""
    rows = [f"| {heading} | {', '.join(map(_link, entries))} |" for heading, entries in groups.items()]
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _link(entry: Entry) -> str:
    call = "" if entry.is_property or inspect.isclass(entry.value) else "()"
    return f"[`{entry.name}{call}`](#{entry.anchor})"


def _fitting() -> Made:
    names = public(mm.__all__)
    values = {n: getattr(mm, n) for n in names}
    documented = [n for n, v in values.items() if _is_function(v) or _is_setting(v)]
    named = [n for group in FUNCTIONS.values() for n in group]
    groups = {**FUNCTIONS, "Settings, files and classes": tuple(n for n in documented if n not in named)}
    sections = [
        (heading, [Entry(name=n, path=f"mixedmodels.{n}", value=values[n], page="fitting") for n in group])
        for heading, group in groups.items()
    ]
    return "Fitting", "Functions of `import mixedmodels as mm`.\n\n" + overview(dict(sections)), sections


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or inspect.isbuiltin(value)


def _is_setting(value: Any) -> bool:
    return inspect.isclass(value) and not issubclass(value, Exception) and value not in MODELS.values()


def _module(title: str, module: ModuleType, page: str) -> Made:
    names = getattr(module, "__all__", None) or public(vars(module))
    found = [(n, getattr(module, n)) for n in names]
    entries = [
        Entry(name=n, path=f"{module.__name__}.{n}", value=v, page=page)
        for n, v in found
        if callable(v) and not inspect.ismodule(v)
    ]
    return title, summary(module.__doc__), [("", entries)]


def _r() -> Made:
    """One line each: what they do is said by the verb of the same name."""
    from mixedmodels import r

    names = [n for n in r.__all__ if inspect.isfunction(getattr(r, n))]
    rows = [
        f"| `{n}{_escaped(signature(getattr(r, n)))}` | {_escaped(summary(getattr(r, n).__doc__))} |" for n in names
    ]
    lead = summary(r.__doc__) + "\n\n| function | |\n|---|---|\n" + "\n".join(rows) + "\n"
    return "R's spelling", lead, []


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("``", "`")


def _errors() -> Made:
    from mixedmodels import errors

    classes = [v for v in vars(errors).values() if inspect.isclass(v) and issubclass(v, Exception)]
    return (
        "Errors and warnings",
        summary(errors.__doc__),
        [
            (
                "",
                [
                    Entry(name=c.__name__, path=f"mixedmodels.errors.{c.__name__}", value=c, page="errors")
                    for c in classes
                ],
            )
        ],
    )


def results() -> dict[str, type]:
    """Public classes that verbs return, and what their own verbs return, found by their annotations."""
    return {name: cls for name, (cls, _) in returned().items()}


@cache
def returned() -> dict[str, tuple[type, tuple[str, ...]]]:
    """Public class -> the class itself, and the verbs that return it."""
    known = _classes()
    protocols = (Exported, Table, ByName, SingleTest, SeveralTests)
    todo = [_spoken(name, getattr(owner, name)) for name, (owner, _) in verbs().items()]
    todo += [_spoken(f"plot.{name}", v) for name, v in vars(mm.plot).items() if inspect.isfunction(v)]
    todo += [_spoken(f"{c.__name__}.{n}", vars(c)[n]) for c in protocols for n in public(vars(c))]
    out: dict[str, tuple[type, tuple[str, ...]]] = {c.__name__: (c, ()) for c in protocols}
    while todo:
        verb, value = todo.pop(0)
        for word in dict.fromkeys(_words_of_annotation(value)):
            if word not in known or known[word] in MODELS.values():
                continue
            cls, by = out.get(word, (known[word], ()))
            if word not in out:
                todo += [_spoken(f"{word}.{n}", vars(cls)[n]) for n in public(vars(cls))]
            out[word] = cls, (*by, verb) if verb not in by else by
    return dict(sorted(out.items()))


def _spoken(name: str, value: Any) -> tuple[str, Any]:
    return name if isinstance(value, (property, cached_property)) else f"{name}()", value


def _words_of_annotation(value: Any) -> list[str]:
    value = value.fget if isinstance(value, property) else getattr(value, "func", value)
    return re.findall(r"\w+", str(getattr(value, "__annotations__", {}).get("return", "")))


def modules() -> list[str]:
    """Modules of the package, those left out whose library is not installed."""
    names = [info.name for info in pkgutil.walk_packages(mm.__path__, "mixedmodels.")]
    here = find_spec("sklearn") is not None
    return [n for n in names if "_engine" not in n and "__main__" not in n and (here or ".sklearn." not in n)]


def _classes() -> dict[str, type]:
    """Public classes of the package by name."""
    out: dict[str, type] = {}
    for module_name in modules():
        module = importlib.import_module(module_name)
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module_name and not name.startswith("_"):
                out.setdefault(name, value)
    return out


def _results() -> Made:
    origins = {name: [v for v in by if not v.startswith(f"{name}.")] for name, (_, by) in returned().items()}
    groups = _by_class(results(), "results", {name: _returned_by(by) for name, by in origins.items()})
    rows = [f"| {_link(entries[0])} | {entries[0].note.removeprefix('Result of ')} |" for _, entries in groups]
    overview = "\n".join(["| result | of |", "|---|---|", *rows])
    return "Results", f"What the verbs return, beside plain tables and arrays.\n\n{overview}\n", groups


def estimators() -> dict[str, type]:
    """The estimators for scikit-learn; none where it is not installed."""
    return {n: getattr(mm.sklearn, n) for n in mm.sklearn.__all__} if find_spec("sklearn") is not None else {}


def _sklearn() -> Made:
    return "Estimators for scikit-learn", summary(mm.sklearn.__doc__), _by_class(estimators(), "sklearn", {})


def _by_class(classes: dict[str, type], page: str, notes: dict[str, str]) -> list[Section]:
    """A section for each class, with its own verbs; `notes` say where a class comes from."""
    groups: list[Section] = []
    for name, cls in classes.items():
        path = f"{cls.__module__}.{name}"
        entries = [Entry(name=name, path=path, value=cls, page=page, note=notes.get(name, ""))]
        members = [
            Entry(name=f"{name}.{n}", path=f"{path}.{n}", value=vars(cls)[n], page=page)
            for n in public(vars(cls))
            if (callable(vars(cls)[n]) or isinstance(vars(cls)[n], (property, cached_property)))
            and getattr(vars(cls)[n], "__name__", n) == n
        ]
        groups.append((name, [*entries, *sorted(members, key=_verbs_first)]))
    return groups


def _returned_by(names: list[str]) -> str:
    """The verbs that return a class; of very many, some."""
    shown, more = names[:MENTIONED], len(names) - MENTIONED
    if not shown:
        return ""
    codes = [f"`{name}`" for name in shown] + ([f"{more} other{'s' if more > 1 else ''}"] if more > 0 else [])
    return f"Result of {_listed(codes)}"


def _commands() -> Made:
    import argparse
    import os

    os.environ["COLUMNS"] = "100"
    parser = importlib.import_module("mixedmodels.cli.arguments").parser()
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    parts = [parser.format_help(), *(p.format_help() for a in actions for p in a.choices.values())]
    return "Commands", "".join(f"\n```text\n{part}```\n" for part in parts), []


PAGES = {
    "models": _models,
    "components": _components,
    "fitting": _fitting,
    "plot": lambda: _module("Pictures", mm.plot, "plot"),
    "families": lambda: _module("Families", mm.families, "families"),
    "datasets": lambda: _module("Data sets", mm.datasets, "datasets"),
    "commands": _commands,
    "sklearn": _sklearn,
    "r": _r,
    "results": _results,
    "errors": _errors,
}
