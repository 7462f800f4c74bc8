"""Variances and correlations of the random effects, and the effects themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.page.elements import folded, table_of
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.tables.html import paragraph, wide_table

NOTHING = 1e-8  # of sigma: random effects so small have no variance, and no picture
MAX_LEVELS = 60  # of a grouping factor that the page shows; it is not a data file


def parts(model: Any, options: Options) -> Iterator[str]:
    """Tables of the covariance parameters and, folded, of each factor's levels; nothing without random effects."""
    if not model.design.random:
        return
    varcorr = model.VarCorr()
    headers, cells = varcorr.cells(4, ("Variance", "Std.Dev."))
    rows = [[c.strip() for c in row] for row in cells]
    yield wide_table("Variances, standard deviations and correlations", [h.strip() for h in headers], rows)
    ranef = model.ranef()
    for i, name in enumerate(ranef.names):
        modes = ranef.modes[i]
        if float(np.abs(modes).max(initial=0.0)) > NOTHING * model.sigma:
            yield from _pictures(model, name, len(modes))
        yield folded(f"Conditional modes of {name}", *_levels(name, ranef.levels[i], ranef.effects[i], modes))


def _pictures(model: Any, name: str, levels: int) -> Iterator[str]:
    """The modes with their intervals, and against normal quantiles."""
    if not can_draw() or levels < 2:
        return
    from mixedmodels import plot

    if levels <= MAX_LEVELS:
        yield picture(
            plot.caterpillar,
            model,
            name,
            alt=f"The random effects of the {levels} levels of {name}, sorted, each with a 95 % interval.",
            caption=f"Random effects of {name} with 95 % intervals, which treat the variances as known.",
        )
    yield picture(
        plot.qq_random_effects,
        model,
        name,
        alt=f"Random effects of {name} against quantiles of a normal distribution, with a line.",
        caption=f"If the random effects of {name} are normal, the points lie along the line.",
    )


def _levels(name: str, levels: Sequence[str], effects: Sequence[str], modes: Matrix) -> Iterator[str]:
    """The levels' effects, the first of them where there are many."""
    shown = modes[:MAX_LEVELS]
    columns = {"level": list(levels[:MAX_LEVELS]), **dict(zip(effects, shown.T.tolist(), strict=True))}
    caption = f"Deviations of the levels of {name} from the fixed effects"
    yield table_of(caption, columns, {k: k for k in columns})
    if len(modes) > MAX_LEVELS:
        yield paragraph(f"The first {MAX_LEVELS} of {len(modes):,} levels; fit.ranef() has all.", css_class="note")
