"""The commands; each prints to standard output and raises an error that the user can fix."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import mixedmodels as mm
from mixedmodels.cli.files import read_table
from mixedmodels.errors import DataError

_DEMO = "Reaction ~ Days + (Days | Subject)"


def demo(options: argparse.Namespace) -> None:
    """Fit the sleep study and print its summary."""
    print(f'>>> sleep = mm.datasets.load("sleepstudy")\n>>> print(mm.lmer("{_DEMO}", sleep).summary())\n')
    print(mm.lmer(_DEMO, mm.datasets.load("sleepstudy")).summary())


def fit(options: argparse.Namespace) -> None:
    """Fit the model and print its summary, or its estimates as JSON."""
    model = _fitted(options)
    if options.out is not None:
        _save(model, options.out)
    if options.report is not None:
        model.report(options.report)
    print(json.dumps(_estimates(model), indent=2, ensure_ascii=False) if options.json else model.summary())


def _fitted(options: argparse.Namespace) -> Any:
    """The model that formula and family ask for."""
    settings = {"weights": options.weights, "offset": options.offset, "na_action": options.na_action}
    mixed = "|" in options.formula
    if options.ml and options.family is not None:
        raise DataError("--ml is for linear mixed models; a model with a family is fitted by maximum likelihood anyway")
    if options.ml and not mixed:
        raise DataError("--ml is for mixed models; least squares, which fits this formula, has no other criterion")
    if options.nagq is not None and not (mixed and options.family is not None):
        raise DataError("--nagq is for mixed models with a family: give --family and a random term such as (1 | g)")
    fitters: dict[tuple[bool, bool], tuple[Callable[..., Any], dict[str, Any]]] = {
        # (random terms, a family)
        (False, False): (mm.lm, {}),
        (True, False): (mm.lmer, {"REML": not options.ml}),
        (False, True): (mm.glm, {"family": options.family}),
        (True, True): (mm.glmer, {"family": options.family, "nAGQ": 1 if options.nagq is None else options.nagq}),
    }
    fitter, more = fitters[mixed, options.family is not None]
    # No variable holds the table: the summary would show its name instead of the file's.
    return fitter(options.formula, read_table(options.file), **more, **settings)


def datasets(options: argparse.Namespace) -> None:
    """List the data sets, describe one, or print its rows."""
    if options.name is None and options.csv:
        raise DataError("--csv prints one data set: name it, as in 'mixedmodels datasets sleepstudy --csv'")
    if options.name is None:
        width = max(map(len, mm.datasets.names()))
        for name in mm.datasets.names():
            print(f"{name:<{width}}  {mm.datasets.describe(name).title}")
    elif options.csv:
        mm.datasets.load(options.name).to_csv(sys.stdout, index=False)
    else:
        print(mm.datasets.describe(options.name))


def _save(model: Any, path: str) -> None:
    try:
        model.save(path)
    except OSError as cause:
        raise DataError(f"cannot write the fit to {path!r}: {cause.strerror or cause}") from cause


def _estimates(model: Any) -> dict[str, Any]:
    return {
        "formula": str(model.formula),
        "fit": _records(model.glance())[0],
        "estimates": _records(model.tidy()),
    }


def _records(table: Any) -> list[dict[str, Any]]:
    return [{key: _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """The value for JSON: numpy's numbers as Python's, and NaN as null."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
