"""Conditional modes of the random effects: one table per grouping factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._names import meant
from mixedmodels.tables import r_numbers, r_print
from mixedmodels.tables.exported import ByName

if TYPE_CHECKING:
    import pandas

    from mixedmodels._typing import Matrix
    from mixedmodels.frame import Kind
    from mixedmodels.tables.sheet import Block, Sheet

HTML_ROWS = 60


class RanEf(ByName, Mapping[str, Any]):
    """Group -> table of conditional modes, a row per level and a column per effect.

    The table is of the library of the model's data. pandas has the levels as its index; in polars, Arrow and DuckDB the
    first column `level` has them.

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
        kind: Kind = "pandas",
    ) -> None:
        self.names = tuple(names)
        self.levels = tuple(levels)
        self.effects = tuple(tuple(e) for e in effects)
        self.modes = tuple(modes)
        self.cond_var = cond_var
        self.kind: Kind = kind

    def __getitem__(self, group: str) -> Any:
        group = meant(group, self.names)
        if group not in self.names:
            raise KeyError(f"no grouping factor {group!r}; there are {', '.join(self.names)}")
        i = self.names.index(group)
        levels, effects = list(self.levels[i]), self.effects[i]
        if self.kind in ("pandas", "dict"):
            return frame.labelled(self.modes[i], levels, effects)
        first = "level"
        while first in effects:
            first += "_"
        columns = np.ascontiguousarray(self.modes[i].T)
        return frame.to_kind({first: levels, **dict(zip(effects, columns, strict=True))}, self.kind)

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

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {k: np.array(v) if k in ("estimate", "std_error") else v for k, v in self.columns().items()}

    def _blocks(self, rows: int | None = None) -> list[Block]:
        """A block for each factor, as printed; of its first `rows` levels."""
        from mixedmodels.tables.sheet import Block

        out = []
        for i, name in enumerate(self.names):
            cells = [[level, *row] for level, row in zip(self.levels[i], self._cells(i), strict=True)]
            short = rows is not None and len(cells) > rows
            title = f"{name} (first {rows} of {len(cells)} levels)" if short else name
            out.append(Block(headers=["", *self.effects[i]], rows=cells[:rows], title=title))
        return out

    def _sheet(self) -> Sheet:
        from mixedmodels.tables.sheet import Sheet

        return Sheet(blocks=self._blocks())

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
        from mixedmodels.tables.sheet import Sheet

        return Sheet(blocks=self._blocks(HTML_ROWS)).html()
