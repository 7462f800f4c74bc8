"""Profiles as tables, intervals, densities and pairs, and in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import e, inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates import wald
from mixedmodels.inference.profile.curve import Curve
from mixedmodels.inference.profile.notes import notes
from mixedmodels.inference.profile.pairs import contour, trace
from mixedmodels.inference.profile.parameters import Parameter, chosen
from mixedmodels.inference.profile.scales import PLAIN, as_scale, on_scale
from mixedmodels.inference.profile.walk import Profiles
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Sheet
from mixedmodels.tables.table import Table


def quantile_of(level: float) -> float:
    """|zeta| at the limits of an interval.

    Raises
    ------
    DataError
        If `level` is not between 0 and 1.
    """
    wald.check_level(level)
    return float(wald.quantile((1 + level) / 2, inf))


def limits_table(
    names: Sequence[str],
    low: Sequence[float] | Vector,
    high: Sequence[float] | Vector,
    level: float,
    kind: Any,
    footer: Sequence[str] = (),
) -> ResultTable:
    """Intervals as R's `confint` prints them."""
    tails = [100 * (1 - level) / 2, 100 * (1 + level) / 2]
    headers = dict(zip(("conf_low", "conf_high"), (f"{t:.4g} %" for t in tails), strict=True))
    columns = {"conf_low": np.asarray(low, dtype=float), "conf_high": np.asarray(high, dtype=float)}
    return ResultTable(
        columns=columns, names=tuple(names), headers=headers, footer=tuple(footer), kind=kind, digits=7, missing="NA"
    )


@dataclass(frozen=True)
class ZetaSpline:
    """Zeta as a function of one parameter; `inverse` goes back. NaN outside the profile."""

    curve: Curve

    def __call__(self, value: ArrayLike) -> Vector:
        """Zeta where the parameter has these values."""
        return self.curve.zeta_of(value)

    def inverse(self, zeta: ArrayLike) -> Vector:
        """The parameter where zeta has these values."""
        return self.curve.value_of(zeta)


@dataclass(frozen=True, eq=False)
class Profile(Table):
    """Profile likelihoods of some parameters; what they are of is at its optimum where zeta is 0.

    Attributes
    ----------
    profiles : Profiles
        Curves of the profile.
    kind : str
        Library of tables.
    signames : bool, default False
        Whether parameters go by lme4's older names.

    Examples
    --------
    >>> curve = fit.profile("Days", points=2)
    >>> curve.names
    ('Days',)
    """

    profiles: Profiles
    kind: Any
    signames: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that were profiled."""
        return tuple(self._name(c.parameter) for c in self.profiles.curves)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes about the computation."""
        return tuple(
            f"the deviance is lower by {fall:.6g} at another optimum, found on the way; the profiles start there."
            for fall in self.profiles.restarts
        )

    def _name(self, parameter: Parameter) -> str:
        return parameter.short if self.signames else parameter.name

    def _curve(self, parm: str | int) -> Curve:
        (curve,) = self._curves(parm)
        return curve

    def _curves(self, parm: str | int | Sequence[str | int] | None) -> list[Curve]:
        curves = self.profiles.curves
        wanted = chosen([c.parameter for c in curves], parm)
        return [c for p in wanted for c in curves if c.parameter == p]

    def _columns_of_table(self) -> Mapping[str, Any]:
        """Every point: in `.par` the parameter that was held, `.zeta`, all parameters there."""
        names = [self._name(p) for p in self.profiles.all_parameters]
        columns: dict[str, list[Any]] = {".par": [], ".zeta": [], **{n: [] for n in names}}
        extra = [self._name(c.parameter) for c in self.profiles.curves if self._name(c.parameter) not in names]
        columns |= {n: [] for n in extra}
        for curve in self.profiles.curves:
            value, zeta, values = curve.points
            columns[".zeta"] += zeta.tolist()
            for name, column in zip(names, values.T, strict=True):
                columns[name] += column.tolist()
            own = self._name(curve.parameter)
            for name in extra:
                columns[name] += value.tolist() if name == own else [np.nan] * len(value)
            if own in names:
                columns[own][-len(value) :] = value.tolist()
            columns[".par"] += [own] * len(value)
        return {k: v if k == ".par" else np.array(v) for k, v in columns.items()}

    def confint(self, level: float = 0.95, parm: str | int | Sequence[str | int] | None = None) -> ResultTable:
        """Limits, columns conf_low and conf_high.

        Parameters
        ----------
        level : float, default 0.95
            Confidence. Limits at the level that the profile was made for are exact, others interpolated.
        parm : str, int or sequence of str or int, optional
            Names, places or shortcuts.

        Examples
        --------
        >>> fit.profile("Days", points=2).confint()["conf_high"].round(1)
        array([13.6])
        """
        quantile = quantile_of(level)
        curves = self._curves(parm)
        for curve in curves:
            reach = min(abs(curve.points[1][0]), abs(curve.points[1][-1]))
            if "cutoff" in curve.ends and reach < quantile and max(abs(curve.points[1][[0, -1]])) < quantile:
                raise DataError(
                    f"the profile of {curve.parameter.name} ends at zeta = {reach:.3f}, before level {level}; "
                    f"make it with profile(level={level})."
                )
        limits = [curve.limits(quantile) for curve in curves]
        remarks = [*self.notes, *(note for curve in curves for note in notes(curve, quantile, level))]
        low, high = zip(*limits, strict=True)
        return limits_table([self._name(c.parameter) for c in curves], low, high, level, self.kind, remarks)

    def on_scale(self, scale: str, base: float = e, *, only_sigma: bool = False) -> Profile:
        """The profile with standard deviations shown on another scale; correlations and fixed effects stay.

        Parameters
        ----------
        scale : {"variance", "log", "sdcor"}
            Scale of the standard deviations: "variance" for their squares, "log" for logarithms, "sdcor" as they are.
        base : float, default e
            Base of the logarithms.
        only_sigma : bool, default False
            Whether the residual standard deviation alone is changed.

        Raises
        ------
        DataError
            If there is no such scale, or the profile is on another one already.

        Examples
        --------
        >>> fit.profile("sigma", points=2).on_scale("variance").confint()["conf_low"].round(0)
        array([524.])
        """
        new = as_scale(scale, base)
        if any(curve.scale != PLAIN for curve in self.profiles.curves):
            raise DataError("the profile is on another scale already; begin with the profile of standard deviations.")
        if new.name == "sdcor":
            return self
        kinds = ("sigma",) if only_sigma else ("sd", "sigma")

        def renamed(parameter: Parameter) -> Parameter:
            return new.renamed(parameter) if parameter.kind in kinds else parameter

        old = self.profiles.all_parameters
        curves = tuple(
            replace(
                curve,
                parameter=renamed(curve.parameter),
                values=on_scale(curve.values, old, kinds, new),
                scale=new if curve.parameter.kind in kinds else PLAIN,
            )
            for curve in self.profiles.curves
        )
        profiles = replace(self.profiles, all_parameters=tuple(map(renamed, old)), curves=curves)
        return replace(self, profiles=profiles)

    def zeta(self, parm: str | int) -> ZetaSpline:
        """Zeta as a function of a parameter, and back.

        Examples
        --------
        >>> zeta = fit.profile("Days", points=2).zeta("Days")
        >>> bool(abs(zeta(fit.fixef()["Days"])) < 1e-4)
        True
        """
        return ZetaSpline(self._curve(parm))

    def density(self, parm: str | int, points: int = 121) -> Any:
        """A table of the density that a profile would be that of: columns `value`, `density`.

        Examples
        --------
        >>> fit.profile("Days", points=2).density("Days", points=5).shape
        (5, 2)
        """
        value, density = self._curve(parm).density(points)
        return frame.to_kind({"value": value, "density": density}, self.kind)

    def pairs(self, a: str | int, b: str | int, levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95, 0.99)) -> Any:
        """Contours of the joint profile likelihood of two parameters, and the traces that they touch.

        Parameters
        ----------
        a : str or int
            Name of the first parameter.
        b : str or int
            Name of the second parameter.
        levels : sequence of float, default (0.5, 0.8, 0.9, 0.95, 0.99)
            Probabilities of the chi-squared distribution with two degrees of freedom.

        Returns
        -------
        table
            Columns `part` ("contour", "trace of a", "trace of b"), `level`, `zeta_a`, `zeta_b`, `a`, `b`.
        """
        from scipy.special import chdtri

        first, second = self._curve(a), self._curve(b)
        names = [p.name for p in self.profiles.all_parameters]
        for curve in (first, second):
            if curve.parameter.name not in names:
                raise UnknownColumnError(f"pairs() is for parameters; {curve.parameter.name!r} is derived.")
        places = (names.index(first.parameter.name), names.index(second.parameter.name))
        parts: dict[str, list[Any]] = {k: [] for k in ("part", "level", "zeta_a", "zeta_b")}

        def put(part: str, level: float, za: Vector, zb: Vector) -> None:
            parts["part"] += [part] * len(za)
            parts["level"] += [level] * len(za)
            parts["zeta_a"] += za.tolist()
            parts["zeta_b"] += zb.tolist()

        for level in levels:
            radius = float(np.sqrt(chdtri(2, 1 - level)))
            around = contour(first, second, places, radius)
            put("contour", level, around[:, 0], around[:, 1])
        za, zb = first.points[1], second.points[1]
        put("trace of a", np.nan, za, trace(first, second, places[1], za))
        put("trace of b", np.nan, trace(second, first, places[0], zb), zb)
        columns: dict[str, Any] = {k: v if k == "part" else np.array(v) for k, v in parts.items()}
        columns["a"] = first.value_of(columns["zeta_a"])
        columns["b"] = second.value_of(columns["zeta_b"])
        return frame.to_kind(columns, self.kind)

    def __repr__(self) -> str:
        return repr(self._summary)

    def _sheet(self) -> Sheet:
        return self._summary._sheet()

    @property
    def _summary(self) -> ResultTable:
        points = sum(len(c.zeta) for c in self.profiles.curves)
        columns: dict[str, Any] = {
            "estimate": np.array([float(c.outer(c.inner[c.estimate])) for c in self.profiles.curves]),
            "zeta_low": np.array([c.points[1][0] for c in self.profiles.curves]),
            "zeta_high": np.array([c.points[1][-1] for c in self.profiles.curves]),
            "value_low": np.array([c.points[0][0] for c in self.profiles.curves]),
            "value_high": np.array([c.points[0][-1] for c in self.profiles.curves]),
        }
        headers = {"zeta_low": "zeta from", "zeta_high": "to", "value_low": "value from", "value_high": "to"}
        heading = (f"Profiles of {len(self.profiles.curves)} parameters, {points} points", "")
        return ResultTable(
            columns=columns, names=self.names, headers=headers, heading=heading, footer=self.notes, kind=self.kind
        )
