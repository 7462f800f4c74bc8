"""Numbers of the rows used, given back with the labels and in the kind of the table that came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.formula import parse
from mixedmodels.formula.nodes import column_names

if TYPE_CHECKING:
    from mixedmodels._typing import Matrix, Vector
    from mixedmodels.design import Design
    from mixedmodels.fitted.request import Request, Source


class Rows:
    """The rows of a table that a model used."""

    def __init__(self, source: Source, design: Design) -> None:
        self.source = source
        self.design = design

    @property
    def padded(self) -> bool:
        """Whether rows with missing values are shown as NaN."""
        return self.design.na_action == "exclude" and self.design.dropped > 0

    @property
    def shown(self) -> Any:
        """Positions in the table, as it came, of the rows shown: those used and those of weight 0; None if all are."""
        design = self.design
        if self.padded:
            return design.subset
        if design.weightless is None:
            return design.positions
        places = np.sort(self._beside)
        if len(places) == design.n_table:
            return design.subset
        return places if design.subset is None else design.subset[places]

    @property
    def _beside(self) -> Any:
        """Positions of the rows used, then of those of weight 0, among the rows of the subset."""
        assert self.design.weightless is not None
        return np.concatenate([self.design.rows, self.design.weightless.rows])

    def index(self) -> Any:
        """The pandas index of the rows shown, or None."""
        index, rows = self.source.index, self.shown
        return index if index is None or rows is None else index[rows]

    @property
    def numbers(self) -> Any:
        """Positions (from 0) of the rows used in the table as it came."""
        return np.arange(self.design.n_table) if self.design.positions is None else self.design.positions

    def expand(self, values: Vector, weightless: Vector | None = None) -> Vector:
        """Values of the rows shown, from those of the rows used.

        Parameters
        ----------
        weightless : ndarray, optional
            Values of the rows of weight 0; by default they are NaN, as rows that were excluded.
        """
        values = np.asarray(values)
        if self.design.weightless is None:
            if not self.padded:
                return values
            places, more = self.design.rows, values[:0]
        else:
            missing = np.full(self.design.weightless.n, np.nan)
            places, more = self._beside, missing if weightless is None else weightless
        assert places is not None  # rows were left out
        out = np.full(self.design.n_table, np.nan)
        out[places] = np.concatenate([values, more])
        return out if self.padded else out[np.sort(places)]

    def label(self, values: Vector, name: str = "", weightless: Vector | None = None) -> Any:
        """A pandas or polars Series, an Arrow or a numpy array, like the table."""
        return labelled_rows(self.expand(values, weightless), self.source.kind, self.index(), name)

    def predictions(self, values: Vector, weightless: Vector | None = None) -> Any:
        """Predictions of the rows shown, like the table."""
        return predictions(self.expand(values, weightless), self.source.kind, self.index())

    def table(self, columns: dict[str, Any], weightless: dict[str, Any] | None = None) -> Any:
        """A table of values of the rows shown, in the kind that came in."""
        beside = weightless or {}
        made = {k: self.expand(v, beside.get(k)) for k, v in columns.items()}
        return frame.to_kind(made, self.source.kind, self.index())

    def columns(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Values of the rows shown, after a column of their labels."""
        return {"row": self._labels(), **{k: self.expand(v) for k, v in columns.items()}}

    def _labels(self) -> Any:
        index = self.index()
        if index is None:
            if self.padded:
                return np.arange(self.design.n_table)
            return np.arange(self.design.n_table) if self.shown is None else self.shown
        return np.asarray(index if index.nlevels == 1 else [str(label) for label in index])

    def augmented(
        self, request: Request, columns: dict[str, Vector], weightless: dict[str, Vector | None] | None = None
    ) -> Any:
        """The model frame with further columns; a name that is taken gets an underscore.

        Rows that were excluded have the values that they do have, and NaN in the further columns.
        """
        table = self.model_frame(request, shown=True)
        beside = weightless or {}
        columns = {name: self.expand(values, beside.get(name)) for name, values in columns.items()}
        arrow = self.source.kind == "pyarrow"
        taken = set(map(str, table.column_names if arrow else table.columns))
        named = {f"{name}_" if name in taken else name: values for name, values in columns.items()}
        if self.source.kind == "polars":
            import polars as pl

            return table.with_columns(**{k: pl.Series(v) for k, v in named.items()})
        if arrow:
            for name, values in named.items():
                table = table.append_column(name, [values])
            return table
        return frame.given_back(table.assign(**named), self.source.kind)

    def binomial_response(self, values: Any, trials: Vector) -> Matrix:
        """New successes and failures: given as two columns, or as proportions of `trials`; shape (n, 2)."""
        array = np.asarray(self.aligned(values, "the new response"))
        if array.ndim == 2 and array.shape[1] == 2:
            return np.column_stack([self.response(array[:, j]) for j in range(2)])
        successes = np.round(trials * self.response(values), 6)
        return np.column_stack([successes, trials - successes])

    def response(self, values: Any) -> Vector:
        """A new response for the rows used, from one value per row used or per row of the table.

        Raises
        ------
        DataError
            If there are neither as many values or one is not finite.
        """
        values = self.aligned(values, "the new response")
        try:
            y = np.ascontiguousarray(values, dtype=float)
        except (TypeError, ValueError) as error:
            raise DataError(f"the new response must be numbers; got {values!r:.80}.") from error
        rows = self.places(len(y)) if y.ndim == 1 else None
        if rows is None:
            raise DataError(
                f"the new response has shape {y.shape}, and the model uses {len(self.numbers)} rows; give one value "
                "for each."
            )
        y = np.ascontiguousarray(y[rows])
        if not np.isfinite(y).all():
            bad = int(np.flatnonzero(~np.isfinite(y))[0])
            raise DataError(
                f"the new response is {y[bad]} in row {int(self.numbers[bad])}; give a finite number for each row used."
            )
        return y

    def aligned(self, values: Any, what: str) -> Any:
        """Labelled values in the order of the rows used; values without labels as they are.

        Raises
        ------
        DataError
            If a row used has no value.
        """
        index, rows = self.source.index, self.design.positions
        return frame.aligned(values, index if index is None or rows is None else index[rows], what)

    def places(self, count: int) -> Any:
        """Positions of the rows used among `count` values: one per row used, or per row before or after `subset`.

        None where there are neither as many.
        """
        if count == len(self.numbers):
            return slice(None)
        lengths = {self.design.n_table: self.design.rows}
        if self.design.weightless is not None and self.design.rows is not None:
            lengths[len(self._beside)] = np.searchsorted(np.sort(self._beside), self.design.rows)
        if self.source.index is not None:
            lengths[len(self.source.index)] = self.design.positions
        return lengths.get(count)

    def matched(self, count: int, what: str) -> Any:
        """Positions, as of `places`, for an argument called `what`.

        Raises
        ------
        DataError
            If there are neither as many.
        """
        rows = self.places(count)
        if rows is None:
            longest = max(self.design.n_table, 0 if self.source.index is None else len(self.source.index))
            raise DataError(
                f"{what} has {count} values, and the model uses {len(self.numbers)} rows of a table of {longest}; give "
                "one value for each."
            )
        return rows

    def frame_names(self, request: Request, table: frame.Table) -> list[str]:
        """Columns of the table that the formula and its arguments name."""
        texts = [self.design.formula, *(t for t in (request.weights, request.offset) if isinstance(t, str))]
        return [name for name in named_columns(texts) if name in table]

    def model_frame(self, request: Request, *, shown: bool = False) -> Any:
        """The columns that the formula and its arguments name, in the kind that came in.

        Of the rows used; or of those `shown`, among which are rows that were excluded.
        """
        data = frame.rows_at_hand(request.data)
        table = frame.read(request.data)
        names = self.frame_names(request, table)
        rows = self.shown if shown or self.design.weightless is not None else self.design.positions
        if table.kind == "polars":
            chosen = data.select(names)
            return chosen if rows is None else chosen[rows]
        if table.kind == "pyarrow":
            chosen = data.select(names)
            return chosen if rows is None else chosen.take(rows)
        if table.kind == "pandas":
            chosen = frame.in_native_order(data)[names]
        elif table.kind == "dict":
            import pandas as pd

            chosen = frame.in_native_order(pd.DataFrame({name: np.asarray(data[name]) for name in names}))
        else:
            chosen = data.select(names).to_pandas()
        return chosen if rows is None else chosen.iloc[rows]


def labelled_rows(values: Vector, kind: Any, index: Any, name: str = "") -> Any:
    """A pandas Series with the table's index, a polars Series, or an Arrow array, like the table of the rows.

    Of a dict or a DuckDB relation a numpy array: a relation has no order that its rows could share with a vector.
    `name` is that of a polars Series, so that `with_columns` takes it as a column.
    """
    if kind == "polars":
        import polars as pl

        return pl.Series(name, values)
    if kind == "pyarrow":
        import pyarrow as pa

        return pa.array(values)
    if index is None:
        return values
    import pandas as pd

    return pd.Series(values, index=index)


def predictions(values: Vector, kind: Any, index: Any) -> Any:
    """Predictions of all rows of a table, like it: of a relation a relation of one column `fit`."""
    return frame.to_kind({"fit": values}, kind) if kind == "duckdb" else labelled_rows(values, kind, index, "fit")


def named_columns(texts: list[str]) -> list[str]:
    """Names that expressions or formulas mention, each once."""
    names: dict[str, None] = {}
    for text in texts:
        formula = parse(text if "~" in text else f"~ {text}")
        sides = [formula.right] if formula.left is None else [formula.left, formula.right]
        for side in sides:
            names.update(dict.fromkeys(column_names(side)))
    return list(names)
