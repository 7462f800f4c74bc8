"""Comparisons of a model with others: likelihood ratios, dropped and added terms, variances on their boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.inference.comparison.modcomp_table import ModelTest
    from mixedmodels.inference.comparison.step_record import Step
    from mixedmodels.tables.result_table import ResultTable
    from mixedmodels.tables.single_test import SeveralTests, TestTable


class ComparisonVerbs(FittedModel):
    """Comparisons of a model with others: likelihood ratios, dropped and added terms, variances on their boundary."""

    def anova(
        self,
        *others: Any,
        type: Any = None,  # noqa: A002
        ddf: Ddf = None,
        test: str | None = None,
        refit: bool = True,
        names: Sequence[str] | None = None,
    ) -> ResultTable:
        """Tests of the terms of one model, or a comparison of several models of the same data.

        Parameters
        ----------
        *others : fitted models
            Further models. Without any, the terms of this one are tested.
        type : int or str, optional
            Type of the tests of terms: 1, 2 or 3 (or "I", "II", "III").
        ddf : str or Coefficients, optional
            Degrees of freedom for the tests of terms: of an lmer "Satterthwaite", "Kenward-Roger", "normal", or "lme4"
            for lme4's table without p-values; of any model the result of `robust` (not for sequential tables). None is
            the model's own `ddf`.
        test : str, optional
            Test of several models. If some have random effects: "Chisq" (the default), "none", or "mixture", the
            distribution that holds where variances are 0 under the smaller model (see
            `mixedmodels.inference.comparison.boundary`; the table names it). Linear models have "F" (the default),
            "Chisq" and "none"; generalised linear models have "Chisq" (the default where the dispersion is known),
            "F" and "none".
        refit : bool, default True
            Whether linear mixed models that were fitted by REML are refitted by maximum likelihood. With False their
            restricted likelihoods are compared, which needs the same fixed effects in all models; a linear model among
            them then has its restricted likelihood too.
        names : sequence of str, optional
            Names of the models in the table; by default the names of the variables.

        Returns
        -------
        ResultTable
            For several models of which some have random effects: columns npar, aic, bic, loglik, deviance (headed
            ``-2*log(L)``, as in lme4 since 1.1-37, before "deviance"), chisq, df, p_value, a row per model in
            ascending order of parameters, each tested against the row above. For linear and generalised linear models,
            R's tables in the order of the arguments.

        Raises
        ------
        DataError
            If the models differ in rows, response or weights, or their likelihoods cannot be compared.

        Warns
        -----
        MixedModelsWarning
            If a model does not lie within the next one, so that the test has no valid distribution.

        Examples
        --------
        >>> smaller = lin.update(". ~ . - Days")
        >>> lin.anova(smaller)["f_value"].round(2)
        array([  nan, 71.46])
        """
        from mixedmodels.inference.anova.r_tables import anova_terms
        from mixedmodels.inference.comparison.anova_of_models import compare
        from mixedmodels.tables.caller_names import caller_names

        if not others:
            return anova_terms(self, type, ddf, test)
        if type is not None or ddf is not None:
            raise DataError("anova() of several models compares likelihoods; type and ddf are for the terms of one.")
        models = (self, *others)
        labels = caller_names(models) if names is None else tuple(names)
        if len(labels) != len(models) or len(set(labels)) < len(labels):
            raise DataError(f"names must be {len(models)} different texts; got {names!r}.")
        return compare(models, labels, test, refit)

    def drop1(self, test: str | None = "none", scope: Any = None, *, ddf: Ddf = None) -> ResultTable:
        """The models without one fixed term each, as R's ``drop1``.

        A term that is part of an interaction is not left out. Linear mixed models are compared by maximum likelihood.

        Parameters
        ----------
        test : str or None, default "none"
            Test: "none"; "Chisq" for likelihood ratios (scaled deviances for a glm with a dispersion); "F", which for a
            linear mixed model is a Wald test with the degrees of freedom of `ddf`; or, for a glm, "Rao", the score
            test.
        scope : str or sequence of str, optional
            Labels of the terms to leave out, or a formula with these terms; by default all terms that can be dropped.
            A term that is part of another one is refused, but for likelihood ratios of a mixed model, where the
            formula without it is fitted.
        ddf : str or Coefficients, optional
            Degrees of freedom of test="F" for a linear mixed model: "Satterthwaite", "Kenward-Roger", "normal", or the
            result of `robust`; None for the model's own `ddf`.

        Returns
        -------
        ResultTable
            A row `<none>` for the model itself, then one per term. Mixed models have the columns npar (the number of
            parameters dropped), aic, lrt, p_value.

        Examples
        --------
        >>> lin.drop1(test="F")["p_value"].round(3)
        array([nan,  0.])
        """
        from mixedmodels.inference.comparison.drop1 import drop1

        return drop1(self, test, scope, ddf)

    def add1(self, scope: Any, test: str | None = "none") -> ResultTable:
        """The models with one more fixed term each, as R's ``add1``; also for mixed models.

        Parameters
        ----------
        scope : str or sequence of str
            Labels of the terms to try, or a formula that holds them, as ``"~ . + x + f"``.
        test : str or None, default "none"
            Test as in `drop1`; mixed models have no "F".

        Raises
        ------
        DataError
            If a new column has missing values in rows that the model used.

        Examples
        --------
        >>> lin.add1(". ~ . + I(Days^2)", test="F")["p_value"].round(2)
        array([ nan, 0.49])
        """
        from mixedmodels.inference.comparison.drop1 import add1

        return add1(self, scope, test)

    def ranova(self, reduce_terms: bool = True, test: str | None = "Chisq") -> ResultTable:
        """Tests of the random terms: each is dropped, or each of its effects.

        The likelihood is the one of the fit, restricted or not. Without its last random term the model is a linear
        model.

        Parameters
        ----------
        reduce_terms : bool, default True
            Whether to leave out the effects of a term one by one (`Days in (Days | Subject)` leaves ``(1 | Subject)``)
            instead of the whole term.
        test : str or None, default "Chisq"
            Reference distribution: "Chisq" as lmerTest, which is conservative since variances lie on the boundary of
            their space, or "mixture" for the distribution that holds there, which the table names.

        Returns
        -------
        ResultTable
            Columns npar, loglik, aic, lrt, df, p_value.

        Examples
        --------
        >>> fit.ranova()["lrt"].round(2)
        array([  nan, 42.84])
        """
        from mixedmodels.inference.comparison.ranova import ranova

        return ranova(self, reduce_terms, test)

    def step(
        self,
        *,
        ddf: Ddf = None,
        alpha_random: float = 0.1,
        alpha_fixed: float = 0.05,
        reduce_random: bool = True,
        reduce_fixed: bool = True,
        keep: str | Sequence[str] = (),
    ) -> Step:
        """Leave out the terms of a linear (mixed) model that no test speaks for, as lmerTest's ``step``.

        First random terms are left out one after the other, by likelihood ratios as in `ranova`; then fixed terms, by
        F tests as in ``drop1("F")``, interactions before their main effects. Each time it is the term with the largest
        p-value. Tests and limits of the model that is found are too optimistic, because the data chose it.

        Parameters
        ----------
        ddf : str, optional
            Degrees of freedom of the F tests: "Satterthwaite", "Kenward-Roger" or "normal"; None for the model's own.
        alpha_random : float, default 0.1
            P-value above which a random term is left out.
        alpha_fixed : float, default 0.05
            P-value above which a fixed term is left out.
        reduce_random : bool, default True
            Whether to leave out random terms; with False they are only tested.
        reduce_fixed : bool, default True
            Whether to leave out fixed terms; with False they are only tested.
        keep : str or sequence of str, default ()
            Labels of fixed terms that stay.

        Returns
        -------
        Step
            With the tables `random` and `fixed` and the `model`; it prints as lmerTest prints it.

        Raises
        ------
        DataError
            If the model has a family, a term of `keep` does not exist, or a smaller model uses other rows.

        Examples
        --------
        >>> baking.step(keep="recipe").get_model().formula
        'angle ~ recipe + temperature + (1 | recipe:replicate)'
        """
        from mixedmodels.inference.comparison.step import step

        return step(
            self,
            ddf=ddf,
            alpha_random=alpha_random,
            alpha_fixed=alpha_fixed,
            reduce_random=reduce_random,
            reduce_fixed=reduce_fixed,
            keep=keep,
        )

    def rlrt(self, nsim: int = 10_000, seed: Any = None) -> TestTable | SeveralTests:
        """Exact restricted likelihood-ratio test of each random term with one variance, as RLRsim's ``exactRLRT``.

        The finite-sample null distribution is simulated. With one random term it is exact. With several terms, each
        test uses the model with the tested term alone, the approximation of Greven et al. (2008). A term with several
        (correlated) effects has no exact test, and its row holds NaN.

        Parameters
        ----------
        nsim : int, default 10000
            Number of draws of each null distribution.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.

        Returns
        -------
        TestTable or SeveralTests
            Columns rlrt, mc_error (simulation error of the p-value), p_value; a row per term. Where one term is tested,
            `statistic` and `p_value` are its numbers, else arrays.

        Raises
        ------
        DataError
            If the model is not an lmer, or no term has one variance.

        Examples
        --------
        >>> one = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
        >>> one.rlrt(nsim=100, seed=1)["rlrt"].round(1)
        array([107.2])
        """
        from mixedmodels.inference.comparison.exact_lrt import rlrt_table

        return rlrt_table(self, nsim, seed)

    def contest(
        self,
        L: Any,
        *,
        joint: bool = True,
        rhs: Any = 0.0,
        ddf: Ddf = None,
        level: float = 0.95,
        component: str | None = None,
    ) -> TestTable | SeveralTests:
        """Test linear hypotheses about the fixed effects.

        Parameters
        ----------
        L : array_like
            Matrix of contrasts, shape (rows, p), p being the number of `fixef()`; or a single contrast, shape (p,).
        joint : bool, default True
            Whether to test all rows at once by an F test. With False each row has a t test, its estimate and limits.
        rhs : float or array_like, default 0.0
            Value of ``L @ beta`` under the hypothesis, one for all rows or one per row.
        ddf : str or Coefficients, optional
            Degrees of freedom: "Satterthwaite", "Kenward-Roger", "normal", or the result of `robust`; None for the
            model's own `ddf`.
        level : float, default 0.95
            Confidence level of the limits.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

        Returns
        -------
        TestTable or SeveralTests
            For a joint test sum_sq, mean_sq (not with a robust covariance), num_df, den_df, f_value, p_value; else
            estimate, std_error, df, statistic, conf_low, conf_high, p_value, a row per contrast. As attributes
            `statistic`, `df`, `p_value` and `method` are those of the test, or arrays where there are several.

        Raises
        ------
        DataError
            If the contrasts are not numbers, or have another length than the fixed effects.

        Examples
        --------
        >>> fit.contest([0, 1])["f_value"].round(2)
        array([45.85])
        """
        from mixedmodels.inference.comparison.contest import contest

        return contest(self._of_component(component), L, joint, rhs, ddf, level)

    def contest1D(self, L: Any, *, rhs: float = 0.0, ddf: Ddf = None, level: float = 0.95) -> TestTable | SeveralTests:
        """A t test of one contrast of the fixed effects, shape (p,); see `contest`.

        Examples
        --------
        >>> fit.contest1D([0, 1])["estimate"].round(3)
        array([10.467])
        """
        return self.contest(L, joint=False, rhs=rhs, ddf=ddf, level=level)

    def KRmodcomp(self, other: Any, *, beta_h: Any = 0.0) -> ModelTest:
        """F test of this model against one with fewer fixed effects, by Kenward and Roger's method.

        Parameters
        ----------
        other : fitted model, str or array_like
            Model of the same data with the same random effects, a formula for `update` (as ``". ~ . - x"``), or a
            matrix L whose rows are 0 times the coefficients, shape (rows, p).
        beta_h : float or array_like, default 0.0
            Coefficients under the hypothesis, with a matrix, so that ``L (beta - beta_h)`` is tested.

        Returns
        -------
        ModelTest
            With statistic, num_df, den_df, scale, p_value; it prints as pbkrtest prints it. A model that was fitted by
            maximum likelihood is fitted again by REML.

        Examples
        --------
        >>> test = fit.KRmodcomp(". ~ . - Days")
        >>> test.num_df, round(test.statistic, 2)
        (1, 45.85)
        """
        from mixedmodels.inference.comparison.contest import compare_means

        return compare_means(self, other, "Kenward-Roger", beta_h)

    def SATmodcomp(self, other: Any, *, beta_h: Any = 0.0) -> ModelTest:
        """F test of this model against one with fewer fixed effects, by Satterthwaite's method; see `KRmodcomp`.

        Examples
        --------
        >>> test = fit.SATmodcomp(". ~ . - Days")
        >>> test.num_df, round(test.statistic, 2)
        (1, 45.85)
        """
        from mixedmodels.inference.comparison.contest import compare_means

        return compare_means(self, other, "Satterthwaite", beta_h)
