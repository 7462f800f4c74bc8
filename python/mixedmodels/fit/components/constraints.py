"""Parameters that are held, tied or have priors, from the user's names to the engine's places.

Joint parameters stand in the order of `component_names`: theta of all components, coefficients of all, shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from mixedmodels._names import meant
from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError
from mixedmodels.frame import nearest

Prior = tuple[str, int, int, str, Sequence[float]]

DENSITIES = {"normal": 2, "t": 3, "cauchy": 2, "gamma": 2, "lkj": 1}  # and how many numbers each has
CLASSES = {
    "fixef": ("beta", "cond"),
    "fixef_zi": ("beta", "zi"),
    "fixef_disp": ("beta", "disp"),
    "ranef": ("sd", "cond"),
    "ranef_zi": ("sd", "zi"),
    "ranef_disp": ("sd", "disp"),
    "ranef_sd": ("sd", "cond"),
    "ranef_zi_sd": ("sd", "zi"),
    "ranef_disp_sd": ("sd", "disp"),
    "ranef_cor": ("cor", "cond"),
    "ranef_zi_cor": ("cor", "zi"),
    "ranef_disp_cor": ("cor", "disp"),
    "psi": ("psi", "cond"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constraints:
    """What the engine is told beside rows and family.

    Attributes
    ----------
    reml : bool, default False
        Whether the coefficients of the conditional mean are integrated out.
    priors : tuple of tuple, default ()
        On what, two places, density, and its numbers.
    held : ndarray or None
        Values of the joint parameters that are held, NaN of those that move.
    ties : tuple of tuple of int, default ()
        Joint parameters that are equal.
    """

    reml: bool = False
    priors: tuple[Prior, ...] = ()
    held: Vector | None = None
    ties: tuple[tuple[int, ...], ...] = ()

    @property
    def n_fewer(self) -> int:
        """How many parameters are not estimated because they are held or tied."""
        held = 0 if self.held is None else int(np.isfinite(self.held).sum())
        return held + sum(len(tie) - 1 for tie in self.ties)


NONE = Constraints()


def held_and_tied(fixed: Any, names: Sequence[str]) -> tuple[Vector | None, tuple[tuple[int, ...], ...]]:
    """The places of held parameters with their values, and those of tied ones.

    Parameters
    ----------
    fixed : mapping of str, optional
        For each parameter, by its name in ``vcov(full=True)``, the number at which it is held, or a text: parameters
        with the same text are equal.

    Raises
    ------
    DataError
        If there is no such parameter, or nothing that it could be held at.
    """
    if fixed is None:
        return None, ()
    if not isinstance(fixed, Mapping):
        raise DataError(f"map is {fixed!r:.60}; give a mapping from names of parameters, as {{'x': 0.0}}.")
    held = np.full(len(names), nan)
    ties: dict[str, list[int]] = {}
    for name, value in fixed.items():
        place = _place(name, names, "map")
        if isinstance(value, str):
            ties.setdefault(value, []).append(place)
        elif isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not isfinite(value):
            raise DataError(
                f"map[{name!r}] is {value!r:.40}; give the number at which {name!r} is held, or a text that tied "
                "parameters share."
            )
        else:
            held[place] = float(value)
    alone = [label for label, places in ties.items() if len(places) < 2]
    if alone:
        raise DataError(f"map has the text {alone[0]!r} once; give it to two parameters or more, which are then equal.")
    return (held if np.isfinite(held).any() else None), tuple(tuple(places) for places in ties.values())


def _place(name: Any, names: Sequence[str], what: str) -> int:
    name = meant(name, names)
    if name not in names:
        near = nearest(str(name), tuple(names))
        offer = f"did you mean {near!r}?" if near else f"there are {', '.join(map(repr, names[:12]))}."
        raise DataError(f"{what} has no parameter {name!r:.60}; {offer}")
    return list(names).index(name)


def prior_list(priors: Any, design: Design, kept: Sequence[Sequence[str]], shapes: Sequence[str]) -> tuple[Prior, ...]:
    """Priors as the engine takes them.

    Parameters
    ----------
    priors : sequence of mapping, table or None
        Rows with "prior", such as ``"normal(0, 2.5)"``, "class", such as "fixef", and "coef", a name; without a name
        all of the class, of coefficients all but the intercept.
    kept : sequence of sequence of str
        Names of the coefficients of each component.

    Raises
    ------
    DataError
        If a row cannot be read, or is about no parameter.
    """
    if priors is None:
        return ()
    out: list[Prior] = []
    for row in _rows(priors):
        density, numbers = _density(row.get("prior"))
        kind = str(row.get("class", ""))
        if kind not in CLASSES:
            raise DataError(f"class of a prior is {kind!r:.40}; it is one of {', '.join(CLASSES)}.")
        what, component = CLASSES[kind]
        if (density == "lkj") != (what == "cor"):
            raise DataError(f"the prior {row['prior']!r} of class {kind!r}: lkj() is for correlations, and alone is.")
        found = _places(what, component, row.get("coef") or "", design, kept, shapes)
        if not found:
            raise DataError(f"the prior {row['prior']!r} of class {kind!r} is about no parameter of the model.")
        out += [(what, first, second, density, numbers) for first, second in found]
    return tuple(out)


def _rows(priors: Any) -> list[Mapping[str, Any]]:
    if isinstance(priors, Mapping):
        columns = {name: [v] if isinstance(v, str) else list(v) for name, v in priors.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(priors, Sequence) and all(isinstance(row, Mapping) for row in priors):
        return list(priors)
    if hasattr(priors, "to_dict"):
        return _rows({str(name): list(priors[name]) for name in priors.columns})
    raise DataError(
        f"priors are {priors!r:.60}; give rows with 'prior', 'class' and 'coef', as "
        "[{'prior': 'normal(0, 2.5)', 'class': 'fixef', 'coef': 'x'}]."
    )


def _density(text: Any) -> tuple[str, list[float]]:
    name, _, inside = str(text).strip().rstrip(")").partition("(")
    try:
        numbers = [float(part) for part in inside.split(",")]
    except ValueError:
        numbers = []
    if name not in DENSITIES or len(numbers) != DENSITIES[name]:
        raise DataError(
            f"the prior {text!r:.40} is none; there are normal(mean, sd), t(mean, sd, df), cauchy(location, scale), "
            "gamma(mean, shape) and lkj(eta)."
        )
    return name, numbers


def _places(
    what: str, component: str, coef: str, design: Design, kept: Sequence[Sequence[str]], shapes: Sequence[str]
) -> list[tuple[int, int]]:
    """The two places by which the engine knows each parameter of a class."""
    designs = design.predictors
    order = [d.component for d in designs]
    if what == "psi":
        return [(j, 0) for j, name in enumerate(shapes) if coef in ("", name)]
    if component not in order:
        return []
    at = order.index(component)
    if what == "beta":
        before = sum(len(names) for names in kept[:at])
        wanted = meant(coef, kept[at]) if coef else ""
        return [
            (before + j, 0) for j, name in enumerate(kept[at]) if (name == wanted if coef else name != "(Intercept)")
        ]
    before = sum(len(d.random) for d in designs[:at])
    terms = designs[at].random
    groups = [designs[at].groups[t.group].name for t in terms]
    chosen = [i for i, t in enumerate(terms) if coef in ("", t.label, groups[i])]
    if what == "cor":
        return [(before + i, 0) for i in chosen if len(terms[i].effects) > 1]
    return [(before + i, k) for i in chosen for k in range(len(terms[i].effects))]
