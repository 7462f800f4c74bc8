"""Names as users write them: with or without the back quotes of a formula, and numbers that are names of columns.

A formula writes ``tr t`` in back quotes, and so do the terms and coefficients that come from it. The table has
it without. Every verb that takes a name finds with `meant` the one that is meant, so that both are right everywhere.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")

QUOTED = re.compile(r"`((?:[^`\\]|\\.)+)`", re.DOTALL)  # as R reads it: \` is a back quote


def quoted(name: str) -> str:
    """A name in back quotes, from which `unquoted` makes the name again."""
    return "`" + re.sub(r"\\(?=[\\`]|$)|`", lambda match: f"\\{match[0]}", name) + "`"


def unquoted(text: str) -> str:
    """The text without the back quotes of its names.

    Examples
    --------
    >>> from mixedmodels._names import unquoted
    >>> unquoted("`tr t`b:x")
    'tr tb:x'
    """
    return QUOTED.sub(lambda match: re.sub(r"\\([\\`])", r"\1", match[1]), text)


def text_of(name: Any) -> Any:
    """A number that names a column as text, as a table is read; anything else as it is."""
    if isinstance(name, (bool, str)):
        return name
    try:
        return str(operator.index(name))
    except TypeError:  # no whole number
        return name


def meant(name: Any, names: Iterable[Any]) -> Any:
    """The name among `names` that a user means; what they wrote, if it is none or could be two.

    Parameters
    ----------
    name : Any
        What the user wrote: a name with or without back quotes, or a whole number.
    names : iterable of str
        Names of columns, terms, coefficients or groups.

    Examples
    --------
    >>> from mixedmodels._names import meant
    >>> meant("tr t", ["x", "`tr t`"]), meant("`tr t`", ["x", "tr t"]), meant("z", ["x"])
    ('`tr t`', 'tr t', 'z')
    """
    names = tuple(dict.fromkeys(names))
    if isinstance(name, str) and name in names:
        return name
    text = text_of(name)
    if not isinstance(text, str):
        return name
    if text in names:
        return text
    bare = unquoted(text)
    texts = [other for other in names if isinstance(other, str)]
    # The name itself may hold back quotes, so that quotes around the whole count first.
    for alike in (
        [other for other in texts if unquoted(other) == text],
        [other for other in texts if other == bare],
        [other for other in texts if unquoted(other) == bare],
    ):
        if alike:
            return alike[0] if len(alike) == 1 else text
    return text


def listed(names: Any) -> tuple[Any, ...]:
    """One name, several, or None for none, as a tuple."""
    if names is None:
        return ()
    if isinstance(names, str) or not isinstance(names, Iterable):
        return (text_of(names),)
    return tuple(map(text_of, names))


def by_meant(values: Mapping[Any, Value], names: Iterable[Any]) -> dict[Any, Value]:
    """A mapping whose keys are the names that are meant."""
    names = tuple(names)
    return {meant(key, names): value for key, value in values.items()}


class ByName(dict[str, Value]):
    """A mapping by name, which finds a name with or without back quotes.

    Examples
    --------
    >>> from mixedmodels._names import ByName
    >>> ByName({"`sub ject`": 18})["sub ject"]
    18
    """

    def __missing__(self, name: Any) -> Value:
        key = meant(name, self)
        if key not in self or key is name:
            raise KeyError(name)
        return self[key]
