"""Whether random effects tell the outcomes apart without error, so that their variance grows without limit.

With fixed effects alone that is a matter of the data (`separation`). Random effects cost likelihood, so that what they
separate may still have a finite optimum; one looks only where an estimated variance is absurd, and calls it infinite if
every level of the term is separated, its rows being predicted better and better along one direction of all effects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.design import z_matrix
from mixedmodels.design.records import Design, RandomTerm
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmmFit
from mixedmodels.fit.separation import fixed_effects

if TYPE_CHECKING:
    from mixedmodels.families import Family

ABSURD = 10.0  # standard deviation of a linear predictor on the scale of logits or logarithms
MAX_ELEMENTS = 2_000_000  # elements of Z; a larger linear programme takes too long

Rows = NDArray[np.bool_]


def message(design: Design, fit: GlmmFit) -> str | None:
    """The sentence about random terms whose variance has no finite estimate, if there are any."""
    if not fixed_effects.concerned(fit.family):
        return None
    suspects = [
        term
        for term, t in zip(design.random, factors(fit.theta, fit.sizes), strict=True)
        if _spread(term, np.sqrt((t * t).sum(axis=1))) > ABSURD
    ]
    if not suspects or sum(fit.sizes) * fit.n > MAX_ELEMENTS:
        return None
    rows = _separated(design, fit.kept, fit.y, fit.weights, fit.family)
    separated = [term for term in suspects if bool(rows[_concerned(term, fit.n)].all())]
    return _sentence(design, fit, separated) if separated else None


def _spread(term: RandomTerm, sd: Vector) -> float:
    """The largest standard deviation that one effect gives the linear predictor, in rows that have the effect."""
    out = 0.0
    for s, column in zip(sd, term.columns, strict=True):
        size = 1.0
        if column is not None:
            values = column[column != 0]
            size = float(np.sqrt(np.mean(values * values))) if len(values) else 0.0
        out = max(out, float(s) * size)
    return out


def _concerned(term: RandomTerm, n: int) -> Rows:
    """Rows in which the term has an effect."""
    out = np.zeros(n, dtype=bool)
    for column in term.columns:
        out |= True if column is None else column != 0
    return out


def _separated(design: Design, kept: tuple[int, ...], y: Vector, weights: Vector | None, family: Family) -> Rows:
    """Rows that some direction of all fixed and random effects predicts better and better, and none worse.

    One linear programme: maximise sum s with 0 <= s_i <= 1 and s_i <= the gain of row i, 0 in rows that must stay.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    used = np.ones(len(y), dtype=bool) if weights is None else np.asarray(weights > 0)
    sign = fixed_effects.signs(y, family)
    free = np.flatnonzero(used & (sign != 0))
    still = np.flatnonzero(used & (sign == 0))
    x = dense_columns(design, kept, len(y))
    x /= np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny)
    effects = sparse.hstack([sparse.csr_array(x), z_matrix(design)], format="csr")
    gains = effects[free].multiply(sign[free][:, None]).tocsr()
    d, m = gains.shape[1], len(free)
    none = sparse.csr_array((len(still), m))
    result = linprog(
        np.concatenate([np.zeros(d), -np.ones(m)]),
        A_ub=sparse.hstack([-gains, sparse.eye_array(m)], format="csr"),
        b_ub=np.zeros(m),
        A_eq=sparse.hstack([effects[still], none], format="csr") if len(still) else None,
        b_eq=np.zeros(len(still)) if len(still) else None,
        bounds=[(None, None)] * d + [(0, 1)] * m,
        method="highs",
    )
    out = ~used
    if result.x is not None:
        out[free] = result.x[d:] > 0.5
    return out


def _sentence(design: Design, fit: GlmmFit, terms: list[RandomTerm]) -> str:
    term = terms[0]
    group = design.groups[term.group]
    variances = " and ".join(f"({t.text})" for t in terms)
    if _constant(design, term, fit.y):
        why = f"{design.response_name!r} does not vary within any of the {group.n_levels} levels of {group.name!r}"
    else:
        what = " and ".join(dict.fromkeys([*(design.fixed.names[j] for j in fit.kept), *term.effects]))
        why = (
            f"{what} tell outcomes of {design.response_name!r} apart without error within all levels of {group.name!r}"
        )
    return (
        f"separation given the random effects: {why}, so that nothing keeps the variances of {variances}, and fixed "
        "effects that grow with them, from infinity. What stands there is where the iterations stopped, or where the "
        "approximation of the likelihood ceases to hold; standard errors and tests mean nothing. "
        f"Drop {variances}; penalty='soft' bounds the likelihood, but not every approximation of it."
    )


def _constant(design: Design, term: RandomTerm, y: Vector) -> bool:
    """Whether the response is the same in all rows of each level that the term concerns."""
    rows = _concerned(term, len(y))
    codes, values = design.groups[term.group].codes[rows], y[rows]
    order = np.argsort(codes, kind="stable")
    same = np.diff(codes[order]) == 0
    return bool((np.diff(values[order])[same] == 0).all())
