"""Values of a pandas object brought into the order of a table's rows by their labels."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from mixedmodels.errors import DataError

NO_LABELS = "give values with the table's index, or an array (such as values.to_numpy()) to go by position"


def aligned(values: Any, index: Any, what: str) -> Any:
    """Values in the order of the table's rows, by label where both have labels.

    Parameters
    ----------
    values : array_like
        Values; only a pandas Series or DataFrame has labels. Anything else is returned as it is.
    index : pandas.Index or None
        Labels of the rows; None of a table without labels.
    what : str
        Name of the argument, for messages.

    Returns
    -------
    array_like
        The values, one for each label of `index`.

    Raises
    ------
    DataError
        If a row of the table has no value, or labels that differ in order are not unique.

    Examples
    --------
    >>> from mixedmodels.frame.align import aligned
    >>> aligned(pd.Series([1, 2], index=["b", "a"]), pd.Index(["a", "b"]), "weights").tolist()
    [2, 1]
    """
    pandas = sys.modules.get("pandas")
    if index is None or pandas is None or not isinstance(values, (pandas.Series, pandas.DataFrame)):
        return values
    own = values.index
    if own is index or own.equals(index):
        return values
    for labels, whose in ((own, what), (index, "the table")):
        if not labels.is_unique:
            twice = labels[labels.duplicated()][0]
            raise DataError(
                f"{what} has other row labels than the table, and {whose} has the label {_shown(twice)} more than "
                f"once, so that they cannot be matched; {NO_LABELS}."
            )
    places = own.get_indexer(index)
    absent = index[places < 0]
    if len(absent):
        more = f" and {len(absent) - 1} more rows" if len(absent) > 1 else ""
        raise DataError(
            f"{what} has no value for the row labelled {_shown(absent[0])}{more} of the table; {NO_LABELS}."
        )
    return in_native_order(values).iloc[places]


def _shown(label: Any) -> str:
    return repr(label) if isinstance(label, str) else str(label)


def in_native_order(data: Any) -> Any:
    """A pandas table or Series with numbers in this machine's order of bytes: pandas takes no rows of others."""
    if not hasattr(data, "columns"):
        return data.astype(data.dtype.newbyteorder("=")) if _is_foreign(data.dtype) else data
    foreign = {name: dtype.newbyteorder("=") for name, dtype in data.dtypes.items() if _is_foreign(dtype)}
    return data.astype(foreign) if foreign else data


def _is_foreign(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and not dtype.isnative
