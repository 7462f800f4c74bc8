"""From what users write to a family."""

from __future__ import annotations

import difflib
import re
from dataclasses import field, make_dataclass
from functools import lru_cache
from typing import Any, cast

from mixedmodels import _engine
from mixedmodels.errors import DataError
from mixedmodels.families import kinds
from mixedmodels.families.base import Family

# Other spellings, each without the punctuation in which they differ.
_ALIASES = {
    "normal": "gaussian",
    "negativebinomial": "nbinom2",
    "negbin": "nbinom2",
    "negativebinomial2": "nbinom2",
    "zigamma": "gamma",
    "negativebinomial1": "nbinom1",
    "betafamily": "beta",
    "orderedbeta": "ordbeta",
    "tfamily": "t",
    "student": "t",
    "studentt": "t",
    "generalizedpoisson": "genpois",
    "generalisedpoisson": "genpois",
    "conwaymaxwellpoisson": "compois",
    "skewednormal": "skewnormal",
    "lognormalfamily": "lognormal",
    "truncatednegativebinomial": "truncatednbinom2",
}


@lru_cache
def classes() -> dict[str, type[Family]]:
    """Class of each of the engine's families, made on the spot for those that have none in `kinds`."""
    written: dict[str, type[Family]] = {cls.engine_name: cls for cls in kinds.KINDS}
    return {name: written.get(name) or _made(name) for name in _engine.family_names()}


def _made(engine_name: str) -> type[Family]:
    """A class for a family of the engine, documented by the engine."""
    handle = _engine.Family(engine_name, None, [])
    name = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", engine_name))
    namespace = {"engine_name": engine_name, "__doc__": handle.density, "__module__": kinds.__name__}
    link = ("link", str, field(default=handle.link))
    return cast(type[Family], make_dataclass(name, [link], bases=(Family,), namespace=namespace, frozen=True))


def of_engine(engine_name: str, link: str | None = None, **fixed: float | None) -> Family:
    """Return the family by the engine's name, with fixed shapes."""
    options: dict[str, Any] = {"link": link, **fixed}
    return classes()[engine_name](**{name: value for name, value in options.items() if value is not None})


def resolve(family: str | Family | type[Family]) -> Family:
    """Return the family that is meant.

    Parameters
    ----------
    family : str, Family or class
        ``"poisson"``, ``'binomial(link = "probit")'``, ``"binomial(probit)"``, ``mm.families.Gamma(link="log")`` or
        ``mm.families.Gamma``.

    Raises
    ------
    DataError
        If there is no such family or link.

    Examples
    --------
    >>> str(mm.families.resolve("binomial(probit)"))
    'binomial (probit)'
    >>> str(mm.families.resolve("inverse_gaussian"))
    'inverse.gaussian (1/mu^2)'
    """
    if isinstance(family, Family):
        return family
    if isinstance(family, type) and issubclass(family, Family):
        return family()
    if not isinstance(family, str):
        raise DataError(
            f"family={family!r} is not a family; give its name, such as 'binomial' or 'poisson(sqrt)', "
            "or an object such as mm.families.Gamma(link='log')."
        )
    return _by_text(family)


@lru_cache
def _by_text(text: str) -> Family:
    call = re.fullmatch(r"\s*([\w.\- ]+?)\s*(?:\((.*)\))?\s*", text)
    if call is None:
        raise DataError(f"family={text!r} cannot be read; write it like 'binomial' or 'binomial(link = \"probit\")'.")
    return _engine_call(call[1], call[2] or "", text)


def _engine_call(name: str, inside: str, text: str) -> Family:
    engine_names = {_plain(engine_name): engine_name for engine_name in _engine.family_names()}
    plain = _plain(name)
    engine_name = engine_names.get(_ALIASES.get(plain, plain))
    if engine_name is None:
        near = difflib.get_close_matches(plain, [*engine_names, *_ALIASES], n=1)
        meant = f" Did you mean {engine_names.get(near[0], near[0])!r}?" if near else ""
        raise DataError(f"there is no family {name!r}; there are {', '.join(map(repr, engine_names.values()))}.{meant}")
    fixable = classes()[engine_name].fixable
    arguments: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in inside.split(","))):
        key, _, value = part.rpartition("=")
        value = value.strip().strip("\"'")
        number = re.fullmatch(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", value)
        key = key.strip() or (next(iter(fixable), "theta") if number else "link")
        if key not in ("link", *fixable) or (key != "link" and number is None):
            raise DataError(
                f"{part!r} in family={text!r} is not understood; write it like 'binomial(link = \"probit\")'."
            )
        arguments[key] = value if key == "link" else float(value)
    return of_engine(engine_name, **arguments)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
