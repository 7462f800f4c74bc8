"""The table that a method returned, as plain columns."""

from __future__ import annotations

from typing import Any


def columns_of(table: Any) -> dict[str, list[Any]]:
    """Name -> values of a table of any library. A missing text is None."""
    if isinstance(table, dict):
        return {str(k): list(v) for k, v in table.items()}
    import narwhals

    columns = narwhals.from_native(table, eager_only=True).to_dict(as_series=False)
    return {str(k): [None if v is None else v for v in values] for k, values in columns.items()}
