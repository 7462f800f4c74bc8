"""Changes by deletion of rows or groups, as a table that prints the most influential first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.diagnose.influence.changes import Changes
from mixedmodels.errors import DataError
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.table import Table
from mixedmodels.tables.vectors import NamedVector

SHOWN = 10  # deletions in print
HEADERS = {
    "rows": "rows",
    "cooks_distance": "Cook's D",
    "mdffits": "MDFFITS",
    "cov_ratio": "COVRATIO",
    "cov_trace": "COVTRACE",
}


class Influence(Table):
    """The influence of each row, or each level of a factor; prints the most influential first.

    Attributes
    ----------
    group : str or None
        Name of what is deleted, None of rows.
    labels : tuple of str
        Labels of the J deletions; of rows their label in the table.
    rows : ndarray of int, shape (J,)
        Number of rows that each deletion takes.
    theta : {"fixed", "one_step", "refit"}
        Treatment of the variance parameters, "fixed", "one_step" or "refit".
    how : str
        Treatment of the variance parameters, in words.
    names : tuple of str
        Names of the coefficients.
    beta : ndarray
        Coefficients of all rows.
    parameter_names : tuple of str
        Names of the variance parameters.
    parameters : ndarray
        Variance parameters of all rows.
    mixed : bool
        Whether the model has random effects.
    failures : mapping of str to str
        Why nothing can be estimated without a level, by its label; its numbers are NaN.

    Examples
    --------
    >>> influence = fit.influence("Subject")
    >>> len(influence), list(influence.fixed_effects())
    (18, ['Subject', '(Intercept)', 'Days'])
    """

    def __init__(
        self,
        changes: Changes,
        *,
        group: str | None,
        labels: tuple[str, ...],
        rows: NDArray[np.intp],
        theta: str,
        how: str,
        names: tuple[str, ...],
        beta: Vector,
        parameter_names: tuple[str, ...],
        parameters: Vector,
        mixed: bool,
        kind: Any,
        label: Callable[[Vector], Any] | None = None,
        table: Callable[[dict[str, Any]], Any] | None = None,
        columns: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.group, self.labels, self.rows, self.theta, self.how = group, labels, rows, theta, how
        self.names, self.beta = names, beta
        self.parameter_names, self.parameters = parameter_names, parameters
        self.failures = {labels[j]: why for j, why in changes.reasons.items()}
        self.mixed = mixed
        self._changes = changes
        self.kind = kind
        self._label, self._table, self._with_rows = label, table, columns

    # -- by deletion ----------------------------------------------------------------------------------------------

    def cooks_distance(self) -> Any:
        """Cook's distances d'C^-1 d / p: squared change of the p coefficients in units of their covariance C."""
        return self._vector(self._changes.cooks)

    def mdffits(self) -> Any:
        """Cook's distances in units of the covariance without the rows."""
        return self._vector(self._changes.mdffits)

    def cov_ratio(self) -> Any:
        """Determinant of C without the rows over that with them: above 1 where they add precision."""
        return self._vector(np.exp(self._changes.log_ratio))

    def cov_trace(self) -> Any:
        """Distance of C without the rows from C, |tr(C^-1 C_(g)) - p|; 0 where they are the same."""
        return self._vector(np.abs(self._changes.trace))

    def dfbeta(self) -> Any:
        """A table of changes of the coefficients: with all rows less without."""
        return self._columns(self.names, self.beta - self._changes.estimates)

    def dfbetas(self) -> Any:
        """A table of changes of the coefficients in units of a standard error.

        That is of a mixed model the one without the rows (as lme4), of a linear or generalised linear model the one of
        all rows with the residual variance without them (as R).
        """
        return self._columns(self.names, self._scaled)

    def fixed_effects(self) -> Any:
        """A table of the coefficients without the rows."""
        return self._columns(self.names, self._changes.estimates)

    def variances(self) -> Any:
        """A table of variances, covariances and further parameters without the rows."""
        return self._columns(self.parameter_names, self._moving("variances"))

    def rvc(self) -> Any:
        """A table of relative variance changes: a parameter without the rows over that of all rows, less 1."""
        return self._columns(self.parameter_names, self._relative("rvc"))

    def _columns_of_table(self) -> Mapping[str, Any]:
        """All measures, a row per deletion in the order of the data; NaN at rows that the fit excluded."""
        if self._with_rows is not None:
            return self._with_rows(self._measures())
        return {self._heading: list(self.labels), **self._measures()}

    # -- in print -------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    @property
    def table(self) -> ResultTable:
        """The most influential deletions."""
        order = np.argsort(np.where(np.isnan(self._changes.cooks), np.inf, -self._changes.cooks), kind="stable")
        order = order[:SHOWN]
        measures = {name: values[order] for name, values in self._measures().items() if "rvc_cov" not in name}
        if self.group is None:
            del measures["rows"]
        headers = {**HEADERS, **{name: _header(name) for name in measures if name not in HEADERS}}
        what = "row" if self.group is None else f"level of {self.group}"
        return ResultTable(
            columns=measures,
            names=tuple(self.labels[j] for j in order),
            row_column=self._heading,
            headers=headers,
            heading=(f"Influence of each {what}, {self.how}", ""),
            footer=("", *self._notes()),
            kind=self.kind,
            digits=3,
            missing="NA",
        )

    def _notes(self) -> tuple[str, ...]:
        deletions = len(self.labels)
        shown = min(SHOWN, deletions)
        what = "rows" if self.group is None else "levels"
        cooks = self._changes.cooks
        bound = 4 / deletions
        above = int(np.sum(cooks > bound))
        notes = [
            f"{shown} of {deletions:,} {what}; {above:,} have a Cook's D above 4 / {deletions:,} = {bound:.3g}.",
            "DFBETAS: estimate with all rows less without, in standard errors.",
        ]
        if self.failures:
            first = next(iter(self.failures))
            notes.append(f"{len(self.failures):,} without numbers: without {first!r} {self.failures[first]}")
        return tuple(notes)

    # -- within ---------------------------------------------------------------------------------------------------

    @property
    def _heading(self) -> str:
        return "row" if self.group is None else self.group

    @property
    def _scaled(self) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.beta - self._changes.estimates) / self._changes.std_error)

    def _measures(self) -> dict[str, Any]:
        c = self._changes
        out: dict[str, Any] = {
            "rows": self.rows,
            "cooks_distance": c.cooks,
            "mdffits": c.mdffits,
            "cov_ratio": np.exp(c.log_ratio),
            "cov_trace": np.abs(c.trace),
        }
        out.update({f"dfbetas_{name}": column for name, column in zip(self.names, self._scaled.T, strict=True)})
        if c.parameters is not None:
            relative = self._relative("rvc")
            out.update({f"rvc_{name}": v for name, v in zip(self.parameter_names, relative.T, strict=True)})
        return out

    def _moving(self, what: str) -> NDArray[np.float64]:
        if self._changes.parameters is None:
            cure = "use influence(theta='one_step') or 'refit'" if len(self.parameters) else "this model has none"
            raise DataError(f"{what}() is of variance parameters that move with the deletion; {cure}.")
        return self._changes.parameters

    def _relative(self, what: str) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            change = self._moving(what) / self.parameters - 1
        return np.where(self.parameters == 0, np.nan, change)

    def _vector(self, values: Vector) -> Any:
        return NamedVector(self.labels, values) if self._label is None else self._label(values)

    def _columns(self, names: tuple[str, ...], values: NDArray[np.float64]) -> Any:
        columns: dict[str, Any] = dict(zip(names, values.T, strict=True))
        if self._table is not None:
            return self._table(columns)
        heading = self._heading
        while heading in columns:
            heading += "_"
        return frame.to_kind({heading: list(self.labels), **columns}, self.kind)


def _header(name: str) -> str:
    """The header in print of a column of a coefficient or parameter."""
    for prefix, word in (("dfbetas_", "DFBETAS "), ("rvc_var_", "RVC "), ("rvc_", "RVC ")):
        if name.startswith(prefix):
            return word + name.removeprefix(prefix)
    return name
