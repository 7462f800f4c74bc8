"""The Schur complement of Henderson's equations that is left when one grouping factor is eliminated, factorised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import FitError
from mixedmodels.fit.record import Matrix, Vector

SMALL = 1000  # a matrix of so many rows is dense whatever it looks like
DENSE = 6000  # and of so many, if few of its rows are apart: 300 MB, seconds
SHARE = 0.05  # of the numbers of the matrix that are left when it falls apart


def tail_of(s_rr: Any, s_rx: Matrix, s_xx: Matrix) -> DenseTail | SparseTail:
    """Factorise S, given in parts of the random effects (sparse, shape (q, q)) and of beta.

    Raises
    ------
    FitError
        If it is too large.
    """
    q = s_rr.shape[0]
    size = q + len(s_xx)
    if size > SMALL:
        components = components_of(s_rr)
        if components.numbers <= min(SHARE * size**2, DENSE**2):
            return SparseTail(s_rr, s_rx, s_xx, components)
        if size > DENSE:
            raise FitError(
                f"standard errors of predictions need the factorisation of {size:,} crossed random effects and "
                "coefficients, which is out of reach; kind='typical' with uncertainty='given_theta' does without it "
                "(of an lmer with ddf='asymptotic'), and so does a fit to fewer levels of the crossed factors."
            )
    whole = np.empty((size, size))
    whole[:q, :q] = s_rr.toarray()
    whole[:q, q:] = s_rx
    whole[q:, :q] = s_rx.T
    whole[q:, q:] = s_xx
    return DenseTail(whole)


class DenseTail:
    """S as a dense matrix, shape (size, size)."""

    def __init__(self, s: Matrix) -> None:
        self.size = len(s)
        self._factor = np.linalg.cholesky(s)

    @cached_property
    def inverse(self) -> Matrix:
        """S^-1."""
        root = np.linalg.inv(self._factor)
        return np.asarray(root.T @ root)

    def solve(self, right: Matrix) -> Matrix:
        """S^-1 times a matrix, shape (size, r)."""
        return np.asarray(self.inverse @ right)


class SparseTail:
    """S whose random effects fall into many components that have nothing in common but beta, as nested factors do."""

    def __init__(self, s_rr: Any, s_rx: Matrix, s_xx: Matrix, components: Components) -> None:
        self._root = components.sparse(components.roots(s_rr))  # R'R is the inverse of s_rr
        self._half = self._root @ s_rx
        self._beta = DenseTail(s_xx - self._half.T @ self._half)
        self.size = s_rr.shape[0] + len(s_xx)

    def forms(self, r_r: Any, r_x: Matrix) -> Vector:
        """Quadratic forms r'S^-1 r of rows, given in parts of the random effects (sparse) and of beta, shape (n,)."""
        half = r_r @ self._root.T
        rest = r_x - half @ self._half
        own = np.asarray(half.multiply(half).sum(axis=1)).reshape(len(r_x))
        return np.asarray(own + np.einsum("ni,ni->n", rest @ self._beta.inverse, rest))

    def solve(self, right: Matrix) -> Matrix:
        """S^-1 times a matrix, shape (size, r)."""
        q = self._root.shape[0]
        half = self._root @ right[:q]
        beta = self._beta.solve(right[q:] - self._half.T @ half)
        return np.vstack([self._root.T @ (half - self._half @ beta), beta])


@dataclass(frozen=True, slots=True)
class Components:
    """Connected components of a sparse symmetric matrix.

    Attributes
    ----------
    rows : tuple of ndarray of int, shape (components, size)
        Rows of the components of each size that occurs.
    """

    rows: tuple[NDArray[np.intp], ...]

    @property
    def numbers(self) -> int:
        """How many numbers the inverse has."""
        return sum(part.shape[0] * part.shape[1] ** 2 for part in self.rows)

    def roots(self, s: Any) -> list[Matrix]:
        """For each size inverse Cholesky factors of the components' blocks, shape (components, size, size)."""
        place = np.empty(s.shape[0], dtype=np.intp)
        for part in self.rows:
            place[part.ravel()] = np.arange(part.size)
        entries = s.tocoo()
        at, to = entries.coords
        width = np.empty(s.shape[0], dtype=np.intp)
        for part in self.rows:
            width[part.ravel()] = part.shape[1]
        out = []
        for part in self.rows:
            size = part.shape[1]
            mine = width[at] == size
            block = np.zeros((len(part), size, size))
            block[place[at[mine]] // size, place[at[mine]] % size, place[to[mine]] % size] = entries.data[mine]
            out.append(np.linalg.inv(np.linalg.cholesky(block)))
        return out

    def sparse(self, blocks: Sequence[Matrix]) -> Any:
        """A block of each component put in its place of a whole matrix."""
        from scipy import sparse

        at = [np.repeat(part, part.shape[1], axis=1).ravel() for part in self.rows]
        to = [np.tile(part, (1, part.shape[1])).ravel() for part in self.rows]
        n = sum(part.size for part in self.rows)
        values = np.concatenate([block.ravel() for block in blocks])
        whole = sparse.coo_array((values, (np.concatenate(at), np.concatenate(to))), shape=(n, n))
        return sparse.csr_array(whole)


def components_of(s: Any) -> Components:
    """The connected components of a sparse symmetric matrix."""
    from scipy.sparse import csgraph

    _, label = csgraph.connected_components(s, directed=False)
    sizes = np.bincount(label)
    order = np.argsort(label, kind="stable")
    of_row = sizes[label[order]]
    return Components(tuple(order[of_row == size].reshape(-1, size) for size in np.unique(sizes)))
