"""Covariance matrices that stay valid when the variances of the model are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._spellings import recased
from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Coefficients
    from mixedmodels.fitted.row_groups import Clusters
    from mixedmodels.inference.robust.jackknife_table import InfinitesimalJackknife
    from mixedmodels.inference.robust.mixed_scores import Scores
    from mixedmodels.inference.robust.table import RobustCoefficients
    from mixedmodels.tables.result_table import ResultTable

Scale = Literal["theta", "variance"]


class RobustVerbs(FittedModel):
    """Covariance matrices that stay valid when the variances of the model are wrong."""

    def robust(self, type: str | None = None, cluster: Any = None) -> RobustCoefficients:  # noqa: A002
        """Coefficients with a covariance that does not rely on the model's variances, and small-sample t tests.

        Parameters
        ----------
        type : str, optional
            Type: cluster-robust "CR0", "CR1", "CR1p", "CR1S", "CR2" or "CR3" (as in R's clubSandwich; a glmer has "CR0"
            and "CR1"); models without random effects also have "HC0" to "HC5" (as in R's sandwich). The default is
            "CR2" with clusters ("CR0" for a glmer), else "HC3".
        cluster : str or array_like, optional
            A column's name, or a value per row: rows of different clusters are taken to be independent. The default is
            the grouping factor in which all others are nested.

        Returns
        -------
        RobustCoefficients
            Prints as a table of t tests, with Satterthwaite's degrees of freedom (Bell and McCaffrey 2002); its
            ``wald_test()`` is the approximate Hotelling test of several coefficients (Pustejovsky and Tipton 2018),
            ``confint()`` has limits. Tests of contrasts accept it as the source of covariance and degrees of freedom.

        Raises
        ------
        DataError
            If there is no such type or column, or random effects are shared between clusters.

        Examples
        --------
        >>> lin.robust("HC3").confint()["conf_low"].round(2)
        array([241.18,   7.94])
        """
        from mixedmodels.fitted.row_groups import find_clusters
        from mixedmodels.inference.robust import sandwich

        self._need_scores("robust()")
        from mixedmodels.inference.robust.table import RobustCoefficients

        estimator = self._robust_type(type, cluster)
        coefficients: Coefficients
        if estimator.startswith("HC"):
            if cluster is not None:
                raise DataError(f"type {estimator!r} does not use clusters; use one of {', '.join(sandwich.TYPES)}.")
            coefficients = self._heteroscedastic(estimator)
            return RobustCoefficients(
                coefficients, estimator, f"Heteroscedasticity-consistent covariance ({estimator})", self._source.kind
            )
        clusters = find_clusters(self, cluster)
        coefficients = self._clustered(estimator, clusters)
        title = f"Cluster-robust covariance ({estimator}), {len(clusters)} clusters of {clusters.name}"
        return RobustCoefficients(coefficients, estimator, title, self._source.kind)

    def vcov_robust(self, type: str | None = None, cluster: Any = None) -> Any:  # noqa: A002
        """The covariance matrix of `robust`, labelled.

        Examples
        --------
        >>> lin.vcov_robust("HC1").shape
        (2, 2)
        """
        from mixedmodels import frame

        coefficients = self.robust(type, cluster)
        return frame.matrix(coefficients.vcov, coefficients.names, coefficients.names, self._source.kind)

    def scores(self, cluster: Any = None, *, scale: Scale = "theta") -> ResultTable:
        """Derivatives of each cluster's log-likelihood at the estimates, which sum to 0; a row per cluster.

        For a REML fit, the terms of the determinant are assigned to the clusters that they belong to.

        Parameters
        ----------
        cluster : str or array_like, optional
            See `robust`.
        scale : {"theta", "variance"}, default "theta"
            Scale of the parameters. An lmer has "theta" (theta and sigma) and "variance" (variances, covariances,
            residual variance); a glmer has "theta" (theta and logarithms of shapes).

        Examples
        --------
        >>> fit.scores().names[:3]
        ('308', '309', '310')
        """
        from mixedmodels.fitted.row_groups import find_clusters
        from mixedmodels.tables.result_table import ResultTable

        self._need_scores("scores()")
        clusters = find_clusters(self, cluster)
        scores, names = self._scores(clusters, scale)
        columns = {name: scores.scores[:, j] for j, name in enumerate(names)}
        return ResultTable(columns=columns, names=clusters.labels, row_column=clusters.name, kind=self._source.kind)

    def vcov_full(
        self,
        type: Literal["model", "sandwich", "ij"] = "sandwich",  # noqa: A002
        cluster: Any = None,
        *,
        scale: Scale = "theta",
    ) -> Any:
        """Covariance matrix of fixed effects and variance parameters together, labelled.

        Parameters
        ----------
        type : {"model", "sandwich", "ij"}, default "sandwich"
            Type: "model", the inverse of the observed information; "sandwich" (or "ij", the infinitesimal jackknife,
            which is the same), from the clusters' scores.
        cluster : str or array_like, optional
            See `scores`.
        scale : {"theta", "variance"}, default "theta"
            See `scores`.

        Examples
        --------
        >>> fit.vcov_full().columns.tolist()[:3]
        ['(Intercept)', 'Days', 'Subject.(Intercept)']
        """
        from mixedmodels import frame
        from mixedmodels.fitted.row_groups import find_clusters
        from mixedmodels.inference.robust import jackknife

        if type not in ("model", "sandwich", "ij"):
            raise DataError(f"type is {type!r}; give 'model', 'sandwich' or 'ij'.")
        self._need_scores("vcov_full()")
        scores, names = self._scores(find_clusters(self, cluster), scale)
        matrix = jackknife.model_covariance(scores) if type == "model" else jackknife.sandwich(scores)
        return frame.matrix(matrix, names, names, self._source.kind)

    def infinitesimal_jackknife(self, cluster: Any = None, *, scale: Scale = "theta") -> InfinitesimalJackknife:
        """Standard errors of all parameters from the influence of each cluster, see `InfinitesimalJackknife`.

        Parameters
        ----------
        cluster : str or array_like, optional
            See `scores`.
        scale : {"theta", "variance"}, default "theta"
            See `scores`.

        Examples
        --------
        >>> fit.infinitesimal_jackknife().table["std_error"].round(2)[:2]
        array([6.63, 1.5 ])
        """
        from mixedmodels.fitted.row_groups import find_clusters
        from mixedmodels.inference.robust.jackknife_table import InfinitesimalJackknife

        self._need_scores("infinitesimal_jackknife()")
        clusters = find_clusters(self, cluster)
        scores, names = self._scores(clusters, scale)
        return InfinitesimalJackknife(scores, names, clusters, self._source.kind, self._fit.singular)

    # -- by kind of model -----------------------------------------------------------------------------------------

    def _need_scores(self, what: str) -> None:
        """Refuse a glmmTMB whose rows have no scores: of several linear predictors, or without random effects."""
        cure = "bootstrap() gives standard errors by refitting"
        self._need_one_predictor(what, cure)
        if self._fit.mixed and not self.design.random:
            raise DataError(f"{what} is for models with random effects, and {self.formula!r} has none; {cure}.")

    def _robust_type(self, estimator: str | None, cluster: Any) -> str:
        from mixedmodels.inference.robust import hc, sandwich

        fit = self._fit
        estimator = recased(estimator, sandwich.TYPES + hc.TYPES)
        if not fit.kept:
            raise DataError(f"{self.design.formula!r} has no fixed effects, so that there is no covariance of them.")
        if fit.mixed and fit.generalized:
            if estimator not in (None, "CR0", "CR1"):
                raise DataError(f"type {estimator!r} is not available for a glmer; use 'CR0' or 'CR1'.")
            return estimator or "CR0"
        if estimator is None:
            return "CR2" if fit.mixed or cluster is not None else "HC3"
        types = sandwich.TYPES if fit.mixed else sandwich.TYPES + hc.TYPES
        if estimator not in types:
            raise DataError(
                f"type {estimator!r} is not a robust covariance of this model; use one of {', '.join(types)}."
            )
        return estimator

    def _heteroscedastic(self, estimator: str) -> Coefficients:
        from mixedmodels.fitted.labels import kept_names
        from mixedmodels.inference.robust import hc
        from mixedmodels.inference.robust.working import working

        self._need_rows("a robust covariance")
        vcov = hc.covariance(working(self.design, self._fit), estimator)
        names = kept_names(self.design, self._fit)
        return hc.HeteroscedasticityConsistent(names, self._fit.beta, vcov, self._fit.wald_df, estimator)

    def _clustered(self, estimator: str, clusters: Clusters) -> Coefficients:
        from mixedmodels.estimates.coefficients import Asymptotic
        from mixedmodels.fitted.labels import kept_names
        from mixedmodels.inference.robust import jackknife, sandwich
        from mixedmodels.inference.robust.tests import ClusterRobust
        from mixedmodels.inference.robust.working import working

        names = kept_names(self.design, self._fit)
        if self._fit.mixed and self._fit.generalized:
            m, p = len(self._fit.theta), len(names)
            j = len(clusters)
            factor = j / (j - 1) if estimator == "CR1" else 1.0
            moved = jackknife.influence(self._scores(clusters, "theta")[0])[:, m : m + p]
            vcov = factor * moved.T @ moved
            return Asymptotic(names, self._fit.beta, vcov)
        moments = sandwich.moments(working(self.design, self._fit), clusters, estimator)
        return ClusterRobust(names, self._fit.beta, moments, estimator, clusters)

    def _scores(self, clusters: Clusters, scale: str) -> tuple[Scores, tuple[str, ...]]:
        """Scores and information, and the names of the parameters."""
        from mixedmodels.fit.cluster_scores import cluster_scores
        from mixedmodels.fitted.labels import joint_names, kept_names, theta_names, variance_names
        from mixedmodels.inference.robust.mixed_scores import Scores, mixed_scores

        fit = self._fit
        generalized_mixed = fit.mixed and fit.generalized
        if scale not in ("theta", "variance") or (generalized_mixed and scale != "theta"):
            raise DataError(f"scale is {scale!r}; an lmer has 'theta' and 'variance', a glmer 'theta'.")
        if generalized_mixed:
            values = np.concatenate([fit.theta, fit.beta, fit.psi])
            by_cluster = cluster_scores(self.design, fit, clusters.rows())
            return Scores(values, by_cluster, fit.hessian / 2), _distinct(joint_names(self.design, fit))
        if not fit.mixed:
            raise DataError("scores by cluster need a model with random effects; robust() is for other models too.")
        names = kept_names(self.design, fit)
        parts = (*theta_names(self.design), "sigma") if scale == "theta" else variance_names(self.design)
        parts = parts[:-1] if fit.known_sigma else parts
        return mixed_scores(self.design, fit, clusters, scale), _distinct((*names, *parts))


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names with an underscore where an earlier one is the same, as of a predictor called "sigma"."""
    seen: dict[str, None] = {}
    for name in names:
        while name in seen:
            name += "_"
        seen[name] = None
    return tuple(seen)
