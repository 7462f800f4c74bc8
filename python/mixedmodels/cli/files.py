"""Read files into tables by the ending of their names."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mixedmodels.errors import DataError

_SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t", ".tab": "\t"}
_ARROW = {".parquet": "parquet", ".pq": "parquet", ".arrow": "feather", ".feather": "feather", ".ipc": "feather"}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_READABLE = "a file of CSV or TSV (.csv, .tsv; also .gz), Parquet (.parquet), Arrow or Feather (.arrow, .feather)"


def read_table(name: str) -> Any:
    """The table in a file; ``-`` is CSV from standard input.

    Raises
    ------
    DataError
        If the file does not exist, is of an unknown kind, or does not match its name.
    """
    read = _reader(name)
    try:
        table = read(sys.stdin if name == "-" else name)
    except OSError as cause:
        raise DataError(f"cannot read {name!r}: {cause.strerror or cause}") from cause
    except (ValueError, EOFError, zlib.error) as cause:  # what pandas and pyarrow raise for a broken file
        raise DataError(f"cannot read {name!r}: {cause}") from cause
    table.attrs["name"] = Path(name).name  # what the summary calls the data
    return table


def _reader(name: str) -> Callable[[Any], Any]:
    """The function that reads a file of that name."""
    endings = [suffix.lower() for suffix in Path(name).suffixes]
    if endings and endings[-1] in _PACKED:
        endings.pop()
    ending = ".csv" if name == "-" else endings[-1] if endings else ""
    if ending in _SEPARATORS:
        import pandas

        return lambda source: pandas.read_csv(source, sep=_SEPARATORS[ending])
    if ending in _ARROW:
        module = _arrow(_ARROW[ending])
        return lambda source: module.read_table(source).to_pandas()
    raise DataError(f"cannot tell from its name what kind of file {name!r} is; give {_READABLE}")


def _arrow(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"pyarrow.{module}")
    except ModuleNotFoundError as cause:
        raise DataError("reading Parquet and Arrow files needs pyarrow: pip install 'mixedmodels[arrow]'") from cause
