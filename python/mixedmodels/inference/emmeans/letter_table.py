"""Means with letters: those that share one are not shown to differ."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels.inference.emmeans.means_table import MeansTable
from mixedmodels.inference.multiplicity.compact_letters import letters

if TYPE_CHECKING:
    from mixedmodels.inference.emmeans.emm_grid import EmmGrid


def letter_table(means: EmmGrid, alpha: float, adjust: str | None, reverse: bool) -> MeansTable:
    """The means sorted within each group, those that cannot be estimated last, with a column "group" of letters.

    Parameters
    ----------
    alpha : float
        Significance level of the pairwise comparisons.
    adjust : str or None
        Adjustment of the p-values, Tukey's if None.
    reverse : bool
        Whether the largest mean comes first.
    """
    table, family = means.table, means.pairs(adjust=adjust)
    estimate, p_values = table["estimate"], iter(family["p_value"].tolist())
    order: list[int] = []
    marks = [""] * len(estimate)
    for rows in means.functions.groups(means.settings.by):
        p = {pair: next(p_values) for pair in combinations(rows.tolist(), 2)}
        estimated = [i for i in rows.tolist() if not np.isnan(estimate[i])]
        ranked = sorted(estimated, key=lambda i: -estimate[i] if reverse else estimate[i])
        pair_p = {(str(i), str(j)): value for (i, j), value in p.items() if i in estimated and j in estimated}
        texts = letters(pair_p, [str(i) for i in estimated], alpha, order=[str(i) for i in ranked])
        for i, text in zip(estimated, texts, strict=True):
            marks[i] = text
        order += [*ranked, *(i for i in rows.tolist() if i not in estimated)]
    lines = [line for line in table.lines if line not in means.notes]
    lines += [line for line in family.table.lines if line.startswith("P value adjustment")]
    lines.append(f"significance level used: alpha = {alpha:g}")
    lines.append("Means that share a letter are not shown to differ, nor to be the same.")
    return MeansTable(
        labels={name: tuple(values[i] for i in order) for name, values in table.labels.items()},
        columns={**{name: values[order] for name, values in table.columns.items()}, "group": [marks[i] for i in order]},
        headers={**table.headers, "group": ".group"},
        by=means.settings.by,
        lines=(*lines, *means.notes),
        kind=means.kind,
        notes=means.notes,
    )
