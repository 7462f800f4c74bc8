"""The rows of the fit, and their numbers by group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mixedmodels.page.elements import facts
from mixedmodels.page.options import Options
from mixedmodels.tables.html import paragraph, wide_table


def parts(model: Any, options: Options) -> Iterator[str]:
    """Rows used and left out; levels of each grouping factor with their numbers of rows."""
    design = model.design
    yield facts({"rows used": f"{model.nobs:,}", "left out for missing values": f"{model.n_dropped:,}"})
    if model.n_dropped:
        share = model.n_dropped / (model.nobs + model.n_dropped)
        yield paragraph(
            f"{model.n_dropped:,} rows ({share:.1%}) lack the response or a predictor and were left out. The "
            "estimates describe the other rows. They are valid for all rows only if missingness does not depend on the "
            "missing values.",
            css_class="note",
        )
    counted = [_counts(group) for group in design.groups]
    if any(len(row) > 2 for row in counted):
        headers = ["grouping factor", "levels", "fewest rows", "median", "most rows"]
    else:
        headers = ["grouping factor", "levels"]
    if counted:
        yield wide_table("Groups: rows of each level", headers, counted)


def _counts(group: Any) -> list[str]:
    """A row of the table; a model loaded from a file has levels and no rows."""
    row = [group.name, f"{group.n_levels:,}"]
    if len(group.codes) == 0:
        return row
    counts = np.bincount(np.asarray(group.codes, dtype=np.intp), minlength=group.n_levels)
    return [*row, f"{counts.min():,}", f"{np.median(counts):,.6g}", f"{counts.max():,}"]
