"""The layout that gives new rows the columns of the fit: bases, levels, contrasts and the order of terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixedmodels.design.contrasts import Coding
from mixedmodels.design.groups import CellLevels, GroupSpec
from mixedmodels.design.levels_store import levels_in, levels_out
from mixedmodels.design.values import Matrix, Value, names_in, names_out
from mixedmodels.errors import DataError
from mixedmodels.formula import Formula, parse, with_matrices
from mixedmodels.frame import Factor, Levels, Logical

VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class FactorSpec:
    """Levels that a factor of the model had."""

    levels: Levels
    ordered: bool


Kind = FactorSpec | str  # "numeric", "logical" or "matrix"


def kind_of(value: Value) -> Kind:
    """The kind of a variable at the fit."""
    if isinstance(value, Factor):
        return FactorSpec(value.levels, value.ordered)
    if isinstance(value, Logical):
        return "logical"
    return "matrix" if isinstance(value, Matrix) else "numeric"


@dataclass(frozen=True, kw_only=True, eq=False)
class Spec:
    """The layout of a fitted design, without its data.

    Attributes
    ----------
    formula : Formula
        Formula with every ``.`` replaced.
    kinds : mapping of str to FactorSpec or str
        Kind of each variable at the fit, by its text.
    states : mapping of str
        State of each data-dependent call, such as its knots, by its text.
    contrasts : mapping of str to Coding
        Coding of each factor in the fixed effects, by the factor's text.
    order : tuple of tuple of two int, default ()
        Position of each random term in ``formula.random``. For an effect split off by ``diag()``, also its position
        among that term's columns (-1 for a whole term).
    terms : tuple of tuple of (str, int), default ()
        Label of each random term and the index of its group.
    groups : tuple of GroupSpec, default ()
        The grouping factors.
    offset : str or bool, optional
        Text of the offset argument; True for an array, None without an offset.
    env : mapping of str, default {}
        Functions and constants that the formula and its arguments took from ``env=``.
    """

    formula: Formula
    kinds: Mapping[str, Kind]
    states: Mapping[str, Any]
    contrasts: Mapping[str, Coding]
    order: tuple[tuple[int, int], ...] = ()
    terms: tuple[tuple[str, int], ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    offset: str | bool | None = field(default=None)
    env: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The spec as JSON; `from_json` reads it back."""
        return json.dumps(
            {
                "version": VERSION,
                "formula": self.formula.text,
                "kinds": {text: _kind_out(kind) for text, kind in self.kinds.items()},
                "states": dict(self.states),
                "contrasts": {text: _coding_out(used) for text, used in self.contrasts.items()},
                "order": [list(place) for place in self.order],
                "terms": [list(term) for term in self.terms],
                "groups": [_group_out(group) for group in self.groups],
                "offset": self.offset,
                **({"matrices": self.formula.matrices} if self.formula.matrices else {}),
                "env": names_out(self.env),
            }
        )


def from_json(text: str) -> Spec:
    """Read the text that `Spec.to_json` wrote.

    Raises
    ------
    DataError
        If another version of the package wrote it.
    """
    stored = json.loads(text)
    if stored.get("version") != VERSION:
        raise DataError(
            f"a design of version {stored.get('version')!r} cannot be read; this package writes version {VERSION}"
        )
    return Spec(
        formula=with_matrices(parse(stored["formula"]), [_matrix_in(entry) for entry in stored.get("matrices", ())]),
        kinds={text: _kind_in(kind) for text, kind in stored["kinds"].items()},
        states=stored["states"],
        contrasts={text: _coding_in(used) for text, used in stored["contrasts"].items()},
        order=tuple((bar, effect) for bar, effect in stored["order"]),
        terms=tuple((label, group) for label, group in stored["terms"]),
        groups=tuple(_group_in(group) for group in stored["groups"]),
        offset=stored["offset"],
        env=names_in(stored.get("env", {})),  # files of earlier versions have none
    )


def _matrix_in(entry: Any) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    name, columns, ends = entry
    return name, tuple(columns), tuple(ends)


def _kind_out(kind: Kind) -> Any:
    return kind if isinstance(kind, str) else {"levels": levels_out(kind.levels), "ordered": kind.ordered}


def _kind_in(stored: Any) -> Kind:
    return stored if isinstance(stored, str) else FactorSpec(levels_in(stored["levels"]), stored["ordered"])


def _coding_out(used: Coding) -> dict[str, Any]:
    return {"kind": used.kind, "matrix": used.matrix.tolist(), "suffixes": used.suffixes, "levels_at": used.levels_at}


def _coding_in(stored: dict[str, Any]) -> Coding:
    suffixes, levels_at = stored["suffixes"], stored["levels_at"]
    return Coding(
        stored["kind"],
        np.array(stored["matrix"], dtype=np.float64),
        None if suffixes is None else tuple(suffixes),
        None if levels_at is None else tuple(levels_at),
    )


def _group_out(group: GroupSpec) -> dict[str, Any]:
    parts = [] if isinstance(group.levels, CellLevels) else [levels_out(part) for part in group.parts]
    return {
        "name": group.name,
        "factors": list(group.factor_names),
        "parts": parts,
        "levels": levels_out(group.levels),
    }


def _group_in(stored: dict[str, Any]) -> GroupSpec:
    levels = levels_in(stored["levels"])
    parts = levels.parts if isinstance(levels, CellLevels) else (levels,)
    return GroupSpec(stored["name"], tuple(stored["factors"]), parts, levels)
