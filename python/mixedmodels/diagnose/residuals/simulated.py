"""Simulated responses beside the observed one: the data of scaled residuals and their tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._spellings import word
from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.pit import METHODS, Method, quantile_residuals
from mixedmodels.errors import DataError

FEWEST = 3  # observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Refits:
    """Residuals of a model and of its refits to each of m simulated responses.

    Attributes
    ----------
    observed : ndarray, shape (n,)
        Response residuals of the model itself.
    residuals : ndarray, shape (n, m)
        Residuals of the refitted models, each at its own response.
    predicted : ndarray, shape (n, m)
        Means of the refitted models without random effects.
    pearson : ndarray
        Pearson residuals of the refitted models, shape (n, m); the model's own are in `observed_pearson`, shape (n,).
    """

    observed: Vector
    residuals: Matrix
    predicted: Matrix
    observed_pearson: Vector
    pearson: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Observed and simulated responses and the scaled residuals; n observations, m simulations.

    Attributes
    ----------
    observed : ndarray, shape (n,)
        Observed responses, of a binomial response successes;.
    predicted : ndarray, shape (n,)
        Mean without random effects, on the scale of `observed`.
    simulated : ndarray, shape (n, m)
        Simulated responses.
    residuals : ndarray, shape (n,)
        Scaled residuals.
    integer : bool
        Whether the response is a count.
    method : {"PIT", "traditional"}
        Method of scaling residuals.
    refits : Refits, optional
        Models refitted to the simulations; None where none were.
    """

    observed: Vector
    predicted: Vector
    simulated: Matrix
    residuals: Vector
    integer: bool
    method: Method
    refits: Refits | None = None

    @property
    def n(self) -> int:
        """Observations."""
        return len(self.observed)

    @property
    def m(self) -> int:
        """Simulations."""
        return int(self.simulated.shape[1])

    @property
    def compared(self) -> tuple[Matrix, Vector]:
        """The values that the residuals compare: responses, or residuals of refitted models; shapes (n, m) and (n,)."""
        if self.refits is None:
            return self.simulated, self.observed
        return self.refits.residuals, self.refits.observed


def scaled(
    observed: Vector,
    predicted: Vector,
    simulated: Matrix,
    rng: np.random.Generator,
    *,
    integer: bool,
    method: Method = "PIT",
    rotation: Matrix | str | None = None,
    refits: Refits | None = None,
) -> Simulated:
    """Scaled residuals of responses, or of the residuals of refitted models where there are any."""
    many, one = (simulated, observed) if refits is None else (refits.residuals, refits.observed)
    method = word("method", method, METHODS)
    residuals = quantile_residuals(many, one, rng, integer=integer, method=method, rotation=rotation)
    return Simulated(
        observed=observed,
        predicted=predicted,
        simulated=simulated,
        residuals=residuals,
        integer=integer,
        method=method,
        refits=refits,
    )


def checked(simulated: Matrix, observed: Vector, predicted: Vector | None) -> tuple[Matrix, Vector, Vector]:
    """Simulations made elsewhere, with the responses that they are of; the prediction is their mean if not given.

    Raises
    ------
    DataError
        If shapes do not fit, there are too few, or some number is not finite.
    """
    draws, y = _numbers(simulated, "simulated_response"), _numbers(observed, "observed_response")
    if draws.ndim != 2 or y.ndim != 1 or len(draws) != len(y):
        raise DataError(
            f"simulated_response has shape {draws.shape} and observed_response {y.shape}; give a row of simulations "
            "for each observation."
        )
    if draws.shape[1] < 2 or len(y) < FEWEST:
        raise DataError(
            f"there are {draws.shape[1]} simulations of {len(y)} observations; residuals need 2 or more simulations "
            f"of {FEWEST} or more observations."
        )
    mean = draws.mean(axis=1) if predicted is None else _numbers(predicted, "fitted_predicted")
    if mean.shape != y.shape:
        raise DataError(f"fitted_predicted has shape {mean.shape}, and there are {len(y)} observations.")
    return draws, y, mean


def _numbers(values: object, name: str) -> Vector:
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers; got {values!r:.60}.") from error
    if not np.isfinite(out).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
        where = place[0] if len(place) == 1 else place
        raise DataError(f"{name} is {out[place]} at position {where}; give finite numbers.")
    return out
