"""Columns into factors, as R's ``factor()`` does it: distinct values, sorted, missing ones left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.frame.collate import text_order
from mixedmodels.frame.columns import Column, Factor, Levels, Logical, number_key

Codes = NDArray[np.int32]

_FALSE_TRUE = np.array([False, True])


def as_factor(column: Column) -> Factor:
    """The column as a factor.

    Numbers become their sorted distinct values, truth values ``FALSE``, ``TRUE``; a factor stays as it is.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.as_factor(frame.read({"g": ["b", "a", "b"]}).column("g")).levels.labels
    ('a', 'b')
    """
    if isinstance(column, Factor):
        return column
    if isinstance(column, Logical):
        missing = np.isnan(column.values)
        codes = np.where(missing, -1.0, column.values).astype(np.int32)
        return Factor(codes, Levels(_FALSE_TRUE))
    origin: NDArray[Any] = column.values if column.origin is None else column.origin
    codes, values = distinct(origin, np.isnan(column.values))
    return Factor(codes, Levels(values))


def distinct(values: NDArray[Any], missing: NDArray[np.bool_]) -> tuple[Codes, NDArray[Any]]:
    """Codes and sorted distinct values of an array of numbers or dates; missing ones get code -1."""
    if not missing.any():
        return distinct_present(values)
    codes: Codes = np.full(len(values), -1, dtype=np.int32)
    present = np.flatnonzero(~missing)
    codes[present], levels = distinct_present(values[present])
    return codes, levels


def distinct_present(values: NDArray[Any]) -> tuple[Codes, NDArray[Any]]:
    """Distinct values, as of `distinct`, where none is missing."""
    if values.size and values.dtype.kind in "iuf":
        low, high = values.min().item(), values.max().item()
        # A table over the whole range beats sorting, as long as it is not much longer than the column.
        if high - low <= 4 * len(values) + 1024 and abs(low) < 2**62:
            whole = values.astype(np.int64, copy=False)
            if values.dtype.kind != "f" or np.array_equal(whole, values):
                codes, offsets = _by_table(whole - int(low) if low else whole)
                return codes, (offsets + int(low)).astype(values.dtype)
    levels, inverse = np.unique(values, return_inverse=True)
    if values.dtype.kind == "f":
        return _merged(inverse, levels)
    return inverse.astype(np.int32), levels


def _merged(codes: NDArray[np.intp], levels: NDArray[Any]) -> tuple[Codes, NDArray[Any]]:
    """Levels that are one number to fifteen digits made one, as R's ``factor()`` makes them: 0.3 and 0.1 * 3."""
    close = np.diff(levels) <= 1e-14 * np.abs(levels[1:])
    if not close.any():
        return codes.astype(np.int32), levels
    keys = list(map(number_key, levels.tolist()))
    rank = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    table = np.array([rank[key] for key in keys], dtype=np.int32)
    return table[codes], levels[np.unique(table, return_index=True)[1]]


def _by_table(offsets: NDArray[np.int64]) -> tuple[Codes, NDArray[np.intp]]:
    present = np.zeros(int(offsets.max()) + 1, dtype=np.bool_)
    present[offsets] = True
    position = np.cumsum(present, dtype=np.int32)
    position -= 1
    return position[offsets], np.flatnonzero(present)


def sort_levels(codes: NDArray[Any], texts: Sequence[str]) -> Factor:
    """The factor of codes into `texts`, distinct but in any order; its levels come out in text order."""
    order = text_order(texts)
    values = np.array(texts, dtype=object)
    if order != list(range(len(texts))):
        rank = np.empty(len(texts) + 1, dtype=np.int32)
        rank[order] = np.arange(len(texts), dtype=np.int32)
        rank[-1] = -1  # code -1 finds itself
        codes, values = rank[codes], values[order]
    return Factor(np.asarray(codes, dtype=np.int32), Levels(values))


def text_factor(values: Sequence[str | None]) -> Factor:
    """The factor of Python strings, None where missing."""
    seen: dict[str, int] = {}
    codes = np.fromiter(
        (-1 if v is None else seen.setdefault(v, len(seen)) for v in values), dtype=np.int32, count=len(values)
    )
    return sort_levels(codes, list(seen))
