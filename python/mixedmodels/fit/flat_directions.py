"""Variances that no data can identify, as other terms of the model have taken their part.

A direction v of the effects of a term is absorbed where Z_l v, the part of the response that it moves in level l, lies
in the span of X for every level: the fixed effects fit it exactly, and what is left of the response says nothing about
its variance. With Z_l v the columns of a level,

    sum over levels of |Z_l v|^2 - |Q'Z_l v|^2 = 0,   Q an orthonormal basis of sqrt(W) X.

The restricted likelihood is then flat in the variance; the likelihood falls with it, whatever the response. It is flat
too where two grouping factors cut the rows into the same sets: only the sum of two variances is in the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix
from mixedmodels.design.records import Design, RandomTerm
from mixedmodels.fit.ols import dense_columns

NOTHING = 1e-9  # share of the squared length of Z_l v that is rounding


@dataclass(frozen=True, slots=True)
class Flat:
    """Variances that are not identified.

    Attributes
    ----------
    sentence : str
        Sentence that says which, and why.
    shared : bool
        Whether another random term has the same part of the response, rather than the fixed effects.
    """

    sentence: str
    shared: bool


def flat_directions(design: Design, kept: tuple[int, ...], standards: tuple[Matrix, ...]) -> tuple[Flat, ...]:
    """What is not identified in a design of which the columns `kept` of X are estimated; `standards` are the fit's."""
    absorbed = [t for t, term in enumerate(design.random) if len(kept) >= design.groups[term.group].n_levels]
    found = [_absorbed(design, t, standards[t], _basis(design, kept)) for t in absorbed] if absorbed else []
    return tuple(f for f in (*found, *_shared(design)) if f is not None)


def _basis(design: Design, kept: tuple[int, ...]) -> Matrix:
    n = len(design.groups[0].codes)
    x = dense_columns(design, kept, n)
    if design.weights is not None:
        x *= np.sqrt(design.weights)[:, None]
    if any(design.fixed.columns[j] is None for j in kept):
        ones = next(place for place, j in enumerate(kept) if design.fixed.columns[j] is None)
        mean = x.mean(axis=0) / x[:, ones].mean()
        x -= x[:, [ones]] * np.where(np.arange(x.shape[1]) == ones, 0.0, mean)
    return np.asarray(np.linalg.qr(x / np.linalg.norm(x, axis=0))[0])


def _absorbed(design: Design, place: int, standard: Matrix, q: Matrix) -> Flat | None:
    """What the fixed effects fit of one term."""
    term = design.random[place]
    group = design.groups[term.group]
    z = _standardised(term, standard, len(group.codes))
    if design.weights is not None:
        z *= np.sqrt(design.weights)[:, None]
    order = np.argsort(group.codes, kind="stable")
    starts = np.searchsorted(group.codes[order], np.arange(group.n_levels))
    # For each effect the levels x p matrix of Q_l'z_l.
    by_level = [np.add.reduceat(q[order] * column[order, None], starts, axis=0).ravel() for column in z.T]
    fitted = np.column_stack(by_level)
    values, vectors = np.linalg.eigh(z.T @ z - fitted.T @ fitted)
    flat = vectors[:, values < NOTHING * np.trace(z.T @ z)]
    if not flat.shape[1]:
        return None
    own = np.linalg.qr(np.linalg.solve(standard, flat))[0]
    whole = [e for e, row in zip(term.effects, own, strict=True) if abs(np.linalg.norm(row) - 1) < 1e-6]
    what = " and ".join(whole) if len(whole) == flat.shape[1] else f"a combination of {', '.join(term.effects)}"
    plural = "variances" if len(whole) > 1 else "variance"
    are = "are" if len(whole) > 1 else "is"
    return Flat(
        f"the {plural} of {what} in ({term.text}) {are} not identified: the fixed effects have a value of their own "
        f"for every level of {group.name} already, and leave nothing for random ones",
        shared=False,
    )


def _standardised(term: RandomTerm, standard: Matrix, n: int) -> Matrix:
    """Columns of a term divided by their length, about their mean where it has an intercept."""
    ones = next((j for j, column in enumerate(term.columns) if column is None), None)
    z = np.ones((n, len(term.columns)))
    for j, column in enumerate(term.columns):
        if column is not None:
            z[:, j] = (column - (0.0 if ones is None else standard[ones, j])) / standard[j, j]
    return z


def _shared(design: Design) -> list[Flat]:
    """Pairs of terms of different factors that cut the rows into the same sets and have a column in common."""
    out = []
    for i, first in enumerate(design.random):
        for second in design.random[:i]:
            a, b = design.groups[second.group], design.groups[first.group]
            if a is b or a.n_levels != b.n_levels or not _same_sets(a.codes, b.codes, a.n_levels):
                continue
            common = [e for e in second.effects if e in first.effects]
            if common:
                out.append(
                    Flat(
                        f"the variances of {' and '.join(common)} in ({second.text}) and ({first.text}) are not "
                        f"identified: {a.name} and {b.name} cut the rows into the same sets, so that only the sum of "
                        "the two is in the model",
                        shared=True,
                    )
                )
    return out


def _same_sets(a: NDArray[np.integer], b: NDArray[np.integer], levels: int) -> bool:
    """Whether two codings of `levels` levels are one with other names."""
    of_level = np.zeros(levels, dtype=np.intp)
    of_level[a] = b
    return bool((of_level[a] == b).all())
