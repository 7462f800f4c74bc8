"""Figures of merit as records that print as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.exported import ByName
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Sheet


@dataclass(frozen=True, repr=False)
class FiguresOfMerit(ByName, Mapping[str, float]):
    """Figures of merit by name.

    Attributes
    ----------
    values_by_name : mapping of str to float
        Figures by name.
    table : ResultTable
        Table that is printed, with the method below it.
    method : str
        Method of computing the figures, in words.
    """

    values_by_name: Mapping[str, float]
    table: ResultTable
    method: str

    @property
    def kind(self) -> Any:
        """The library of the model's data."""
        return self.table.kind

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.table._columns_of_table()

    def _sheet(self) -> Sheet:
        return self.table._sheet()

    def __repr__(self) -> str:
        return repr(self.table)

    def __getitem__(self, name: str) -> float:
        try:
            return self.values_by_name[name]
        except KeyError:
            raise UnknownColumnError(f"no figure {name!r}; there are {', '.join(self.values_by_name)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    @property
    def seed(self) -> Any:
        """Seed that gives the same interval again; None where nothing was drawn."""
        return self.table.seed

    def to_dict(self) -> dict[str, float]:
        """Name -> figure."""
        return dict(self.values_by_name)


@dataclass(frozen=True, repr=False)
class ICC(FiguresOfMerit):
    """The share of the variance that lies among groups.

    Examples
    --------
    >>> list(gm.icc())
    ['adjusted', 'unadjusted']
    """

    @property
    def adjusted(self) -> float:
        """Share of random and residual variance; the variance of the fixed effects is left out."""
        return self["adjusted"]

    @property
    def unadjusted(self) -> float:
        """Share of all variance, with that of the fixed effects."""
        return self["unadjusted"]


@dataclass(frozen=True, repr=False)
class R2(FiguresOfMerit):
    """Shares of the variation that a model explains.

    Examples
    --------
    >>> {name: round(share, 3) for name, share in gm.r2().items()}
    {'conditional': 0.187, 'marginal': 0.085}
    """

    @property
    def marginal(self) -> float:
        """By the fixed effects alone (Nakagawa)."""
        return self["marginal"]

    @property
    def conditional(self) -> float:
        """By fixed and random effects together (Nakagawa)."""
        return self["conditional"]
