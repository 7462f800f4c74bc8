"""Random effects and coefficients by level, put together from the terms of each grouping factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.ranef import RanEf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels._typing import Matrix
    from mixedmodels.design.records import Design
    from mixedmodels.fit.any_fit import AnyPredictor
    from mixedmodels.frame import Kind


def random_effects(
    design: Design, fit: AnyPredictor, cond_var: Sequence[Matrix] | None = None, kind: Kind = "pandas"
) -> RanEf:
    """Conditional modes; terms of the same grouping factor are bound side by side."""
    effects, modes = [], []
    for g in range(len(design.groups)):
        mine = [i for i, term in enumerate(design.random) if term.group == g]
        effects.append([name for i in mine for name in design.random[i].effects])
        modes.append(np.hstack([fit.b[i] for i in mine]))
    names = [g.name for g in design.groups]
    blocks = None if cond_var is None else dict(zip(names, cond_var, strict=True))
    return RanEf(names, [g.levels.labels for g in design.groups], effects, modes, blocks, kind)


def coefficients_by_group(design: Design, fit: AnyPredictor, kind: Kind = "pandas") -> RanEf:
    """Fixed plus random effects of every level; effects that are random only come first, with a fixed part of 0."""
    ranef = random_effects(design, fit)
    fixed = kept_names(design, fit)
    random_only = list(dict.fromkeys(e for names in ranef.effects for e in names if e not in fixed))
    columns = [*random_only, *fixed]
    base = np.concatenate([np.zeros(len(random_only)), fit.beta])
    tables = []
    for names, modes in zip(ranef.effects, ranef.modes, strict=True):
        table = np.tile(base, (len(modes), 1))
        for j, name in enumerate(names):
            table[:, columns.index(name)] += modes[:, j]
        tables.append(table)
    return RanEf(ranef.names, ranef.levels, [columns] * len(tables), tables, kind=kind)
