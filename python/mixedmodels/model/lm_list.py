"""A separate linear (or generalised linear) model for every level of a grouping factor."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.design import build
from mixedmodels.errors import FormulaError, MixedModelsError, MixedModelsWarning
from mixedmodels.fit.progress import counted
from mixedmodels.model.build import build_glm, build_lm
from mixedmodels.model.lm_list_record import LmList

if TYPE_CHECKING:
    from mixedmodels.fitted.request import Request


def build_lm_list(request: Request, pool: bool) -> LmList:
    """See `mixedmodels.lm_list`."""
    left, group = split(request.formula)
    table = frame.read(request.data)
    grouped = build(f"~ 1 + (1 | {group})", table, subset=request.subset, env=request.env)
    factor = grouped.groups[0]
    rows = np.arange(grouped.n_table) if grouped.positions is None else grouped.positions
    models: dict[str, Any] = {}
    failures: dict[str, str] = {}
    with counted(factor.n_levels, "groups") as tell:
        for code, label in enumerate(map(str, factor.levels.labels)):
            mine = replace(request, formula=left, subset=rows[factor.codes == code])
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", MixedModelsWarning)
                    models[label] = build_lm(mine) if request.method.family is None else build_glm(mine)
            except MixedModelsError as error:
                failures[label] = str(error)
            tell(code + 1)
    if failures:
        first = next(iter(failures))
        message = f"{len(failures)} of {factor.n_levels} groups could not be fitted; {first}: {failures[first]}"
        warnings.warn(message, MixedModelsWarning, stacklevel=3)
    return LmList(
        formula=f"{left} | {group}",
        group=factor.name,
        levels=tuple(map(str, factor.levels.labels)),
        models=models,
        failures=failures,
        pool=pool,
        kind=table.kind,
    )


def split(formula: Any) -> tuple[str, str]:
    """The model and the grouping factor of ``y ~ x | g``.

    Raises
    ------
    FormulaError
        If there is no grouping factor, or more than one.
    """
    text = str(formula)
    depth, places = 0, []
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            places.append(place)
    if len(places) != 1 or not text[places[0] + 1 :].strip():
        raise FormulaError(f"lm_list() needs a formula such as 'y ~ x | g', with one '|'; got {text!r}.")
    return text[: places[0]].strip(), text[places[0] + 1 :].strip()
