"""Predictions along each predictor, with the others at typical values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.formula.nodes import column_names
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.tables.html import paragraph

MAX_PICTURES = 6  # predictors with a picture


def parts(model: Any, options: Options) -> Iterator[str]:
    """A picture for each predictor of the fixed effects."""
    names = predictors(model)
    if not names or not can_draw():
        return
    what = "probabilities" if model.family.support == "proportion" else "means"
    group = ", for a group whose random effects are 0" if model.design.random else ""
    yield paragraph(
        f"Predicted {what} with 95 % intervals{group}. Other numbers are at their mean, other factors at their first "
        "level."
    )
    for name in names[:MAX_PICTURES]:
        yield picture(
            _draw,
            model,
            name,
            alt=f"{model.outcome_label} against {name}, with a band or bars for the 95 % interval.",
            caption=f"{model.outcome_label} along {name}.",
        )
    if len(names) > MAX_PICTURES:
        yield paragraph(f"Not shown: {', '.join(names[MAX_PICTURES:])}. See fit.ggpredict().", css_class="note")


def predictors(model: Any) -> list[str]:
    """Columns of the fixed effects, in the formula's order."""
    used = model.design.spec.formula.fixed.variables_used().values()
    return list(dict.fromkeys(name for node in used for name in column_names(node)))


def _draw(model: Any, name: str) -> Any:
    from mixedmodels import plot

    return plot.effects(model.ggpredict(name))
