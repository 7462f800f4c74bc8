"""Fitted models as their sandwich sees them, and the clusters that they can have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, LinearFit, MixedFit, Vector
from mixedmodels.inference.robust.clusters import Clusters, Working


def working(design: Design, fit: LinearFit | MixedFit | GlmFit) -> Working:
    """Design, residuals and working covariance of a linear, linear mixed or generalised linear model."""
    x = dense_columns(design, fit.kept, fit.n)
    if isinstance(fit, GlmFit):
        mu = family_moments.mean(fit.family, fit.eta)
        w = (1.0 if fit.weights is None else fit.weights) / family_moments.variance(fit.family, mu)
        x *= family_moments.slope(fit.family, fit.eta)[:, None]
        used = w > 0  # rows of weight 0 say nothing, and have no variance
        x[~used] = 0.0
        bread = np.asarray(np.linalg.inv(x.T @ (w[:, None] * x)), dtype=np.float64)
        return Working(x, np.where(used, fit.y - mu, 0.0), np.where(used, w, 1.0), bread)
    assert design.response is not None
    residual: Vector = design.response - fixed_part(design, fit.kept, fit.beta, fit.n)
    w = np.ones(fit.n) if design.weights is None else design.weights
    if isinstance(fit, MixedFit):
        return Working(x, residual, w, fit.vcov_unscaled, (design, fit))
    return Working(x, residual, w, fit.vcov_unscaled, inverse=design.weights is None)


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
    found = Clusters(outer.name, np.asarray(outer.codes, dtype=np.intp), tuple(outer.levels.labels))
    try:
        check_nested(design, found)
    except DataError as error:
        names = " and ".join(repr(g.name) for g in design.groups)
        raise DataError(
            f"the grouping factors {names} are crossed, so that none of them splits the rows into independent "
            "clusters; give cluster= a column in whose values all grouping factors are nested, if there is one."
        ) from error
    return found


def check_nested(design: Design, clusters: Clusters) -> None:
    """Refuse clusters that share a random effect: they are not independent.

    Raises
    ------
    DataError
        Naming a level with rows in several clusters.
    """
    for group in design.groups:
        level = nested(group.codes, group.n_levels, clusters.codes)
        if level is not None:
            mine = np.unique(clusters.codes[group.codes == level])
            shown = ", ".join(repr(clusters.labels[i]) for i in mine[:3]) + (", ..." if len(mine) > 3 else "")
            raise DataError(
                f"level {group.levels.labels[level]!r} of grouping factor {group.name!r} has rows in {len(mine)} "
                f"clusters of {clusters.name!r} ({shown}): they share a random effect and are not independent; choose "
                "clusters in which every grouping factor is nested."
            )
