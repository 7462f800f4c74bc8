"""The base of all families: functions of the engine's handle over arrays of any shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixedmodels import _engine
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.families import checks
from mixedmodels.families.shape_scale import ShapeScale

Shapes = Sequence[float] | Vector


_CLASSES: dict[str, Any] = {}  # by the engine's names, as classes are made


def register(name: str, cls: type[Family]) -> None:
    """Say which class holds what `to_json` describes under a name that is none of the engine's."""
    _CLASSES[name] = cls


@lru_cache(maxsize=256)
def handle_of(engine_name: str, link: str, fixed: tuple[float | None, ...]) -> _engine.Family:
    """The engine's family of this name with a link and its fixed shapes, None where they are free."""
    return _engine.Family(engine_name, link, list(fixed))


class Family:
    """Distribution of a response given its mean, and the link between that mean and the linear predictor.

    Immutable, hashable; two families are equal if distribution, link and fixed shapes are. `psi` stands for the free
    shape parameters on the scale on which they are estimated (the logarithms of positive ones), in the order of
    `shapes`; left out, every psi is 0, so that positive shapes are 1.

    Attributes
    ----------
    link : str
        Name of the link.
    theta : float, optional
        Fixed theta of a negative binomial family; None where it is estimated, and of other families.
    variance_formula : str
        Formula of the variance of a response in mu, its inverse link, and the shapes by their names, m the number of
        trials. What else it needs is defined behind semicolons, among it M, the mean of the response where it is not
        mu. Empty for a family that only the engine has.

    Examples
    --------
    >>> mm.families.NegativeBinomial.variance_formula
    'mu + mu^2 / theta'
    """

    engine_name: ClassVar[str] = ""
    variance_formula: ClassVar[str] = ""
    fixable: ClassVar[tuple[str, ...]] = ()  # shapes that may be fixed, which are fields of the class
    least_squares: ClassVar[bool] = False  # without random effects it is fitted as R's glm() fits it
    has_deviance: ClassVar[bool] = False  # its likelihood is greatest where the mean is the response
    link: str
    theta: float | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.engine_name:
            _CLASSES.setdefault(cls.engine_name, cls)

    def __post_init__(self) -> None:
        handle = _default(self.engine_name)
        if self.link not in handle.links:
            links = ", ".join(map(repr, handle.links))
            raise DataError(f"{type(self).__name__} has no link {self.link!r}; it has {links}.")
        for name in self.fixable:
            self._check_fixed(name, getattr(self, name))

    def _check_fixed(self, name: str, value: object) -> None:
        if value is None:
            return
        lower, upper = self._range_of(name)
        if not isinstance(value, (int, float)) or not lower < value < upper:
            raise DataError(f"{name} of {type(self).__name__} must be {_words(lower, upper)}, not {value!r}.")

    def _range_of(self, name: str) -> tuple[float, float]:
        whole = _default(self.engine_name)
        place = whole.shapes.index(name)
        ends = ([x] * len(whole.shapes) for x in (-np.inf, np.inf))
        lower, upper = (whole.shape_values(psi)[place] for psi in ends)
        return lower, upper

    def __reduce__(self) -> tuple[Any, ...]:
        return Family.from_json, (self.to_json(),)

    def __str__(self) -> str:
        return f"{self.name} ({self.link})"

    # -- what it is ---------------------------------------------------------------------------------------------

    @property
    def handle(self) -> _engine.Family:
        """The engine's family."""
        return handle_of(self.engine_name, self.link, self.fixed_shapes)

    @property
    def fixed_shapes(self) -> tuple[float | None, ...]:
        """Fixed shapes among all, None where they are free; none at all where all are."""
        if all(getattr(self, name) is None for name in self.fixable):
            return ()
        values = (getattr(self, name, None) for name in _default(self.engine_name).shapes)
        return tuple(None if value is None else float(value) for value in values)

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
        """The range of a response.

        "real", "counts", "positive counts", "positive", "nonnegative", "open unit", "closed unit", or "proportion",
        which times its trials is a whole number.
        """
        return self.handle.support

    @property
    def in_unit_interval(self) -> bool:
        """Whether responses, and so means, lie between 0 and 1."""
        return self.support in ("proportion", "open unit", "closed unit")

    @property
    def is_count(self) -> bool:
        """Whether responses are counts."""
        return self.support in ("counts", "positive counts")

    @property
    def weights_role(self) -> str:
        """The meaning of prior weights.

        "trials" of a proportion, "cases" (they multiply a row's log-likelihood) or "precision" (they divide its
        dispersion).
        """
        return self.handle.weights_role

    @property
    def shown_residual(self) -> Literal["deviance", "pearson"]:
        """The residuals that tables and figures show: deviance residuals, of a family without them Pearson's."""
        return "deviance" if self.has_deviance else "pearson"

    # -- shapes -------------------------------------------------------------------------------------------------

    def shape_values(self, psi: Shapes) -> Vector:
        """Free shapes at psi.

        Examples
        --------
        >>> mm.families.NegativeBinomial().shape_values([0.0]).tolist()
        [1.0]
        """
        return np.array(self.handle.shape_values([float(p) for p in psi]), dtype=float)

    def shape_slopes(self, psi: Shapes) -> Vector:
        """Derivatives of the free shapes in psi."""
        return np.array(self.handle.shape_slopes([float(p) for p in psi]), dtype=float)

    def psi_of(self, values: Shapes, what: str = "shapes") -> Vector:
        """Free shapes on the scale on which they are estimated.

        Raises
        ------
        DataError
            If a shape cannot have its value; `what` names the values.
        """
        psi = np.array(self.handle.shape_psi([float(v) for v in values]), dtype=float)
        for name, value, at in zip(self.shapes, values, psi, strict=True):
            if not np.isfinite(at):
                raise DataError(
                    f"{what} has {name} = {value:g}; {name} of {self} must be {_words(*self._range_of(name))}."
                )
        return psi

    @property
    def shape_scales(self) -> tuple[ShapeScale, ...]:
        """For each free shape the map from psi to it."""
        return tuple(ShapeScale(*self._range_of(name)) for name in self.shapes)

    @property
    def psi_names(self) -> tuple[str, ...]:
        """Names of psi: "log(theta)", "alpha", "logit(power - 1)"."""
        return tuple(
            {"log": f"log({name})", "between": f"logit({name} - {self._range_of(name)[0]:g})"}.get(scale, name)
            for name, scale in zip(self.shapes, self.handle.maps, strict=True)
        )

    def spread(self, psi: Shapes) -> float:
        """What R's glmmTMB calls sigma: the root of the dispersion, or the first shape, or 1."""
        if self.weights_role == "precision":
            return float(np.sqrt(self.dispersion(psi)))
        whole = _default(self.engine_name).shapes
        if not whole:
            return 1.0
        fixed = getattr(self, whole[0], None)
        return float(self.shape_values(psi)[0] if fixed is None else fixed)

    def params(self, psi: Shapes) -> dict[str, float]:
        """Shapes beside that of `spread`, by the names that R's glmmTMB prints."""
        first = _default(self.engine_name).shapes[:1]
        values = dict(zip(self.shapes, self.shape_values(psi).tolist(), strict=True))
        named = {name: value for name, value in values.items() if name not in first}
        return {_R_NAMES.get((self.engine_name, name), name): value for name, value in named.items()}

    def at(self, psi: Shapes) -> Family:
        """The family whose means are those of the response at these shapes: nearly always the same."""
        return self

    # -- functions ----------------------------------------------------------------------------------------------

    def mean(self, eta: ArrayLike) -> Vector:
        """Mean of a linear predictor; NaN outside the domain of the link.

        Examples
        --------
        >>> mm.families.Binomial().mean([-1.0, 0.0, 1.0]).round(3).tolist()
        [0.269, 0.5, 0.731]
        """
        return over(self.handle.mean, eta)

    def predictor(self, mu: ArrayLike) -> Vector:
        """Linear predictor of a mean, the link function itself."""
        return over(self.handle.predictor, mu)

    def mean_derivative(self, eta: ArrayLike) -> Vector:
        """Derivative of the mean in the linear predictor."""
        return over(self.handle.mean_derivative, eta)

    def variance(self, mu: ArrayLike, psi: Shapes = (), weights: ArrayLike | None = None) -> Vector:
        """V(mu); the variance of a response is dispersion V(mu) / weight.

        Of beta-binomial proportions V depends on the number of trials, the `weights`, which are 1 where left out.

        Examples
        --------
        >>> mm.families.Poisson().variance([0.5, 2.0]).tolist()
        [0.5, 2.0]
        """
        return over(lambda mu: self.handle.variance(mu, self._shape(psi)), mu)

    def dispersion(self, psi: Shapes = ()) -> float:
        """Factor of V(mu): sigma^2, 1 / shape, 1 / lambda, or 1."""
        return self.handle.dispersion(self._shape(psi))

    def unit_deviance(self, y: ArrayLike, mu: ArrayLike, psi: Shapes = ()) -> Vector:
        """Squared deviance residual of a row of weight 1.

        Examples
        --------
        >>> float(mm.families.Gaussian().unit_deviance(3.0, 1.0))
        4.0
        """
        return over(lambda y, mu: self.handle.unit_deviance(y, mu, self._shape(psi)), y, mu)

    def log_density(self, y: ArrayLike, weights: ArrayLike | None, eta: ArrayLike, psi: Shapes = ()) -> Vector:
        """Log-likelihood of each response with all constants; -inf where eta leaves the domain of the link."""
        weights = 1.0 if weights is None else weights
        return over(lambda y, w, eta: self.handle.log_density(y, w, eta, self._shape(psi)), y, weights, eta)

    def draw(
        self,
        rng: np.random.Generator,
        mu: ArrayLike,
        weights: ArrayLike | None = None,
        psi: Shapes = (),
    ) -> Vector:
        """Draw one response per mean; the generator is asked for one number, the seed of the engine's own."""
        seed = int(rng.integers(2**63))
        weights = 1.0 if weights is None else weights
        return over(lambda mu, w: self.handle.draw(mu, w, self._shape(psi), seed), mu, weights)

    def _shape(self, psi: Shapes) -> list[float]:
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
        fixed = {name: getattr(self, name) for name in self.fixable}
        return {"family": self.engine_name, "link": self.link, "theta": self.theta, **fixed}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> Family:
        """Return the family that `to_json` described."""
        if "parts" in stored:
            whole: Family = _CLASSES["parts"].of_parts(stored)
            return whole
        rest = {name: value for name, value in stored.items() if name not in ("family", "link", "at")}
        given = {name: value for name, value in rest.items() if value is not None}
        family: Family = _CLASSES[stored["family"]](link=stored["link"], **given)
        return family.at(stored["at"]) if "at" in stored else family


# Names of shapes in R's glmmTMB, where they differ from the engine's.
_R_NAMES = {
    ("tweedie", "power"): "Tweedie power",
    ("t", "df"): "Student-t df",
    ("skewnormal", "alpha"): "Skewnormal shape",
}


def _words(lower: float, upper: float) -> str:
    if np.isfinite(upper):
        return f"a number between {lower:g} and {upper:g}"
    return "a positive number" if lower == 0 else "a finite number"


@lru_cache
def _default(engine_name: str) -> _engine.Family:
    """The engine's family with its default link and free shapes."""
    return _engine.Family(engine_name, None, [])


def over(function: Any, *arguments: ArrayLike) -> Vector:
    """Call a function of vectors with arguments of any shapes that fit each other."""
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in arguments))
    flat = (np.ascontiguousarray(a).reshape(-1) for a in arrays)
    return np.asarray(function(*flat), dtype=float).reshape(arrays[0].shape)
