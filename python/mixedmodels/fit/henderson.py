"""Prediction-error variances of fixed and random effects together, given theta.

Henderson's mixed-model equations in spherical form: with b = Lambda u and rows weighted by W, the errors of
(u, beta) have covariance M^-1 (times sigma^2 where b is relative to sigma),

    M = [Lambda'Z'WZ Lambda + I   Lambda'Z'WX]
        [X'WZ Lambda              X'WX       ],

which exists for a singular theta as for any other. The engine eliminates them as it does in a fit
(``crates/engine/src/effects/equations.rs``); M^-1 is never formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._engine import EngineError, Equations
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.henderson_rows import TermRows
from mixedmodels.fit.lmm import engine_input

Blocks = NDArray[np.float64]
Form = Literal["dense", "sparse"]


class Henderson:
    """Variances of linear functions of (u, beta) given theta, in units of sigma^2 (1 of a generalised model).

    Parameters
    ----------
    design : Design
        Design of the fit.
    fit : MixedFit or GlmmFit
        Fit whose theta and kept columns are used.
    weights : ndarray, shape (n,)
        Weights W: prior weights of a linear model, working weights of a generalised one.
    known_beta : bool, default False
        Whether to leave beta out, as if it were known.
    form : {"dense", "sparse"}, optional
        Form of the factorisation after the largest grouping factor is eliminated; None for the cheaper one.

    Raises
    ------
    FitError
        If the factorisation is out of reach.
    """

    def __init__(
        self,
        design: Design,
        fit: AnyMixedFit,
        weights: Vector,
        *,
        known_beta: bool = False,
        form: Form | None = None,
    ) -> None:
        self._known_beta = known_beta
        inputs = engine_input(design, () if known_beta else fit.kept)
        w = _plain(weights)
        rows = replace(inputs, weights=w).rows(np.zeros(len(w)))
        try:
            self._engine = Equations(rows, _plain(fit.theta), known_beta, form)
        except EngineError as error:
            if error.status == "out_of_reach":
                raise _out_of_reach(design, len(inputs.x)) from error
            raise FitError(
                f"the equations of {design.formula!r} cannot be solved at its estimates: {error}. Estimates so extreme "
                "have no standard errors of predictions and no influences; look at the warnings of the fit."
            ) from error

    def at(self, theta: Vector) -> Henderson:
        """The equations of the same rows at another theta."""
        out = object.__new__(Henderson)
        out._known_beta, out._engine = self._known_beta, self._engine.at(_plain(theta))
        return out

    def row_variances(self, x: Matrix | None, random: Sequence[TermRows]) -> Vector:
        """Quadratic forms diag([Z X] V [Z X]'), V the covariance of the errors of (b, beta), shape (n,).

        Parameters
        ----------
        x : ndarray, shape (n, p) or None
            Kept columns of X; None for zeros.
        random : sequence of tuple of (ndarray, sequence of ndarray or None) or None
            Codes of the rows' levels (negative: no level that the model knows, which contributes nothing) and the
            columns of each random term of the model; None for a term that is left out.
        """
        n = len(x) if x is not None else next((len(term[0]) for term in random if term is not None), 0)
        if self._known_beta or x is None:
            x = np.zeros((n, 0)) if self._known_beta else None
        return self._engine.variances(x, [_term(term) for term in random])

    def own_variances(self) -> Vector:
        """`row_variances` of the rows of the fit; times the weights they are the leverages, shape (n,)."""
        return self._engine.own_variances()

    def own_covariances(self, some: NDArray[np.intp]) -> Matrix:
        """[Z X] V [Z X]' of m rows of the fit, whose diagonal `own_variances` are, shape (m, m)."""
        return self._engine.own_covariances(np.ascontiguousarray(some, dtype=np.int64))

    def project(self, v: Matrix) -> Matrix:
        """W v - W [Z X] V [Z X]'W v, shape (n, r): P v, or V^-1 v (V then the rows' own) where beta is known."""
        return self._engine.project(_plain(v))

    def slopes(self, score: Vector, u: Sequence[Matrix], changes: Matrix) -> tuple[list[Blocks], Matrix]:
        """Derivatives of b and beta in the elements of theta, and in more parameters.

        Parameters
        ----------
        score : ndarray, shape (n,)
            Derivatives s of the rows' log-likelihoods in eta.
        u : sequence of ndarray
            Modes of every term, shape (levels, k).
        changes : ndarray, shape (n, r)
            Derivatives of s in the other parameters, with u and beta held.

        Returns
        -------
        b : object
            Per random term, shape (levels, k, M).
        beta : object
            Slopes of the coefficients, shape (p, M).
        """
        return self._engine.slopes(_plain(score), [_plain(part) for part in u], _plain(changes))


def _plain(values: Vector) -> Vector:
    """An array as the engine reads it."""
    return np.ascontiguousarray(values, dtype=np.float64)


def _term(rows: TermRows) -> tuple[NDArray[np.int32], list[Vector | None]] | None:
    if rows is None:
        return None
    codes, columns = rows
    return np.ascontiguousarray(codes, dtype=np.int32), [None if z is None else _plain(z) for z in columns]


def _out_of_reach(design: Design, p: int) -> FitError:
    width = [0] * len(design.groups)
    for term in design.random:
        width[term.group] += len(term.columns)
    sizes = [g.n_levels * k for g, k in zip(design.groups, width, strict=True)]
    return FitError(
        f"standard errors of predictions need the factorisation of {sum(sizes) - max(sizes) + p:,} crossed random "
        "effects and coefficients, which is out of reach; kind='typical' with uncertainty='given_theta' does without "
        "it (of an lmer with ddf='normal'), and so does a fit to fewer levels of the crossed factors."
    )
