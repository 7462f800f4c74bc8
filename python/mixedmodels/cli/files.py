"""Files into tables, chosen by the end of their names."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

from mixedmodels.errors import DataError

_SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t", ".tab": "\t"}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_KNOWN = "a file of CSV or TSV (.csv, .tsv; also .gz), Parquet (.parquet), Arrow or Feather (.arrow, .feather)"


def read_table(name: str) -> Any:
    """The table in a file; ``-`` is CSV from standard input.

    Raises
    ------
    DataError
        If the file is not there, of an unknown kind, or not what its name says.
    """
    path = Path(name)
    endings = [s.lower() for s in path.suffixes]
    if endings and endings[-1] in _PACKED:
        endings.pop()
    kind = endings[-1] if endings else ""
    try:
        if name == "-":
            return _csv(sys.stdin, ",")
        if kind in _SEPARATORS:
            return _csv(path, _SEPARATORS[kind])
        if kind in (".parquet", ".pq"):
            return _arrow("parquet").read_table(path)
        if kind in (".arrow", ".feather", ".ipc"):
            return _arrow("feather").read_table(path)
    except OSError as cause:
        raise DataError(f"cannot read {name!r}: {cause.strerror or cause}") from cause
    except (ValueError, EOFError, zlib.error) as cause:  # what pandas and pyarrow raise for a broken file
        raise DataError(f"cannot read {name!r} as {kind or 'CSV'}: {cause}") from cause
    raise DataError(f"cannot tell from its name what kind of file {name!r} is; give {_KNOWN}")


def _csv(source: Any, separator: str) -> Any:
    import pandas

    return pandas.read_csv(source, sep=separator)


def _arrow(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"pyarrow.{module}")
    except ModuleNotFoundError as cause:
        raise DataError("reading Parquet and Arrow files needs pyarrow: pip install 'mixedmodels[arrow]'") from cause
