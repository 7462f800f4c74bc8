"""What a fit is: frozen records of arrays, without behaviour.

Every question about a model is answered by a function of such a record and of the `Design` it came from.
Symbols as in Bates et al. (2015): y = X beta + Z b + offset + e, b = Lambda u, Var(e) = sigma^2 W^-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Control:
    """Settings of the optimiser.

    Attributes
    ----------
    max_evaluations : evaluations of criterion and gradient before it gives up.
    tolerance : decrease of the criterion (a deviance) that may still be predicted at convergence.
    """

    max_evaluations: int = 200
    tolerance: float = 1e-11


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A linear model fitted by weighted least squares; r is the rank of X.

    Attributes
    ----------
    n : rows used.
    kept : positions of the r columns of X that are estimated; the others are aliased.
    beta : shape (r,).
    sigma : residual standard deviation; NaN with no residual degrees of freedom.
    rss : weighted residual sum of squares.
    df_resid : n - r.
    vcov_unscaled : (X'WX)^-1 of the kept columns, shape (r, r).
    sum_log_weights : sum of the logarithms of the weights.
    exact : whether the residuals are rounding error only.
    """

    n: int
    kept: tuple[int, ...]
    beta: Vector
    sigma: float
    rss: float
    df_resid: int
    vcov_unscaled: Matrix
    sum_log_weights: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A linear mixed model at its optimum; p kept columns, q random effects, m covariance parameters.

    Attributes
    ----------
    reml : whether `criterion` is the REML criterion; else it is the deviance.
    n : rows used.
    kept : positions of the p columns of X that are estimated; the others are combinations of earlier ones.
    sizes : for each random term its number of columns k.
    theta : relative covariance parameters, shape (m,): per term the lower triangle of T, column by column.
    beta : fixed effects, shape (p,).
    sigma : residual standard deviation.
    criterion : -2 log restricted likelihood (`reml`) or -2 log likelihood.
    pwrss : penalised weighted residual sum of squares, r^2.
    logdet_u, logdet_x : log|Lambda'Z'WZ Lambda + I| and log|R_X|^2.
    vcov_unscaled : Var(beta) / sigma^2, shape (p, p).
    u, b : per term spherical and original conditional modes, shape (levels, k).
    gradient, hessian : of the criterion in theta at the optimum, shapes (m,) and (m, m); the Hessian is average
        information plus the curvature of the map from theta to the covariance.
    sum_log_weights : sum of the logarithms of the weights.
    singular : whether some diagonal element of T is below 1e-4.
    run : how the optimiser came here.
    criterion_error : standard error of `criterion` (and `logdet_u`) where it is estimated, 0 where it is exact.
    """

    reml: bool
    n: int
    kept: tuple[int, ...]
    sizes: tuple[int, ...]
    theta: Vector
    beta: Vector
    sigma: float
    criterion: float
    pwrss: float
    logdet_u: float
    logdet_x: float
    vcov_unscaled: Matrix
    u: tuple[Matrix, ...]
    b: tuple[Matrix, ...]
    gradient: Vector
    hessian: Matrix
    sum_log_weights: float
    singular: bool
    run: Run
    criterion_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """The optimiser's account.

    Attributes
    ----------
    status : "converged", "max_evaluations" or "stalled".
    message : the engine's own sentence, empty where all is well.
    evaluations : of criterion and gradient.
    seconds : spent in the engine.
    certificate : `predicted_decrease` of the criterion that the next step promises; `min_score_eigenvalue` per term
        (negative: more variance in that direction would fit better); `escape_gain`, the decrease that growing each
        covariance matrix along its worst direction of no variance promises; and whether it `holds`, both decreases
        being negligible.
    trace : per step criterion, predicted decrease, trust radius.
    """

    status: Literal["converged", "max_evaluations", "stalled"]
    message: str
    evaluations: int
    seconds: float
    certificate: Mapping[str, Any]
    trace: tuple[tuple[float, float, float], ...]

    @property
    def converged(self) -> bool:
        """Whether the certificate holds: what counts is where the optimiser stands, not how it came to stop."""
        return bool(self.certificate["holds"])
