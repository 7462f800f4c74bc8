"""Poolings of a mixed model as a record that prints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mixedmodels._spellings import spelled, word
from mixedmodels.effects.adjusted.from_model import back_and_notes, mean_offset, variables_for
from mixedmodels.effects.adjusted.grid import make_grid
from mixedmodels.effects.adjusted.lines import POINTS, LevelRows, level_rows, number_values, spans
from mixedmodels.effects.adjusted.terms import Term, Values
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.effects.pooling.estimates import Pooled, group_index, pooled, pooled_lines
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.transformations import WayBack
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.result_table import ShownAsTable

METHODS = ("complete", "no", "partial")
SHOWN = 5  # levels whose reasons are printed


@dataclass(frozen=True, repr=False, kw_only=True)
class Poolings(ShownAsTable):
    """Complete, no and partial pooling of a mixed model; `table` has a row for each level and coefficient.

    Attributes
    ----------
    pools : Pooled
        Coefficients of the three.
    variables : Variables
        Variables of the model, with which rows along a number are laid out.
    kept : tuple of int
        Positions of the columns of X that are estimated.
    offset : float or None
        Value for an offset argument.
    back : WayBack or None
        Way back from the linear predictor; None to stay there.
    kind : str, default "pandas"
        The library of `to_frame`.

    Examples
    --------
    >>> pools = fit.pooling()
    >>> pools.group, pools.terms
    ('Subject', ('(Intercept)', 'Days'))
    """

    pools: Pooled
    variables: Variables
    kept: tuple[int, ...]
    offset: float | None
    back: WayBack | None
    kind: Any = "pandas"

    @property
    def group(self) -> str:
        """The grouping factor."""
        return self.pools.group

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of the grouping factor."""
        return self.pools.levels

    @property
    def terms(self) -> tuple[str, ...]:
        """Coefficients that are compared."""
        return self.pools.terms

    @property
    def missing(self) -> dict[str, str]:
        """Level -> reason why its own regression lacks a coefficient."""
        return {level: why for level, why in zip(self.levels, self.pools.reasons, strict=True) if why}

    @cached_property
    def table(self) -> LongTable:
        """Columns group, n, term, complete, no, partial, fixed, shrinkage, reason."""
        p = self.pools
        q, count = len(p.terms), len(p.levels)
        columns = {
            "group": [level for level in p.levels for _ in p.terms],
            "n": np.repeat(p.rows, q),
            "term": list(p.terms) * count,
            "complete": np.tile(p.complete, count),
            "no": p.alone.ravel(),
            "partial": p.partial.ravel(),
            "fixed": np.tile(p.fixed, count),
            "shrinkage": p.shrinkage.ravel(),
            "reason": [why for why in p.reasons for _ in p.terms],
        }
        title = f"Poolings by {p.group}: one regression, one for each level, and the mixed model"
        return LongTable(columns=columns, title=title, footer=self._reasons(), kind=self.kind, hidden=("reason",))

    def _reasons(self) -> tuple[str, ...]:
        """Lines on what is missing, of the first levels."""
        lines = [f"{self.group} {level}: {why}" for level, why in self.missing.items()]
        more = [f"... and of {len(lines) - SHOWN} levels more (see `missing`)"] if len(lines) > SHOWN else []
        return ("", *lines[:SHOWN], *more) if lines else ()

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def coefficients(self, method: str) -> Any:
        """Coefficients of one method as a pandas table, a row per level: "complete", "no" or "partial".

        Examples
        --------
        >>> fit.pooling().coefficients("complete").iloc[0].round(1).tolist()
        [251.4, 10.5]
        """
        import pandas as pd

        p = self.pools
        tables = {"complete": np.tile(p.complete, (len(p.levels), 1)), "no": p.alone, "partial": p.partial}
        if method not in tables:
            raise UnknownColumnError(f"there is no pooling {method!r}; there are {', '.join(METHODS)}.")
        return pd.DataFrame(tables[method], index=list(p.levels), columns=list(p.terms))

    @spelled(type="scale")
    def lines(
        self,
        x: str,
        values: Any = None,
        *,
        span: str = "common",
        points: int = POINTS,
        type: Literal["response", "link"] = "response",  # noqa: A002
        typical: Any = "mean",
        condition: Any = None,
    ) -> LongTable:
        """Fitted values of the three poolings along a number: columns method, group, x, fitted.

        Variables that are constant within levels keep the value of the level; others are held at typical values.

        Parameters
        ----------
        x : str
            Name of the number along the lines.
        values : array_like, optional
            Values of the number; if not given `points` over `span`.
        span : {"common", "own"}, default "common"
            Range of the lines: "common" for that of all rows, "own" for each level's own.
        points : int, default 21
            Number of values along each line where `values` is not given.
        type : {"response", "link"}, default "response"
            Scale of the lines: "response", or "link" for the linear predictor.
        typical : str, callable or mapping, default "mean"
            See `ggpredict`.
        condition : mapping of str, optional
            See `ggpredict`.

        Examples
        --------
        >>> lines = fit.pooling().lines("Days", points=2)
        >>> len(lines)
        108
        """
        means = word("type", type, ("response", "link")) == "response"
        rows = laid_lines(
            variables=self.variables,
            group=self.group,
            x=x,
            values=values,
            span=span,
            points=points,
            typical=typical,
            condition=condition,
            offset=self.offset,
        )
        fitted = pooled_lines(self.pools, rows, self.kept, self.back if means else None)
        r = len(rows.x)
        columns = {
            "method": [m for m in METHODS for _ in range(r)],
            "group": [self.levels[c] for c in rows.codes] * 3,
            "x": np.tile(rows.x, 3),
            "fitted": np.concatenate([fitted[m] for m in METHODS]),
        }
        return LongTable(columns=columns, title=f"Poolings by {self.group} along {x}", kind=self.kind)


def poolings(model: Any, group: str | None) -> Poolings:
    """See `PoolingVerbs.pooling`."""
    need_groups(model, "pooling()")
    place = group_index(model.design, group)
    pools = pooled(model.design, model._fit, place)
    variables = variables_for(model)
    back, _ = back_and_notes(model, "response", True)
    kept = tuple(model._fit.kept)
    return Poolings(
        pools=pools,
        variables=variables,
        kept=kept,
        offset=mean_offset(model, variables),
        back=back,
        kind=model._source.kind,
    )


def need_groups(model: Any, what: str) -> None:
    """Refuse a model without random effects, or without its rows."""
    if not model._fit.mixed:
        raise DataError(f"{what} is for models with random effects; this one has none.")
    model._need_rows(what)


def laid_lines(
    variables: Variables,
    group: str,
    x: str,
    values: Any,
    span: Any,
    points: int,
    typical: Any,
    condition: Any,
    offset: float | None,
) -> LevelRows:
    """Rows along a number for every level of a group."""
    x = variables.meant(x)
    own = number_values(variables, x)
    place = group_index(variables.design, group)
    factor = variables.design.groups[place]
    chosen = spans(own, factor.codes, factor.n_levels, span, values, points)
    held: dict[str, Any] = {}
    if condition:
        term = Term(x, Values((float(own[0]),)))
        grid = make_grid(variables, [term], condition=condition, typical=typical)
        held = {name: grid.constants[name] for name in condition}
    return level_rows(variables, place, x, chosen, typical=typical, condition=held, offset=offset)
