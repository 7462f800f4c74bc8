"""Hypotheses about estimates: a number, texts, families, weights, or a function of all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.effects.marginal.expressions import RELATION, SIDES, distance, equations
from mixedmodels.effects.marginal.groups import taken
from mixedmodels.effects.marginal.hypothesis_families import FAMILIES, WEIGHTED, family_of
from mixedmodels.effects.marginal.jets import Jet, stacked, through_function
from mixedmodels.errors import DataError

FAMILY = re.compile(r"\s*(?:(difference|ratio)\s*~|~)?\s*(\w+)\s*(?:\|\s*(.+))?$")
MANY = 1000  # hypotheses of a family; more are most likely a mistake


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimates:
    """Estimates with what tells them apart.

    Attributes
    ----------
    jet : Jet
        Estimates with their gradients.
    columns : mapping of str
        Columns that label them: groups, "term", "contrast".
    null : ndarray, shape (r,)
        Value of each under its hypothesis.
    directions : tuple of str
        Relation of each estimate to its value under the hypothesis: "=", "<=" or ">=".
    """

    jet: Jet
    columns: Mapping[str, Any]
    null: Vector = field(default_factory=lambda: np.zeros(1))
    directions: tuple[str, ...] = ("=",)

    def __len__(self) -> int:
        return len(self.jet)

    @property
    def labels(self) -> list[str]:
        """A text for each estimate: the columns that differ, or b1, b2, ..."""
        r = len(self)
        columns = [[_text(v) for v in values] for values in self.columns.values()]
        texts = [" ".join(row) for row in zip(*(c for c in columns if len(set(c)) > 1), strict=True)]
        return texts if len(texts) == r and len(set(texts)) == r else [f"b{i + 1}" for i in range(r)]

    @property
    def names(self) -> dict[str, int]:
        """Positions of the estimates by the names that a hypothesis may use."""
        names = {text: i for i, text in enumerate(self.labels)}
        terms = [_text(v) for v in self.columns.get("term", ())]
        once = {name for name, count in Counter(terms).items() if count == 1}
        return {**names, **{name: i for i, name in enumerate(terms) if name in once}}


def _text(value: Any) -> str:
    from mixedmodels import frame

    return frame.label(value)


def estimates_of(jet: Jet, columns: Mapping[str, Any]) -> Estimates:
    """Estimates whose hypotheses are that they are 0."""
    return Estimates(jet=jet, columns=columns, null=np.zeros(len(jet)), directions=("=",) * len(jet))


def about(estimates: Estimates, hypothesis: Any) -> Estimates:
    """Estimates that a hypothesis is about, made of other estimates.

    Parameters
    ----------
    hypothesis : float, str, sequence of str, array_like, callable or None
        See `MarginalVerbs.hypotheses`.

    Raises
    ------
    FormulaError, DataError
    """
    if hypothesis is None:
        return estimates
    if callable(hypothesis):
        jet = through_function(hypothesis, [estimates.jet])
        return estimates_of(jet, {"hypothesis": [f"h{i + 1}" for i in range(len(jet))]})
    if isinstance(hypothesis, str):
        return _by_text(estimates, hypothesis)
    if isinstance(hypothesis, Sequence) and hypothesis and all(isinstance(text, str) for text in hypothesis):
        return _by_equations(estimates, list(hypothesis))
    if np.ndim(hypothesis) == 0:
        return _shifted(estimates, _number(hypothesis), "=")
    return _by_weights(estimates, hypothesis)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(
            f"hypothesis is {value!r:.60}; it is a number, a text such as 'b1 = b2' or 'pairwise', weights, or "
            "a function."
        ) from None


def _shifted(estimates: Estimates, null: float, direction: str) -> Estimates:
    r = len(estimates)
    return Estimates(jet=estimates.jet, columns=estimates.columns, null=np.full(r, null), directions=(direction,) * r)


def _by_text(estimates: Estimates, text: str) -> Estimates:
    family = FAMILY.match(text)
    if family and family[2] in FAMILIES and family[2] not in estimates.names:
        return _by_family(estimates, family[2], family[1] == "ratio", family[3])
    relation = RELATION.match(text.strip())
    if relation:  # "= 5" is about every estimate
        return _shifted(estimates, _number(text.strip()[relation.end() :]), SIDES[relation[0]])
    if "~" in text:
        raise DataError(f"hypothesis {text!r} names no family; there are {', '.join(FAMILIES)}.")
    return _by_equations(estimates, [text])


def _by_equations(estimates: Estimates, texts: Sequence[str]) -> Estimates:
    read = equations(texts, len(estimates))
    names = estimates.names
    return Estimates(
        jet=stacked([distance(equation, names, estimates.jet) for equation in read]),
        columns={"hypothesis": [equation.text for equation in read]},
        null=np.zeros(len(read)),
        directions=tuple(equation.direction for equation in read),
    )


def _by_family(estimates: Estimates, name: str, ratio: bool, by: str | None) -> Estimates:
    if ratio and name in WEIGHTED:
        raise DataError(f"hypothesis={name!r} are weighted sums, which have no ratios.")
    within = [] if by is None else [part.strip() for part in by.split("+")]
    if not len(estimates):
        raise DataError(f"hypothesis={name!r} compares estimates, and there are none: newdata has no rows.")
    parts, shown = _parts(estimates, within)
    jets, labels, columns = list[Jet](), list[str](), list[NDArray[np.intp]]()
    for rows in parts:
        r = len(rows)
        if r < 2:
            raise DataError(
                f"hypothesis={name!r} compares estimates, and there is only one{' of a group' if by else ''}."
            )
        if r * (r - 1) // 2 > MANY and "pairwise" in name:
            raise DataError(
                f"hypothesis={name!r} of {r} estimates has {r * (r - 1) // 2} pairs; average over rows first."
            )
        others = {key: values for key, values in taken(estimates.columns, rows).items() if key not in within}
        part = estimates_of(estimates.jet.take(rows), others)
        jet, texts = family_of(name, ratio, part.jet, part.labels)
        jets.append(jet)
        labels += texts
        columns.append(np.full(len(jet), rows[0]))
    first = np.concatenate(columns)
    jet = stacked(jets)
    return Estimates(
        jet=jet,
        columns={**taken(shown, first), "hypothesis": labels},
        null=np.full(len(jet), 1.0 if ratio else 0.0),
        directions=("=",) * len(jet),
    )


def _parts(estimates: Estimates, within: Sequence[str]) -> tuple[list[NDArray[np.intp]], dict[str, Any]]:
    """Rows of each group, and the columns that name it."""
    lost = next((name for name in within if name not in estimates.columns), None)
    if lost is not None:
        raise DataError(f"hypothesis compares within {lost!r}, but the estimates have {', '.join(estimates.columns)}.")
    keys = list(zip(*(map(_text, estimates.columns[name]) for name in within), strict=True)) or [()] * len(estimates)
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    rows = [np.array(group, dtype=np.intp) for group in groups.values()]
    return rows, {name: estimates.columns[name] for name in within}


def _by_weights(estimates: Estimates, hypothesis: Any) -> Estimates:
    """Weighted sums: a column of weights for each hypothesis, one weight for each estimate."""
    labels = getattr(hypothesis, "columns", None)
    try:
        weights = np.asarray(hypothesis, dtype=float)
    except (TypeError, ValueError):
        _number(hypothesis)
        raise
    weights = weights[:, None] if weights.ndim == 1 else weights
    r = len(estimates)
    if weights.ndim != 2 or weights.shape[0] != r or not np.isfinite(weights).all():
        raise DataError(
            f"hypothesis has weights of shape {np.shape(hypothesis)} for {r} estimates; it needs ({r},) for one "
            f"hypothesis, ({r}, k) for k, of finite numbers."
        )
    k = weights.shape[1]
    texts = ["custom"] if k == 1 else [f"h{i + 1}" for i in range(k)]
    if labels is not None and len(labels) == k:
        texts = [str(text) for text in labels]
    return estimates_of(estimates.jet.combined(weights.T), {"hypothesis": texts})
