"""The result of marginal effects: a table of estimates that keeps their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixedmodels._typing import Matrix
from mixedmodels.effects.marginal.hypotheses import Estimates
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.tables.long_table import LongTable


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class MarginalTable(LongTable):
    """Estimates by the delta method; prints as a table, and hypotheses can be tested about its rows.

    Attributes
    ----------
    estimates : Estimates
        Estimates with gradients, before `transform`.
    coefficients : Coefficients or None
        Coefficients with their covariance; None without standard errors.
    level : float
        Confidence level.
    """

    estimates: Estimates
    coefficients: Coefficients | None
    level: float = 0.95

    @property
    def jacobian(self) -> Matrix:
        """Derivatives of the estimates in the coefficients, shape (r, p)."""
        return self.estimates.jet.gradient

    def vcov(self) -> Matrix:
        """Covariance of the estimates, shape (r, r).

        Examples
        --------
        >>> gm.avg_predictions(by="period").vcov().shape
        (4, 4)
        """
        from mixedmodels.errors import DataError

        if self.coefficients is None:
            raise DataError("these estimates have no covariance, since vcov=False was given.")
        covariance: Matrix = self.jacobian @ self.coefficients.vcov @ self.jacobian.T
        return covariance

    def hypotheses(
        self, hypothesis: Any = None, *, adjust: str | None = None, equivalence: Any = None
    ) -> MarginalTable:
        """Tests about the rows of this table.

        Parameters
        ----------
        hypothesis : float, str, sequence of str, array_like, callable or None
            See the verb `hypotheses` of a model; names are those of the rows, or b1, b2, ...
        adjust : str, optional
            Adjustment of the p-values for their number: "holm", "BH", ...
        equivalence : sequence of float, optional
            Lower and upper limit of a negligible estimate.

        Examples
        --------
        >>> gm.avg_predictions(by="period").hypotheses("b2 = b1")["estimate"].round(3)
        array([-0.123])
        """
        from mixedmodels.effects.marginal.hypotheses import about
        from mixedmodels.effects.marginal.statistics import result

        return result(
            about(self.estimates, hypothesis),
            self.coefficients,
            level=self.level,
            title=self.title,
            footer=self.footer,
            kind=self.kind,
            adjust=adjust,
            equivalence=equivalence,
        )
