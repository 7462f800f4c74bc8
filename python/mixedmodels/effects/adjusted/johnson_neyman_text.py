"""Johnson and Neyman's intervals in words, and the slopes as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mixedmodels.effects.adjusted.johnson_neyman import SlopeRegions
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.result_table import ShownAsTable


@dataclass(frozen=True, repr=False, kw_only=True)
class JohnsonNeyman(ShownAsTable):
    """Intervals of a moderator where a slope differs from zero; `table` has the slopes with their limits.

    Attributes
    ----------
    variable : str
        Name of the variable whose slope it is.
    moderator : str
        Name of what the slope depends on.
    regions : SlopeRegions
        Slopes at values of the moderator, and the bounds of the intervals.
    observed : tuple of two float
        Range of the moderator in the rows used.
    level : float
        Confidence level of each interval.
    slope_of : str, default "slope"
        Name of the slope in print: "slope", or "difference" of a factor of two levels.
    notes : tuple of str, default ()
        Lines below the sentences, such as the method of the degrees of freedom.
    kind : str, default "pandas"
        The library of `to_frame`.

    Examples
    --------
    >>> rows = sleep.assign(late=sleep["Days"] // 5)
    >>> slopes = mm.lm("Reaction ~ Days * late", rows).johnson_neyman("Days", "late", points=3)
    >>> len(slopes.table)
    3
    """

    variable: str
    moderator: str
    regions: SlopeRegions
    observed: tuple[float, float]
    level: float
    slope_of: str = "slope"
    notes: tuple[str, ...] = ()
    kind: Any = "pandas"

    @property
    def bounds(self) -> tuple[float, ...]:
        """Values of the moderator at which significance begins or ends, ascending."""
        return self.regions.bounds

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """Intervals where the slope differs from zero, as pairs of ends."""
        return self.regions.intervals

    @cached_property
    def table(self) -> LongTable:
        """Slopes at values of the moderator."""
        r = self.regions
        columns = {
            self.moderator: r.moderator,
            "slope": r.slope,
            "std_error": r.std_error,
            "df": r.df,
            "conf_low": r.conf_low,
            "conf_high": r.conf_high,
            "significant": r.significant.tolist(),
        }
        return LongTable(columns=columns, kind=self.kind)

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def text(self) -> str:
        """The printed text."""
        what = f"the {self.slope_of} of {self.variable}"
        p = f"p < {1 - self.level:.15g}" if self.level < 1 else "p = 0"
        low, high = self.observed
        if not self.intervals:
            sentence = f"There is no value of {self.moderator} at which {what} has {p}."
        elif self.intervals == ((-math.inf, math.inf),):
            sentence = f"At every value of {self.moderator} {what} has {p}."
        else:
            pieces = " or ".join(_piece(self.moderator, piece) for piece in self.intervals)
            sentence = f"{what[0].upper()}{what[1:]} has {p} where {pieces}."
        seen = f"The values of {self.moderator} in the data run from {low:.5g} to {high:.5g}"
        seen += "." if self.regions.closed else "; bounds were looked for among these."
        return "\n".join(["Johnson-Neyman interval", "", sentence, seen, *self.notes])

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return paragraph(self.text())


def _piece(name: str, ends: tuple[float, float]) -> str:
    low, high = ends
    if math.isinf(low):
        return f"{name} < {high:.5g}"
    return f"{name} > {low:.5g}" if math.isinf(high) else f"{low:.5g} < {name} < {high:.5g}"
