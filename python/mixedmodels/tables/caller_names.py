"""Names of models, as the caller's variables have them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

MOST_NAMES = 5000  # a larger scope is not searched
LONGEST = 200


def caller_names(models: Sequence[Any], depth: int = 2) -> tuple[str, ...]:
    """The name of each model in the frame `depth` calls up; MODEL1, MODEL2, ... where one has none.

    A variable of the function comes before one of its module.
    """
    found = names_held(models, depth + 1)
    if None in found or len(set(found)) < len(found) or max(len(name or "") for name in found) > LONGEST:
        return tuple(f"MODEL{i + 1}" for i in range(len(found)))
    return tuple(name for name in found if name is not None)


def names_held(models: Sequence[Any], depth: int = 2) -> list[str | None]:
    """The name of each model in the frame `depth` calls up, None where it has none there."""
    frame = sys._getframe(depth)
    return [_name_in(frame.f_locals, m) or _name_in(frame.f_globals, m) for m in models]


def _name_in(scope: dict[str, Any], value: Any) -> str | None:
    if len(scope) > MOST_NAMES:
        return None
    held_by = (name for name, held in scope.items() if held is value)
    return next((name for name in held_by if name.isidentifier() and name[0] != "_" and name != "self"), None)
