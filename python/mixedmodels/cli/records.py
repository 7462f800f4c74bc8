"""Tables as JSON has them: a list of records, numbers in full, null for what is missing."""

from __future__ import annotations

import math
from typing import Any


def records(table: Any) -> list[dict[str, Any]]:
    """The rows of a pandas table."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """The value as JSON has it: numpy's numbers as Python's, null for what is no number, dates as text."""
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()  # a date that is missing differs from itself
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if value == value else None
