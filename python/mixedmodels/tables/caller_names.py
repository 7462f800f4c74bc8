"""Names of the caller's variables that hold objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

MAX_ARGUMENTS = 2000  # a scope of more names is not searched for the arguments of a call
MAX_NAMES = 5000  # nor one of more names than this for a model
LONGEST = 200


def caller_names(models: Sequence[Any], depth: int = 2) -> tuple[str, ...]:
    """The name of each model in the frame `depth` calls up; a model without one is MODEL1, MODEL2, ...

    A variable of the function comes before one of its module.

    Examples
    --------
    >>> from mixedmodels.tables.caller_names import caller_names
    >>> model = lin
    >>> caller_names([model], depth=1)
    ('lin',)
    """
    names = names_held(models, depth + 1)
    if None in names or len(set(names)) < len(names) or max(len(name or "") for name in names) > LONGEST:
        return tuple(f"MODEL{i + 1}" for i in range(len(names)))
    return tuple(name for name in names if name is not None)


def names_held(models: Sequence[Any], depth: int = 2) -> list[str | None]:
    """The name of each model in the frame `depth` calls up; None for a model without one there."""
    frame = sys._getframe(depth)
    return [_model_name(frame.f_locals, m) or _model_name(frame.f_globals, m) for m in models]


def call_names(data: Any, weights: Any, offset: Any, subset: Any, depth: int = 2) -> dict[str, Any]:
    """Names of the arguments of `lmer` or `lm` in the caller's code, which the print shows as R does.

    A text is shown as it is; an object by the name of a variable that holds it, if there is one. The caller stands
    `depth` frames up. The keys are those of `Request`.
    """
    scope = sys._getframe(depth).f_locals

    def name(value: Any) -> str | None:
        return value if value is None or isinstance(value, str) else _argument_name(scope, value) or "(array)"

    return {
        "data_name": _argument_name(scope, data) or _own_name(data),
        "weights_name": name(weights),
        "offset_name": name(offset),
        "subset_name": name(subset),
    }


def _model_name(scope: Mapping[str, Any], value: Any) -> str | None:
    names = _names(scope, value, MAX_NAMES)
    return next((name for name in names if name.isidentifier() and name != "self"), None)


def _argument_name(scope: Mapping[str, Any], value: Any) -> str | None:
    return next(iter(_names(scope, value, MAX_ARGUMENTS)), None)


def _names(scope: Mapping[str, Any], value: Any, limit: int) -> list[str]:
    """The names that a scope has for an object, apart from those that begin with an underscore."""
    if len(scope) > limit:
        return []
    return [name for name, other in scope.items() if other is value and name[:1] != "_"]


def _own_name(data: Any) -> str | None:
    attrs = getattr(data, "attrs", None)
    name = attrs.get("name") if isinstance(attrs, dict) else None
    return name if isinstance(name, str) else None
