"""Simulated residuals, as tests and pictures read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.dispersion import PearsonSum
from mixedmodels.diagnose.residuals.pit import Method
from mixedmodels.diagnose.residuals.rows import Find, LabelledRows, PlainRows, row_values
from mixedmodels.diagnose.residuals.simulated import Simulated, checked, scaled
from mixedmodels.diagnose.residuals.tables import QuantileTest
from mixedmodels.diagnose.residuals.tests import ResidualTests
from mixedmodels.errors import DataError
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.r_numbers import format_numbers, quantiles
from mixedmodels.tables.r_print import matrix
from mixedmodels.tables.table import Table


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class SimulatedResiduals(ResidualTests, Table):
    """Residuals that are uniform on (0, 1) if the model is true, with tests of whether they are.

    Attributes
    ----------
    numbers : Simulated
        Observed and simulated responses, and residuals.
    formula : str
        Formula of the model, or what stands for one.
    how : str
        Method of simulating responses, in words.
    seed : int, Generator or None
        Seed that gives the same residuals again.
    rows : LabelledRows
        Labels of the rows.
    kind : str
        Library of tables.
    find : callable
        Function that gives the values of a column for the rows used.
    pearson : callable, optional
        Function that gives the model's sum of squared Pearson residuals; None where there is no model.
    failures : mapping of str to int, optional
        Number of refitted models that failed, by the reason; their simulations are left out.
    notes : tuple of str, default ()
        Notes on these residuals.
    original : SimulatedResiduals, optional
        The residuals that these are recalculated from, or None.

    Examples
    --------
    >>> residuals = gm.simulate_residuals(nsim=100, seed=1)
    >>> residuals.recalculate("herd").nobs
    15
    """

    numbers: Simulated
    formula: str
    how: str
    seed: Any
    rows: LabelledRows
    kind: Any
    find: Find
    pearson: Callable[[], PearsonSum] | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    original: SimulatedResiduals | None = None

    @classmethod
    def from_simulations(
        cls,
        simulated_response: Any,
        observed_response: Any,
        fitted_predicted: Any = None,
        *,
        integer_response: bool = False,
        seed: Any = None,
        method: Method = "PIT",
        rotation: Any = None,
    ) -> SimulatedResiduals:
        """Residuals of any model whose responses were simulated elsewhere.

        Parameters
        ----------
        simulated_response : array_like, shape (n, simulations)
            Simulated responses.
        observed_response : array_like, shape (n,)
            Observed responses.
        fitted_predicted : array_like, shape (n,), optional
            Predictions; None takes the mean of the simulations.
        integer_response : bool, default False
            Whether responses are counts.
        seed : int or Generator, optional
            Seed of the residuals of counts, which are drawn.
        method : {"PIT", "traditional"}, optional
            See ``fit.simulate_residuals``.
        rotation : str or array_like, optional
            See ``fit.simulate_residuals``.
        """
        from mixedmodels.fit.seeds import drawn_seed, generator

        seed = drawn_seed(seed)
        draws, y, mean = checked(simulated_response, observed_response, fitted_predicted)
        numbers = scaled(
            y, mean, draws, generator(seed), integer=bool(integer_response), method=method, rotation=rotation
        )
        index = getattr(observed_response, "index", None)
        labels = None if index is None or callable(index) else tuple(map(str, index))
        find = partial(row_values, len(y))
        return cls(
            numbers=numbers,
            formula="given simulations",
            how="as given",
            seed=seed,
            rows=PlainRows("pandas", labels),
            kind="pandas",
            find=find,
        )

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def scaled_residuals(self) -> Any:
        """Residuals on (0, 1), one per row as ``fit.fitted()``; 0 and 1 are outside all simulations."""
        return self.rows.label(self.numbers.residuals)

    @property
    def observed_response(self) -> Any:
        """The response; successes of a binomial one."""
        return self.rows.label(self.numbers.observed)

    @property
    def fitted_predicted(self) -> Any:
        """Mean without random effects, on the scale of the response."""
        return self.rows.label(self.numbers.predicted)

    @property
    def simulated_response(self) -> Matrix:
        """Simulations of the rows used, shape (rows, simulations)."""
        return self.numbers.simulated

    @property
    def integer_response(self) -> bool:
        """Whether responses are counts."""
        return self.numbers.integer

    @property
    def n(self) -> int:
        """Simulations."""
        return self.numbers.m

    @property
    def nobs(self) -> int:
        """Residuals."""
        return self.numbers.n

    @property
    def method(self) -> str:
        """The method of scaling residuals."""
        return self.numbers.method

    @property
    def refit(self) -> bool:
        """Whether the model was refitted to each simulation."""
        return self.numbers.refits is not None

    def residuals(
        self,
        quantile_function: Literal["normal"] | Callable[[Vector], Any] | None = None,
        outlier_values: tuple[float, float] | None = None,
    ) -> Any:
        """The residuals, on another scale if wanted.

        Parameters
        ----------
        quantile_function : {"normal"} or callable, optional
            Quantile function: "normal", or a function of probabilities, such as ``scipy.stats.norm.ppf``.
        outlier_values : tuple of two float, optional
            Values that replace minus infinity and infinity, to which residuals of 0 and 1 may be mapped.
        """
        r = self.numbers.residuals
        if quantile_function is None:
            return self.rows.label(r)
        if quantile_function == "normal":
            from scipy.special import ndtri as function
        elif callable(quantile_function):
            function = quantile_function
        else:
            raise DataError(f"quantile_function is {quantile_function!r:.60}; give 'normal' or a function.")
        out = np.asarray(function(r), dtype=float)
        if out.shape != r.shape:
            raise DataError(f"quantile_function returned shape {out.shape} for {len(r)} residuals; it should keep it.")
        if outlier_values is not None:
            low, high = outlier_values
            out = np.where(np.isneginf(out), low, np.where(np.isposinf(out), high, out))
        return self.rows.label(out)

    def outliers(self, lower: float = 0.0, upper: float = 1.0) -> NDArray[np.intp]:
        """Positions (among the rows used) of residuals at or beyond these bounds."""
        r = self.numbers.residuals
        return np.flatnonzero((r <= lower) | (r >= upper))

    # -- tables -------------------------------------------------------------------------------------------------

    def _columns_of_table(self) -> Mapping[str, Any]:
        """A row per residual: observed, fitted_predicted, scaled_residual."""
        s = self.numbers
        return self.rows.columns(
            {"observed": s.observed, "fitted_predicted": s.predicted, "scaled_residual": s.residuals}
        )

    def qq_table(self) -> Any:
        """The points of the left panel of DHARMa's plot: a row per residual, columns expected and observed."""
        n = self.numbers.n
        columns = {"expected": np.arange(1, n + 1) / (n + 1), "observed": np.sort(self.numbers.residuals)}
        return frame.to_kind(columns, self.kind)

    def quantile_table(self, predictor: Any = None, rank: bool = True, absolute: bool = False) -> QuantileTest:
        """The test behind the right panel; `points` and `curves` are its tables. See `test_quantiles`."""
        return self.test_quantiles(predictor, rank=rank, absolute=absolute)

    # -- again --------------------------------------------------------------------------------------------------

    def recalculate(
        self,
        group: Any = None,
        *,
        aggregate: Literal["sum"] | Callable[[Any], float] = "sum",
        sel: Any = None,
        seed: Any = None,
        method: Method = "PIT",
        rotation: Any = None,
    ) -> SimulatedResiduals:
        """Residuals of groups of rows, or of some rows; always from the simulations of all rows.

        Parameters
        ----------
        group : str or array_like, optional
            Groups: a column's name, or a value per row used; None leaves the rows apart.
        aggregate : {"sum"} or callable, default "sum"
            Way to aggregate: "sum", or a function that gives a number from the values of a group (of other functions
            than sums and means the residuals need not be uniform).
        sel : str or array_like, optional
            Rows to use: a column's name or truth values, or positions among the rows used.
        seed : int or Generator, optional
            See ``fit.simulate_residuals``.
        method : {"PIT", "traditional"}, optional
            See ``fit.simulate_residuals``.
        rotation : str or array_like, optional
            See ``fit.simulate_residuals``.
        """
        from mixedmodels.diagnose.residuals.groups import regrouped
        from mixedmodels.fit.seeds import drawn_seed

        seed = drawn_seed(seed)
        base = self if self.original is None else self.original
        made = regrouped(
            numbers=base.numbers,
            find=base.find,
            group=group,
            aggregate=aggregate,
            sel=sel,
            seed=seed,
            method=method,
            rotation=rotation,
        )
        return replace(
            base,
            numbers=made.numbers,
            formula=f"{base.formula}, {made.words}",
            seed=seed,
            rows=PlainRows(base.kind, made.labels, made.name),
            find=made.find,
            pearson=None,
            original=base,
        )

    # -- print --------------------------------------------------------------------------------------------------

    @property
    def _data(self) -> str:
        return self.formula

    def __repr__(self) -> str:
        from mixedmodels.fit.seeds import seed_text

        s = self.numbers
        again = " to which the model was refitted" if self.refit else ""
        lines = [
            f"Simulated residuals of {self.formula}",
            f"{s.n} residuals, {s.m} simulations {self.how}{again}, method {s.method}, {seed_text(self.seed)}",
        ]
        if self.failures:
            lines.append(f"Left out: {sum(self.failures.values())} simulations to which the model could not be fitted")
        lines += [f"Note: {note}" for note in self.notes]
        shown = format_numbers(quantiles(s.residuals), 4)
        table = matrix([""], ["Min", "1Q", "Median", "3Q", "Max"], [shown])
        return "\n".join([*lines, "", "Scaled residuals:", table])

    def _repr_html_(self) -> str:
        return preformatted(repr(self))
