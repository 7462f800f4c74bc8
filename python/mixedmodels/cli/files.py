"""Read and write tables by the endings of file names."""

from __future__ import annotations

import io
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from mixedmodels._files import check_target, same_file, whole_file
from mixedmodels.cli.dialect import PLAIN, Decimal, Dialect, check_width, decimal_mark, separator
from mixedmodels.errors import DataError

_TEXT = {".csv": None, ".txt": None, ".tsv": "\t", ".tab": "\t"}
_ARROW = {".parquet": "parquet", ".pq": "parquet", ".arrow": "feather", ".feather": "feather", ".ipc": "feather"}
_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma", ".zst": "zstandard"}
_READABLE = "a file of CSV or TSV (.csv, .tsv, .txt; also .gz), Parquet (.parquet), Arrow or Feather (.arrow, .feather)"
_WRITTEN = "a file ending in .csv, .tsv, .json, .parquet, .arrow or .feather"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Settings for reading text files; None for what the file itself shows."""

    sep: str | None = None
    decimal: Decimal | None = None
    encoding: str = "utf-8"

    @property
    def plain(self) -> bool:
        """Whether the file itself is to show everything."""
        return self == Reading()


def read_table(name: str, reading: Reading | None = None) -> tuple[Any, Dialect]:
    """The table in a file, and the marks of a text file; ``-`` is CSV from standard input.

    Raises
    ------
    DataError
        If the file does not exist, is of an unknown kind, does not match its name, or can be read in two ways.
    """
    reading = reading or Reading()
    ending = _ending(name)
    if ending not in _TEXT and ending not in _ARROW:
        raise DataError(f"cannot tell from its name what kind of file {name!r} is; give {_READABLE}")
    if ending in _ARROW and not reading.plain:
        raise DataError(f"--sep, --decimal and --encoding are for text files, and {name!r} is none; leave them out")
    try:
        table, dialect = (_arrow_table(name, ending), PLAIN) if ending in _ARROW else _text_table(name, ending, reading)
    except DataError:
        raise
    except OSError as cause:
        raise DataError(f"cannot read {name!r}: {cause.strerror or cause}") from cause
    except UnicodeDecodeError as cause:
        raise DataError(
            f"cannot read {name!r}: it is not text in {reading.encoding}; a file of a spreadsheet on Windows is read "
            "with --encoding cp1252"
        ) from cause
    except (ValueError, EOFError, zlib.error, LookupError) as cause:  # what pandas and pyarrow raise for a broken file
        raise DataError(f"cannot read {name!r}: {cause}") from cause
    table.attrs["name"] = Path(name).name  # what the summary calls the data
    return table, dialect


def write_table(table: Any, name: str | None, dialect: Dialect = PLAIN) -> None:
    """Write a pandas table to a file by the end of its name, or as CSV to standard output.

    Raises
    ------
    DataError
        If the name has an unknown end.
    FileError
        If the file cannot be written. The file that was there is then unchanged.
    """
    if name is None:
        table.to_csv(sys.stdout, index=False, sep=dialect.sep, decimal=dialect.decimal)
        return
    write = writer(name, dialect)
    with whole_file(name, "the table") as draft:
        write(table, str(draft))


def writer(name: str, dialect: Dialect) -> Callable[[Any, str], None]:
    """The function that writes a pandas table to a file of that kind; an unknown name is refused before any work."""
    ending = _ending(name)
    if ending in _TEXT:
        sep = _TEXT[ending] or dialect.sep
        return lambda table, path: table.to_csv(path, index=False, sep=sep, decimal=dialect.decimal)
    if ending == ".json":
        how = {"orient": "records", "force_ascii": False, "indent": 2, "double_precision": 15}
        return lambda table, path: table.to_json(path, **how)
    if ending in _ARROW:
        module, arrow = _arrow(_ARROW[ending]), _arrow("lib")
        write = module.write_feather if _ARROW[ending] == "feather" else module.write_table
        return lambda table, path: write(arrow.Table.from_pandas(table, preserve_index=False), path)
    raise DataError(f"cannot tell from its name what kind of file {name!r} is to be; give {_WRITTEN}")


def check_outputs(inputs: Sequence[str], outputs: Mapping[str, tuple[str, str | None]]) -> None:
    """Refuse, before any work, outputs that cannot be written or would replace an input.

    Parameters
    ----------
    inputs : sequence of str
        Files that are read; ``-`` is standard input.
    outputs : mapping of str to tuple of (str, str or None)
        For each option what it writes, in words, and the file, if there is one.

    Raises
    ------
    DataError
        If an output is a file that is read, by whatever name or link, or two outputs are one file.
    FileError
        If an output cannot be written.
    """
    wanted = {option: path for option, (_, path) in outputs.items() if path is not None}
    for option, path in wanted.items():
        check_target(path, outputs[option][0])
        if read := next((name for name in inputs if name != "-" and same_file(name, path)), None):
            raise DataError(f"{option} {path!r} would replace {read!r}, which is read; give another name")
    places = [os.path.realpath(path) for path in wanted.values()]
    if len(set(places)) < len(places):
        raise DataError(f"{' and '.join(wanted)} name one file, {next(iter(wanted.values()))!r}; give two names")


def _ending(name: str) -> str:
    """The ending that says the kind of file."""
    endings = [suffix.lower() for suffix in Path(name).suffixes]
    if endings and endings[-1] in _PACKED:
        endings.pop()
    return ".csv" if name == "-" else endings[-1] if endings else ""


def _arrow_table(name: str, ending: str) -> Any:
    return _arrow(_ARROW[ending]).read_table(name).to_pandas()


def _text_table(name: str, ending: str, reading: Reading) -> tuple[Any, Dialect]:
    """A text file as a table; a line on standard error says what is not the usual kind of CSV."""
    import pandas

    again = _opener(name, reading.encoding)

    def lines() -> Iterable[str]:
        with again() as source:
            yield from source

    sep = reading.sep or _TEXT[ending]
    if sep is None:
        sep = separator(name, lines)
    else:
        check_width(name, lines(), sep)

    def table(decimal: Decimal) -> Any:
        with again() as source:
            return pandas.read_csv(source, sep=sep, decimal=decimal)

    rows = table(reading.decimal or ".")
    decimal = reading.decimal or decimal_mark(name, rows)
    if decimal != (reading.decimal or "."):
        rows = table(decimal)
    dialect = Dialect(sep=sep, decimal=decimal)
    usual = Dialect(sep=reading.sep or _TEXT[ending] or ",", decimal=reading.decimal or ".")
    if dialect != usual:
        print(f"mixedmodels: note: {name!r} read with {dialect.note()} (--sep and --decimal set them)", file=sys.stderr)
    return rows, dialect


def _opener(name: str, encoding: str) -> Callable[[], TextIO]:
    """A function that opens the text of a file, without its byte-order mark, each time it is called."""
    encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    if name == "-":
        text = sys.stdin.buffer.read().decode(encoding)
        return lambda: io.StringIO(text, newline="")
    packed = _PACKED.get(Path(name).suffix.lower())
    opened: Callable[..., TextIO] = open if packed is None else _library(packed, f"files such as {name!r}", packed).open
    return lambda: opened(name, "rt", encoding=encoding, newline="")


def _arrow(module: str) -> Any:
    return _library(f"pyarrow.{module}", "Parquet and Arrow files", "'mixedmodels[arrow]'")


def _library(module: str, use: str, install: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as cause:
        library = module.partition(".")[0]
        raise DataError(f"reading and writing {use} needs {library}: pip install {install}") from cause
