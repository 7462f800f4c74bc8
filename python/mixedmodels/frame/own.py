"""A table as it is now: what the caller changes later does not reach a model that was fitted to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from mixedmodels.frame.relations import fetched


def owned(data: Any) -> Any:
    """A table that later changes of the caller's do not reach, but for what `handle_of_its_own` does.

    Rows of a lazy table are fetched. Tables of polars and Arrow cannot be changed, and stay. pandas copies on write
    from version 3 on, so that a second handle costs microseconds; before, and of arrays, the numbers are copied.

    Parameters
    ----------
    data : table
        What `read` takes.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return data if _copies_on_write(pandas) else data.copy()
    if isinstance(data, Mapping):
        return {str(name): owned_values(values) for name, values in data.items()}
    if isinstance(data, np.ndarray):
        return data.copy()
    return fetched(data)


def handle_of_its_own(data: Any) -> Any:
    """A second handle of a pandas table that copies on write, whose columns are called by texts; others as they are.

    It is made after the table was read: the caller's handle has found its columns before, and a new one has not.
    """
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(data, pandas.DataFrame):
        return data
    columns = data.columns
    texts = type(columns.dtype).__name__ == "StringDtype"  # of which all names are, without a look at each
    if not texts and not all(type(name) is str for name in columns):  # a formula writes the name 1 as text
        return data.set_axis([str(name) for name in data.columns], axis=1)
    return _second_handle(data) if _copies_on_write(pandas) else data


def _second_handle(data: Any) -> Any:
    """The rows of a pandas table by another handle.

    `copy(deep=False)` spends more than half its time on a deep copy of `attrs`. The way around it is not public, so
    the public one stands in where it is missing.
    """
    manager, made = getattr(data, "_mgr", None), getattr(data, "_constructor_from_mgr", None)
    if manager is None or made is None or not hasattr(manager, "apply"):
        return data.copy(deep=False)
    shared = manager.apply("copy", deep=False)
    handle = made(shared, shared.axes)
    if data.attrs:
        handle.attrs = data.attrs
    return handle


def owned_values(values: Any) -> Any:
    """A column, or one value for each row, that later changes of the caller's do not reach."""
    if isinstance(values, (np.ndarray, list)):
        return values.copy()
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, (pandas.Series, pandas.DataFrame)):
        return values.copy(deep=not _copies_on_write(pandas))
    return values


@cache
def _copies_on_write(pandas: Any) -> bool:
    return int(pandas.__version__.partition(".")[0]) >= 3
