"""Groups of rows, by a grouping factor, a column or values of the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._names import meant, text_of
from mixedmodels.errors import DataError

if TYPE_CHECKING:
    from mixedmodels.design import Design

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Rows in groups that are independent of each other.

    Attributes
    ----------
    name : str
        Name of the factor, as far as it has one.
    codes : ndarray of int, shape (n,)
        Codes, 0 .. J-1, each of which occurs.
    labels : tuple of str
        Labels of the J clusters.
    """

    name: str
    codes: Codes
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self) -> list[Codes]:
        """Positions of each cluster's rows, ascending."""
        order = np.argsort(self.codes, kind="stable")
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self)))
        return np.split(order, ends[:-1])


def find_clusters(model: Any, cluster: Any) -> Clusters:
    """Clusters from a column's name, a value per row, or None for the outermost grouping factor.

    Parameters
    ----------
    model : fitted model
        Model with its rows.
    cluster : str or array_like
        Name of a grouping factor or of a column of the table; or one value for each row used or each row of the table.

    Raises
    ------
    DataError
        If there is no such column, a row used has no cluster, the length is wrong, or random effects are shared
        between clusters.
    """
    model._need_rows("a cluster-robust covariance")
    design: Design = model.design
    mixed = model._fit.mixed
    if cluster is None:
        if not mixed:
            raise DataError(
                "a model without random effects has no clusters of its own; give cluster= a column or values."
            )
        return outermost(design)
    clusters = rows_by(model, cluster, "cluster")
    if mixed:
        check_nested(design, clusters)
    return clusters


def rows_by(model: Any, variable: Any, what: str) -> Clusters:
    """Rows by the levels of a grouping factor or of a column, or by one value for each.

    Parameters
    ----------
    what : str
        The argument's name, for errors.
    """
    return _of_group(model.design, variable) or _of_values(model, variable, what)


def _of_group(design: Design, variable: Any) -> Clusters | None:
    variable = text_of(variable)
    if isinstance(variable, str):
        name = meant(variable, (group.name for group in design.groups))
        for group in design.groups:
            if group.name == name:
                return Clusters(name, np.asarray(group.codes, dtype=np.intp), tuple(group.levels.labels))
    return None


def _of_values(model: Any, variable: Any, what: str) -> Clusters:
    used = model._rows.numbers
    variable = text_of(variable)
    if isinstance(variable, str):
        name = variable
        factor = frame.as_factor(frame.read(model._request.data).column(variable))
        codes = factor.codes[used]
    else:
        name = str(getattr(variable, "name", None) or what)
        factor = frame.as_factor(frame.any_column(name, model._rows.aligned(variable, what)))
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


def nested(inner: NDArray[np.signedinteger], n_levels: int, outer: NDArray[np.signedinteger]) -> int | None:
    """A level of `inner` that lies in several levels of `outer`; None where there is none."""
    of_level = np.empty(n_levels, dtype=np.int64)
    of_level[inner] = outer
    astray = of_level[inner] != outer
    return int(inner[astray.argmax()]) if astray.any() else None


def outermost(design: Design) -> Clusters:
    """The grouping factor in whose levels all others are nested.

    Raises
    ------
    DataError
        If there is none, because factors are crossed.
    """
    outer = min(design.groups, key=lambda g: g.n_levels)
    clusters = Clusters(outer.name, np.asarray(outer.codes, dtype=np.intp), tuple(outer.levels.labels))
    try:
        check_nested(design, clusters)
    except DataError as error:
        names = " and ".join(repr(g.name) for g in design.groups)
        raise DataError(
            f"the grouping factors {names} are crossed, so that none of them splits the rows into independent "
            "clusters; give cluster= a column in whose values all grouping factors are nested, if there is one."
        ) from error
    return clusters


def check_nested(design: Design, clusters: Clusters) -> None:
    """Refuse clusters that share a random effect: they are not independent.

    Raises
    ------
    DataError
        Naming a level with rows in several clusters.
    """
    for group in design.groups:
        shared = nested(group.codes, group.n_levels, clusters.codes)
        if shared is not None:
            mine = np.unique(clusters.codes[group.codes == shared])
            shown = ", ".join(repr(clusters.labels[i]) for i in mine[:3]) + (", ..." if len(mine) > 3 else "")
            raise DataError(
                f"level {group.levels.labels[shared]!r} of grouping factor {group.name!r} has rows in {len(mine)} "
                f"clusters of {clusters.name!r} ({shown}): they share a random effect and are not independent; choose "
                "clusters in which every grouping factor is nested."
            )
