"""R's functions for robust covariance matrices, which are valid if the model's variances are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError
from mixedmodels.inference.robust.table import RobustCoefficients
from mixedmodels.tables.result_table import ResultTable

__all__ = ["Wald_test", "bread", "coef_test", "conf_int", "estfun", "sandwich", "vcovCR", "vcovHC"]


def vcovCR(model: Any, cluster: Any = None, type: str = "CR2") -> Any:  # noqa: A002
    """Cluster-robust covariance matrix of the coefficients, labelled; see `Model.robust`.

    Examples
    --------
    >>> from mixedmodels.r import vcovCR
    >>> vcovCR(fit).shape
    (2, 2)
    """
    return model.vcov_robust(type, cluster)


def coef_test(model: Any, vcov: str | RobustCoefficients = "CR2", cluster: Any = None) -> ResultTable:
    """Table of t tests with a robust covariance and Satterthwaite's degrees of freedom.

    Parameters
    ----------
    model : fitted model
        Fitted model.
    vcov : str or RobustCoefficients, optional
        Type such as "CR2", or the result of ``model.robust()``.
    cluster : str or array_like, optional
        Clusters: the name of a column, or a value per row.

    Examples
    --------
    >>> from mixedmodels.r import coef_test
    >>> list(coef_test(fit).names)
    ['(Intercept)', 'Days']
    """
    return _robust(model, vcov, cluster).table


def conf_int(
    model: Any, vcov: str | RobustCoefficients = "CR2", level: float = 0.95, cluster: Any = None
) -> ResultTable:
    """Confidence limits of the coefficients with a robust covariance; `vcov` as in `coef_test`.

    Examples
    --------
    >>> from mixedmodels.r import conf_int
    >>> list(conf_int(fit).names)
    ['(Intercept)', 'Days']
    """
    return _robust(model, vcov, cluster).confint(level)


def Wald_test(
    model: Any,
    constraints: Sequence[str] | Matrix | None = None,
    vcov: str | RobustCoefficients = "CR2",
    cluster: Any = None,
) -> ResultTable:
    """Joint test of coefficients, or combinations of them, with a robust covariance ("HTZ").

    Parameters
    ----------
    model : fitted model
        Fitted model.
    constraints : sequence of str or ndarray, optional
        Names of coefficients, or a matrix with a row per combination; None for all but the intercept.
    vcov : str or RobustCoefficients, optional
        See `coef_test`.
    cluster : str or array_like, optional
        Clusters: the name of a column, or a value per row.

    Examples
    --------
    >>> from mixedmodels.r import Wald_test
    >>> Wald_test(fit, ["Days"])["num_df"].tolist()
    [1]
    """
    return _robust(model, vcov, cluster).wald_test(constraints)


def vcovHC(model: Any, type: str = "HC3") -> Any:  # noqa: A002
    """Heteroscedasticity-consistent covariance matrix of an lm or glm, labelled; "HC" is "HC0".

    Examples
    --------
    >>> from mixedmodels.r import vcovHC
    >>> vcovHC(lin, "HC0").shape
    (2, 2)
    """
    return model.vcov_robust("HC0" if type == "HC" else type)


def estfun(model: Any, cluster: Any = None) -> Any:
    """Scores of all parameters, a table with a row per cluster (merDeriv's `estfun`); see `Model.scores`.

    Examples
    --------
    >>> from mixedmodels.r import estfun
    >>> estfun(fit).shape
    (18, 7)
    """
    return model.scores(cluster).to_frame()


def bread(model: Any, cluster: Any = None) -> Any:
    """Inverse of the observed information of all parameters times the number of clusters, labelled.

    Examples
    --------
    >>> from mixedmodels.r import bread
    >>> bread(fit).shape
    (6, 6)
    """
    covariance = model.vcov_full("model", cluster)
    return covariance * len(model.scores(cluster))


def sandwich(model: Any, cluster: Any = None) -> Any:
    """Covariance matrix of all parameters from the scores of clusters, labelled; for an lm or glm it is HC0.

    Examples
    --------
    >>> from mixedmodels.r import sandwich
    >>> sandwich(fit).shape
    (6, 6)
    """
    if not model._fit.mixed:
        return model.vcov_robust("HC0" if cluster is None else "CR0", cluster)
    return model.vcov_full("sandwich", cluster)


def _robust(model: Any, vcov: str | RobustCoefficients, cluster: Any) -> RobustCoefficients:
    if isinstance(vcov, RobustCoefficients):
        return vcov
    if not isinstance(vcov, str):
        raise DataError(f"vcov is {vcov!r:.60}; give a type such as 'CR2', or what robust() returned.")
    coefficients: RobustCoefficients = model.robust(vcov, cluster)
    return coefficients
