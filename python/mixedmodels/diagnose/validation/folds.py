"""Which rows are left out together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.diagnose.influence.deletion_sets import deletion_sets
from mixedmodels.errors import DataError
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fitted.row_groups import Clusters

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    """Rows that are left out together.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Fold of each row used, 0 .. K-1, each of which occurs.
    labels : tuple of str
        Name of each fold.
    group : str or None
        What is left out as a whole; None for single rows.
    units : ndarray of int, shape (K,)
        Number of rows or levels in each fold.
    seed : int or Generator or None
        What the folds were drawn with; None where there was nothing to draw.
    """

    codes: Codes
    labels: tuple[str, ...]
    group: str | None
    units: Codes
    seed: Any

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def single(self) -> bool:
        """Whether every fold is a single row or level."""
        return bool((self.units == 1).all())


def folds_of(model: Any, group: Any, k: int | None, seed: Any) -> Folds:
    """Rows, or whole levels of a factor, dealt to folds.

    Parameters
    ----------
    group : str, array_like or sequence of str, optional
        What is left out as a whole, as of `influence`; None for rows.
    k : int or None
        Number of folds; None, or more than there are rows or levels, leaves out one at a time.

    Raises
    ------
    DataError
        If there is no such column, or `k` is no whole number of at least 2.
    """
    if k is not None and (isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 2):
        raise DataError(f"k is {k!r:.40}; give a whole number of folds, at least 2, or None to leave out one by one.")
    sets = deletion_sets(model, group)
    name = None if group is None else sets.name
    if k is None or k >= len(sets):
        ones = np.ones(len(sets), dtype=np.intp)
        return Folds(codes=sets.codes, labels=sets.labels, group=name, units=ones, seed=None)
    seed = drawn_seed(seed)
    of_set = _dealt(sets, int(k), generator(seed))
    return Folds(
        codes=of_set[sets.codes],
        labels=tuple(str(j + 1) for j in range(k)),
        group=name,
        units=np.bincount(of_set, minlength=k),
        seed=seed,
    )


def _dealt(sets: Clusters, k: int, rng: np.random.Generator) -> Codes:
    """Fold of each set: in random order, the largest first, each to the fold with the fewest rows so far.

    Sets of one size, as rows are, so go to folds that differ by one at most.
    """
    sizes = np.bincount(sets.codes, minlength=len(sets))
    order = rng.permutation(len(sets))
    order = order[np.argsort(-sizes[order], kind="stable")]
    of_set = np.empty(len(sets), dtype=np.intp)
    if sizes.max() == sizes.min():
        of_set[order] = np.arange(len(sets)) % k
        return of_set
    rows = np.zeros(k, dtype=np.intp)
    for j in order.tolist():
        fold = int(rows.argmin())
        of_set[j] = fold
        rows[fold] += sizes[j]
    return of_set
