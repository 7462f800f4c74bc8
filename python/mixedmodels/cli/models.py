"""A model as the command line asks for it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import mixedmodels as mm
from mixedmodels.cli.dialect import Dialect
from mixedmodels.cli.files import Reading, read_table
from mixedmodels.errors import DataError


def reading_of(options: argparse.Namespace) -> Reading:
    """The settings for reading text files."""
    return Reading(sep=options.sep, decimal=options.decimal, encoding=options.encoding)


def fitted(formula: str, file: str, options: argparse.Namespace) -> tuple[Any, Dialect]:
    """The model that formula and family ask for, fitted to the table in a file, and the marks of that file."""
    mixed = "|" in formula
    _check(options, mixed)
    settings = {"weights": options.weights, "offset": options.offset, "na_action": options.na_action or "omit"}
    fitters: dict[tuple[bool, bool], tuple[Callable[..., Any], dict[str, Any]]] = {
        # (random terms, a family)
        (False, False): (mm.lm, {}),
        (True, False): (mm.lmer, {"REML": not options.ml}),
        (False, True): (mm.glm, {"family": options.family}),
        (True, True): (mm.glmer, {"family": options.family, "nAGQ": 1 if options.nagq is None else options.nagq}),
    }
    fitter, more = fitters[mixed, options.family is not None]
    read = read_table(file, reading_of(options))
    # No variable holds the table: the summary would show its name instead of the file's.
    return fitter(formula, read[0], **more, **settings), read[1]


def saved(path: str, options: argparse.Namespace) -> Any:
    """The model in a file that `save` wrote."""
    words = {"ml": options.ml, "family": options.family, "nagq": options.nagq, "na-action": options.na_action}
    for word, value in (words | {"weights": options.weights, "offset": options.offset}).items():
        if value:
            raise DataError(f"--{word} is for a model that is fitted now; {path!r} holds one that is fitted already")
    return mm.load(path)


def _check(options: argparse.Namespace, mixed: bool) -> None:
    """Refuse options that the model would not use."""
    if options.ml and options.family is not None:
        raise DataError("--ml is for linear mixed models; a model with a family is fitted by maximum likelihood anyway")
    if options.ml and not mixed:
        raise DataError("--ml is for mixed models; least squares, which fits this formula, has no other criterion")
    if options.nagq is not None and not (mixed and options.family is not None):
        raise DataError("--nagq is for mixed models with a family: give --family and a random term such as (1 | g)")
