"""Kinds of predictions (conditional, typical, marginal), and how each treats the random effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.re_form import Chosen, chosen_effects

Kind = Literal["conditional", "typical", "marginal"]
KINDS = ("conditional", "typical", "marginal")


@dataclass(frozen=True, slots=True)
class Parts:
    """The treatment of the random effects in a prediction, per term and effect.

    Attributes
    ----------
    kept : tuple of ndarray of bool
        Effects that take the value of the row's own level.
    integrated : tuple of ndarray of bool
        Effects over whose distribution the mean is taken; the others are 0.
    """

    kept: tuple[Chosen, ...]
    integrated: tuple[Chosen, ...]

    @property
    def wanted(self) -> list[int]:
        """Terms with a part in the prediction."""
        return [i for i, (a, b) in enumerate(zip(self.kept, self.integrated, strict=True)) if a.any() or b.any()]

    @property
    def of_known_levels(self) -> list[int]:
        """Terms for which the level of each row is needed."""
        return [i for i, a in enumerate(self.kept) if a.any()]


def parts_of(design: Design, kind: str | None, re_form: Any) -> Parts:
    """Treatment of the random effects by a kind of prediction and `re_form`.

    Raises
    ------
    DataError
        If there is no such kind, or `re_form` contradicts it.
    """
    check_kind(kind)
    if kind == "typical" and re_form is not None and any(c.any() for c in chosen_effects(design, re_form)):
        raise DataError(f"kind='typical' has all random effects at 0, and re_form={re_form!r} keeps some; give one.")
    none = re_form is None and kind in ("typical", "marginal")
    kept = chosen_effects(design, "~0" if none else re_form)
    integrated = [~c if kind == "marginal" else np.zeros_like(c) for c in kept]
    return Parts(tuple(kept), tuple(integrated))


def check_kind(kind: str | None) -> None:
    """Refuse an unknown kind.

    Raises
    ------
    DataError
        If it is unknown.
    """
    if kind is not None and kind not in KINDS:
        raise DataError(
            f"kind is {kind!r:.40}; give 'conditional' (each row's own groups), 'typical' (random effects 0) or "
            "'marginal' (averaged over the distribution of the random effects)."
        )


def masked(columns: Sequence[Any], chosen: Chosen, n: int) -> list[Any]:
    """Columns of a term, zeros in place of the effects that are not chosen."""
    return [c if keep else np.zeros(n) for c, keep in zip(columns, chosen, strict=True)]
