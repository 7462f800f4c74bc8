"""What every result can do with its table: hand it to a library of tables, or write it as HTML, LaTeX or Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from mixedmodels import frame

if TYPE_CHECKING:
    import pandas
    import polars

    from mixedmodels.tables.sheet import Sheet

DIGITS = 5


class Exported:
    """A result with a table behind it: one column for each variable, the labels first.

    A class of results says what its columns are in `_columns_of_table` and, where its print has a layout of its own,
    how they are laid out in `_sheet`. An attribute `kind` names the library of the model's data.
    """

    def _columns_of_table(self) -> Mapping[str, Any]:
        """Columns by name, the labels first; arrays or lists of one length."""
        raise NotImplementedError  # pragma: no cover

    def _sheet(self) -> Sheet:
        """The whole table in cells."""
        from mixedmodels.tables.sheet import Sheet, block_of

        return Sheet(blocks=[block_of(self._columns_of_table(), DIGITS)])

    def to_frame(self, kind: Any = None) -> Any:
        """The table in a library of tables.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}, optional
            Library of the table; None for that of the model's data.

        Examples
        --------
        >>> fit.anova().to_frame().columns.tolist()
        ['term', 'sum_sq', 'mean_sq', 'num_df', 'den_df', 'f_value', 'p_value']
        """
        return frame.to_kind(self._columns_of_table(), getattr(self, "kind", "pandas") if kind is None else kind)

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame; labels are its first columns, rows are numbered.

        Examples
        --------
        >>> fit.anova().to_pandas()["term"].tolist()
        ['Days']
        """
        table: pandas.DataFrame = frame.to_kind(self._columns_of_table(), "pandas")
        return table

    def to_polars(self) -> polars.DataFrame:
        """The table as a polars DataFrame.

        Examples
        --------
        >>> fit.anova().to_polars().height
        1
        """
        table: polars.DataFrame = frame.to_kind(self._columns_of_table(), "polars")
        return table

    def to_arrow(self) -> Any:
        """The table as an Arrow table of the package pyarrow.

        Examples
        --------
        >>> fit.anova().to_arrow().num_rows
        1
        """
        return frame.to_kind(self._columns_of_table(), "pyarrow")

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The table as a stream of the Arrow C data interface, which other libraries read without copies."""
        return frame.arrow_stream(self._columns_of_table(), requested_schema)

    def __narwhals_dataframe__(self) -> Any:
        # What narwhals asks of a class that it does not know: the frame that stands for it.
        import narwhals

        return narwhals.from_native(self.to_frame(), eager_only=True)._compliant_frame

    def to_html(self) -> str:
        """The table as HTML, in a layout that needs no style sheet.

        Examples
        --------
        >>> fit.anova().to_html().count("<tr>")
        2
        """
        return self._sheet().html()

    def to_markdown(self) -> str:
        """The table in GitHub's Markdown.

        Examples
        --------
        >>> "| Days | 30031 |" in fit.anova().to_markdown()
        True
        """
        return self._sheet().markdown()

    def to_latex(self, caption: str | None = None, label: str | None = None) -> str:
        r"""The table in LaTeX; the document needs ``\usepackage{booktabs}``.

        Parameters
        ----------
        caption : str, optional
            Caption; the lines above the table in print if not given.
        label : str, optional
            Label for references.

        Examples
        --------
        >>> print(fit.anova().to_latex(caption="Days").splitlines()[2][1:])
        caption{Days}
        """
        return self._sheet().latex(caption, label)

    def _repr_html_(self) -> str:
        return self.to_html()


class ByName(Exported):
    """Results by group, by figure or one after the other, whose long table stands behind `to_frame` and its like."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        # A library of tables would take the names for a column of values, without a word.
        raise TypeError(
            f"{type(self).__name__} holds several results and is not an array; "
            "take its long table with to_pandas(), to_polars() or to_arrow(), or one of its results."
        )
