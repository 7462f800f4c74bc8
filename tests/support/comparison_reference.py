"""Comparisons of models as R made them (tests/reference/comparison), and the same by this package."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import mixedmodels as mm
from mixedmodels.tables.result_table import ResultTable
from tests.support.places import REFERENCE

FILE = REFERENCE / "comparison" / "reference.json.gz"
# The rows of sleepstudy that the unbalanced table lacks, as in make_reference.R (from 1).
LEFT_OUT = [*range(2, 7), *range(33, 40), 75, *range(91, 98), 160]
FITS = {"lm": mm.lm, "glm": mm.glm, "lmer": mm.lmer, "glmer": mm.glmer}


@cache
def cases() -> dict[str, Any]:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return dict(json.load(lines))


@cache
def table(name: str) -> Any:
    if name not in ("unbalanced", "weighted"):
        return mm.datasets.load(name)
    whole = mm.datasets.load("sleepstudy")
    if name == "weighted":
        return named(whole.assign(w=1 + whole["Days"] % 4 / 2), name)
    return named(whole.drop(index=whole.index[[row - 1 for row in LEFT_OUT]]), name)


def named(data: Any, name: str) -> Any:
    data.attrs["name"] = name
    return data


def fitted(model: dict[str, Any], data: str) -> Any:
    more = {name: model[name] for name in ("REML", "family", "weights") if name in model}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        return FITS[model["kind"]](model["formula"], table(data), **more)


@cache
def result(name: str) -> ResultTable:
    case = cases()[name]
    first, *others = [fitted(model, case["data"]) for model in case["models"]]
    arguments = {k.replace(".", "_"): v for k, v in dict(case["arguments"]).items()}
    if case["verb"] == "anova":
        arguments["names"] = [f"m{i + 1}" for i in range(len(others) + 1)]
    answer: ResultTable = getattr(first, case["verb"])(*others, **arguments)
    return answer
