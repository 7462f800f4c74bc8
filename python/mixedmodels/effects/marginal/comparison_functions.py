"""Comparisons of two predictions: differences, ratios, log odds ratios, slopes and elasticities.

Averaged, a ratio is that of the mean predictions, not the mean of ratios; differences and slopes are means of those of
the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.effects.marginal.jets import Jet, through_function
from mixedmodels.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Predictions of the same rows with a variable at two values.

    Attributes
    ----------
    high, low : Jet
        Predictions after and before the change.
    own : Jet or None
        Predictions at the rows' own values, for elasticities.
    x : ndarray or None
        Own values of the variable, for elasticities.
    step : float
        Step of a slope.
    weights : ndarray or None
        Weights of a mean over rows.
    averaged : bool
        Whether one number for all rows is wanted.
    """

    high: Jet
    low: Jet
    own: Jet | None
    x: Vector | None
    step: float
    weights: Vector | None
    averaged: bool

    def mean(self, jet: Jet) -> Jet:
        """The mean over rows, where it is wanted."""
        return jet.average(self.weights) if self.averaged else jet

    @property
    def slope(self) -> Jet:
        """Difference quotients."""
        return (self.high - self.low) / self.step


Function = Callable[[Predictions], Jet]


def _odds(mean: Jet) -> Jet:
    return mean / (1.0 - mean)


def _elasticity(at: Predictions, by_x: bool, by_y: bool) -> Jet:
    slope = at.slope
    if by_x:
        assert at.x is not None
        slope = slope * at.x
    if by_y:
        assert at.own is not None
        slope = slope / at.own
    return at.mean(slope)


FUNCTIONS: dict[str, Function] = {
    "difference": lambda at: at.mean(at.high - at.low),
    "ratio": lambda at: at.mean(at.high) / at.mean(at.low),
    "lnratio": lambda at: (at.mean(at.high) / at.mean(at.low)).log(),
    "lnor": lambda at: (_odds(at.mean(at.high)) / _odds(at.mean(at.low))).log(),
    "lift": lambda at: at.mean(at.high - at.low) / at.mean(at.low),
    "dydx": lambda at: _elasticity(at, False, False),
    "eyex": lambda at: _elasticity(at, True, True),
    "eydx": lambda at: _elasticity(at, False, True),
    "dyex": lambda at: _elasticity(at, True, False),
    "expdydx": lambda at: at.mean((at.high.exp() - at.low.exp()) / (np.exp(at.step) * at.step)),
}
OF_MEANS = ("difference", "ratio", "lnratio", "lnor", "lift")  # functions of the two mean predictions
SLOPES = {"dydx": "dY/dX", "eyex": "eY/eX", "eydx": "eY/dX", "dyex": "dY/eX", "expdydx": "exp(dY/dX)"}
LABELS = {
    "difference": ("{} - {}", "{} - {}"),
    "ratio": ("{} / {}", "mean({}) / mean({})"),
    "lnratio": ("ln({} / {})", "ln(mean({}) / mean({}))"),
    "lnor": ("ln(odds({}) / odds({}))", "ln(odds({}) / odds({}))"),
    "lift": ("lift({}, {})", "lift({}, {})"),
    "custom": ("{}, {}", "{}, {}"),
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison of predictions.

    Attributes
    ----------
    name : str
        A name of `FUNCTIONS`, or "custom".
    averaged : bool
        Whether rows are averaged.
    custom : callable, optional
        The caller's function of high and low predictions.
    """

    name: str
    averaged: bool
    custom: Callable[..., Any] | None = None

    @property
    def is_slope(self) -> bool:
        """Whether a number is changed by an infinitesimal step."""
        return self.name in SLOPES

    @property
    def name_of_slope(self) -> str:
        """Name of the slope."""
        return SLOPES[self.name]

    @property
    def needs_own(self) -> bool:
        """Whether predictions at the rows' own values are divided by."""
        return self.name in ("eyex", "eydx") or "y" in self._extra

    @property
    def is_of_means(self) -> bool:
        """Whether an average needs no more than the mean predictions; so with levels, of which there are no slopes."""
        return self.custom is None and (self.name in OF_MEANS or self.is_slope)

    @property
    def shows_means(self) -> bool:
        """Whether labels say that means are compared."""
        return self.averaged and self.name in ("ratio", "lnratio")

    def label(self, high: str, low: str) -> str:
        """Label of a change between two values."""
        plain, averaged = LABELS["difference" if self.is_slope else self.name]
        return (averaged if self.averaged else plain).format(high, low)

    def of(self, at: Predictions, numeric: bool) -> Jet:
        """The comparison of predictions, one number for each row or for all."""
        if self.custom is None:
            return FUNCTIONS["difference" if self.is_slope and not numeric else self.name](at)
        jet = self._by_custom(at)
        return jet.average(at.weights) if at.averaged and len(jet) > 1 else jet

    @property
    def _extra(self) -> tuple[str, ...]:
        """Arguments of the caller's function beside high and low, of "y", "x", "eps" and "w"."""
        if self.custom is None:
            return ()
        try:
            named = signature(self.custom).parameters.values()
        except (TypeError, ValueError):
            return ()
        keyword = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        return tuple(p.name for p in named if p.kind in keyword and p.name in ("y", "x", "eps", "w"))

    def _by_custom(self, at: Predictions) -> Jet:
        extra: dict[str, Any] = {"x": at.x, "eps": at.step, "w": at.weights}
        named = {name: extra[name] for name in self._extra if name != "y"}
        arguments = [at.high, at.low]
        if "y" in self._extra:
            assert at.own is not None
            arguments.append(at.own)
        custom = self.custom
        assert custom is not None

        def call(high: Vector, low: Vector, *own: Vector) -> Vector:
            more = {**named, "y": own[0]} if own else named
            return np.asarray(custom(high, low, **more), dtype=float)

        jet = through_function(call, arguments)
        if len(jet) not in (1, len(at.high)) or not np.isfinite(jet.value).all():
            raise DataError(
                f"the function given as comparison returned {len(jet)} numbers for {len(at.high)} rows; it takes "
                "arrays of predictions (high, low) and returns one number for each row or one for all, without "
                "missing ones."
            )
        return jet


def comparison_by(comparison: Any, averaged: bool) -> Comparison:
    """The comparison of a name or function; a name that ends in "avg" averages, whatever `averaged` says.

    Raises
    ------
    DataError
        If there is none of this name.
    """
    if callable(comparison):
        return Comparison(name="custom", averaged=averaged, custom=comparison)
    name = comparison.removesuffix("avg") if isinstance(comparison, str) else comparison
    if name not in FUNCTIONS:
        raise DataError(f"comparison is {comparison!r}; it is one of {', '.join(map(repr, FUNCTIONS))}, or a function.")
    return Comparison(name=name, averaged=averaged or name != comparison)
