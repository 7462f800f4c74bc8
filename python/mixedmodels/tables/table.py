"""The protocol of tables of results: a read-only mapping of columns that every library of tables takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.exported import Exported

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_keys, dict_values


class Table(Exported, dict[str, Any]):
    """A table of results as a mapping of columns, in the order of print, labels first.

    ``table["p_value"]`` is a column, and so is R's name for it, ``table["Pr(>F)"]``. The length is the number of rows,
    as for a data frame. pandas and polars make a data frame of any `dict`, and take no other mapping; so this is one,
    and it is read only.
    """

    @cached_property
    def _filled(self) -> dict[str, Any]:
        return {name: as_column(values) for name, values in self._columns_of_table().items()}

    def _aliases(self) -> Mapping[str, str]:
        """Other names of columns, as R has them."""
        return {}

    def _row_labels(self) -> list[str]:
        """What `row` finds rows by: the first column."""
        return [str(label) for label in next(iter(self._filled.values()))]

    def row(self, label: str) -> dict[str, Any]:
        """One row by its label: the other columns by name.

        Parameters
        ----------
        label : str
            Label in the first column.

        Examples
        --------
        >>> round(float(fit.anova().row("Days")["f_value"]), 2)
        45.85
        """
        labels = self._row_labels()
        if label not in labels:
            raise UnknownColumnError(f"no row {label!r}; there are {', '.join(labels)}")
        i = labels.index(label)
        names = [*self._filled]
        return {name: self._filled[name][i] for name in names[1:]}

    # -- a mapping ----------------------------------------------------------------------------------------------

    def __getitem__(self, column: str) -> Any:
        cells = self._filled
        if column in cells:
            return cells[column]
        alias = self._aliases().get(column)
        if alias is None:
            raise UnknownColumnError(f"no column {column!r}; there are {', '.join(cells)}")
        return cells[alias]

    def get(self, column: str, default: Any = None) -> Any:
        """A column, or `default` where there is none."""
        try:
            return self[column]
        except UnknownColumnError:
            return default

    def __contains__(self, column: object) -> bool:
        return column in self._filled or column in self._aliases()

    def __iter__(self) -> Iterator[str]:
        return iter(self._filled)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._filled)

    def __len__(self) -> int:
        return len(next(iter(self._filled.values()), ()))

    def keys(self) -> dict_keys[str, Any]:
        """Names of the columns."""
        return self._filled.keys()

    def values(self) -> dict_values[str, Any]:
        """The columns."""
        return self._filled.values()

    def items(self) -> dict_items[str, Any]:
        """Names and columns."""
        return self._filled.items()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def copy(self) -> dict[str, Any]:
        """The columns as an ordinary dictionary, which can be changed."""
        return dict(self._filled)

    def __or__(self, other: Any, /) -> Any:
        return self._filled | dict(other)

    def __ror__(self, other: Any, /) -> Any:
        return dict(other) | self._filled

    # -- read only ----------------------------------------------------------------------------------------------

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse a change: results are read only."""
        raise TypeError("a table of results is read only; change a copy of it: to_pandas(), to_polars() or copy().")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        # As any object: pickle would fill a dictionary item by item.
        return _restored, (type(self), {k: v for k, v in self.__dict__.items() if k != "_filled"})


def as_column(values: Any) -> Any:
    """An array of numbers as it is, anything else as an array of objects: what each library takes for a column."""
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if isinstance(values, np.ndarray) or array.dtype.kind in "biuf":
        return array
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def _restored(cls: type[Table], state: dict[str, Any]) -> Table:
    table = cls.__new__(cls)
    table.__dict__.update(state)
    return table
