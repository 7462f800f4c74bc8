"""The groups' own lines, the model's lines, and one line for all: three kinds of pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.tables.html import paragraph

MAX_PANELS = 24  # levels of which each has a panel


def parts(model: Any, options: Options) -> Iterator[str]:
    """Pictures of the first grouping factor; nothing for a model without."""
    if not model.design.random or not can_draw():
        return
    from mixedmodels import plot

    model._need_rows("the data of each group")
    group = model.design.groups[model.design.random[0].group]
    yield paragraph(
        "Complete pooling has one line for all levels. No pooling estimates the varying effects from each level's own "
        "rows alone. The model lies between them. It shrinks a level towards the typical line, and more so if the "
        "level has little information."
    )
    chosen = _spread(list(group.levels.labels))
    some = "" if len(chosen) == group.n_levels else f" ({len(chosen)} of {group.n_levels:,} levels)"
    response = model.outcome_label
    yield picture(
        plot.groups,
        model,
        group=group.name,
        levels=chosen,
        alt=f"{response} of {len(chosen)} levels of {group.name}, a panel each, with three lines: for all levels "
        "together, for the level alone, and by the model.",
        caption=f"The data of each level of {group.name}{some}, with complete, no and partial pooling.",
    )
    if group.n_levels <= 400:
        yield picture(
            plot.shrinkage,
            model,
            group=group.name,
            alt=f"An arrow for each level of {group.name} from the estimates of its own rows to those of the model, "
            "which lie nearer to the middle.",
            caption="Shrinkage: from each level's own estimates to the model's. A long arrow means that the level's "
            "rows have little information compared with the other levels.",
        )


def _spread(levels: list[str]) -> list[str]:
    """The levels that have a panel, spread evenly over all."""
    n = len(levels)
    if n <= MAX_PANELS:
        return levels
    return [levels[i * n // MAX_PANELS] for i in range(MAX_PANELS)]
