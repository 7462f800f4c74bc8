"""Numbers that another machine or a file format wrote in the other order of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np


def in_native_order(data: Any) -> Any:
    """A pandas table or Series with numbers in this machine's order of bytes: pandas takes no rows of others."""
    if not hasattr(data, "columns"):
        return data.astype(data.dtype.newbyteorder("=")) if _is_foreign(data.dtype) else data
    foreign = {name: dtype.newbyteorder("=") for name, dtype in data.dtypes.items() if _is_foreign(dtype)}
    return data.astype(foreign) if foreign else data


def _is_foreign(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and not dtype.isnative
