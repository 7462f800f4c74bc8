"""Factors nested in others: cities within states.

A factor is nested in another if each of its levels comes with one level of the other only, or if the formula has it in
interactions with the other but never alone, as ``state / city`` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mixedmodels.estimates.linear_functions import LinearFunctions
from mixedmodels.formula import Formula
from mixedmodels.formula.nodes import column_names

Nesting = dict[str, tuple[str, ...]]


def find_nesting(grid: LinearFunctions, formula: Formula) -> Nesting:
    """The nesting of the factors of a grid that has frequencies.

    Returns
    -------
    dict
        Factor -> the factors it is nested in; those that are not nested are left out.
    """
    names = [name for name, levels in grid.levels.items() if len(levels) > 1]
    if len(names) < 2:
        return {}
    nesting: dict[str, list[str]] = {}
    present = np.flatnonzero(grid.weights > 0)
    for name in names:
        others = [o for o in names if o != name and not (o in nesting and name in nesting[o])]
        hosts = [o for o in others if _one_each(grid, present, name, o)]
        if hosts:
            nesting[name] = hosts
    for name, hosts in _in_formula(formula, names).items():
        nesting[name] = list(dict.fromkeys([*nesting.get(name, []), *hosts]))
    for name, hosts in nesting.items():
        above = [h for host in hosts for h in nesting.get(host, [])]
        nesting[name] = list(dict.fromkeys([*above, *hosts]))
    return {name: tuple(hosts) for name, hosts in nesting.items() if name not in hosts}


def _one_each(grid: LinearFunctions, present: NDArray[np.intp], name: str, other: str) -> bool:
    """Whether each level of `name` occurs with one level of `other` (or with none) only."""
    seen: dict[object, set[object]] = {}
    for i in present:
        seen.setdefault(grid.labels[name][i], set()).add(grid.labels[other][i])
    return max(map(len, seen.values()), default=0) == 1


def _in_formula(formula: Formula, names: Sequence[str]) -> dict[str, list[str]]:
    """Factors without a term of their own, and the factors that their interactions code by indicators.

    In ``state + state:city`` the indicators of the states stand for the missing main effect of the cities.
    """
    terms = formula.fixed
    variables = [column_names(node) for node in terms.variables]
    coded = [
        {name: d for v, d in zip(term, dummies, strict=True) for name in variables[v] if name in names}
        for term, dummies in zip(terms.terms, terms.dummies, strict=True)
    ]
    alone = {name for term in coded if len(term) == 1 for name in term}
    nesting = {}
    for name in names:
        having = [term for term in coded if name in term]
        if name in alone or not having:
            continue
        contrasted = [term for term in having if not term[name]] or having
        hosts = [frozenset(n for n, d in term.items() if d and n != name) for term in contrasted]
        least = [h for h in hosts if not any(other < h for other in hosts)]
        chosen = [n for n in names if any(n in h for h in least)]
        if chosen:
            nesting[name] = chosen
    return nesting


def existing(grid: LinearFunctions, names: Sequence[str], nesting: Mapping[str, tuple[str, ...]]) -> NDArray[np.bool_]:
    """A mask of the rows whose combination of `names` and their hosts occurs in the data, shape (r,)."""
    keep = np.ones(len(grid), dtype=np.bool_)
    for name in names:
        factors = [f for f in dict.fromkeys([name, *nesting.get(name, ())]) if f in grid.labels]
        keys = list(zip(*(grid.labels[f] for f in factors), strict=True))
        total: dict[object, float] = {}
        for key, weight in zip(keys, grid.weights, strict=True):
            total[key] = total.get(key, 0.0) + float(weight)
        keep &= np.array([total[key] > 0 for key in keys], dtype=np.bool_)
    return keep


def phrase(nesting: Mapping[str, tuple[str, ...]]) -> str:
    """``city %in% state``, or ``plot %in% (block*site)``."""
    shown = [(n, h[0] if len(h) == 1 else f"({'*'.join(h)})") for n, h in nesting.items()]
    return ", ".join(f"{name} %in% {hosts}" for name, hosts in shown)
