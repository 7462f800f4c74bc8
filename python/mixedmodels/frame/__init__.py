"""Tables of any library into numbers, truth values and factors; results back into the caller's library."""

from mixedmodels.frame.align import aligned, in_native_order
from mixedmodels.frame.change import as_pandas, take_rows, values_of, with_columns
from mixedmodels.frame.collate import text_order
from mixedmodels.frame.columns import Column, Factor, Levels, Logical, Numeric, date_unit, label, like_dates
from mixedmodels.frame.factors import as_factor
from mixedmodels.frame.own import handle_of_its_own, owned, owned_values
from mixedmodels.frame.relations import fetched, rows_at_hand, same_table
from mixedmodels.frame.table import Kind, Table, any_column, nearest, read
from mixedmodels.frame.tables import arrow_stream, given_back, labelled, matrix, to_kind

__all__ = [
    "Column",
    "Factor",
    "Kind",
    "Levels",
    "Logical",
    "Numeric",
    "Table",
    "aligned",
    "any_column",
    "arrow_stream",
    "as_factor",
    "as_pandas",
    "date_unit",
    "fetched",
    "given_back",
    "handle_of_its_own",
    "in_native_order",
    "label",
    "labelled",
    "like_dates",
    "matrix",
    "nearest",
    "owned",
    "owned_values",
    "read",
    "rows_at_hand",
    "same_table",
    "take_rows",
    "text_order",
    "to_kind",
    "values_of",
    "with_columns",
]
