"""Conditional modes of the random effects: one table per grouping factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.tables import html, r_numbers, r_print

if TYPE_CHECKING:
    import pandas

    from mixedmodels._typing import Matrix

HTML_ROWS = 60


class RanEf(Mapping[str, "pandas.DataFrame"]):
    """Group -> table of conditional modes, a row per level and a column per effect.

    Attributes
    ----------
    names : tuple of str
        Names of the grouping factors.
    levels : mapping of str to tuple of str
        Labels of the levels of each factor.
    effects : mapping of str to tuple of str
        Names of each factor's effects, those of all its terms side by side.
    modes : mapping of str to ndarray
        Conditional modes of each factor, shape (levels, K).
    cond_var : mapping of str to ndarray or None
        Conditional covariance matrix of each level's K effects given theta, per factor, shape (levels, K, K); None if
        not asked for.

    Examples
    --------
    >>> list(fit.ranef())
    ['Subject']
    """

    def __init__(
        self,
        names: Sequence[str],
        levels: Sequence[Sequence[str]],
        effects: Sequence[Sequence[str]],
        modes: Sequence[Matrix],
        cond_var: Mapping[str, Matrix] | None = None,
    ) -> None:
        self.names = tuple(names)
        self.levels = tuple(levels)
        self.effects = tuple(tuple(e) for e in effects)
        self.modes = tuple(modes)
        self.cond_var = cond_var

    def __getitem__(self, group: str) -> pandas.DataFrame:
        import pandas as pd

        if group not in self.names:
            raise KeyError(f"no grouping factor {group!r}; there are {', '.join(self.names)}")
        i = self.names.index(group)
        return pd.DataFrame(self.modes[i], index=pd.Index(list(self.levels[i])), columns=list(self.effects[i]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def columns(self) -> dict[str, Any]:
        """The long table by columns: group, term, level, estimate and, with conditional variances, std_error."""
        out: dict[str, list[Any]] = {"group": [], "term": [], "level": [], "estimate": []}
        errors: list[float] = []
        for name, levels, effects, modes in zip(self.names, self.levels, self.effects, self.modes, strict=True):
            for j, effect in enumerate(effects):
                out["group"] += [name] * len(levels)
                out["term"] += [effect] * len(levels)
                out["level"] += list(levels)
                out["estimate"] += modes[:, j].tolist()
                if self.cond_var is not None:
                    errors += np.sqrt(self.cond_var[name][:, j, j]).tolist()
        return out if self.cond_var is None else {**out, "std_error": errors}

    def table(self) -> pandas.DataFrame:
        """The long table: group, term, level, estimate[, std_error]."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def _cells(self, i: int) -> list[list[str]]:
        columns = [r_numbers.format_numbers(self.modes[i][:, j]) for j in range(self.modes[i].shape[1])]
        return [list(row) for row in zip(*columns, strict=True)]

    def __repr__(self) -> str:
        blocks = [
            f"${name}\n{r_print.matrix(self.levels[i], self.effects[i], self._cells(i))}\n"
            for i, name in enumerate(self.names)
        ]
        if self.cond_var is not None:
            quoted = " ".join(f'"{name}"' for name in self.names)
            blocks.append(f"with conditional variances for {quoted} ")
        return "\n".join(blocks)

    def _repr_html_(self) -> str:
        parts = []
        for i, name in enumerate(self.names):
            rows = [[level, *row] for level, row in zip(self.levels[i], self._cells(i), strict=True)]
            left = len(rows) - HTML_ROWS
            caption = name if left <= 0 else f"{name} (first {HTML_ROWS} of {len(rows)} levels)"
            parts.append(html.table(caption, ["", *self.effects[i]], rows[:HTML_ROWS]))
        return "".join(parts)
