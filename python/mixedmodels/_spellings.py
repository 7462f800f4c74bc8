"""One name for one argument, and the other names that people bring with them.

A verb has the name that the whole package has for an argument. Its signature and its documentation show that one alone.
`spelled` lets it answer to the names of other packages too, such as broom's ``conf.level``. `word` reads a value that
is one of several words, whatever its case: ``method="Wald"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from types import FunctionType, MappingProxyType
from typing import Any, TypeVar, cast

from mixedmodels.errors import DataError

Verb = TypeVar("Verb", bound=Callable[..., Any])
Word = TypeVar("Word", bound=str)

NO_OTHERS: Mapping[str, Any] = MappingProxyType({})
LEVEL = ("conf_level", "conf.level")  # of broom and multcomp
SIDES = MappingProxyType(  # of scipy and statsmodels
    {"two-sided": "two.sided", "two_sided": "two.sided", "larger": "greater", "smaller": "less"}
)
BOOTSTRAP = MappingProxyType({"bootstrap": "boot"})  # "boot" as R's confint calls it


def spelled(**others: str | tuple[str, ...]) -> Callable[[Verb], Verb]:
    """A verb that answers to further names of its arguments.

    Parameters
    ----------
    **others : str or tuple of str
        Name of an argument -> its names elsewhere.

    Examples
    --------
    >>> from mixedmodels._spellings import spelled
    >>> @spelled(nsim="n")
    ... def draws(nsim=100):
    ...     return nsim
    >>> draws(n=5)
    5
    """
    names = {other: name for name, spellings in others.items() for other in _listed(spellings)}

    def decorate(verb: Verb) -> Verb:
        code = cast(FunctionType, verb).__code__
        positions = code.co_varnames[: code.co_argcount]

        @wraps(verb)
        def answering(*args: Any, **arguments: Any) -> Any:
            for other in names.keys() & arguments.keys():
                name = names[other]
                if name in arguments or name in positions[: len(args)]:
                    raise DataError(
                        f"{verb.__name__}() got {name}= and {other}=, which are the same; give {name}= alone."
                    )
                arguments[name] = arguments.pop(other)
            return verb(*args, **arguments)

        setattr(answering, "_spellings", names)  # noqa: B010  (the tests read it)
        return cast(Verb, answering)

    return decorate


def word(name: str, value: Any, words: Sequence[Word], others: Mapping[str, Word] = NO_OTHERS) -> Word:
    """The word among `words` that a value spells, whatever its case.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : Any
        What the user wrote.
    words : sequence of str
        Words that the argument takes.
    others : mapping of str, optional
        Words of other packages in lower case -> the one meant.

    Raises
    ------
    DataError
        If it is none of these; it offers the nearest.

    Examples
    --------
    >>> from mixedmodels._spellings import word
    >>> word("method", "Wald", ("profile", "wald"))
    'wald'
    """
    meant = _among(value, words, others)
    if meant is None:
        raise DataError(_refusal(name, value, [repr(w) for w in words], words))
    return meant


def word_or_none(name: str, value: Any, words: Sequence[Word], others: Mapping[str, Word] = NO_OTHERS) -> Word | None:
    """As `word`, of an argument that may be None; R's "none" is None too."""
    if value is None or (isinstance(value, str) and value.lower() == "none"):
        return None
    meant = _among(value, words, others)
    if meant is None:
        raise DataError(_refusal(name, value, ["None", *(repr(w) for w in words)], words))
    return meant


def recased(value: Any, words: Iterable[str], others: Mapping[str, str] = NO_OTHERS) -> Any:
    """The word that a value spells, whatever its case; another value as it is, for the verb to refuse in its words.

    Examples
    --------
    >>> from mixedmodels._spellings import recased
    >>> recased("hc3", ("HC1", "HC3")), recased("hc9", ("HC1", "HC3"))
    ('HC3', 'hc9')
    """
    if isinstance(value, str) and value in words:
        return value
    meant = _among(value, words, others)
    return value if meant is None else meant


def _among(value: Any, words: Iterable[Word], others: Mapping[str, Word]) -> Word | None:
    if not isinstance(value, str):
        return None
    by_spelling = {w.lower(): w for w in words} | dict(others)
    return by_spelling.get(value.lower())


def _refusal(name: str, value: Any, choices: Sequence[str], words: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(value.lower(), [w.lower() for w in words], 1) if isinstance(value, str) else []
    offer = f" Did you mean {next(w for w in words if w.lower() == near[0])!r}?" if near else ""
    listed = choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
    return f"{name} is {value!r:.40}; give {listed}.{offer}"


def _listed(spellings: str | tuple[str, ...]) -> tuple[str, ...]:
    return (spellings,) if isinstance(spellings, str) else spellings
