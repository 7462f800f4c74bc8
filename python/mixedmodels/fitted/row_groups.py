"""Which rows of a model belong together, as the caller says it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.record import GlmmFit, MixedFit
from mixedmodels.inference.robust.clusters import Clusters
from mixedmodels.inference.robust.working import check_nested, outermost


def find_clusters(model: Any, given: Any) -> Clusters:
    """Clusters from a column's name, a value per row, or None for the outermost grouping factor.

    Parameters
    ----------
    model : any model with its rows.
    given : name of a grouping factor or of a column of the table; one value for each row used or each row of the
        table.

    Raises
    ------
    DataError
        If there is no such column, a row used has no cluster, the length is wrong, or random effects are shared
        between clusters.
    """
    model._need_rows("a cluster-robust covariance")
    design: Design = model.design
    mixed = isinstance(model._fit, MixedFit | GlmmFit)
    if given is None:
        if not mixed:
            raise DataError(
                "a model without random effects has no clusters of its own; give cluster= a column or values."
            )
        return outermost(design)
    clusters = rows_by(model, given, "cluster")
    if mixed:
        check_nested(design, clusters)
    return clusters


def rows_by(model: Any, given: Any, what: str) -> Clusters:
    """Rows by the levels of a grouping factor or of a column, or by one value for each.

    Parameters
    ----------
    what : the argument's name, for errors.
    """
    return _of_group(model.design, given) or _of_values(model, given, what)


def _of_group(design: Design, given: Any) -> Clusters | None:
    if isinstance(given, str):
        for group in design.groups:
            if group.name == given:
                return Clusters(given, np.asarray(group.codes, dtype=np.intp), tuple(group.levels.labels))
    return None


def _of_values(model: Any, given: Any, what: str) -> Clusters:
    used = model._rows.numbers
    if isinstance(given, str):
        name = given
        factor = frame.as_factor(frame.read(model._request.data).column(given))
        codes = factor.codes[used]
    else:
        name = str(getattr(given, "name", None) or what)
        factor = frame.as_factor(frame.any_column(name, given))
        codes = factor.codes[model._rows.matched(len(factor.codes), what)]
    if codes.min(initial=0) < 0:
        row = int(np.flatnonzero(codes < 0)[0])
        raise DataError(
            f"{what} {name!r} is missing in row {int(used[row])} of the table, which the model uses; give every row "
            f"its {what}, or fit without these rows."
        )
    seen, local = np.unique(codes, return_inverse=True)
    labels = factor.levels.labels
    return Clusters(name, local.astype(np.intp), tuple(labels[i] for i in seen.tolist()))
