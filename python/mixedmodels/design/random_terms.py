"""Random terms of a formula over the rows used: grouping factors, columns, and lme4's order."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mixedmodels.design.coding import Coder
from mixedmodels.design.groups import GroupSpec, as_grouping, grouping_factor
from mixedmodels.design.records import GroupingFactor, RandomTerm
from mixedmodels.design.values import Array, Value, drop_unused
from mixedmodels.errors import MixedModelsWarning
from mixedmodels.formula import Bar
from mixedmodels.frame import Factor

WHOLE = -1  # in place of an effect: the term with all of them


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RandomPart:
    """The random part of a design, and its layout for new rows (see `Spec`)."""

    groups: tuple[GroupingFactor, ...]
    terms: tuple[RandomTerm, ...]
    order: tuple[tuple[int, int], ...]
    specs: tuple[GroupSpec, ...]


NOTHING = RandomPart((), (), (), ())


def random_part(bars: tuple[Bar, ...], values: Mapping[str, Value], by_levels: bool = True) -> RandomPart:
    """Grouping factors and terms in lme4's order (see `_lme4_order`), or in that of the formula."""
    if not bars:
        return NOTHING
    factors: dict[str, Factor] = {}
    made: dict[str, GroupingFactor] = {}
    parts: dict[str, tuple[str, ...]] = {}
    for bar in bars:
        if bar.group not in made:
            parts[bar.group] = bar.factor_names
            made[bar.group] = grouping_factor(bar.group, [_used(text, values, factors) for text in bar.factor_names])
    order = _distinct(bars)
    if by_levels:
        order = _lme4_order(order, [made[bar.group].n_levels for bar in bars])
    position: dict[str, int] = {}
    for i in order:
        position.setdefault(bars[i].group, len(position))
    coder = Coder(values, {})
    built = [(i, *term) for i in order for term in term_columns(coder, bars[i])]
    labels = _labels([bars[i].group for i, *_ in built])
    terms = [
        RandomTerm(label=label, text=text, group=position[bars[i].group], effects=effects, columns=columns)
        for label, (i, _, text, effects, columns) in zip(labels, built, strict=True)
    ]
    places = [(i, effect) for i, effect, *_ in built]
    specs = [
        GroupSpec(name, parts[name], tuple([factors[text].levels for text in parts[name]]), made[name].levels)
        for name in position
    ]
    return RandomPart(tuple([made[name] for name in position]), tuple(terms), tuple(places), tuple(specs))


def _used(text: str, values: Mapping[str, Value], factors: dict[str, Factor]) -> Factor:
    """One factor of a group, without unused levels; made once. Factors among the values have none already."""
    if text not in factors:
        factor = as_grouping(text, values[text])
        factors[text] = factor if factor is values[text] else drop_unused(factor)
    return factors[text]


def _lme4_order(places: list[int], n_levels: Sequence[int]) -> list[int]:
    """Terms with more levels first, as lme4 sorts them.

    Terms that are already in this order stay. Otherwise lme4 reverses an ascending order, which also swaps terms with
    equally many levels: ``(1 | h) + (1 | g) + (x | g)`` with more levels of g than of h is ``(x | g), (1 | g), (1 |
    h)``.
    """
    if all(n_levels[a] >= n_levels[b] for a, b in itertools.pairwise(places)):
        return places
    return sorted(places, key=n_levels.__getitem__)[::-1]


def _labels(groups: list[str]) -> list[str]:
    """The names of the terms in VarCorr: their groups' names, as R names if a group is repeated, as in lme4."""
    if len(set(groups)) == len(groups):
        return groups
    plain = [re.sub(r"[^\w.]", ".", name) for name in groups]
    plain = [name if re.match(r"[^\W\d_]|\.(?!\d)", name) else f"X{name}" for name in plain]
    taken = set(plain)
    labels: list[str] = []
    for place, name in enumerate(plain):
        label = name
        if name in plain[:place]:
            label = next(new for i in itertools.count(1) if (new := f"{name}.{i}") not in taken)
            taken.add(label)
        labels.append(label)
    return labels


def _distinct(bars: Sequence[Bar]) -> list[int]:
    """Places of the terms, without those that say the same as an earlier one."""
    if len(bars) == 1:
        return [0]
    first: dict[tuple[object, ...], int] = {}
    for i, bar in enumerate(bars):
        same = first.setdefault((bar.effects.labels, bar.effects.intercept, bar.group, bar.structure), i)
        if same != i:
            message = f"the random term ({bar.text}) is in the formula twice; it is used once"
            warnings.warn(message, MixedModelsWarning, stacklevel=2)
    return list(first.values())


def term_columns(
    coder: Coder, bar: Bar, *, warn: bool = True
) -> list[tuple[int, str, tuple[str, ...], tuple[Array | None, ...]]]:
    """Columns of a whole random term, or with ``diag()`` of each effect separately.

    Returns
    -------
    list of tuple
        For each group of columns: its position among the effects or `WHOLE`, its text, the names of its effects, and
        its columns.
    """
    effects, columns, _ = coder.columns(bar.effects)
    if warn and bar.split and len(effects) > 1:
        message = (
            f"({bar.text}): as in lme4, '||' splits terms but not the {len(effects)} columns of one term, which stay "
            f"correlated; write diag({bar.text}) for independent effects"
        )
        warnings.warn(message, MixedModelsWarning, stacklevel=2)
    if bar.structure != "diag":
        return [(WHOLE, bar.text, tuple(effects), tuple(columns))]
    return [
        (j, f"{'1' if column is None else f'0 + {effect}'} | {bar.group}", (effect,), (column,))
        for j, (effect, column) in enumerate(zip(effects, columns, strict=True))
    ]
