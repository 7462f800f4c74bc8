"""Load a data set as a table of any supported library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from mixedmodels.datasets.catalogue import FOLDER, DataSet, FactorLevels, describe
from mixedmodels.errors import DataError
from mixedmodels.frame.tables import to_kind

if TYPE_CHECKING:
    import pandas
    import polars

Library = Literal["pandas", "polars", "pyarrow", "dict"]


@overload
def load(name: str, as_: Literal["pandas"] = "pandas") -> pandas.DataFrame: ...
@overload
def load(name: str, as_: Literal["polars"]) -> polars.DataFrame: ...
@overload
def load(name: str, as_: Literal["pyarrow"]) -> Any: ...  # pyarrow has no types
@overload
def load(name: str, as_: Literal["dict"]) -> dict[str, Any]: ...
def load(name: str, as_: Library = "pandas") -> Any:
    """Load a data set as a new table.

    Parameters
    ----------
    name : str
        One of `names()`.
    as_ : {"pandas", "polars", "pyarrow", "dict"}, default "pandas"
        Library of the table. Factors are Categorical columns in pandas, Enum columns in polars (which has no ordered
        factors) and dictionary-encoded columns in Arrow. "dict" maps names to numpy arrays, and factors to
        `pandas.Categorical`.

    Raises
    ------
    DataError
        If there is no data set of that name, or no such library.

    Examples
    --------
    >>> mm.datasets.load("sleepstudy").shape
    (180, 3)
    >>> mm.datasets.load("cbpp", as_="dict")["period"].categories.tolist()
    ['1', '2', '3', '4']
    """
    if as_ not in ("pandas", "polars", "pyarrow", "dict"):
        raise DataError(f"as_={as_!r} is no table library; choose 'pandas', 'polars', 'pyarrow' or 'dict'")
    about = describe(name)
    columns = {
        column: _factor(about.factors[column], fields, as_) if column in about.factors else _numbers(fields)
        for column, fields in _fields(about).items()
    }
    if as_ == "dict":
        return columns
    table = to_kind(columns, as_)
    if as_ == "pandas":
        table.attrs["name"] = name  # what a summary calls the data
    return table


def _fields(about: DataSet) -> dict[str, tuple[str, ...]]:
    """The text of every field, by column."""
    import csv
    import gzip
    import io

    text = gzip.decompress((FOLDER / f"{about.name}.csv.gz").read_bytes()).decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    return dict(zip(header, zip(*rows, strict=True), strict=True))


def _numbers(fields: tuple[str, ...]) -> Any:
    try:
        return np.array(fields, dtype=np.int64)
    except ValueError:
        return np.array(fields, dtype=np.float64)


def _factor(factor: FactorLevels, fields: tuple[str, ...], as_: Library) -> Any:
    if as_ == "polars":
        import polars

        return polars.Series(fields, dtype=polars.Enum(factor.levels))
    position = {label: i for i, label in enumerate(factor.levels)}
    codes = np.fromiter(map(position.__getitem__, fields), dtype=np.int32, count=len(fields))
    if as_ == "pyarrow":
        import pyarrow

        return pyarrow.DictionaryArray.from_arrays(codes, list(factor.levels), ordered=factor.ordered)
    import pandas

    return pandas.Categorical.from_codes(codes, categories=pandas.Index(factor.levels), ordered=factor.ordered)
