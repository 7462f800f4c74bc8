"""Power at one design, and along several, printed as the R package simr prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.seeds import seed_text
from mixedmodels.power.noncentral import AnalyticPower, share_interval, sign_and_size
from mixedmodels.tables.html import paragraph, preformatted
from mixedmodels.tables.table import Table

NOTE = "nb: the effect is the model's own estimate, so this might be an observed power calculation"


@dataclass(frozen=True, kw_only=True, eq=False)
class Power(Table):
    """Power of a test: the share of simulated responses in which it is significant, or by a noncentral distribution.

    Attributes
    ----------
    label : str
        Name of the test in print: "for predictor 'Days'".
    description : tuple of str
        Test, and the effect's size where there is one.
    effect : float
        True value of the tested contrast; NaN where there is none.
    p_values : ndarray, shape (nsim,)
        P-value of each simulated response; NaN of one whose fit failed, which counts as not significant.
    estimates : ndarray, shape (nsim,)
        Estimate of the tested contrast; NaN where there is none.
    singular, not_converged : ndarray of bool, shape (nsim,)
        Whether each fit was singular, and whether it did not converge.
    reasons : mapping of int to str
        Why a simulation's fit or test failed, by its number.
    rows : int
        Number of rows of the design.
    alpha : float, default 0.05
        Level of significance.
    level : float, default 0.95
        Confidence level of the limits.
    seed : int or Generator, optional
        Seed that gives these simulations again; None where nothing was simulated.
    asked : int, default 0
        Number of simulations wanted; `nsim` is less after an interruption.
    analytic : AnalyticPower, optional
        Power by a noncentral distribution, or None.
    observed : bool, default False
        Whether the parameters are the estimates of a fit as they came.

    Examples
    --------
    >>> result = fit.power("Days", effect={"Days": 3}, nsim=20, seed=1, progress=False)
    >>> result.nsim, result.n_significant
    (20, 11)
    """

    label: str
    description: tuple[str, ...]
    effect: float
    p_values: Vector
    estimates: Vector
    singular: NDArray[np.bool_]
    not_converged: NDArray[np.bool_]
    reasons: Mapping[int, str]
    rows: int
    alpha: float = 0.05
    level: float = 0.95
    seed: Any = None
    asked: int = 0
    analytic: AnalyticPower | None = None
    observed: bool = False
    kind: Any = field(default="pandas", repr=False)

    @property
    def nsim(self) -> int:
        """Simulations made."""
        return len(self.p_values)

    @property
    def n_significant(self) -> int:
        """Simulations with a p-value below `alpha`."""
        return int(self._significant.sum())

    @property
    def _significant(self) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.p_values < self.alpha)

    @property
    def power(self) -> float:
        """Share of significant simulations; the analytic power where nothing was simulated."""
        if self.nsim:
            return self.n_significant / self.nsim
        return self.analytic.power if self.analytic is not None else float("nan")

    @property
    def std_error(self) -> float:
        """Binomial standard error of the simulated power; NaN where nothing was simulated."""
        return sqrt(self.power * (1 - self.power) / self.nsim) if self.nsim else float("nan")

    def confint(self, level: float | None = None) -> tuple[float, float]:
        """Exact (Clopper and Pearson) limits of the simulated power."""
        if not self.nsim:
            return float("nan"), float("nan")
        return share_interval(self.n_significant, self.nsim, self.level if level is None else level)

    @property
    def n_failed(self) -> int:
        """Simulations whose fit or test failed."""
        return len(self.reasons)

    @property
    def n_singular(self) -> int:
        """Simulations whose fit is on the boundary."""
        return int(self.singular.sum())

    @property
    def type_s(self) -> float:
        """Share of significant estimates that have the wrong sign."""
        return sign_and_size(self.estimates, self._significant, self.effect)[0]

    @property
    def exaggeration(self) -> float:
        """Mean size of significant estimates over the true effect (type M error)."""
        return sign_and_size(self.estimates, self._significant, self.effect)[1]

    def failures(self) -> dict[str, int]:
        """Reason -> how many simulations failed for it, the most frequent first."""
        return dict(Counter(self.reasons.values()).most_common())

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        low, high = self.confint()
        return {
            "power": self.power,
            "std_error": self.std_error,
            "conf_low": low,
            "conf_high": high,
            "n_significant": self.n_significant,
            "nsim": self.nsim,
            "rows": self.rows,
            "failed": self.n_failed,
            "singular": self.n_singular,
            "analytic": float("nan") if self.analytic is None else self.analytic.power,
            "type_s": self.type_s,
            "exaggeration": self.exaggeration,
        }

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {"test": [self.label], **{name: np.array([value]) for name, value in self.figures().items()}}

    def __repr__(self) -> str:
        interval = f", ({100 * self.level:g}% confidence interval)" if self.nsim else ""
        lines = [f"Power {self.label}{interval}:", f"      {self.interval_text()}", ""]
        lines += [f"{'Test: ' if i == 0 else '      '}{text}" for i, text in enumerate(self.description)]
        lines += ["", *self._basis()]
        if self.observed:
            lines += ["", NOTE]
        return "\n".join(lines)

    def interval_text(self) -> str:
        """Power and limits in percent."""
        if not self.nsim:
            return percent(self.power) + "%"
        low, high = self.confint()
        return f"{percent(self.power)}% ({percent(low)}, {percent(high)})"

    def _basis(self) -> list[str]:
        lines = []
        if self.nsim:
            counts = (
                f"{self.n_failed} failed, {self.n_singular} singular, {int(self.not_converged.sum())} not converged"
            )
            lines.append(f"Based on {self.nsim} simulations ({counts}) of {self.rows} rows, {seed_text(self.seed)}")
            if np.isfinite(self.exaggeration):
                lines.append(
                    f"Significant estimates: {percent(self.type_s)}% have the wrong sign, "
                    f"on average they are {self.exaggeration:.2f} times the effect"
                )
        if self.analytic is not None:
            lines.append(f"By {law_text(self.analytic)}: {percent(self.analytic.power)}% ({self.rows} rows)")
        return lines

    def _repr_html_(self) -> str:
        return "".join(map(paragraph, repr(self).split("\n\n")))


def percent(share: float) -> str:
    """A share as simr writes it: two decimals, 100.0 for all."""
    if np.isnan(share):
        return "NA"
    return "100.0" if share == 1 else f"{100 * share:.2f}"


def law_text(analytic: AnalyticPower) -> str:
    """The distribution in words."""
    if analytic.law == "normal":
        return "the normal distribution"
    if analytic.law == "t":
        return f"noncentral t with {analytic.den_df:.4g} degrees of freedom"
    if analytic.law == "F":
        return f"noncentral F with {analytic.num_df} and {analytic.den_df:.4g} degrees of freedom"
    return f"noncentral chi-squared with {analytic.num_df} degrees of freedom"


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerCurve(Table):
    """Power along sizes of a design.

    Attributes
    ----------
    points : tuple of Power
        Power at each size.
    sizes : tuple of int
        Numbers of levels or of replicates.
    size_values : tuple
        Value printed for each size: the size, or the largest value of a number.
    axis : str
        Name of the sizes: "number of levels in Subject".

    Examples
    --------
    >>> curve = fit.with_parameters(fixef={"Days": 5}).power_curve("Days", along="Subject", method="analytic")
    >>> curve.sizes[:3], len(curve)
    ((3, 5, 6), 10)
    """

    points: tuple[Power, ...]
    sizes: tuple[int, ...]
    size_values: tuple[Any, ...]
    axis: str
    kind: Any = "pandas"

    @property
    def seed(self) -> Any:
        """Seed that gives these simulations again; None where nothing was simulated."""
        return self.points[0].seed

    def __getitem__(self, column: str | int) -> Any:
        """A column by its name, or the power at a size."""
        if isinstance(column, str):
            return super().__getitem__(column)
        if column not in self.sizes:
            raise DataError(f"the curve has no size {column!r}; it has {', '.join(map(str, self.sizes))}.")
        return self.points[self.sizes.index(column)]

    def _columns_of_table(self) -> Mapping[str, Any]:
        rows = [p.figures() for p in self.points]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {"size": np.array(self.sizes), "value": np.array(self.size_values), **columns}

    def smallest(self, power: float = 0.8, *, sure: bool = False) -> int | None:
        """The smallest size from which on every size of the curve has at least this power; None where none has.

        Parameters
        ----------
        power : float, default 0.8
            Power to be reached.
        sure : bool, default False
            Whether the lower limit of the interval has to reach it.
        """
        enough = [(p.confint()[0] if sure and p.nsim else p.power) >= power for p in self.points]
        least = None
        for size, good in sorted(zip(self.sizes, enough, strict=True), reverse=True):
            if not good:
                break
            least = size
        return least

    def __repr__(self) -> str:
        first = self.points[0]
        interval = f" ({100 * first.level:g}% confidence interval)," if first.nsim else ""
        lines = [f"Power {first.label},{interval}", f"by {self.axis}:"]
        for value, point in zip(self.size_values, self.points, strict=True):
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            exact = point.nsim and point.analytic is not None
            more = f" - analytic {percent(point.analytic.power)}%" if exact and point.analytic else ""
            lines.append(f"{shown:>7}: {point.interval_text()} - {point.rows} rows{more}")
        if first.nsim:
            failed, singular = (sum(getattr(p, n) for p in self.points) for n in ("n_failed", "n_singular"))
            counts = f"{failed} failed, {singular} singular"
            lines += [
                "",
                f"Based on {first.nsim} simulations of each size ({counts}), {seed_text(self.seed)}",
            ]
        if first.observed:
            lines += ["", NOTE]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(repr(self))
