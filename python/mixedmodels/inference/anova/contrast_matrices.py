"""Hypotheses about the coefficients that test a term: types I, II and III.

Two traditions disagree in detail, and both are here. `sequential`, `partial` and `balanced` are types I, II and III as
SAS defines them by estimable functions (lmerTest follows it): they do not depend on how factors are coded. `conjugate`
and `coefficients_of` are car's types II and III: type II takes every term with more variables as one that contains
this one, covariates or not, and type III tests the coefficients as they are, so that it depends on the coding.

A hypothesis is a matrix L of shape (rows, p); it says that ``L @ beta`` is 0. What of it is rounding error is judged in
columns of length 1, about their mean where there is an intercept: the unit of a predictor does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design

NOTHING = 1e-9  # beside the largest element of its matrix, rounding error
ROUNDING = 100 * float(np.finfo(float).eps)  # of a solution, times the condition of its equations


@dataclass(frozen=True, kw_only=True)
class TermLayout:
    """The fixed terms of a model and which of its p estimated columns belong to each.

    Attributes
    ----------
    labels : tuple of str
        Labels of the terms, in R's order.
    variables : tuple of frozenset of str
        Names of the variables of each term.
    by_contrasts : tuple of frozenset of str
        Variables of each term that R codes by contrasts (by indicators where a marginal term is absent).
    numeric : frozenset of str
        Names of variables that are plain numbers.
    assign : ndarray of int, shape (p,)
        Term of each column, -1 for the intercept.
    intercept : bool
        Whether the formula has one.
    """

    labels: tuple[str, ...]
    variables: tuple[frozenset[str], ...]
    by_contrasts: tuple[frozenset[str], ...]
    numeric: frozenset[str]
    assign: NDArray[np.intp]
    intercept: bool

    def columns(self, term: int) -> NDArray[np.intp]:
        """Positions of a term's columns."""
        return np.flatnonzero(self.assign == term)

    def relatives(self, term: int) -> list[int]:
        """Other terms that have all variables of this one."""
        own = self.variables[term]
        return [t for t, others in enumerate(self.variables) if t != term and own <= others]

    def containing(self, term: int) -> list[int]:
        """Other terms that differ from this one by more factors only, the covariates being the same.

        A factor that is coded by indicators, for want of a marginal term, does not count as part of a term here.
        """
        own = self.by_contrasts[term]
        return [
            t
            for t, others in enumerate(self.by_contrasts)
            if own < others and own & self.numeric == others & self.numeric
        ]

    @property
    def single(self) -> bool:
        """Whether all types are the same: one term, or one column."""
        return len(self.assign) <= 1 or len(self.labels) <= 1


def term_layout(design: Design, kept: tuple[int, ...]) -> TermLayout:
    """The terms of a design of which the columns `kept` are estimated."""
    terms = design.spec.formula.fixed
    names = [tuple(terms.names[i] for i in term) for term in terms.terms]
    coded = [
        frozenset(name for name, dummies in zip(own, flags, strict=True) if not dummies)
        for own, flags in zip(names, terms.dummies, strict=True)
    ]
    return TermLayout(
        labels=tuple(terms.labels),
        variables=tuple(frozenset(own) for own in names),
        by_contrasts=tuple(coded),
        numeric=frozenset(text for text, variable in design.spec.kinds.items() if variable == "numeric"),
        assign=np.array([design.fixed.assign[j] for j in kept], dtype=np.intp),
        intercept=terms.intercept,
    )


def sequential(layout: TermLayout, x: Matrix) -> list[Matrix]:
    """Type I: each term after those before it. `x` is X, shape (n, p)."""
    p = len(layout.assign)
    if p == 0 or (p == 1 and layout.intercept):
        return [np.empty((0, p)) for _ in layout.labels]
    upper = _unit_upper(x, layout.assign)
    return [upper[layout.columns(t)] for t in range(len(layout.labels))]


def partial(layout: TermLayout, x: Matrix) -> list[Matrix]:
    """Type II: each term after all others but those that contain it. `x` is X, shape (n, p)."""
    if layout.single:
        return sequential(layout, x)
    own = marginal(layout)
    out = []
    for t in range(len(layout.labels)):
        above = layout.containing(t)
        if not above:
            out.append(own[t])
            continue
        last = np.concatenate([layout.columns(s) for s in [t, *above]])
        order = np.concatenate([np.setdiff1d(np.arange(x.shape[1]), last), last])
        upper = np.empty((x.shape[1], x.shape[1]))
        upper[:, order] = _unit_upper(x[:, order], layout.assign[order])
        out.append(upper[layout.assign[order] == t])
    return out


def balanced(layout: TermLayout, x: Matrix, coded: Codings) -> list[Matrix]:
    """Type III: each term as in a balanced design, its mean over the levels of what contains it.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Model matrix X.
    coded : Codings
        Codings of the same rows under treatment contrasts, and with every level of every factor.
    """
    if layout.single:
        return sequential(layout, x)
    # Rows: estimable functions, one for each column of the complete coding; columns: treatment coefficients.
    functions = _solved(coded.treatment, coded.complete).T
    degree = [len(own) for own in layout.variables]
    for t in sorted(range(len(layout.labels)), key=lambda t: -degree[t]):
        above = layout.containing(t)
        if above:
            here = np.flatnonzero(coded.assign == t)
            other = functions[:, np.flatnonzero(np.isin(coded.assign, above))]
            functions[:, here] = _cleaned(functions[:, here] - other @ _solved(other, functions[:, here]))
    own = functions[coded.rows]
    back = _solved(coded.treatment, x)
    out = []
    for t in range(len(layout.labels)):
        rows = own[:, coded.assign == t].T
        out.append(_cleaned(rows[np.abs(rows).sum(axis=1) > 1e-8] @ back))
    return out


@dataclass(frozen=True)
class Codings:
    """The rows of X coded in two more ways.

    Attributes
    ----------
    treatment : ndarray, shape (n, p)
        Columns under treatment contrasts, collinear ones left out.
    assign : ndarray of int
        Term of each of its columns, -1 for the intercept.
    complete : ndarray, shape (n, c)
        Indicator of each level of every factor in every term.
    rows : ndarray of int
        Column of `complete` with the same name, for each column of `treatment`.
    """

    treatment: Matrix
    assign: NDArray[np.intp]
    complete: Matrix
    rows: NDArray[np.intp]


def marginal(layout: TermLayout) -> list[Matrix]:
    """The coefficients of each term, as they are coded."""
    identity = np.eye(len(layout.assign))
    return [identity[layout.columns(t)] for t in range(len(layout.labels))]


def coefficients_of(layout: TermLayout) -> dict[str, Matrix]:
    """Car's type III by name of the term: its coefficients; the intercept has a row of its own."""
    out = {"(Intercept)": np.eye(len(layout.assign))[layout.assign == -1]} if layout.intercept else {}
    return {**out, **dict(zip(layout.labels, marginal(layout), strict=True))}


def conjugate(layout: TermLayout, vcov: Matrix) -> dict[str, Matrix]:
    """Car's type II by name of the term: what of it is uncorrelated with the coefficients of its relatives."""
    identity = np.eye(len(layout.assign))
    out = {}
    for t, label in enumerate(layout.labels):
        own = layout.columns(t)
        above = np.flatnonzero(np.isin(layout.assign, layout.relatives(t)))
        rows = identity[own]
        if len(above) and len(own):
            rows = rows - np.linalg.solve(vcov[np.ix_(above, above)], vcov[np.ix_(above, own)]).T @ identity[above]
        out[label] = rows
    return out


def _unit_upper(x: Matrix, assign: NDArray[np.intp]) -> Matrix:
    """R of a QR decomposition with its rows divided by their diagonal elements: each column after those before it.

    The row of the intercept, which tests no term, is that of columns about their mean.
    """
    if assign[0] == -1:
        x = x - np.where(assign == -1, 0.0, x.mean(axis=0))
    norm = _lengths(x)
    r = np.asarray(np.linalg.qr(x / norm, mode="r"))
    r = np.where(np.abs(r) < NOTHING, 0.0, r)
    return np.asarray(r / np.diag(r)[:, None] * norm / norm[:, None])


def _solved(x: Matrix, y: Matrix) -> Matrix:
    """Least squares coefficients of the columns of `y` on those of `x`; a column of both is itself."""
    norm_x, norm_y = _lengths(x), _lengths(y)
    solution, _, _, values = np.linalg.lstsq(x / norm_x, y / norm_y, rcond=1e-10)
    condition = values[0] / values[values > 1e-10 * values[0]].min() if len(values) else 1.0
    shares = _cleaned(np.asarray(solution, dtype=float), max(NOTHING, ROUNDING * condition))
    place = {x[:, i].tobytes(): i for i in range(x.shape[1])}
    for j in range(y.shape[1]):
        i = place.get(y[:, j].tobytes())
        if i is not None:
            shares[:, j] = np.arange(len(shares)) == i
    return np.asarray(shares * norm_y / norm_x[:, None])


def _lengths(x: Matrix) -> Vector:
    """Lengths of columns, 1 of one that is 0."""
    norm = np.linalg.norm(x, axis=0)
    return np.where(norm > 0, norm, 1.0)


def _cleaned(a: Matrix, nothing: float = NOTHING) -> Matrix:
    """Elements that are rounding error become 0."""
    return np.where(np.abs(a) < nothing * np.abs(a).max(axis=0, initial=0.0), 0.0, a)
