"""The error of a log-likelihood as a table of one row, which prints as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import nan
from typing import Any

import numpy as np

from mixedmodels.fit.laplace_error.estimate import LaplaceError
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.table import Table


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LaplaceTable(LaplaceError, Table):  # noqa: N818 - a result, no exception
    """The error of a log-likelihood; a table of its figures too.

    Attributes
    ----------
    kind : str, default "pandas"
        The library of tables.
    """

    kind: Any = "pandas"

    def _columns_of_table(self) -> Mapping[str, Any]:
        figures = {
            "error": self.error,
            "std_error": self.std_error,
            "loglik": self.loglik,
            "corrected_loglik": self.corrected_loglik,
            "points": self.points,
            "draws": self.draws,
            "ess": self.ess,
        }
        return {"method": [self.method], **{k: np.array([nan if v is None else v]) for k, v in figures.items()}}

    def _repr_html_(self) -> str:
        return preformatted(repr(self))


def laplace_table_of(error: LaplaceError, kind: Any) -> LaplaceTable:
    """The same numbers as a table."""
    return LaplaceTable(**{f.name: getattr(error, f.name) for f in fields(error)}, kind=kind)
