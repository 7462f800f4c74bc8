"""Classical checks of a model: influence, leverage, collinearity, and what a page of them says."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mixedmodels.diagnose.checks.page import ModelChecks
    from mixedmodels.diagnose.influence.leverage import Leverage
    from mixedmodels.diagnose.influence.linearised import Linearised
    from mixedmodels.diagnose.influence.record import Influence
    from mixedmodels.tables.check import Check, Checks
    from mixedmodels.tables.result_table import ResultTable

Theta = Literal["fixed", "one_step", "refit"]


class Checking:
    """Classical checks of a model: influence, leverage, collinearity, and what a page of them says."""

    # -- influence ------------------------------------------------------------------------------------------------

    def influence(self, group: Any = None, theta: Theta = "fixed", *, progress: bool | None = None) -> Influence:
        """What deleting each row, or each level of a factor, would change.

        Parameters
        ----------
        group : None deletes single rows; the name of a grouping factor or of a column, or one value per row, deletes
            its levels; a list of names deletes the combinations of their levels.
        theta : what happens to the variance parameters. "fixed" keeps them: the coefficients without the rows are
            exact and nothing is fitted again (of a glm or glmer: one step of the iterations from the estimates).
            "one_step" lets them take one Newton step, "refit" fits again without the rows. An lm is exact with all.
        progress : a line on stderr: True at once, None on a terminal after two seconds, False never. Ctrl-C stops, and
            gives what there is.

        Returns
        -------
        Influence
            Prints the most influential first; `cooks_distance()`, `dfbetas()`, `cov_ratio()`, `mdffits()`, `rvc()`,
            `fixed_effects()`, `to_frame()`.

        Raises
        ------
        DataError
            If there is no such column, or the model has no coefficients.
        """
        from mixedmodels.diagnose.influence.from_model import influence

        return influence(self, group, theta, progress)

    def cooks_distance(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """Cook's distance of each row or level: the squared change of the coefficients in units of their covariance.

        Parameters
        ----------
        group, theta : as of `influence`.
        """
        return self.influence(group, theta).cooks_distance()

    def dfbeta(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """A table of changes of the coefficients, with all rows less without; see `influence`."""
        return self.influence(group, theta).dfbeta()

    def dfbetas(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """A table of changes of the coefficients in standard errors, with all rows less without; see `influence`."""
        return self.influence(group, theta).dfbetas()

    def cov_ratio(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """Determinant of the coefficients' covariance without each row or level over that with all; see `influence`."""
        return self.influence(group, theta).cov_ratio()

    # -- leverage -------------------------------------------------------------------------------------------------

    def hat_values(self) -> Any:
        """Diagonal of the hat matrix: how much of each row's fitted value is its own observation.

        Of a mixed model fixed and random effects together, at the estimates of the variances; of a generalised model
        that of the last iteration's weighted least squares. Their sum is the number of effective parameters.
        """
        return self._by_row(self._leverage.total)

    def leverage(self, group: Any = None) -> Any:
        """A table of leverages: `total`, its parts `fixed` and `random`, and `unconfounded`.

        The parts are those of Demidenko and Stukel (2005); `unconfounded` is that of the random effects alone, diag(Z
        Lambda Lambda'Z'), which does not depend on X (Nobre and Singer 2011).

        Parameters
        ----------
        group : None for rows; else as of `influence`, for the mean of each level's rows.
        """
        from mixedmodels.diagnose.influence.from_model import leverage_table

        return leverage_table(self, group)

    def rstandard(self, type: Literal["deviance", "pearson"] | None = None) -> Any:  # noqa: A002
        """Residuals divided by their standard deviation sigma sqrt(1 - h).

        Parameters
        ----------
        type : of a generalised model "deviance" (the default of a glm) or "pearson" (of a glmer).
        """
        from mixedmodels.diagnose.influence.from_model import rstandard

        return self._by_row(rstandard(self, type))

    def rstudent(self) -> Any:
        """Residuals divided by their standard deviation without the row itself (of a mixed model with it, as in lme4).

        Of a generalised model the deviance that the row's leaving saves, as R takes it.
        """
        from mixedmodels.diagnose.influence.from_model import rstudent

        return self._by_row(rstudent(self))

    # -- assumptions ----------------------------------------------------------------------------------------------

    def check_model(self, seed: Any = 1) -> ModelChecks:
        """All checks on a page, and the tables that pictures of them draw.

        Parameters
        ----------
        seed : of the draws that the response is compared with.

        Returns
        -------
        ModelChecks
            Prints a sentence per check; `residuals_fitted_table()`, `qq_residuals_table()`, ... are for pictures.
        """
        from mixedmodels.diagnose.checks.page import ModelChecks

        self._need_rows("check_model()")  # type: ignore[attr-defined]
        return ModelChecks(self, seed)

    def check_normality(self, effects: Literal["fixed", "random"] = "fixed") -> Check | Checks:
        """Shapiro and Wilk's test of the standardised residuals, or of each random effect.

        Parameters
        ----------
        effects : "fixed" for residuals (of an lm or lmer), "random" for the conditional modes of every random effect.
        """
        from mixedmodels.diagnose.checks.assumption_checks import normality

        return normality(self, effects)

    def check_heteroscedasticity(self) -> Check:
        """Breusch and Pagan's test that the residual variance of an lm or lmer is the same for all fitted values."""
        from mixedmodels.diagnose.checks.assumption_checks import heteroscedasticity

        return heteroscedasticity(self)

    def check_autocorrelation(self, nsim: int = 1000, seed: Any = 1) -> Check:
        """Durbin and Watson's test that neighbouring rows are independent.

        Parameters
        ----------
        nsim, seed : of the resampled residuals that the p-value comes from.
        """
        from mixedmodels.diagnose.checks.assumption_checks import autocorrelation

        return autocorrelation(self, nsim, seed)

    def check_outliers(self, threshold: float | None = None) -> Check:
        """Rows whose Cook's distance is large.

        That of a mixed model is of the row's residual and leverage, as lme4's `cooks.distance`.

        Parameters
        ----------
        threshold : None for the median of F with p and n - p degrees of freedom.
        """
        from mixedmodels.diagnose.checks.assumption_checks import outliers

        return outliers(self, threshold)

    def check_overdispersion(self) -> Check:
        """Pearson's chi-squared beside its degrees of freedom, of counts, or of proportions of several trials."""
        from mixedmodels.diagnose.checks.family_checks import overdispersion

        return overdispersion(self)

    def check_zeroinflation(self, tolerance: float = 0.05) -> Check:
        """Zeros among the counts, and how many the model expects.

        Parameters
        ----------
        tolerance : how far the ratio of the two may be from 1.
        """
        from mixedmodels.diagnose.checks.family_checks import zeroinflation

        return zeroinflation(self, tolerance)

    def vif(self) -> ResultTable:
        """Variance inflation of each term, generalised where it has several coefficients (Fox and Monette 1992).

        Returns
        -------
        ResultTable
            Columns vif, df, and vif_scaled, which is vif^(1 / (2 df)).

        Raises
        ------
        DataError
            If fewer than two terms have coefficients.
        """
        from mixedmodels.diagnose.checks.vif_tables import vif

        return vif(self)

    def check_collinearity(self, level: float = 0.95) -> ResultTable:
        """Variance inflation of each term with limits, tolerance, and whether it is low, moderate or high.

        Parameters
        ----------
        level : of the limits.
        """
        from mixedmodels.diagnose.checks.vif_tables import collinearity

        return collinearity(self, level)

    # -- within ---------------------------------------------------------------------------------------------------

    def _by_row(self, values: Any) -> Any:
        return self._rows.label(values)  # type: ignore[attr-defined]

    def _linearised(self) -> Linearised:
        from mixedmodels.diagnose.influence.linearised import linearised

        self._need_rows("a check of the rows")  # type: ignore[attr-defined]
        return linearised(self.design, self._fit)  # type: ignore[attr-defined]

    @cached_property
    def _leverage(self) -> Leverage:
        from mixedmodels.diagnose.influence.leverage import leverage

        return leverage(self._linearised())
