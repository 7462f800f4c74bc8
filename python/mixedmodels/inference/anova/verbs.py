"""Tests of a model's terms and contrasts, each with the degrees of freedom that suit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.inference.comparison.modcomp_table import ModelTest
    from mixedmodels.tables.result_table import ResultTable


class TermTests:
    """Tests of a model's terms and contrasts, each with the degrees of freedom that suit it."""

    def contest(
        self, L: Any, *, joint: bool = True, rhs: Any = 0.0, ddf: Ddf = None, level: float = 0.95
    ) -> ResultTable:
        """Test linear hypotheses about the fixed effects.

        Parameters
        ----------
        L : matrix of contrasts, shape (rows, p), p being the number of `fixef()`; or a single contrast, shape (p,).
        joint : test all rows at once by an F test; otherwise each by a t test, with its estimate and limits.
        rhs : what ``L @ beta`` is under the hypothesis, one value or one for each row.
        ddf : "Satterthwaite" (the default of an lmer), "Kenward-Roger", "asymptotic", or what `robust` returned.
        level : of the limits.

        Returns
        -------
        ResultTable
            Of a joint test sum_sq, mean_sq (not with a robust covariance), num_df, den_df, f_value, p_value; else
            estimate, std_error, df, statistic, conf_low, conf_high, p_value, a row per contrast.

        Raises
        ------
        DataError
            If the contrasts are no numbers or of another length than the fixed effects.
        """
        from mixedmodels.inference.comparison import contest as comparison_contest

        return comparison_contest.contest(self, L, joint, rhs, ddf, level)  # type: ignore[arg-type]

    def contest1D(self, L: Any, *, rhs: float = 0.0, ddf: Ddf = None, level: float = 0.95) -> ResultTable:
        """A t test of one contrast of the fixed effects, shape (p,); see `contest`."""
        return self.contest(L, joint=False, rhs=rhs, ddf=ddf, level=level)

    def KRmodcomp(self, other: Any, *, beta_h: Any = 0.0) -> ModelTest:
        """F test of this model against one with fewer fixed effects, by Kenward and Roger's method.

        Parameters
        ----------
        other : a model of the same data with the same random effects, a formula for `update` (as ``". ~ . - x"``), or a
            matrix L whose rows are 0 times the coefficients, shape (rows, p).
        beta_h : with a matrix, the coefficients under the hypothesis, so that ``L (beta - beta_h)`` is tested.

        Returns
        -------
        ModelTest
            With statistic, num_df, den_df, scale, p_value; it prints as pbkrtest prints it. A model that was fitted by
            maximum likelihood is fitted again by REML.
        """
        from mixedmodels.inference.comparison import contest as comparison_contest

        return comparison_contest.compare_means(self, other, "Kenward-Roger", beta_h)  # type: ignore[arg-type]

    def SATmodcomp(self, other: Any, *, beta_h: Any = 0.0) -> ModelTest:
        """F test of this model against one with fewer fixed effects, by Satterthwaite's method; see `KRmodcomp`."""
        from mixedmodels.inference.comparison import contest as comparison_contest

        return comparison_contest.compare_means(self, other, "Satterthwaite", beta_h)  # type: ignore[arg-type]

    def car_anova(self, type: Any = "II", test: str | None = None, *, ddf: Ddf = None) -> ResultTable:  # noqa: A002
        """Type II or III tests of the terms as the R package car has them (its ``Anova``).

        Parameters
        ----------
        type : "II" (or 2), which heeds marginality, or "III" (or 3), which tests the coefficients as they are coded:
            use "sum" or "helmert" contrasts.
        test : of an lmer or glmer "Chisq" (Wald's, the default), of an lmer also "F" (Kenward and Roger's); of a glm
            "LR" (the default), "Wald" or "F"; of an lm "F".
        ddf : what `robust` returned, or of an lmer a method, for Wald tests with that covariance: "F" (the default), or
            "Chisq".

        Raises
        ------
        DataError
            If there is no such type or test.
        DesignError
            If type III of an lm or glm is asked for and columns of the model are collinear (of a mixed model the
            coefficients that are estimated are tested, as car does).
        """
        from mixedmodels.inference.anova import car_tables

        return car_tables.car_anova(self, type, test, ddf)  # type: ignore[arg-type]

    def _anova_terms(self, type: Any = None, ddf: Ddf = None, test: str | None = None) -> ResultTable:  # noqa: A002
        """The table of tests of this model's terms (see `Comparisons.anova`).

        Of an lmer lmerTest's, type 3 unless `type` says otherwise, or lme4's with ``ddf="lme4"``; of an lm or glm R's
        sequential one; of a glmer lme4's sequential one without p-values. Types 2 and 3 of an lm, glm and glmer are
        those of `car_anova`.
        """
        from mixedmodels.inference.anova import r_tables

        return r_tables.anova_terms(self, type, ddf, test)  # type: ignore[arg-type]
