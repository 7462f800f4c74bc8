"""Results by statsmodels' names: tests of linear hypotheses, predicted means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.estimates import wald
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.single_test import DegreesOfFreedom, RecordedTest, SeveralTests
from mixedmodels.tables.table import Table

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

    from mixedmodels._typing import Vector


class PredictionResults(Table):
    """Predicted means: `predicted_mean`, `se_mean`, `conf_int()`, `summary_frame()`; a table of these too."""

    def __init__(self, columns: Callable[..., Any], kind: Any) -> None:
        self._columns = columns
        self.kind = kind
        self._limits: dict[tuple[bool, float], Any] = {}  # some are simulated, and asked for once

    @cached_property
    def _means(self) -> Any:
        return self._columns(se_fit=True)

    @property
    def predicted_mean(self) -> NDArray[np.float64]:
        """Shape (n,)."""
        return np.asarray(self._means["fit"], dtype=float)

    @property
    def se_mean(self) -> NDArray[np.float64]:
        """Standard errors of the means, shape (n,)."""
        return np.asarray(self._means["se_fit"], dtype=float)

    def conf_int(self, obs: bool = False, alpha: float = 0.05) -> NDArray[np.float64]:
        """Limits at level ``1 - alpha`` of the means, or of new observations; shape (n, 2)."""
        if (obs, alpha) not in self._limits:
            interval = "prediction" if obs else "confidence"
            self._limits[obs, alpha] = self._columns(interval=interval, level=1 - alpha)
        table = self._limits[obs, alpha]
        return np.column_stack([np.asarray(table[name], dtype=float) for name in ("conf_low", "conf_high")])

    def summary_frame(self, alpha: float = 0.05) -> pandas.DataFrame:
        """Means, their standard errors and limits, and the limits of new observations, by statsmodels' names."""
        import pandas as pd

        return pd.DataFrame(self._summary(alpha), index=getattr(self._means, "index", None))

    def _summary(self, alpha: float) -> dict[str, Any]:
        mean, observation = self.conf_int(alpha=alpha), self.conf_int(obs=True, alpha=alpha)
        out = {"mean": self.predicted_mean, "mean_se": self.se_mean}
        out |= {"mean_ci_lower": mean[:, 0], "mean_ci_upper": mean[:, 1]}
        out |= {"obs_ci_lower": observation[:, 0], "obs_ci_upper": observation[:, 1]}
        return out

    def _columns_of_table(self) -> Mapping[str, Any]:
        index = getattr(self._means, "index", None)
        rows = np.arange(len(self.predicted_mean)) if index is None else np.asarray(index)
        return {"row": rows, **self._summary(0.05)}

    def __repr__(self) -> str:
        return repr(self._printed)

    def _repr_html_(self) -> str:
        return self._printed._repr_html_()

    @property
    def _printed(self) -> LongTable:
        return LongTable(columns=self._columns_of_table(), title="Predicted means", kind=self.kind)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ContrastTest(SeveralTests):
    """Wald tests of linear hypotheses: `effect`, `sd`, `tvalue`, `pvalue`, `conf_int()`; a table with a row for each.

    `statistic`, `df` and `p_value` are numbers where there is one hypothesis, else arrays.

    Attributes
    ----------
    df_denom : ndarray, shape (k,)
        Degrees of freedom of each; infinite where the distribution is normal.
    """

    df_denom: Vector

    @property
    def effect(self) -> Vector:
        """Estimates, shape (k,)."""
        return np.asarray(self.columns["estimate"])

    @property
    def sd(self) -> Vector:
        """Standard errors, shape (k,)."""
        return np.asarray(self.columns["std_error"])

    @property
    def tvalue(self) -> Vector:
        """Statistics, shape (k,)."""
        return np.asarray(self.columns["statistic"])

    @property
    def pvalue(self) -> Vector:
        """P-values, shape (k,)."""
        return np.asarray(self.columns["p_value"])

    @property
    def statistic(self) -> Any:
        """The statistic, or an array of several."""
        return self._one_or_all(self.tvalue)

    @property
    def p_value(self) -> Any:
        """The p-value, or an array of several."""
        return self._one_or_all(self.pvalue)

    @property
    def df(self) -> Any:
        """Degrees of freedom, or an array of several; None where the distribution is normal."""
        return self._one_or_all(self.df_denom) if np.isfinite(self.df_denom).all() else None

    def _one_or_all(self, values: Vector) -> Any:
        return float(values[0]) if len(values) == 1 else values

    def conf_int(self, alpha: float = 0.05) -> Any:
        """Limits at level ``1 - alpha``, shape (k, 2)."""
        return wald.intervals(self.effect, self.sd, 1 - alpha, self.df_denom)


@dataclass(frozen=True, eq=False)
class WaldTest(RecordedTest):
    """A joint Wald test: `statistic` (chi-squared, or F where `df_denom` is known), `pvalue`, `df_num`, `df_denom`."""

    statistic: float
    p_value: float
    df_num: int
    df_denom: float | None
    kind: Any = "pandas"
    footer: tuple[str, ...] = ()

    @property
    def df(self) -> DegreesOfFreedom:
        """Degrees of freedom; of an F test those of numerator and denominator."""
        return float(self.df_num) if self.df_denom is None else (float(self.df_num), self.df_denom)

    @property
    def distribution(self) -> str:
        """Distribution of the statistic as statsmodels calls it, "chi2" or "F"."""
        return "chi2" if self.df_denom is None else "F"

    @property
    def method(self) -> str:
        """The method in words."""
        return "Wald chi-squared test" if self.df_denom is None else "Wald F test"

    def __repr__(self) -> str:
        from mixedmodels.tables.r_numbers import format_number

        name, more = ("chi2", "") if self.df_denom is None else ("F", f", df_denom={format_number(self.df_denom, 6)}")
        return (
            f"<Wald test ({name}): statistic={format_number(self.statistic, 6)}, "
            f"p-value={format_number(self.p_value, 6)}, df_num={self.df_num}{more}>"
        ) + "".join(f"\n{line}" for line in self.footer)
