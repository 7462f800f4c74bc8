"""Directions in which random effects have no variance, and how far the others are from that.

Effects of one term are compared by what they do to a response: each is that of a standardised column (divided by its
root mean square, about the mean where the term has an intercept), and divided by sigma (of a generalised model by 1, a
unit of the linear predictor). A principal component whose standard deviation is below 1e-4 in these units is a
direction without variance. The unit and the origin of a predictor do not matter to it.

Such a direction is a combination of the effects in the units of the data that is 0 in every level. Solved for its last
effect it says by which earlier ones this is determined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.fit.any_fit import AnyPredictor, effect_factors
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


def states(design: Design, fit: AnyPredictor) -> tuple[TermState, ...]:
    """The state of every random term."""
    relative, own = factors(fit.theta, fit.sizes), effect_factors(fit)
    unit = "units of the linear predictor" if fit.generalized else "residual standard deviations"
    return tuple(_state(design, i, fit.standards[i], relative[i], own[i], unit) for i in range(len(fit.sizes)))


def _state(design: Design, place: int, standard: Matrix, relative: Matrix, own: Matrix, unit: str) -> TermState:
    term = design.random[place]
    group = design.groups[term.group]
    null_directions = directions(standard, relative, own)
    return TermState(
        text=f"({term.text})",
        group=group.name,
        levels=group.n_levels,
        effects=term.effects,
        numeric=tuple(c is not None and not bool(np.isin(c, (0.0, 1.0)).all()) for c in term.columns),
        sd=np.sqrt(np.sum(own * own, axis=1)),
        components=np.asarray(np.linalg.svd(standard @ relative, compute_uv=False), dtype=float),
        rank=len(term.effects) - len(null_directions),
        directions=null_directions,
        unit=unit,
    )


def directions(standard: Matrix, relative: Matrix, own: Matrix) -> tuple[Direction, ...]:
    """Effects without a direction of their own; the earlier effects of a term are taken as they are.

    Parameters
    ----------
    standard : ndarray, shape (k, k)
        What takes the effects to those of standardised columns.
    relative : ndarray, shape (k, k)
        Factor of the covariance relative to sigma, in the units of the data.
    own : ndarray
        Factor in the units of the data.
    """
    missing = int((np.linalg.svd(standard @ relative, compute_uv=False) < SINGULAR).sum())
    length = np.linalg.norm(relative, axis=1) * np.diag(standard)
    if not missing:
        return ()
    out = [Direction(effect=int(j), kind="none") for j in np.flatnonzero(length < SINGULAR)]
    vary = np.flatnonzero(length >= SINGULAR)
    for share, j in _solved_for_last(standard, relative, vary, missing - len(out)):
        used = [int(i) for i in vary if i != j and abs(share[i]) > NEGLIGIBLE * abs(share[j])]
        combination = np.linalg.lstsq(own[used].T, own[j], rcond=None)[0]
        kind: Literal["together", "combination"] = "together" if len(used) == 1 else "combination"
        sign = int(np.sign(combination[0])) if len(used) == 1 else 0
        out.append(Direction(effect=j, kind=kind, others=tuple(used), weights=tuple(combination.tolist()), sign=sign))
    return tuple(sorted(out, key=lambda d: d.effect))


def _solved_for_last(
    standard: Matrix, relative: Matrix, vary: NDArray[np.intp], missing: int
) -> list[tuple[Vector, int]]:
    """Combinations of the effects `vary` that are 0 in every level, and the last effect in each.

    Each is given by the shares of the effects in the sum, the largest 1; no other combination has its last effect.
    """
    among = np.ix_(vary, vary)
    vectors, _, _ = np.linalg.svd((standard @ relative)[vary])
    shares = np.zeros((max(missing, 0), len(relative)))
    sd = np.linalg.norm(relative[vary], axis=1)
    shares[:, vary] = vectors[:, len(vary) - len(shares) :].T @ standard[among] * sd
    out, left = [], list(range(len(shares)))
    for j in reversed(vary.tolist()):
        if not left:
            break
        shares /= np.abs(shares).max(axis=1, keepdims=True)
        row = max(left, key=lambda i: abs(shares[i, j]))
        if abs(shares[row, j]) <= NEGLIGIBLE:
            continue
        others = np.arange(len(shares)) != row
        shares[others] -= np.outer(shares[others, j] / shares[row, j], shares[row])
        left.remove(row)
        out.append((row, j))
    return [(shares[row], j) for row, j in out]


def parameters_at_rank(terms: tuple[TermState, ...]) -> int:
    """Covariance parameters that matrices of these ranks have: k r - r (r - 1) / 2 for k effects of rank r."""
    return sum(len(s.effects) * s.rank - s.rank * (s.rank - 1) // 2 for s in terms)
