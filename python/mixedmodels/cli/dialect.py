"""The separator of a text file and its decimal mark, read from the header and the rows, never guessed.

Two questions have an answer each, or the file is refused with the option that settles it:

- The separator. One of ``, ; tab |`` fits if it cuts the header into several names and every row into as many values.
  Exactly one has to fit.
- The decimal mark. It is a comma if a column of text is made of numbers such as ``1,5``, and no other column has
  numbers such as ``1.5``. A column where each comma could also mark thousands (``1,234``) does not decide.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from mixedmodels.errors import DataError

Decimal = Literal[".", ","]

SEPARATORS = (",", ";", "\t", "|")
WORDS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "a space"}
_ROWS = 500  # what the separator is judged by, beside the header

_COMMA_NUMBER = re.compile(r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_POINT_THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The marks of a text file.

    Attributes
    ----------
    sep : str
        What stands between two columns.
    decimal : {".", ","}
        What stands before the decimals of a number.
    """

    sep: str
    decimal: Decimal

    def note(self) -> str:
        """The marks in words."""
        columns = f"{WORDS.get(self.sep, repr(self.sep))} between columns"
        return columns if self.decimal == "." else f"{columns}, a comma before decimals"


PLAIN = Dialect(sep=",", decimal=".")


def separator(name: str, lines: Callable[[], Iterable[str]]) -> str:
    """The separator of a text file.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    lines : callable
        The lines of the file from the first one on, anew at each call.

    Raises
    ------
    DataError
        If several would do, or a row has more values than the header has names.
    """
    tables = {sep: _sample(lines(), sep) for sep in SEPARATORS}
    fitting = [sep for sep, rows in tables.items() if _fits(rows)]
    # Rows may be ragged, as where an empty field at the end is left out; then the header alone has to decide.
    fitting = fitting or [sep for sep, rows in tables.items() if rows and len(rows[0]) > 1]
    if len(fitting) > 1:
        both = " and ".join(WORDS[sep] for sep in fitting)
        raise DataError(f"the columns of {name!r} could be separated by {both}; say which with {_options(fitting)}.")
    sep = fitting[0] if fitting else ","
    _check_width(name, tables[sep])
    return sep


def check_width(name: str, lines: Iterable[str], sep: str) -> None:
    """Refuse rows with more values than the header has names, but for names of rows before the first column."""
    _check_width(name, _sample(lines, sep), allowed=1)


def decimal_mark(name: str, table: Any) -> Decimal:
    """The decimal mark of the numbers of a file that was read as if it were a point.

    Raises
    ------
    DataError
        If the columns contradict each other, or the commas could mark thousands.
    """
    marks = {str(column): _mark(table[column]) for column in table.columns}
    _refuse_thousands(name, table, marks)
    sure, unsure = _having(marks, "comma"), _having(marks, "unsure")
    points = [str(column) for column in table.columns if _has_decimals(table[column])]
    if (sure or unsure) and points:
        raise DataError(
            f"{name!r} has numbers of two kinds: {_example(table, (sure or unsure)[0])} and "
            f"{_example(table, points[0])}; say what stands before decimals with --decimal ',' or --decimal '.'."
        )
    if unsure and not sure:
        raise DataError(
            f"the commas of {name!r} could stand before decimals or mark thousands ({_example(table, unsure[0])}); for "
            "decimals say --decimal ',', else take the marks of thousands out of the file."
        )
    return "," if sure else "."


def separator_named(text: str) -> str:
    """The separator that the command line names: one character, or "tab", "comma", "semicolon", "space".

    Raises
    ------
    ValueError
        If it is longer than a character.
    """
    words = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
    sep = words.get(text.lower(), text)
    if len(sep) != 1 or sep in '"\n\r':
        raise ValueError(text)
    return sep


def _sample(lines: Iterable[str], sep: str) -> list[list[str]]:
    """The header and the first rows cut at `sep`; none where the file is no text of this kind."""
    try:
        return [row for row in islice(csv.reader(lines, delimiter=sep), _ROWS + 1) if row]
    except csv.Error:
        return []


def _fits(rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows)


def _check_width(name: str, rows: Sequence[Sequence[str]], allowed: int = 0) -> None:
    for i, row in enumerate(rows[1:], start=1):
        if len(row) > len(rows[0]) + allowed:
            raise DataError(
                f"row {i} of {name!r} has {len(row)} values and the header {len(rows[0])} names; if commas stand "
                "before decimals, say --sep ';' --decimal ',' (or another separator); if the first value names a "
                "row, give that column a name in the header."
            )


def _options(separators: Sequence[str]) -> str:
    return " or ".join("--sep tab" if sep == "\t" else f"--sep '{sep}'" for sep in separators)


def _mark(column: Any) -> Literal["comma", "unsure", "thousands", "none"]:
    """The meaning of the commas in a column."""
    if column.dtype.kind not in "OT":  # numbers already
        return "none"
    commas = False
    kinds = set()
    for value in _texts(column):
        number = _COMMA_NUMBER.fullmatch(value) is not None
        if not number and not _THOUSANDS.fullmatch(value) and not _POINT_THOUSANDS.fullmatch(value):
            return "none"
        if "," in value:
            commas = True
            kinds.add(("unsure" if _THOUSANDS.fullmatch(value) else "comma") if number else "thousands")
    if not commas:
        return "none"
    return "thousands" if "thousands" in kinds else "comma" if "comma" in kinds else "unsure"


def _texts(column: Any) -> Iterator[str]:
    return (str(value).strip() for value in column.dropna())


def _has_decimals(column: Any) -> bool:
    return column.dtype.kind == "f" and bool((column.dropna() % 1 != 0).any())


def _refuse_thousands(name: str, table: Any, marks: Mapping[str, str]) -> None:
    if columns := _having(marks, "thousands"):
        raise DataError(
            f"{name!r} has marks of thousands in its numbers ({_example(table, columns[0])}); take them out of the "
            "file, in a spreadsheet by formatting the cells as plain numbers."
        )


def _having(marks: Mapping[str, str], kind: str) -> list[str]:
    return [column for column, mark in marks.items() if mark == kind]


def _example(table: Any, column: str) -> str:
    """A number of the column with its mark, and where it stands."""
    values = table[column].dropna()
    text = next((str(v).strip() for v in values if "," in str(v)), None)
    if text is None:
        text = str(next(v for v in values if v % 1 != 0))
    return f"{text} in column {column!r}"
