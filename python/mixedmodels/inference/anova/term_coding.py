"""The rows of a model coded in two standard ways, independent of the contrasts of the fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design import on_new_data
from mixedmodels.design.contrasts import treatment
from mixedmodels.design.records import Design, FixedDesign
from mixedmodels.fit.lmm import kept_columns
from mixedmodels.formula import Terms
from mixedmodels.frame import Table
from mixedmodels.inference.anova.contrast_matrices import Codings


def codings(design: Design, rows: Table, env: Mapping[str, Any] | None = None) -> Codings:
    """Treatment contrasts, and an indicator for each level of every factor in every term.

    Parameters
    ----------
    rows : Table
        Rows used, with the columns that the formula names.
    env : mapping of str, optional
        Names that are not columns.
    """
    spec = design.spec
    terms = spec.formula.fixed
    count = len(terms.terms)
    twice = Terms(
        variables=terms.variables,
        names=terms.names,
        terms=terms.terms * 2,
        labels=terms.labels * 2,
        dummies=(*terms.dummies, *(tuple(True for _ in term) for term in terms.terms)),
        intercept=terms.intercept,
    )
    plain = {text: treatment(len(used.matrix)) for text, used in spec.contrasts.items()}
    changed = replace(spec, formula=replace(spec.formula, fixed=twice), contrasts=plain, offset=None)
    both = on_new_data(changed, rows, random=(), env=env).fixed
    n = rows.n_rows
    assign = np.array(both.assign)
    first = np.flatnonzero(assign < count)
    kept = first[list(kept_columns(_part(both, first), n, None))]
    complete = np.concatenate([np.flatnonzero(assign == -1), np.flatnonzero(assign >= count)])
    place = {both.names[j]: i for i, j in reversed(list(enumerate(complete)))}
    return Codings(
        treatment=_dense(both, kept, n),
        assign=assign[kept],
        complete=_dense(both, complete, n),
        rows=np.array([place[both.names[j]] for j in kept], dtype=np.intp),
    )


def _part(fixed: FixedDesign, chosen: Any) -> FixedDesign:
    return replace(
        fixed,
        names=tuple(fixed.names[j] for j in chosen),
        columns=tuple(fixed.columns[j] for j in chosen),
        assign=tuple(fixed.assign[j] for j in chosen),
    )


def _dense(fixed: FixedDesign, chosen: Any, n: int) -> Matrix:
    out = np.ones((n, len(chosen)))
    for place, j in enumerate(chosen):
        column = fixed.columns[j]
        if column is not None:
            out[:, place] = column
    return out
