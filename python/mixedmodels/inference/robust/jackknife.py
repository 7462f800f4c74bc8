"""The infinitesimal jackknife: the influence of each cluster's weight on the estimates.

With scores s_j and information H at the estimates, giving cluster j the weight 1 + w moves them by ``w H^-1 s_j`` (to
first order), its influence U_j. The sum of U_j U_j' is the sandwich covariance H^-1 (sum s_j s_j') H^-1, which holds
when the model's variances do not (Huber 1967; Jaeckel 1972; Efron 1982, chapter 6; of mixed models Wang and Merkle
2018).
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.errors import FitError
from mixedmodels.inference.robust.mixed_scores import Scores


def model_covariance(scores: Scores) -> Matrix:
    """Inverse of the observed information.

    Raises
    ------
    FitError
        If that is not positive definite, because the estimates are no strict maximum.
    """
    values, vectors = np.linalg.eigh(_standardised(scores)[0])
    if values.min() <= 1e-10 * values.max():
        raise FitError(
            "the information at the estimates is not positive definite: the likelihood is flat or its maximum lies on "
            "the boundary, where a covariance of the variance parameters has no meaning; leave out random effects "
            "whose variance is 0 (if scale='variance' fails, scale='theta' may work)."
        )
    root = _standardised(scores)[1]
    return np.asarray((vectors / values) @ vectors.T / np.outer(root, root))


def influence(scores: Scores) -> Matrix:
    """First-order change of the estimates with each cluster's weight, shape (J, d)."""
    return np.asarray(scores.scores @ model_covariance(scores))


def sandwich(scores: Scores) -> Matrix:
    """Covariance of the estimates from the clusters' scores, shape (d, d)."""
    moved = influence(scores)
    return np.asarray(moved.T @ moved)


def _standardised(scores: Scores) -> tuple[Matrix, Matrix]:
    """The information with a unit diagonal, and the roots of what was there: so its eigenvalues have no units."""
    h = (scores.information + scores.information.T) / 2
    root = np.sqrt(np.maximum(np.abs(np.diag(h)), 1e-300))
    return h / np.outer(root, root), root
