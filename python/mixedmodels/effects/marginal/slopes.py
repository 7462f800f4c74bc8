"""Requests for slopes: comparisons by an infinitesimal step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixedmodels.effects.marginal.comparison_functions import SLOPES
from mixedmodels.effects.marginal.request import Request
from mixedmodels.errors import DataError


def slope_request(**arguments: Any) -> Request:
    """The request of slopes.

    Raises
    ------
    DataError
        If what is asked for is no slope, or variables come with values.
    """
    slope, variables = arguments["comparison"], arguments["variables"]
    if not isinstance(slope, str) or slope.removesuffix("avg") not in SLOPES:
        raise DataError(f"slope is {slope!r}; it is one of {', '.join(map(repr, SLOPES))}.")
    if isinstance(variables, Mapping):
        raise DataError("slopes are at the values of the rows; name the variables, or take comparisons for changes.")
    unknown = next((name for name in arguments if name not in Request.__dataclass_fields__ or name == "cross"), None)
    if unknown is not None:
        raise TypeError(f"slopes() has no argument {unknown!r}.")
    return Request(**arguments)
