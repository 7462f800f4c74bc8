"""Checks of a model: its assumptions, its dispersion, its collinearity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._spellings import LEVEL, spelled
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.diagnose.checks.page import ModelChecks
    from mixedmodels.tables.check import Check, Checks
    from mixedmodels.tables.result_table import ResultTable


class CheckVerbs(FittedModel):
    """Checks of a model: its assumptions, its dispersion, its collinearity."""

    # -- assumptions ----------------------------------------------------------------------------------------------

    def check_model(self, seed: Any = None) -> ModelChecks:
        """All checks on a page, and the tables that pictures of them draw.

        Parameters
        ----------
        seed : int or Generator, optional
            Seed of the draws that the response is compared with; None draws one, which the page tells.

        Returns
        -------
        ModelChecks
            Prints a sentence per check; `residuals_fitted_table()`, `qq_residuals_table()`, ... are for pictures.

        Examples
        --------
        >>> page = lin.check_model()
        >>> list(page.residuals_fitted_table())
        ['row', 'fitted', 'residual', 'smooth']
        """
        from mixedmodels.diagnose.checks.page import ModelChecks

        self._need_rows("check_model()")
        return ModelChecks(self, seed)

    def check_normality(self, effects: Literal["fixed", "random"] = "fixed") -> Check | Checks:
        """Shapiro and Wilk's test of the standardised residuals, or of each random effect.

        Parameters
        ----------
        effects : {"fixed", "random"}, default "fixed"
            Values to test: "fixed" for residuals (of an lm or lmer), "random" for the conditional modes of every
            random effect.

        Examples
        --------
        >>> fit.check_normality()
        Look: the residuals do not look normal; ... (Shapiro-Wilk W = 0.9005, p = 1.2e-09)
        """
        from mixedmodels.diagnose.checks.assumption_checks import normality

        return normality(self, effects)

    def check_heteroscedasticity(self) -> Check:
        """Breusch and Pagan's test that the residual variance of an lm or lmer is the same for all fitted values.

        Examples
        --------
        >>> baking.check_heteroscedasticity()
        Look: the residual variance changes with the fitted values; ... (Breusch-Pagan Chisq = 15.96, p = 6.5e-05)
        """
        from mixedmodels.diagnose.checks.assumption_checks import heteroscedasticity

        return heteroscedasticity(self)

    def check_autocorrelation(self, nsim: int = 1000, seed: Any = None) -> Check:
        """Durbin and Watson's test that neighbouring rows are independent.

        Parameters
        ----------
        nsim : int, default 1000
            Number of resamples of the residuals that the p-value comes from.
        seed : int or Generator, optional
            Seed of the resamples; None draws one, which the sentence tells.

        Examples
        --------
        >>> lin.check_autocorrelation(nsim=200, seed=1)
        Look: residuals of neighbouring rows are correlated; ... (Durbin-Watson = 0.6953, p <2e-16, seed 1)
        """
        from mixedmodels.diagnose.checks.assumption_checks import autocorrelation

        return autocorrelation(self, nsim, seed)

    def check_outliers(self, threshold: float | None = None) -> Check:
        """Rows whose Cook's distance is large.

        That of a mixed model is of the row's residual and leverage, as lme4's `cooks.distance`.

        Parameters
        ----------
        threshold : float, optional
            Threshold of Cook's distance; None for the median of F with p and n - p degrees of freedom.

        Examples
        --------
        >>> fit.check_outliers()
        Look: rows 7, 56, 59, 130 have a Cook's distance above 0.70; ...
        """
        from mixedmodels.diagnose.checks.assumption_checks import outliers

        return outliers(self, threshold)

    def check_overdispersion(self) -> Check:
        """Pearson's chi-squared beside its degrees of freedom, of counts, or of proportions of several trials.

        Examples
        --------
        >>> check = logit.check_overdispersion()
        >>> print(f"{check['ratio']:.2f}")
        2.19
        """
        from mixedmodels.diagnose.checks.family_checks import overdispersion

        return overdispersion(self)

    def check_zeroinflation(self, tolerance: float = 0.05) -> Check:
        """Zeros among the counts, and how many the model expects.

        Parameters
        ----------
        tolerance : float, default 0.05
            Greatest distance of their ratio from 1 that passes.

        Examples
        --------
        >>> counts = mm.glm("incidence ~ period", cbpp, family="poisson")
        >>> check = counts.check_zeroinflation()
        >>> print(f"{check['observed']} zeros, {check['expected']:.1f} expected")
        22 zeros, 17.2 expected
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

        Examples
        --------
        >>> print(baking.vif())
                           GVIF Df GVIF^(1/(2*Df))
        recipe                1  2          1.0000
        temperature         243  5          1.7321
        recipe:temperature  243 10          1.3161
        """
        from mixedmodels.diagnose.checks.vif_tables import vif

        return vif(self)

    @spelled(level=("ci", *LEVEL))
    def check_collinearity(self, level: float = 0.95) -> ResultTable:
        """Variance inflation of each term with limits, tolerance, and whether it is low, moderate or high.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level of the limits.

        Examples
        --------
        >>> baking.check_collinearity().to_frame()["correlation"].tolist()
        ['low', 'high', 'high']
        """
        from mixedmodels.diagnose.checks.vif_tables import collinearity

        return collinearity(self, level)
