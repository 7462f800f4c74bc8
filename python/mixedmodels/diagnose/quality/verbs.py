"""Figures of merit: ICC, R2, variance shares, conditional AIC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from mixedmodels._spellings import LEVEL, recased, spelled
from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from mixedmodels.diagnose.quality.caic_record import ConditionalAIC
    from mixedmodels.diagnose.quality.records import ICC, R2
    from mixedmodels.tables.result_table import ResultTable

    class ICCOptions(TypedDict, total=False):
        """Arguments of `icc` on which the type of its result does not depend."""

        level: float | None
        method: Literal["profile", "boot"] | None
        nsim: int
        seed: Any
        approximation: Approximation
        mean: MeanOf
        per: Per

    class R2Options(TypedDict, total=False):
        """Arguments of `r2` on which the type of its result does not depend."""

        level: float | None
        nsim: int
        seed: Any
        approximation: Approximation
        mean: MeanOf
        per: Per
        keep_random: bool


Approximation = Literal["theoretical", "delta", "lognormal", "trigamma"] | None
MeanOf = Literal["marginal", "intercept", "observed"] | None
R2Method = Literal["nakagawa", "ols", "tjur", "lr", "cox_snell", "nagelkerke", "mcfadden"] | None
Per = Literal["unit", "row"] | None


class QualityVerbs(FittedModel):
    """Figures of merit: ICC, R2, variance shares, conditional AIC."""

    @overload
    def icc(self, by_group: Literal[False] = False, **options: Unpack[ICCOptions]) -> ICC: ...
    @overload
    def icc(self, by_group: Literal[True], **options: Unpack[ICCOptions]) -> ResultTable: ...
    @overload
    def icc(self, by_group: bool, **options: Unpack[ICCOptions]) -> ICC | ResultTable: ...
    @spelled(level=("ci", *LEVEL))  # as performance calls it
    def icc(
        self,
        by_group: bool = False,
        *,
        level: float | None = None,
        method: Literal["profile", "boot"] | None = None,
        nsim: int = 500,
        seed: Any = None,
        approximation: Approximation = None,
        mean: MeanOf = None,
        per: Per = None,
    ) -> ICC | ResultTable:
        """Intraclass correlation: the share of the variance that lies among groups, on the scale of the link.

        Adjusted, it is the share in random and residual variance; unadjusted, in all variance, that of the fixed
        effects counted. With random slopes the variance of a group's effects differs from row to row, and its mean over
        the rows is taken (Johnson, 2014). Random effects with a level per row count as residual variance.

        Parameters
        ----------
        by_group : bool, default False
            Whether to return the adjusted share of each grouping factor instead.
        level : float, optional
            Confidence of an interval, such as 0.95.
        method : {"profile", "boot"}, optional
            Way to the interval: "profile" (of an lmer, the default: the adjusted one) or "boot", parametric bootstrap.
        nsim : int, default 500
            Number of replicates of the bootstrap.
        seed : int or Generator, optional
            Seed of the bootstrap.
        approximation : {"theoretical", "delta", "lognormal", "trigamma"}, optional
            Method to bring the variance of a family to the scale of the link: "theoretical" (binomial; the default),
            "lognormal" (with a log link; the default), "delta" (all others' default) or "trigamma" (log link); see
            `mixedmodels.estimates.distribution_variance`.
        mean : {"marginal", "intercept", "observed"}, optional
            Mean at which that variance is taken, where it depends on one: "marginal", of the null model over the rows,
            their offsets and its random effects (the default); "intercept", at the null model's intercept alone, as R's
            performance 0.10 does; "observed", the mean of the response.
        per : {"unit", "row"}, optional
            Unit of the residual variance: "unit", that of a single trial or of an observation of weight 1, or "row",
            the mean over the rows with their trials or weights. By default a trial, but rows where weights are
            precisions, as the scale of such weights is arbitrary.

        Returns
        -------
        ICC
            With `adjusted` and `unadjusted`. With `by_group` a `ResultTable`, a row per grouping factor.

        Raises
        ------
        DataError
            If the model has no random effects, or an option is not for its family.

        Examples
        --------
        >>> share = fit.icc()
        >>> print(f"{share.adjusted:.3f} {share.unadjusted:.3f}")
        0.722 0.521
        """
        from mixedmodels.diagnose.quality import icc_of_model

        return icc_of_model.icc(
            self,
            by_group,
            (approximation, mean, per),
            _level(level),
            (method, nsim, seed),
        )

    @overload
    def r2(self, method: R2Method = None, *, by_group: Literal[False] = False, **options: Unpack[R2Options]) -> R2: ...
    @overload
    def r2(self, method: R2Method = None, *, by_group: Literal[True], **options: Unpack[R2Options]) -> ResultTable: ...
    @overload
    def r2(self, method: R2Method = None, *, by_group: bool, **options: Unpack[R2Options]) -> R2 | ResultTable: ...
    @spelled(level=("ci", *LEVEL))  # as performance calls it
    def r2(
        self,
        method: R2Method = None,
        *,
        by_group: bool = False,
        level: float | None = None,
        nsim: int = 500,
        seed: Any = None,
        approximation: Approximation = None,
        mean: MeanOf = None,
        per: Per = None,
        keep_random: bool = False,
    ) -> R2 | ResultTable:
        """Share of the variation that the model explains; the printed table names the method.

        Parameters
        ----------
        method : {"nakagawa", "ols", "tjur", "lr", "cox_snell", "nagelkerke", "mcfadden"}, optional
            Kind of R2: "nakagawa", of mixed models (their default) by the fixed effects alone (marginal) and by fixed
            and random effects (conditional); "ols", of linear models (their default), plain and adjusted; "tjur", of
            binomial models (the default of a binary glm with logit link); "nagelkerke" (the default of other binomial
            models and of counts); "lr", by likelihood ratio (the default of Gamma and inverse Gaussian responses), for
            all models; "cox_snell", the same by another name; "mcfadden".
        by_group : bool, default False
            Whether to compare the variance at each level of a mixed model with that of its null model.
        level : float, optional
            Confidence of an interval by parametric bootstrap.
        nsim : int, default 500
            Number of replicates of the bootstrap.
        seed : int or Generator, optional
            Seed of the bootstrap.
        approximation : {"theoretical", "delta", "lognormal", "trigamma"}, optional
            Choices of "nakagawa", as in `icc`.
        mean : {"marginal", "intercept", "observed"}, optional
            Choices of "nakagawa", as in `icc`.
        per : {"unit", "row"}, optional
            Choices of "nakagawa", as in `icc`.
        keep_random : bool, default False
            Whether the null model of likelihood ratios has the random effects too.

        Returns
        -------
        R2
            A mapping of figures, with `marginal` and `conditional` where there are such. With `by_group` a
            `ResultTable`.

        Raises
        ------
        DataError
            If there is no such R2 for this model.

        Examples
        --------
        >>> print(fit.r2())
        R2 by Nakagawa, Johnson and Schielzeth (2017)
        ...
        conditional 0.79922
        marginal    0.27865
        ...
        """
        from mixedmodels.diagnose.quality import r2_of_model

        choices = (approximation, mean, per)
        if by_group:
            if method not in (None, "nakagawa") or level is not None:
                raise DataError("r2(by_group=True) is by method 'nakagawa', without intervals.")
            return r2_of_model.r2_by_level(self, choices)
        interval = None if level is None else (_level(level) or 0.95, nsim, seed)
        return r2_of_model.r2(self, method, choices, interval, keep_random)

    def variance_partition(
        self, *, approximation: Approximation = None, mean: MeanOf = None, per: Per = None
    ) -> ResultTable:
        """The variance of the rows by source: fixed effects, each random term, residual; the shares add up to 1.

        Parameters
        ----------
        approximation : {"theoretical", "delta", "lognormal", "trigamma"}, optional
            See `icc`.
        mean : {"marginal", "intercept", "observed"}, optional
            See `icc`.
        per : {"unit", "row"}, optional
            See `icc`.

        Returns
        -------
        ResultTable
            Columns variance, sd, share.

        Examples
        --------
        >>> shares = fit.variance_partition()
        >>> shares["share"].round(3).tolist()
        [0.279, 0.521, 0.201]
        """
        from mixedmodels.diagnose.quality import icc_of_model

        return icc_of_model.variance_partition(self, (approximation, mean, per))

    def caic(
        self,
        method: Literal["analytic", "hat", "steinian", "bootstrap"] | None = None,
        *,
        nsim: int | None = None,
        seed: Any = None,
    ) -> ConditionalAIC:
        """Conditional AIC: for predictions in the groups of the data, where AIC is for those in new groups.

        Parameters
        ----------
        method : {"analytic", "hat", "steinian", "bootstrap"}, optional
            Method of the degrees of freedom. "analytic" (of an lmer, the default) is the exact sum of d yhat / d y with
            the estimation of theta counted, Greven and Kneib's (2010), and 1 for sigma; a covariance matrix on its
            boundary keeps its rank. "hat" takes theta as known, Vaida and Blanchard's (2005) trace of the hat matrix,
            which prefers too large models. "steinian" (Poisson and binomial, the default) refits the model with one
            event less, or one trial reversed (Lian, 2012; Efron, 2004), once or twice per row. "bootstrap" (all models)
            refits it to responses drawn given the random effects.
        nsim : int, optional
            Number of draws of "bootstrap", by default as many as rows and 100 at least.
        seed : int or Generator, optional
            Seed of "bootstrap".

        Returns
        -------
        ConditionalAIC
            With `caic`, `loglik`, `df` and its `parts`. Of a model without random effects it is AIC.

        Raises
        ------
        DataError
            If there is no such method for the model.
        FitError
            If the model is too large for exact derivatives.

        Examples
        --------
        >>> print(f"{fit.caic().caic:.1f}, and {fit.caic(method='hat').caic:.1f} with theta known")
        1711.5, and 1709.1 with theta known
        """
        from mixedmodels.diagnose.quality.caic import caic

        return caic(self, method, nsim, seed)

    def performance(self, *, estimator: Literal["ML", "REML"] | None = None) -> ResultTable:
        """Measures of performance in one row, as performance's ``model_performance``.

        Parameters
        ----------
        estimator : {"ML", "REML"}, optional
            Likelihood of AIC, AICc and BIC of linear (mixed) models, None for that of the fit. With "ML" a REML fit is
            fitted again.

        Returns
        -------
        ResultTable
            Columns aic, aicc, bic; R2 by the default of `r2`; icc (adjusted); rmse of the responses given the random
            effects; sigma; log_loss of binomial responses, score_log (mean log-probability) of counts.

        Examples
        --------
        >>> print(fit.performance())
        Performance of
        Reaction ~ Days + (Days | Subject)
            AIC   AICc    BIC R2 (cond.) R2 (marg.)     ICC   RMSE  Sigma
         1755.6 1756.1 1774.8    0.79922    0.27865 0.72166 23.438 25.592
        """
        from mixedmodels.diagnose.quality.performance import performance

        return performance(self, recased(estimator, ("ML", "REML")))


def _level(ci: float | None) -> float | None:
    """A confidence between 0 and 1, or None."""
    if ci is None:
        return None
    if not isinstance(ci, (int, float)) or isinstance(ci, bool) or not 0 < ci < 1:
        raise DataError(f"level is {ci!r}; give a confidence between 0 and 1, such as 0.95.")
    return float(ci)
