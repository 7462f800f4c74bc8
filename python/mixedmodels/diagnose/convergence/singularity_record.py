"""Singularity of a fit in words, with smaller models and the recommended one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.estimates.singular_directions import Direction, TermState
from mixedmodels.fit.covariance import SINGULAR
from mixedmodels.summary.repca import RePCA
from mixedmodels.tables.exported import Exported
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Sheet

WIDTH = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Singularity(Exported):
    """Why a fit is singular, what that means, and what to do.

    Attributes
    ----------
    formula : str
        Formula of the model.
    singular : bool
        Whether some direction of the random effects has no variance.
    terms : tuple of TermState
        Directions of each random term, and how far they are from having no variance.
    components : RePCA
        Principal components of the random effects, as of `rePCA`.
    proposals : tuple of str
        Smaller formulas, in the order of the search.
    table : ResultTable or None
        Table of the models compared: npar, aic, bic, loglik, lrt, df, p_value, singular; None where none was fitted.
    recommended : str or None
        The formula to prefer; None where that is the model itself.
    advice : tuple of str
        Advice in sentences.

    Examples
    --------
    >>> print(fit.singularity())
    Singularity of Reaction ~ Days + (Days | Subject)
    ...
    The fit is not singular: every direction has variance.
    """

    formula: str
    singular: bool
    terms: tuple[TermState, ...]
    components: RePCA
    proposals: tuple[str, ...]
    table: ResultTable | None
    recommended: str | None
    advice: tuple[str, ...]
    exact: Callable[[int, Any], ResultTable] | None = None

    def __bool__(self) -> bool:
        return self.singular

    @property
    def directions(self) -> tuple[str, ...]:
        """A sentence for each direction without variance."""
        return tuple(sentence(state, d) for state in self.terms for d in state.directions)

    def rlrt(self, nsim: int = 10_000, seed: Any = None) -> ResultTable:
        """The exact restricted likelihood-ratio test of the model's variances, see ``fit.rlrt``.

        Raises
        ------
        DataError
            If no term of the model has a single variance, or it is no lmer.
        """
        if self.exact is None:
            raise DataError(
                "an exact test is for an lmer with a term of one variance; see ranova(test='mixture') for others."
            )
        return self.exact(nsim, seed)

    @property
    def kind(self) -> Any:
        """The library of tables."""
        return self.components.kind

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self._compared._columns_of_table()

    def _sheet(self) -> Sheet:
        return self._compared._sheet()

    @property
    def _compared(self) -> ResultTable:
        if self.table is None:
            raise DataError("no smaller models were fitted; there is nothing to compare.")
        return self.table

    def __repr__(self) -> str:
        parts = [f"Singularity of {self.formula}", "", *self._state()]
        if self.table is not None:
            parts += ["", repr(self.table)]
        elif self.proposals:
            parts += ["", "Smaller formulas:", *(f"  {p}" for p in self.proposals)]
        if self.advice:
            parts += ["", *(fill(line, WIDTH) for line in self.advice)]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        return preformatted(repr(self))

    def _state(self) -> list[str]:
        out = []
        for state in self.terms:
            many = "1 effect" if len(state.effects) == 1 else f"{len(state.effects)} effects"
            ways = "1 direction" if state.rank == 1 else f"{state.rank} directions"
            out.append(f"{state.text}: {many}, {ways} of variance, {state.levels} levels of {state.group}.")
            for line in (*(sentence(state, d) for d in state.directions), distance(state)):
                out.append(fill(line, WIDTH, initial_indent="  ", subsequent_indent="  "))
        return out


def distance(state: TermState) -> str:
    """The distance of a term's directions from having no variance."""
    if len(state.effects) == 1:
        return f"Standard deviation {state.smallest:.3g}, in {state.unit}."
    shown = ", ".join(f"{sd:.3g}" for sd in np.where(state.components < SINGULAR, 0.0, state.components))
    return f"Standard deviations of the principal components, in {state.unit}: {shown}."


def sentence(state: TermState, d: Direction) -> str:
    """An explanation of an effect without a direction of its own."""
    effect, group = _name(state, d.effect), state.group
    if d.kind == "none":
        return f"No variance of {effect} among the levels of {group}: all levels are estimated to have the same."
    if d.kind == "together":
        other = _name(state, d.others[0])
        up = "The higher the one, the higher the other" if d.sign > 0 else "The higher the one, the lower the other"
        return (
            f"{_capital(other)} of {group} and {_their(effect)} vary together: correlation {d.sign}. {up}, exactly: a "
            f"level's {_short(state, d.effect)} deviates from the average by {d.weights[0]:.3g} times what its "
            f"{_short(state, d.others[0])} deviates."
        )
    sums = " + ".join(f"{w:.3g} x {_short(state, i)}" for i, w in zip(d.others, d.weights, strict=True))
    return (
        f"{_capital(effect)} of {group} are settled by the other effects of the same level: {_short(state, d.effect)} "
        f"= {sums.replace('+ -', '- ')} (deviations from the averages)."
    )


def _name(state: TermState, effect: int) -> str:
    """An effect in the plural, as the subject of a sentence."""
    name = state.effects[effect]
    if name == "(Intercept)":
        return "the intercepts"
    return f"the slopes on {name}" if state.numeric[effect] else f"the effects {name}"


def _short(state: TermState, effect: int) -> str:
    """An effect in the singular."""
    name = state.effects[effect]
    if name == "(Intercept)":
        return "intercept"
    return f"slope on {name}" if state.numeric[effect] else f"effect {name}"


def _their(plural: str) -> str:
    return "their" + plural.removeprefix("the")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
