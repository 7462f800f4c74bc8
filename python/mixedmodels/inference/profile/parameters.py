"""The parameters that have profiles and intervals: their names, their order, and the selection of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mixedmodels._names import meant
from mixedmodels.design.records import Design, RandomTerm
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.families.shape_scale import POSITIVE, ShapeScale
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fitted.labels import coefficient_names, prefix

Kind = Literal["sd", "cor", "sigma", "shape", "beta", "theta", "derived"]
Order = Literal["cov.last", "lower.tri"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One quantity.

    Attributes
    ----------
    kind : {"sd", "cor", "sigma", "shape", "beta", "theta", "derived"}
        Kind of parameter.
    name : str
        Readable name, ``sd_(Intercept)|Subject``.
    short : str
        Older name of lme4, ``.sig01``.
    at : tuple of int
        Place: of an sd term and effect, of a correlation term and two effects, else a place among its kind.
    scale : ShapeScale, optional
        From the coordinate of the search to the parameter, where that is another: of sigma and of shapes.
    """

    kind: Kind
    name: str
    short: str
    at: tuple[int, ...]
    scale: ShapeScale | None = None

    @property
    def variance(self) -> bool:
        """Whether it belongs to the random part or the family, and not to the fixed effects."""
        return self.kind in ("sd", "cor", "sigma", "shape", "theta")


def parameters(design: Design, fit: AnyMixedFit, order: Order = "cov.last") -> tuple[Parameter, ...]:
    """All parameters in the order of lme4's intervals.

    Parameters
    ----------
    order : {"cov.last", "lower.tri"}, default "cov.last"
        Order of the rows of one term: "cov.last" has standard deviations first and then correlations, as lme4 from 2.0
        on; "lower.tri" goes down the columns of the lower triangle, as before.
    """
    if order not in ("cov.last", "lower.tri"):
        raise DataError(f"order must be 'cov.last' or 'lower.tri', not {order!r}.")
    out: list[Parameter] = []
    for term, (start, t) in enumerate(_terms(design)):
        k = len(t.effects)
        cells = [(i, j) for j in range(k) for i in range(j, k)]
        if order == "cov.last":
            cells.sort(key=lambda ij: ij[0] != ij[1])
        for i, j in cells:
            short = f".sig{len(out) + 1:02d}"
            if i == j:
                out.append(Parameter("sd", f"{start}sd_{t.effects[i]}|{t.label}", short, (term, i)))
            else:
                out.append(Parameter("cor", f"{start}cor_{t.effects[i]}.{t.effects[j]}|{t.label}", short, (term, j, i)))
    if not fit.generalized and not fit.known_sigma:
        out.append(Parameter("sigma", "sigma", ".sigma", (0,), POSITIVE))
    elif fit.generalized:
        scales = fit.family.shape_scales
        out += [Parameter("shape", name, f".{name}", (m,), scales[m]) for m, name in enumerate(fit.family.shapes)]
    names = coefficient_names(design, fit)
    return (*out, *(Parameter("beta", name, name, (m,)) for m, name in enumerate(names)))


def _terms(design: Design) -> list[tuple[str, RandomTerm]]:
    """The random terms of all linear predictors, each with what its names begin with."""
    return [(prefix(own), term) for own in design.predictors for term in own.random]


def with_sigma(available: Sequence[Parameter], fit: AnyMixedFit) -> tuple[Parameter, ...]:
    """The parameters and a known sigma, which is none but which derived quantities may name."""
    known = not fit.generalized and fit.known_sigma
    return (*available, Parameter("sigma", "sigma", ".sigma", (0,), POSITIVE)) if known else tuple(available)


def thetas(design: Design, fit: AnyMixedFit) -> tuple[Parameter, ...]:
    """The elements of theta, for profiles on the scale of theta."""
    out: list[Parameter] = []
    for start, t in _terms(design):
        k = len(t.effects)
        for j in range(k):
            for i in range(j, k):
                effects = t.effects[i] if i == j else f"{t.effects[i]}.{t.effects[j]}"
                out.append(
                    Parameter("theta", f"{start}theta_{effects}|{t.label}", f".theta{len(out) + 1:02d}", (len(out),))
                )
    return tuple(out)


def chosen(available: Sequence[Parameter], parm: str | int | Sequence[str | int] | None) -> tuple[Parameter, ...]:
    """Parameters by name, older name, place, or the shortcuts "theta_" (all variance parameters) and "beta_".

    Raises
    ------
    UnknownColumnError, DataError
        If there is no such parameter.
    """
    if parm is None:
        return tuple(available)
    requests = [parm] if isinstance(parm, (str, int)) else list(parm)
    out: list[Parameter] = []
    for wanted in requests:
        for parameter in _matching(available, wanted):
            if parameter not in out:
                out.append(parameter)
    return tuple(out)


def _matching(available: Sequence[Parameter], wanted: str | int) -> list[Parameter]:
    if wanted == "theta_":
        return [p for p in available if p.variance]
    if wanted == "beta_":
        return [p for p in available if p.kind == "beta"]
    if isinstance(wanted, str):
        names = [name for p in available for name in (p.name, p.short)]
        matches = [p for p in available if meant(wanted, dict.fromkeys(names)) in (p.name, p.short)]
        if matches:
            return matches
        raise UnknownColumnError(f"no parameter {wanted!r}; there are {', '.join(p.name for p in available)}.")
    if isinstance(wanted, bool) or not hasattr(wanted, "__index__"):
        raise DataError(f"parm has {wanted!r}; give names, places from 0, or the shortcuts 'theta_' and 'beta_'.")
    place = wanted.__index__()
    if not -len(available) <= place < len(available):
        raise DataError(f"parm has {place}, but there are {len(available)} parameters.")
    return [available[place]]
