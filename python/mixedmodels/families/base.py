"""The base of all families: functions of the engine's handle over arrays of any shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixedmodels import _engine
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.families import checks


@lru_cache(maxsize=256)
def _handle(engine_name: str, link: str, fixed: tuple[float, ...]) -> _engine.Family:
    return _engine.Family(engine_name, link, list(fixed))


class Family:
    """Distribution of a response given its mean, and the link between that mean and the linear predictor.

    Immutable, hashable; two families are equal if distribution, link and fixed shapes are. `psi` stands for the
    logarithms of the free shape parameters, in the order of `shapes`; left out, every shape is 1.

    Attributes
    ----------
    link : str
        Name of the link.
    theta : float, optional
        Fixed theta of a negative binomial family; None where it is estimated, and of other families.
    """

    engine_name: ClassVar[str] = ""
    link: str
    theta: float | None = None

    def __post_init__(self) -> None:
        theta = self.theta
        if theta is not None and not (isinstance(theta, (int, float)) and 0 < theta < float("inf")):
            raise DataError(f"theta of {type(self).__name__} must be a positive number, not {theta!r}.")
        links = _handle(self.engine_name, _default_link(self.engine_name), ()).links
        if self.link not in links:
            raise DataError(f"{type(self).__name__} has no link {self.link!r}; it has {', '.join(map(repr, links))}.")

    def __reduce__(self) -> tuple[Any, ...]:
        return Family.from_json, (self.to_json(),)

    def __str__(self) -> str:
        return f"{self.name} ({self.link})"

    # -- what it is ---------------------------------------------------------------------------------------------

    @property
    def handle(self) -> _engine.Family:
        """The engine's family."""
        return _handle(self.engine_name, self.link, () if self.theta is None else (float(self.theta),))

    @property
    def name(self) -> str:
        """Name of the distribution as R prints it."""
        return self.handle.name

    @property
    def shapes(self) -> tuple[str, ...]:
        """Names of the shape parameters that are estimated."""
        return tuple(self.handle.shapes)

    @property
    def support(self) -> str:
        """The range of a response: "real", "counts", "positive" or "proportion"."""
        return self.handle.support

    @property
    def weights_role(self) -> str:
        """The meaning of prior weights.

        "trials" of a proportion, "cases" (they multiply a row's log-likelihood) or "precision" (they divide its
        dispersion).
        """
        return self.handle.weights_role

    # -- functions ----------------------------------------------------------------------------------------------

    def mean(self, eta: ArrayLike) -> Vector:
        """Mean of a linear predictor; NaN outside the domain of the link.

        Examples
        --------
        >>> mm.families.Binomial().mean([-1.0, 0.0, 1.0]).round(3).tolist()
        [0.269, 0.5, 0.731]
        """
        return _over(self.handle.mean, eta)

    def predictor(self, mu: ArrayLike) -> Vector:
        """Linear predictor of a mean, the link function itself."""
        return _over(self.handle.predictor, mu)

    def mean_derivative(self, eta: ArrayLike) -> Vector:
        """Derivative of the mean in the linear predictor."""
        return _over(self.handle.mean_derivative, eta)

    def variance(self, mu: ArrayLike, psi: Sequence[float] | Vector = ()) -> Vector:
        """V(mu); the variance of a response is dispersion V(mu) / weight.

        Examples
        --------
        >>> mm.families.Poisson().variance([0.5, 2.0]).tolist()
        [0.5, 2.0]
        """
        return _over(lambda mu: self.handle.variance(mu, self._shape(psi)), mu)

    def dispersion(self, psi: Sequence[float] | Vector = ()) -> float:
        """Factor of V(mu): sigma^2, 1 / shape, 1 / lambda, or 1."""
        return self.handle.dispersion(self._shape(psi))

    def unit_deviance(self, y: ArrayLike, mu: ArrayLike, psi: Sequence[float] | Vector = ()) -> Vector:
        """Squared deviance residual of a row of weight 1.

        Examples
        --------
        >>> float(mm.families.Gaussian().unit_deviance(3.0, 1.0))
        4.0
        """
        return _over(lambda y, mu: self.handle.unit_deviance(y, mu, self._shape(psi)), y, mu)

    def log_density(
        self, y: ArrayLike, weights: ArrayLike | None, eta: ArrayLike, psi: Sequence[float] | Vector = ()
    ) -> Vector:
        """Log-likelihood of each response with all constants; -inf where eta leaves the domain of the link."""
        weights = 1.0 if weights is None else weights
        return _over(lambda y, w, eta: self.handle.log_density(y, w, eta, self._shape(psi)), y, weights, eta)

    def draw(
        self,
        rng: np.random.Generator,
        mu: ArrayLike,
        weights: ArrayLike | None = None,
        psi: Sequence[float] | Vector = (),
    ) -> Vector:
        """Draw one response per mean; the generator is asked for one number, the seed of the engine's own."""
        seed = int(rng.integers(2**63))
        weights = 1.0 if weights is None else weights
        return _over(lambda mu, w: self.handle.draw(mu, w, self._shape(psi), seed), mu, weights)

    def _shape(self, psi: Sequence[float] | Vector) -> list[float]:
        return [float(p) for p in psi] or [0.0] * len(self.shapes)

    def check_response(
        self, y: Vector, weights: Vector | None, name: str, positions: NDArray[np.integer[Any]] | None = None
    ) -> None:
        """Refuse a response that this family cannot have.

        Parameters
        ----------
        y : ndarray
            Response; for a binomial family the proportion of successes.
        weights : ndarray or None
            Prior weights; None is ones.
        name : str
            Name of the response in messages.
        positions : ndarray or None
            Row numbers for messages, where rows were left out.

        Raises
        ------
        DataError
            At the first offending row, with its value and what to do about it.
        """
        checks.check(self, np.asarray(y, dtype=float), weights, name, positions)

    # -- storage ------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Describe the family in what JSON can hold."""
        return {"family": self.engine_name, "link": self.link, "theta": self.theta}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> Family:
        """Return the family that `to_json` described."""
        from mixedmodels.families.resolve import of_engine

        return of_engine(stored["family"], stored["link"], stored["theta"])


@lru_cache
def _default_link(engine_name: str) -> str:
    return _engine.Family(engine_name, None, []).link


def _over(function: Any, *arguments: ArrayLike) -> Vector:
    """Call a function of vectors with arguments of any shapes that fit each other."""
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in arguments))
    flat = (np.ascontiguousarray(a).reshape(-1) for a in arrays)
    return np.asarray(function(*flat), dtype=float).reshape(arrays[0].shape)
