"""Every combination of values, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError


def crossing(*, kind: Any = "pandas", **values: Any) -> Any:
    """A table with a row for every combination of values, as R's ``tidyr::crossing``; the last name varies fastest.

    Parameters
    ----------
    kind : str, default "pandas"
        Library of the table, "pandas", "polars" or "pyarrow".
    **values : Any
        Values of each column, each kept once: a list, range, array or Series (numbers and texts are sorted, categories
        and ranges keep their order), one value, or a mapping or table of columns that go together.

    Raises
    ------
    DataError
        If a name has no values.

    Examples
    --------
    >>> import mixedmodels as mm
    >>> mm.crossing(Subject=["a", "b"], days=range(3)).shape
    (6, 2)
    """
    import pandas as pd

    if not values:
        raise DataError("crossing() needs at least one name with values, as crossing(Subject=range(3), day=range(8)).")
    parts = [_part(name, levels) for name, levels in values.items()]
    counts = [len(p) for p in parts]
    places = np.indices(counts).reshape(len(parts), -1)
    taken = [p.iloc[at].reset_index(drop=True) for p, at in zip(parts, places, strict=True)]
    table = pd.concat(taken, axis=1)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(f"crossing() would have two columns {twice[0]!r}; rename one.")
    return table if kind == "pandas" else frame.to_kind({str(k): _plain(v) for k, v in table.items()}, kind)


def _part(name: str, levels: Any) -> Any:
    """Distinct values as a table of one column, or the distinct rows of a table."""
    import pandas as pd

    if hasattr(levels, "columns") or isinstance(levels, Mapping):
        rows = pd.DataFrame(frame.as_pandas(levels)).drop_duplicates().reset_index(drop=True)
        if not len(rows):
            raise DataError(f"{name!r} has no rows.")
        return rows
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        levels = [levels]
    series = (
        levels if isinstance(levels, pd.Series) else pd.Series(levels if hasattr(levels, "dtype") else list(levels))
    )
    series = series.dropna().drop_duplicates()
    if not len(series):
        raise DataError(f"{name!r} has no values.")
    ordered = not isinstance(levels, range)
    series = series.sort_values() if ordered else series
    return pd.DataFrame({name: series.reset_index(drop=True)})


def _plain(column: Any) -> Any:
    """Values as any library takes them, categories as texts."""
    return column.astype(str).to_list() if str(column.dtype) == "category" else column.to_numpy()
