"""Arrow columns; pyarrow is imported by the caller's own table, never by us first."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.frame.columns import Column, Factor, Levels, Logical, Numeric
from mixedmodels.frame.factors import sort_levels
from mixedmodels.frame.from_numpy import array_column, date_column, durations, unusable


def arrow_column(name: str, column: Any) -> Column:
    """A pyarrow Array or ChunkedArray as a column; float64 in one chunk without missing values is not copied."""
    import pyarrow as pa
    from pyarrow import types

    arrow_type = column.type
    if isinstance(arrow_type, pa.BaseExtensionType):
        array = _one_piece(column)
        return arrow_column(name, array.storage)
    if types.is_dictionary(arrow_type):
        return _dictionary(name, column)
    is_runs = getattr(types, "is_run_end_encoded", None)
    if is_runs is not None and is_runs(arrow_type):
        import pyarrow.compute

        return arrow_column(name, pyarrow.compute.run_end_decode(_one_piece(column)))
    if _is_text(arrow_type):
        return _text(column)
    if types.is_boolean(arrow_type):
        return Logical(_floats(column.cast(pa.uint8())))
    if types.is_integer(arrow_type):
        return Numeric(_floats(column), _numpy(column.fill_null(0) if column.null_count else column))
    if types.is_floating(arrow_type) or types.is_decimal(arrow_type) or types.is_null(arrow_type):
        return Numeric(_floats(column))
    if types.is_date(arrow_type):
        return date_column(_numpy(column.cast(pa.date32())).astype("M8[D]"))
    if types.is_timestamp(arrow_type):
        return date_column(_numpy(column))
    if types.is_duration(arrow_type) or types.is_time(arrow_type):
        raise durations(name, f"times of Arrow type {arrow_type}")
    raise unusable(name, f"values of Arrow type {arrow_type}")


def _is_text(arrow_type: Any) -> bool:
    from pyarrow import types

    is_view = getattr(types, "is_string_view", None)
    return bool(
        types.is_string(arrow_type)
        or types.is_large_string(arrow_type)
        or (is_view is not None and is_view(arrow_type))
    )


def _one_piece(column: Any) -> Any:
    if not hasattr(column, "chunks"):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return whole if not hasattr(whole, "chunks") else whole.chunk(0)


def _numpy(column: Any) -> Any:
    return _one_piece(column).to_numpy(zero_copy_only=False)


def _floats(column: Any) -> Any:
    import pyarrow as pa

    if column.type != pa.float64():
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(_numpy(column), dtype=np.float64)


def _codes(indices: Any) -> Any:
    """Positions in the dictionary as signed integers, -1 where missing."""
    import pyarrow as pa

    if indices.null_count or not pa.types.is_signed_integer(indices.type):
        indices = indices.cast(pa.int32()).fill_null(-1)
    return indices.to_numpy(zero_copy_only=False)


def _dictionary(name: str, column: Any) -> Factor:
    """A dictionary-encoded column: its dictionary holds the levels in order, used or not."""
    if hasattr(column, "unify_dictionaries"):
        column = column.unify_dictionaries()
    array = _one_piece(column)
    words = array.dictionary
    if words.null_count:
        return _dictionary(name, array.cast(array.type.value_type).dictionary_encode())
    if _is_text(words.type):
        values = np.array(words.to_pylist(), dtype=object)
    else:
        array_column(name, words.to_numpy(zero_copy_only=False))  # refuses what cannot be a level
        values = words.to_numpy(zero_copy_only=False)
    return Factor(_codes(array.indices), Levels(values), bool(array.type.ordered))


def _text(column: Any) -> Factor:
    import pyarrow as pa

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = column.cast(pa.large_string())
    array = _one_piece(column).dictionary_encode()
    return sort_levels(_codes(array.indices), array.dictionary.to_pylist())
