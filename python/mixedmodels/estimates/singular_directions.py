"""Directions in which random effects have no variance, and how far the others are from that.

Effects of one term are compared by what they do to a response: each is multiplied by the root mean square of its
column, and divided by sigma (of a generalised model by 1, a unit of the linear predictor). Of a standard deviation of
the effects in these units, what the earlier effects of the term do not determine is the diagonal of a triangular
factor; where it is below 1e-4 the effect adds no direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.estimates.variance_parts import column_moments
from mixedmodels.fit.any_fit import AnyMixedFit, effect_factors
from mixedmodels.fit.covariance import SINGULAR, factors

NEGLIGIBLE = 1e-3  # share of another effect in a combination that counts as none


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """An effect that varies by itself in no way.

    Attributes
    ----------
    effect : int
        Position among the term's effects.
    kind : {"none", "together", "combination"}
        Kind of singularity: "none", it has no variance; "together", it is a multiple of one other effect;
        "combination", of several.
    others : tuple of int, default ()
        Positions of the effects that determine it.
    weights : tuple of float, default ()
        Weights of the others: the effect is their sum times these, in the units of the data.
    sign : int, default 0
        Sign of the correlation, for "together".
    """

    effect: int
    kind: Literal["none", "together", "combination"]
    others: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    sign: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TermState:
    """One random term: how many directions its effects vary in.

    Attributes
    ----------
    text : str
        Text of the term.
    group : str
        Name of its grouping factor.
    levels : int
        Number of levels of the grouping factor.
    effects : tuple of str
        Names of the k effects.
    numeric : tuple of bool
        Whether each effect is a slope on a column with other values than 0 and 1.
    sd : ndarray, shape (k,)
        Standard deviations in the units of the data.
    components : ndarray, shape (k,)
        Standard deviations of the principal components in comparable units, largest first.
    rank : int
        Number of directions with variance.
    directions : tuple of Direction
        Directions without variance.
    unit : str
        Name of one comparable unit, in words.
    """

    text: str
    group: str
    levels: int
    effects: tuple[str, ...]
    numeric: tuple[bool, ...]
    sd: Vector
    components: Vector
    rank: int
    directions: tuple[Direction, ...]
    unit: str

    @property
    def smallest(self) -> float:
        """Standard deviation in the direction of least variance, in comparable units."""
        return float(self.components[-1])

    @property
    def condition(self) -> float:
        """Largest by smallest standard deviation; infinite without variance."""
        return float(self.components[0] / self.smallest) if self.smallest > 0 else float("inf")


def states(design: Design, fit: AnyMixedFit) -> tuple[TermState, ...]:
    """The state of every random term."""
    moments = column_moments(design)
    relative, own = factors(fit.theta, fit.sizes), effect_factors(fit)
    unit = "units of the linear predictor" if fit.generalized else "residual standard deviations"
    return tuple(
        _state(design, i, relative[i], own[i], np.sqrt(np.diag(moments[i])), unit) for i in range(len(fit.sizes))
    )


def _state(design: Design, place: int, relative: Matrix, own: Matrix, scale: Vector, unit: str) -> TermState:
    term = design.random[place]
    group = design.groups[term.group]
    scaled = scale[:, None] * relative
    null_directions = directions(scaled, own)
    return TermState(
        text=f"({term.text})",
        group=group.name,
        levels=group.n_levels,
        effects=term.effects,
        numeric=tuple(c is not None and not bool(np.isin(c, (0.0, 1.0)).all()) for c in term.columns),
        sd=np.sqrt(np.sum(own * own, axis=1)),
        components=np.asarray(np.linalg.svd(scaled, compute_uv=False), dtype=float),
        rank=len(term.effects) - len(null_directions),
        directions=null_directions,
        unit=unit,
    )


def directions(scaled: Matrix, own: Matrix) -> tuple[Direction, ...]:
    """Effects without a direction of their own; the earlier effects of a term are taken as they are.

    Parameters
    ----------
    scaled : ndarray, shape (k, k)
        Factor of the covariance in comparable units.
    own : ndarray
        Factor in the units of the data.
    """
    out: list[Direction] = []
    kept: list[int] = []
    for j in range(len(scaled)):
        length = float(np.linalg.norm(scaled[j]))
        if length < SINGULAR:
            out.append(Direction(effect=j, kind="none"))
            continue
        weights = np.linalg.lstsq(scaled[kept].T, scaled[j], rcond=None)[0] if kept else np.empty(0)
        rest = scaled[j] - weights @ scaled[kept]
        if float(np.linalg.norm(rest)) >= SINGULAR * max(1.0, length):
            kept.append(j)
            continue
        shares = np.abs(weights) * np.linalg.norm(scaled[kept], axis=1) / length
        used = [i for i, s in zip(kept, shares, strict=True) if s > NEGLIGIBLE]
        combination = np.linalg.lstsq(own[used].T, own[j], rcond=None)[0]
        kind: Literal["together", "combination"] = "together" if len(used) == 1 else "combination"
        sign = int(np.sign(combination[0])) if len(used) == 1 else 0
        out.append(Direction(effect=j, kind=kind, others=tuple(used), weights=tuple(combination.tolist()), sign=sign))
    return tuple(out)


def parameters_at_rank(terms: tuple[TermState, ...]) -> int:
    """Covariance parameters that matrices of these ranks have: k r - r (r - 1) / 2 for k effects of rank r."""
    return sum(len(s.effects) * s.rank - s.rank * (s.rank - 1) // 2 for s in terms)
