"""Prediction-error variances of fixed and random effects together, given theta.

Henderson's mixed-model equations in spherical form: with b = Lambda u and rows weighted by W, the errors of
(u, beta) have covariance M^-1 (times sigma^2 where b is relative to sigma),

    M = [Lambda'Z'WZ Lambda + I   Lambda'Z'WX]
        [X'WZ Lambda              X'WX       ],

which exists for a singular theta as for any other. The levels of the largest grouping factor are eliminated as blocks;
what couples the rest (the tail: other random effects, then beta) is the Schur complement S. M^-1 is never formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design, Vector
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.henderson_rows import (
    Scaled,
    TermRows,
    fixed_rows,
    loadings,
    random_rows,
    rows_of,
    sums,
    tail_places,
)
from mixedmodels.fit.henderson_tail import DenseTail, SparseTail, tail_of
from mixedmodels.fit.record import Matrix

Blocks = NDArray[np.float64]

CHUNK = 4_000_000  # numbers of a temporary array


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

    Raises
    ------
    FitError
        If the factorisation is out of reach.
    """

    def __init__(self, design: Design, fit: AnyMixedFit, weights: Vector, *, known_beta: bool = False) -> None:
        self._t = factors(fit.theta, fit.sizes)
        self._kept = () if known_beta else fit.kept
        self._group = [term.group for term in design.random]
        width = [0] * len(design.groups)
        for term in design.random:
            width[term.group] += len(term.columns)
        sizes = [g.n_levels * k for g, k in zip(design.groups, width, strict=True)]
        self._lead = int(np.argmax(sizes))
        self._levels, self._k = design.groups[self._lead].n_levels, width[self._lead]
        self._starts, self._q = tail_places(design, self._lead)
        self._counts = [design.groups[g].n_levels for g in self._group]
        self._own = self._scaled(fixed_rows(design, self._kept, fit.n), random_rows(design))
        self._eliminate(np.sqrt(weights))

    # -- what is asked ------------------------------------------------------------------------------------------

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
        return self._variances(self._scaled(x, random))

    def own_variances(self) -> Vector:
        """`row_variances` of the rows of the fit; times the weights they are the leverages, shape (n,)."""
        return self._variances(self._own)

    @property
    def has_covariances(self) -> bool:
        """Whether `own_covariances` can be had: the tail is dense."""
        return isinstance(self._tail, DenseTail)

    def own_covariances(self, some: NDArray[np.intp]) -> Matrix:
        """[Z X] V [Z X]' of m rows of the fit, whose diagonal `own_variances` are, shape (m, m).

        With h and r as in `_by_levels` that of two rows is r'S^-1 r, and h'h more within a level. Of r only columns
        that some row touches are looked at.
        """
        assert isinstance(self._tail, DenseTail)
        rows, q, k = self._own.take(some), self._q, self._k
        h = np.einsum("nij,nj->ni", self._inverse[rows.code], rows.lead)
        own = np.where(rows.code[:, None] == rows.code, h @ h.T, 0.0)
        r = rows.x - np.einsum("nk,nkp->np", h, self._c_x[rows.code])
        s = self._tail.inverse
        if not q:
            return np.asarray(own + r @ s @ r.T)
        places = rows.code[:, None] * k + np.arange(k)
        r_r = rows_of(rows.places, rows.values, q) - rows_of(places, h, self._levels * k) @ self._c_r
        touched = np.unique(r_r.indices)
        whole = np.hstack([r_r[:, touched].toarray(), r])
        at = np.concatenate([touched, np.arange(q, len(s))])
        return np.asarray(own + whole @ s[np.ix_(at, at)] @ whole.T)

    def solve(self, v: Matrix, added: Sequence[Blocks | None]) -> tuple[list[Blocks], Matrix]:
        """M^-1 times [Lambda'Z'v + added, X'v], for r right sides at once.

        Parameters
        ----------
        v : ndarray, shape (n, r)
            Right sides, a value per row of the fit.
        added : sequence of ndarray or None
            What is added to the part of u of each random term, shape (levels, k, r), or None.

        Returns
        -------
        u : tuple of ndarray, shape (levels, k, r)
            Effects per random term.
        beta : ndarray, shape (p, r)
            Coefficients.
        """
        own, q, r = self._own, self._q, v.shape[1]
        lead, tail = sums(own.code, own.lead, v, self._levels), np.zeros((q, r))
        for a in range(own.places.shape[1]):
            for j in range(r):
                tail[:, j] += np.bincount(own.places[:, a], own.values[:, a] * v[:, j], q)
        for part, more in zip(self._parts(lead, tail), added, strict=True):
            if more is not None:
                part += more
        y = self._inverse @ lead
        right = np.vstack([tail, own.x.T @ v - np.einsum("lkp,lkr->pr", self._c_x, y)])
        if q:
            right[:q] -= self._c_r.T @ y.reshape(-1, r)
        found = self._tail.solve(right)
        y -= self._c_x @ found[q:]
        if q:
            y -= (self._c_r @ found[:q]).reshape(y.shape)
        return self._parts(self._inverse.transpose(0, 2, 1) @ y, found[:q]), found[q:]

    def _parts(self, lead: Blocks, tail: Matrix) -> list[Blocks]:
        """Views of each term's part, shape (levels, k, r)."""
        out, at = [], 0
        for i, (t, start, levels) in enumerate(zip(self._t, self._starts, self._counts, strict=True)):
            k = len(t)
            if self._group[i] == self._lead:
                out.append(lead[:, at : at + k])
                at += k
            else:
                out.append(tail[start : start + levels * k].reshape(levels, k, -1))
        return out

    # -- elimination --------------------------------------------------------------------------------------------

    def _eliminate(self, root: Vector) -> None:
        """L^-1 of every level's block L L', C = L^-1 [Z Lambda, X of the level's rows], and S."""
        own, levels, k = self._own, self._levels, self._k
        lead, x = own.lead * root[:, None], own.x * root[:, None]
        block = np.zeros((levels, k, k))
        for a in range(k):
            for b in range(a + 1):
                block[:, a, b] = block[:, b, a] = np.bincount(own.code, lead[:, a] * lead[:, b], levels)
        block += np.eye(k)
        self._inverse: Blocks = np.linalg.inv(np.linalg.cholesky(block))
        self._c_x: Blocks = self._inverse @ sums(own.code, lead, x, levels)
        flat = self._c_x.reshape(levels * k, x.shape[1])
        s_xx = x.T @ x - flat.T @ flat
        if not self._q:
            self._c_r: Any = None
            self._tail: DenseTail | SparseTail = DenseTail(s_xx)
            return
        from scipy import sparse

        z1 = rows_of(own.code[:, None] * k + np.arange(k), lead, levels * k)
        z2 = rows_of(own.places, own.values * root[:, None], self._q)
        whitened = sparse.bsr_array((self._inverse, np.arange(levels), np.arange(levels + 1)), shape=(levels * k,) * 2)
        self._c_r = sparse.csr_array(whitened @ (z1.T @ z2))
        s_rr = z2.T @ z2 + sparse.eye_array(self._q) - self._c_r.T @ self._c_r
        s_rx = z2.T @ x - self._c_r.T @ flat
        self._tail = tail_of(sparse.csc_array(s_rr), np.asarray(s_rx), s_xx)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _scaled(self, x: Matrix | None, random: Sequence[TermRows]) -> Scaled:
        """Rows in the scale of u."""
        first = next((r for r in random if r is not None), None)
        n = len(x) if x is not None else 0 if first is None else len(first[0])
        code = np.zeros(n, dtype=np.intp)
        lead, places, values = [], [], []
        for i, (t, rows) in enumerate(zip(self._t, random, strict=True)):
            k = len(t)
            at, z = (code * 0, np.zeros((n, k))) if rows is None else loadings(rows, t, n)
            if self._group[i] == self._lead:
                code = code if rows is None else at
                lead.append(z)
            else:
                places.append(self._starts[i] + at[:, None] * k + np.arange(k))
                values.append(z)
        none = np.empty((n, 0))
        return Scaled(
            code=code,
            lead=np.hstack(lead),
            places=np.hstack(places) if places else none.astype(np.intp),
            values=np.hstack(values) if values else none,
            x=np.zeros((n, len(self._kept))) if x is None or not self._kept else x,
        )

    def _variances(self, rows: Scaled) -> Vector:
        if isinstance(self._tail, SparseTail):
            return self._by_rows(rows)
        n, width = len(rows.code), self._k * max(rows.x.shape[1], rows.places.shape[1], 1)
        if not self._q or self._levels * self._k * self._tail.size <= CHUNK:
            parts = [np.arange(n)]
        else:  # rows of the same levels together, for what is computed per level
            order = np.argsort(rows.code, kind="stable")
            level = np.arange(0, self._levels, max(CHUNK // (self._k * self._tail.size), 1))
            parts = np.split(order, np.searchsorted(rows.code[order], level[1:]))
        most = max(CHUNK // (width), 1)
        out = np.empty(n)
        for part in parts:
            for start in range(0, len(part), most):
                some = part[start : start + most]
                chosen = rows if len(some) == n else rows.take(some)
                out[some] = self._by_levels(chosen)
        return out

    def _by_levels(self, rows: Scaled) -> Vector:
        """With r = t - C'h and h = L^-1 z the form is h'h + r'S^-1 r; S^-1 C' is made once per level, not per row."""
        assert isinstance(self._tail, DenseTail)
        s, q, k = self._tail.inverse, self._q, self._k
        levels, code = np.unique(rows.code, return_inverse=True)
        h = np.einsum("nij,nj->ni", self._inverse[rows.code], rows.lead)
        c = self._c_x[levels]
        cs = (c.reshape(len(levels) * k, c.shape[2]) @ s[q:]).reshape(len(levels), k, len(s))
        csc = cs[:, :, q:] @ c.transpose(0, 2, 1)
        if q:
            touched = self._c_r[(levels[:, None] * k + np.arange(k)).ravel()]
            cs += (touched @ s[:q]).reshape(cs.shape)
            dense = touched.toarray().reshape(len(levels), k, q)
            csc = cs[:, :, q:] @ c.transpose(0, 2, 1) + cs[:, :, :q] @ dense.transpose(0, 2, 1)
        # h'h + h'CSC'h - 2 h'CS t + t'S t, S for S^-1
        cst = np.einsum("nkp,np->nk", cs[:, :, q:][code], rows.x)
        tst = np.einsum("np,np->n", rows.x @ s[q:, q:], rows.x)
        for a in range(rows.places.shape[1]):
            at, value = rows.places[:, a], rows.values[:, a]
            cst += cs[code, :, at] * value[:, None]
            tst += 2 * value * np.einsum("np,np->n", s[at, q:], rows.x)
            for b in range(a + 1):
                tst += (2 - (a == b)) * value * rows.values[:, b] * s[at, rows.places[:, b]]
        inner = h + np.einsum("nij,nj->ni", csc[code], h) - 2 * cst
        return np.asarray(np.einsum("ni,ni->n", h, inner) + tst)

    def _by_rows(self, rows: Scaled) -> Vector:
        """The same with r of each row, which is short where the tail is sparse."""
        assert isinstance(self._tail, SparseTail)
        q, k = self._q, self._k
        h = np.einsum("nij,nj->ni", self._inverse[rows.code], rows.lead)
        places = rows.code[:, None] * k + np.arange(k)
        r_r = rows_of(rows.places, rows.values, q) - rows_of(places, h, self._levels * k) @ self._c_r
        r_x = rows.x - np.einsum("nk,nkp->np", h, self._c_x[rows.code])
        return np.asarray(np.einsum("ni,ni->n", h, h) + self._tail.forms(r_r, r_x))
