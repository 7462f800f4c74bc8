"""What a cross-validation says: a table of scores by fold, and the predictions behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.tables.result_table import ResultTable, ShownAsTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixedmodels._typing import Vector
    from mixedmodels.tables.sheet import Sheet

POOLED = "pooled"
SHOWN = 20  # folds in print


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class CrossValidation(ShownAsTable):
    """Scores of predictions of rows by fits without them, by fold and pooled.

    Attributes
    ----------
    table : ResultTable
        A row for each fold, and the last, "pooled", for all rows together; a column for each score.
    seed : int or Generator or None
        Seed of the folds; None where there was nothing to draw.
    reasons : mapping of str to str
        Why a fold has no predictions.
    rows : mapping of str to ndarray
        For each row of the fit its `fold`, `observed`, `predicted` and `log_density`.
    label : callable
        Function that makes a table of `rows` in the library of the model's data.

    Examples
    --------
    >>> cv = fit.cross_validate("Subject", k=None)
    >>> round(cv.pooled["rmse"], 1), len(cv)  # 18 subjects, and all together
    (49.6, 19)
    """

    table: ResultTable
    seed: Any
    reasons: Mapping[str, str]
    rows: Mapping[str, Vector]
    label: Callable[[dict[str, Any]], Any]

    @property
    def pooled(self) -> dict[str, float]:
        """Scores of all rows together, by name."""
        return {name: float(values[-1]) for name, values in self.table.columns.items() if name != "rows"}

    def predictions(self) -> Any:
        """A table of the rows used in the caller's library: fold, observed, predicted, log_density.

        Examples
        --------
        >>> fit.cross_validate(seed=1).predictions().columns.tolist()
        ['fold', 'observed', 'predicted', 'log_density']
        """
        return self.label(dict(self.rows))

    def __repr__(self) -> str:
        return repr(shortened(self.table))

    def _sheet(self) -> Sheet:
        return shortened(self.table)._sheet()


def shortened(table: ResultTable) -> ResultTable:
    """The table with its first folds and the last row, where there are many."""
    more = len(table.names) - 1 - SHOWN
    if more <= 0:
        return table
    chosen = [*range(SHOWN), len(table.names) - 1]
    return ResultTable(
        columns={name: np.asarray(values)[chosen] for name, values in table.columns.items()},
        names=tuple(table.names[i] for i in chosen),
        row_column=table.row_column,
        headers=table.headers,
        heading=table.heading,
        footer=(f"... {more:,} more folds; to_frame() has all.", *table.footer),
        kind=table.kind,
        digits=table.digits,
        missing=table.missing,
    )
