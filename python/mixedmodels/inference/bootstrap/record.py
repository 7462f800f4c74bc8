"""The result of a bootstrap, printed as R's boot prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._spellings import LEVEL, recased, spelled
from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.fit.seeds import seed_text
from mixedmodels.inference.bootstrap.intervals import KINDS, Kind, check, intervals
from mixedmodels.inference.bootstrap.replicates import Replicates
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Sheet
from mixedmodels.tables.table import Table
from mixedmodels.tables.vectors import NamedVector

TITLES = {"perc": "percentile", "basic": "basic", "norm": "normal", "bca": "BCa"}
SHOWN = 5  # reasons of failure


@dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap(Table):
    """Replicates of a model's estimates.

    Attributes
    ----------
    replicates : Replicates
        Statistics of the replicates.
    formula : str
        Formula of the model.
    method : str
        Method of drawing responses, in words.
    seed : int or Generator
        Seed that reproduces the replicates, for any number of threads.
    seconds : float
        Elapsed time in seconds.
    theta : ndarray, shape (R, m) or None
        Theta of the replicates; None for a bootstrap of a statistic.
    jackknife : callable
        Function that gives the influence values that BCa intervals need.
    kind : str, default "pandas"
        Library of the tables.

    Examples
    --------
    >>> draws = fit.bootstrap(20, seed=1)
    >>> draws.done, draws.failures
    (20, {})
    """

    replicates: Replicates
    formula: str
    method: str
    seed: Any
    seconds: float
    theta: Matrix | None
    jackknife: Callable[[], Matrix]
    kind: Any = "pandas"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the statistics."""
        return self.replicates.names

    @property
    def t0(self) -> NamedVector:
        """The statistics at the data."""
        return NamedVector(self.names, self.replicates.t0, self.kind)

    @property
    def t(self) -> Matrix:
        """The replicates, a row each; NaN where one failed."""
        return self.replicates.t

    @property
    def nsim(self) -> int:
        """Number of replicates that were requested; `done` counts those made."""
        return self.replicates.asked

    @property
    def done(self) -> int:
        """Replicates made: fewer than `nsim` after Ctrl-C."""
        return self.replicates.done

    @property
    def failures(self) -> dict[str, int]:
        """Reason -> number of replicates that have no estimates for it."""
        return self.replicates.failures()

    @property
    def n_singular(self) -> int:
        """Number of replicates with a singular fit; they are used as all others."""
        return self.replicates.n_singular

    @property
    def singular(self) -> NDArray[np.bool_]:
        """Whether the fit of each replicate is singular."""
        return self.replicates.singular

    @cached_property
    def influence(self) -> Matrix:
        """Influence values of a jackknife over the outermost groups, shape (groups, statistics)."""
        return self.jackknife()

    def summary(self) -> ResultTable:
        """Estimate, bias (mean of the replicates less the estimate) and standard error of every statistic.

        Examples
        --------
        >>> list(fit.bootstrap(20, seed=1).summary().columns)
        ['estimate', 'bias', 'std_error']
        """
        return ResultTable(
            columns=self.replicates.moments(),
            names=self.names,
            headers={"estimate": "original", "bias": "bias", "std_error": "std. error"},
            heading=(f"{self.method} of {self.formula}", ""),
            footer=self._footer(),
            kind=self.kind,
        )

    @spelled(level=LEVEL)
    def confint(
        self,
        level: float = 0.95,
        type: Kind = "perc",  # noqa: A002
        parm: str | Sequence[str] | None = None,
        *,
        influence: Matrix | None = None,
    ) -> ResultTable:
        """Intervals, columns conf_low and conf_high.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level of the limits.
        type : {"perc", "basic", "norm", "bca"}, default "perc"
            Type of the intervals: "perc" (quantiles of the replicates), "basic", "norm" (corrected for bias) or "bca"
            (quantiles corrected for bias and skewness; the acceleration is from a jackknife over the outermost groups,
            see `influence`).
        parm : str or sequence of str, optional
            Name of a statistic, or several; by default all.
        influence : ndarray, shape (J, statistics), optional
            Influence values to be used with "bca".

        Raises
        ------
        DataError, UnknownColumnError
            If a name, a level or a type does not exist.

        Examples
        --------
        >>> limits = fit.bootstrap(100, seed=1).confint(parm="Days")
        >>> bool(limits["conf_low"][0] < fit.fixef()["Days"] < limits["conf_high"][0])
        True
        """
        type = recased(type, KINDS, {title.lower(): kind for kind, title in TITLES.items()})  # noqa: A001
        check(level, type)
        chosen = self._chosen(parm)
        values = None
        if type == "bca":
            values = np.asarray(self.influence if influence is None else influence, dtype=float)
            if values.ndim != 2 or values.shape[1] != len(self.names):
                raise DataError(f"influence has shape {values.shape}; it needs a column for each of {len(self.names)}.")
            values = values[:, chosen]
        r = self.replicates
        limits, extreme = intervals(r.t0[chosen], r.t[:, chosen], level, type, values)
        names = tuple(self.names[j] for j in chosen)
        notes = list(self._footer())
        short = [name for name, e in zip(names, extreme, strict=True) if e]
        if short:
            notes.append(f"Extreme replicates are the limits of {', '.join(short)}: draw more replicates.")
        lost = [name for name, limit in zip(names, limits, strict=True) if np.isnan(limit).any()]
        if lost:
            notes.append(f"No {TITLES[type]} interval of {', '.join(lost)}: {_why(type)}.")
        percent = [f"{100 * q:.4g} %" for q in ((1 - level) / 2, (1 + level) / 2)]
        return ResultTable(
            columns={"conf_low": limits[:, 0], "conf_high": limits[:, 1]},
            names=names,
            headers={"conf_low": percent[0], "conf_high": percent[1]},
            heading=(f"Bootstrap {TITLES[type]} intervals",),
            footer=tuple(notes),
            kind=self.kind,
            seed=self.seed,
        )

    def _columns_of_table(self) -> Mapping[str, Any]:
        """A row per replicate: its number, the statistics, and whether the fit is singular or failed."""
        r = self.replicates
        columns: dict[str, Any] = {"replicate": np.arange(1, r.done + 1)}
        columns |= {name: r.t[:, j] for j, name in enumerate(self.names)}
        columns |= {"singular": r.singular, "failed": np.isin(np.arange(r.done), list(r.reasons))}
        return columns

    def _chosen(self, parm: str | Sequence[str] | None) -> list[int]:
        if parm is None:
            return list(range(len(self.names)))
        wanted = [parm] if isinstance(parm, str) else list(parm)
        for name in wanted:
            if name not in self.names:
                raise UnknownColumnError(f"no parameter {name!r}; there are {', '.join(self.names)}")
        return [self.names.index(name) for name in wanted]

    def _footer(self) -> tuple[str, ...]:
        r = self.replicates
        of = f"{r.done:,} replicates" + (f" of {r.asked:,} asked for (interrupted)" if r.done < r.asked else "")
        notes = [f"{of}, {seed_text(self.seed)}"]
        if r.n_singular:
            notes.append(f"{r.n_singular:,} singular fits, which count.")
        if r.n_not_converged:
            notes.append(f"{r.n_not_converged:,} fits did not converge; their estimates count.")
        if r.n_separated:
            notes.append(
                f"{r.n_separated:,} fits have infinite estimates, as the outcomes drawn are separated; they count as "
                "large numbers, which spoils bias and standard error but not percentile intervals."
            )
        if r.n_failed:
            notes.append(f"{r.n_failed:,} replicates failed and are left out:")
            reasons = list(r.failures().items())
            notes += [f"  {count:,} x {why}" for why, count in reasons[:SHOWN]]
            if len(reasons) > SHOWN:
                notes.append(f"  and {len(reasons) - SHOWN} other reasons")
        undefined = np.isnan(r.t).sum(axis=0) - np.isnan(r.t).all(axis=1).sum() if r.t.size else np.zeros(0, dtype=int)
        notes += [
            f"{name} is not defined in {int(count):,} replicates, which are left out for it."
            for name, count in zip(self.names, undefined, strict=True)
            if count
        ]
        return tuple(notes)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _sheet(self) -> Sheet:
        return self.summary()._sheet()


def _why(interval: Kind) -> str:
    if interval == "bca":
        return "its replicates lie on one side of the estimate, or it does not change when groups are left out"
    return "there are too few replicates, or no estimate"
