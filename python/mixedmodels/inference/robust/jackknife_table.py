"""Standard errors by the infinitesimal jackknife, as a table that prints."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.fitted.row_groups import Clusters
from mixedmodels.inference.robust import jackknife
from mixedmodels.inference.robust.mixed_scores import Scores
from mixedmodels.tables.result_table import ResultTable, ShownAsTable


class InfinitesimalJackknife(ShownAsTable):
    """Estimates with standard errors by the infinitesimal jackknife, and each cluster's influence; prints as a table.

    Attributes
    ----------
    names : tuple of str
        Names of the d parameters.
    vcov : ndarray, shape (d, d)
        Covariance of the parameters.
    table : DataFrame
        Estimates, robust and model's standard errors.
    influence : ndarray
        Influence of each cluster, a row each: how the estimates move, to first order, as the cluster's weight grows
        from 1 to 2.

    Examples
    --------
    >>> jackknife = fit.infinitesimal_jackknife()
    >>> jackknife.names[:2]
    ('(Intercept)', 'Days')
    """

    def __init__(
        self, scores: Scores, names: tuple[str, ...], clusters: Clusters, kind: Any, singular: bool = False
    ) -> None:
        moved = jackknife.influence(scores)
        self.names = names
        self.vcov: Matrix = moved.T @ moved
        columns = {
            "estimate": scores.estimates,
            "std_error": np.sqrt(np.diag(self.vcov)),
            "model_error": np.sqrt(np.diag(jackknife.model_covariance(scores))),
        }
        title = f"Infinitesimal jackknife over {len(clusters)} clusters of {clusters.name}"
        note = ("The fit is singular: standard errors of variance parameters on the boundary have no meaning.",)
        self.table = ResultTable(
            columns=columns,
            names=names,
            headers={"model_error": "Model's"},
            heading=(title, ""),
            footer=note if singular else (),
            kind=kind,
        )
        changes = {name: moved[:, j] for j, name in enumerate(names)}
        self.influence = ResultTable(columns=changes, names=clusters.labels, row_column=clusters.name, kind=kind)
