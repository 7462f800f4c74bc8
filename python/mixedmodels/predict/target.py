"""The rows to be predicted, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.design.groups import MISSING, UNSEEN
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.henderson_rows import TermRows, fixed_rows
from mixedmodels.predict.kinds import Parts, masked
from mixedmodels.predict.rows import predict_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Rows to be predicted.

    Attributes
    ----------
    eta : ndarray, shape (n,)
        Linear predictor at the estimates, effects of unknown levels 0; NaN where something is missing;.
    x : ndarray, shape (n, p)
        Kept columns of X.
    random : tuple of tuple of (ndarray, sequence of ndarray or None) or None, default ()
        Levels and columns that take part, per random term of the model, or None.
    unseen : tuple of ndarray, shape (n, k) or None, default ()
        Loadings of effects of levels that the model does not know, per term, or None.
    integrated : tuple of ndarray or None, default ()
        Loadings of effects over which a mean is taken, per term, or None.
    """

    eta: Vector
    x: Matrix
    random: tuple[TermRows, ...] = ()
    unseen: tuple[Matrix | None, ...] = ()
    integrated: tuple[Matrix | None, ...] = ()

    def __len__(self) -> int:
        return len(self.eta)

    def random_part(self, fixed: Vector) -> Target:
        """The rows with their random effects alone, less X beta and the offset."""
        return replace(self, eta=self.eta - fixed, x=np.zeros_like(self.x))

    @property
    def plain(self) -> bool:
        """Whether the predictions are functions of the fixed effects alone."""
        return all(part is None for part in (*self.random, *self.unseen, *self.integrated))

    @property
    def of_fixed_effects(self) -> bool:
        """Whether the linear predictors are functions of the fixed effects alone, whatever a mean is taken over."""
        return all(part is None for part in (*self.random, *self.unseen))

    @property
    def new_effects(self) -> tuple[Matrix | None, ...]:
        """Loadings of all effects of new levels: unknown or integrated."""
        return tuple(_sum(a, b) for a, b in zip(self.unseen, self.integrated, strict=True))


def target(fit: AnyFit | AnyPredictor, new: Design, parts: Parts, allow_new_levels: bool) -> Target:
    """Rows of a design, laid out by `design.on_new_data` with the `wanted` terms of `parts`.

    With `allow_new_levels` a missing level is an unknown one, as in lme4: its random effects are 0.

    Raises
    ------
    DataError
        On an unknown level without `allow_new_levels`.
    """
    if allow_new_levels:
        new = replace(new, groups=tuple(replace(g, codes=_unknown_if_missing(g.codes)) for g in new.groups))
    conditional = [term for i, term in zip(parts.wanted, new.random, strict=True) if parts.kept[i].any()]
    eta = predict_rows(fit, replace(new, random=tuple(conditional)), parts.kept, allow_new_levels)
    n = len(eta)
    x = fixed_rows(new, fit.kept, n)
    if not fit.mixed:
        return Target(eta=eta, x=x)
    rows: list[Any] = [None] * len(fit.sizes)
    unseen: list[Matrix | None] = [None] * len(fit.sizes)
    integrated = list(unseen)
    for i, term in zip(parts.wanted, new.random, strict=True):
        if parts.kept[i].any():
            codes = new.groups[term.group].codes
            columns = masked(term.columns, parts.kept[i], n)
            rows[i] = (codes, columns)
            strange = codes == UNSEEN
            if strange.any():
                unseen[i] = loadings(columns, n) * strange[:, None]
        if parts.integrated[i].any():
            integrated[i] = loadings(masked(term.columns, parts.integrated[i], n), n)
    return Target(eta=eta, x=x, random=tuple(rows), unseen=tuple(unseen), integrated=tuple(integrated))


def _unknown_if_missing(codes: NDArray[Any]) -> NDArray[Any]:
    missing = codes == MISSING
    return np.where(missing, UNSEEN, codes).astype(codes.dtype) if missing.any() else codes


def own_rows(fit: AnyFit | AnyPredictor, design: Design, parts: Parts) -> Target:
    """The rows of the fit."""
    wanted = tuple(design.random[i] for i in parts.wanted)
    return target(fit, replace(design, random=wanted, n_table=design.n), parts, False)


def loadings(columns: Sequence[Vector | None], n: int) -> Matrix:
    """Columns side by side, shape (n, k)."""
    return np.column_stack([np.ones(n) if c is None else c for c in columns])


def _sum(a: Matrix | None, b: Matrix | None) -> Matrix | None:
    if a is None or b is None:
        return b if a is None else a
    return np.asarray(a + b)
