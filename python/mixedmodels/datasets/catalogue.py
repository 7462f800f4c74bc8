"""Descriptions of the data sets, read from the files beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mixedmodels.errors import DataError
from mixedmodels.frame.table import nearest

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class FactorLevels:
    """The levels of a factor in their order."""

    levels: tuple[str, ...]
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set's description; printing it shows everything.

    Attributes
    ----------
    name, title : str
        Name of the data set, and its subject.
    rows : int
        Number of rows.
    columns : mapping of str to str
        Meaning of each column, in the table's order.
    source : str
        Source of the table.
    reference : str
        First publication of the data.
    licence : str
        Licence of the table.
    factors : mapping of str to FactorLevels
        Levels of the columns that are factors.
    """

    name: str
    title: str
    rows: int
    columns: Mapping[str, str]
    source: str
    reference: str
    licence: str
    factors: Mapping[str, FactorLevels]

    def __str__(self) -> str:
        import textwrap

        width = max(map(len, self.columns))
        facts = {"source": self.source, "reference": self.reference, "licence": self.licence}
        return "\n".join(
            [
                f"{self.name}: {self.title}",
                f"{self.rows} rows",
                *(f"  {name:<{width}}  {meaning}" for name, meaning in self.columns.items()),
                *(textwrap.fill(f"{key}: {text}", 100, subsequent_indent="  ") for key, text in facts.items()),
            ]
        )


@cache
def names() -> tuple[str, ...]:
    """Names of the data sets that `load` and `describe` know, in alphabetical order.

    Examples
    --------
    >>> "sleepstudy" in mm.datasets.names()
    True
    """
    return tuple(sorted((entry.stem for entry in FOLDER.glob("*.json")), key=str.casefold))


@cache
def describe(name: str) -> DataSet:
    """The description of a data set, with its source and licence.

    Raises
    ------
    DataError
        If there is no data set of that name; offers the nearest.

    Examples
    --------
    >>> mm.datasets.describe("sleepstudy").rows
    180
    >>> list(mm.datasets.describe("sleepstudy").columns)
    ['Reaction', 'Days', 'Subject']
    """
    import json

    if name not in names():
        near = nearest(str(name), names())
        offer = f"did you mean {near!r}? " if near is not None else ""
        raise DataError(f"there is no data set {name!r}; {offer}There are: {', '.join(names())}")
    facts = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    factors = {column: FactorLevels(tuple(f["levels"]), f["ordered"]) for column, f in facts.pop("factors").items()}
    return DataSet(**facts, factors=factors)
