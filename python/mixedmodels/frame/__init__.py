"""Tables of any library into numbers, truth values and factors; results back into the caller's library."""

from mixedmodels.frame.collate import text_order
from mixedmodels.frame.columns import Column, Factor, Levels, Logical, Numeric, label
from mixedmodels.frame.factors import as_factor
from mixedmodels.frame.table import Kind, Table, any_column, nearest, read
from mixedmodels.frame.tables import labelled, to_kind

__all__ = [
    "Column",
    "Factor",
    "Kind",
    "Levels",
    "Logical",
    "Numeric",
    "Table",
    "any_column",
    "as_factor",
    "label",
    "labelled",
    "nearest",
    "read",
    "text_order",
    "to_kind",
]
