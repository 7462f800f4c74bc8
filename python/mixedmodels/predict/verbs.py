"""Predictions with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, overload

from mixedmodels._typing import Data_co
from mixedmodels.fitted.fixed_effects import FixedEffects
from mixedmodels.fitted.mixed_effects import MixedEffects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict, Unpack

    import pandas
    import polars

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.predict.kinds import Kind
    from mixedmodels.predict.options import Interval, Method, Type, Uncertainty

    NoInterval = Literal[False] | None

    class PredictOptions(TypedDict, total=False):
        """Arguments of `predict` on which the type of its result does not depend."""

        kind: Kind | None
        type: Type
        level: float
        method: Method
        nsim: int | None
        seed: Any
        weights: Any
        offset: Any
        ddf: Ddf
        progress: bool | None
        newparams: Mapping[str, Any] | None

    class MixedPredictOptions(PredictOptions, total=False):
        """Further arguments of a model with random effects."""

        re_form: Any
        uncertainty: Uncertainty
        allow_new_levels: bool
        random_only: bool


class FixedPredictionVerbs(FixedEffects, Generic[Data_co]):
    """Predictions of a model without random effects."""

    # A series of predictions alone, a table with their standard errors or limits.
    @overload
    def predict(
        self: FixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: NoInterval = None,
        **options: Unpack[PredictOptions],
    ) -> pandas.Series[float]: ...
    @overload
    def predict(
        self: FixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[True],
        interval: Interval | NoInterval = None,
        **options: Unpack[PredictOptions],
    ) -> pandas.DataFrame: ...
    @overload
    def predict(
        self: FixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: Interval,
        **options: Unpack[PredictOptions],
    ) -> pandas.DataFrame: ...
    @overload
    def predict(
        self: FixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: NoInterval = None,
        **options: Unpack[PredictOptions],
    ) -> polars.Series: ...
    @overload
    def predict(
        self: FixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[True],
        interval: Interval | NoInterval = None,
        **options: Unpack[PredictOptions],
    ) -> polars.DataFrame: ...
    @overload
    def predict(
        self: FixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: Interval,
        **options: Unpack[PredictOptions],
    ) -> polars.DataFrame: ...
    @overload
    def predict(
        self,
        newdata: Any = None,
        *,
        se_fit: bool = False,
        interval: Interval | NoInterval = None,
        **options: Unpack[PredictOptions],
    ) -> Any: ...
    def predict(
        self,
        newdata: Any = None,
        *,
        kind: Kind | None = None,
        type: Type = "link",  # noqa: A002
        se_fit: bool = False,
        interval: Interval | Literal[False] | None = None,
        level: float = 0.95,
        method: Method = "delta",
        nsim: int | None = None,
        seed: Any = None,
        weights: Any = None,
        offset: Any = None,
        ddf: Ddf = None,
        progress: bool | None = None,
        newparams: Mapping[str, Any] | None = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones, with standard errors and limits on request.

        Parameters
        ----------
        newdata : table, optional
            A table with the formula's columns, or None. A row that misses a predictor has NaN.
        kind : {"conditional", "typical", "marginal"}, optional
            Kind of prediction as of a mixed model; without random effects all kinds are the same.
        type : {"link", "response"}, default "link"
            Scale of the predictions: "link", the linear predictor, or "response", the mean; the same for an lm.
        se_fit : bool, default False
            Whether standard errors are wanted too. Those of means come from the linear predictor's by the slope of the
            link.
        interval : {"confidence", "prediction", False}, optional
            Kind of interval: None or False for none; "confidence" for limits of the mean (made for the linear predictor
            and carried to the response), "prediction" for limits of a new observation (of a glm that is not Gaussian
            simulated, ``type="response"``).
        level : float, default 0.95
            Confidence level of the limits.
        method : {"delta", "simulation", "bootstrap"}, default "delta"
            Method for standard errors and limits: "delta", "simulation" of coefficients and dispersion, or "bootstrap"
            (parametric).
        nsim : int, optional
            Number of draws (by default 2,000; 500 of the bootstrap).
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes.
        weights : str, float or array_like, optional
            Weights of new observations, for interval="prediction": a column name, numbers, or a number; 1 by default.
            Trials of a binomial response, whose limits are proportions.
        offset : str or array_like, optional
            Offset of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        ddf : str or Coefficients, optional
            Covariance and degrees of freedom by another method, as of `tidy`, or what `robust` returned.
        progress : bool, optional
            Progress of the bootstrap, as for `bootstrap`.
        newparams : mapping of str, optional
            Parameters in place of the estimates, any of "beta", "sigma" and "shapes": numbers in order, or mappings
            by name that may leave some at their estimates. These predictions have no
            standard errors.

        Returns
        -------
        Series, ndarray or table
            Predictions; with `se_fit` or `interval` a table with columns `fit` and, on request, `se_fit`, `conf_low`,
            `conf_high`.

        Examples
        --------
        >>> lin.predict(pd.DataFrame({"Days": [0, 9]})).round(1).tolist()
        [251.4, 345.6]
        >>> lin.predict(pd.DataFrame({"Days": [10]}), interval="prediction").round(1).iloc[0].tolist()
        [356.1, 260.7, 451.5]
        """
        from mixedmodels.predict.from_model import predicted
        from mixedmodels.predict.options import Options, none_if_false

        options = Options(
            kind=kind,
            re_form=None,
            type=type,
            se_fit=se_fit,
            interval=none_if_false(interval),
            level=level,
            method=method,
            uncertainty="all",
            nsim=nsim,
            seed=seed,
            allow_new_levels=False,
            ddf=ddf,
            progress=progress,
        )
        return predicted(self, newdata, options, weights, offset, newparams)


class MixedPredictionVerbs(MixedEffects, Generic[Data_co]):
    """Predictions of a model with random effects."""

    # A series of predictions alone, a table with their standard errors or limits.
    @overload
    def predict(
        self: MixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: NoInterval = None,
        **options: Unpack[MixedPredictOptions],
    ) -> pandas.Series[float]: ...
    @overload
    def predict(
        self: MixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[True],
        interval: Interval | NoInterval = None,
        **options: Unpack[MixedPredictOptions],
    ) -> pandas.DataFrame: ...
    @overload
    def predict(
        self: MixedPredictionVerbs[pandas.DataFrame],
        newdata: pandas.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: Interval,
        **options: Unpack[MixedPredictOptions],
    ) -> pandas.DataFrame: ...
    @overload
    def predict(
        self: MixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: NoInterval = None,
        **options: Unpack[MixedPredictOptions],
    ) -> polars.Series: ...
    @overload
    def predict(
        self: MixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[True],
        interval: Interval | NoInterval = None,
        **options: Unpack[MixedPredictOptions],
    ) -> polars.DataFrame: ...
    @overload
    def predict(
        self: MixedPredictionVerbs[polars.DataFrame],
        newdata: polars.DataFrame | None = None,
        *,
        se_fit: Literal[False] = False,
        interval: Interval,
        **options: Unpack[MixedPredictOptions],
    ) -> polars.DataFrame: ...
    @overload
    def predict(
        self,
        newdata: Any = None,
        *,
        se_fit: bool = False,
        interval: Interval | NoInterval = None,
        **options: Unpack[MixedPredictOptions],
    ) -> Any: ...
    def predict(
        self,
        newdata: Any = None,
        *,
        kind: Kind | None = None,
        re_form: Any = None,
        random_only: bool = False,
        type: Type = "link",  # noqa: A002
        se_fit: bool = False,
        interval: Interval | Literal[False] | None = None,
        level: float = 0.95,
        method: Method = "delta",
        uncertainty: Uncertainty = "all",
        nsim: int | None = None,
        seed: Any = None,
        allow_new_levels: bool = False,
        weights: Any = None,
        offset: Any = None,
        ddf: Ddf = None,
        progress: bool | None = None,
        newparams: Mapping[str, Any] | None = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones, with standard errors and limits on request.

        Parameters
        ----------
        newdata : table, optional
            A table with the formula's columns, or None. A row that misses a predictor has NaN; so has one that misses a
            group, unless `allow_new_levels`.
        kind : {"conditional", "typical", "marginal"}, optional
            Kind of prediction: "conditional" for each row's own groups, "typical" for groups whose random effects are
            0, "marginal" for the mean over the distribution of the random effects. The last two need no grouping
            factors. By default `re_form` decides.
        re_form : str, optional
            Random effects that are used: None for all, "~0" for none, "~ (1 | g)" for some. With kind="marginal"
            those it names are kept and the others integrated (None: all are).
        random_only : bool, default False
            Whether to predict the random effects' part of the linear predictor alone, without fixed effects and offset.
        type : {"link", "response"}, default "link"
            Scale of the predictions: "link" for the linear predictor (as lme4 does), "response" for the mean; the same
            for an lmer.
        se_fit : bool, default False
            Whether standard errors are wanted too.
        interval : {"confidence", "prediction", False}, optional
            Kind of interval: None or False for none; "confidence" for limits of the mean (made for the linear predictor
            and carried to the response), "prediction" for limits of a new observation (of a glmer simulated,
            ``type="response"``): with kind="marginal" from groups drawn anew.
        level : float, default 0.95
            Confidence level of the limits.
        method : {"delta", "simulation", "bootstrap"}, default "delta"
            Method for standard errors and limits: "delta"; "simulation" of parameters, coefficients and random effects;
            "bootstrap" (parametric: random effects and responses are drawn, the model refitted).
        uncertainty : {"all", "given_theta"}, default "all"
            Sources of uncertainty: "all" includes the estimation of theta (and shapes); "given_theta" takes them as
            known, as lme4's standard errors do. Directions in which a singular fit is on the boundary count as known.
            Of an lmer's means of kind="typical" the estimation of theta is in the degrees of freedom (and in
            Kenward and Roger's covariance), as in every test of the fixed effects.
        nsim : int, optional
            Number of draws (by default 2,000; 500 of the bootstrap).
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes.
        allow_new_levels : bool, default False
            Whether to predict for new levels of grouping factors, and for missing ones, with random effects of 0. The
            variance of their random effects is part of standard errors and limits.
        weights : str, float or array_like, optional
            Weights of new observations, for interval="prediction": a column name, numbers, or a number; 1 by default.
            Trials of a binomial response, whose limits are proportions.
        offset : str or array_like, optional
            Offset of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        ddf : str or Coefficients, optional
            Degrees of freedom of limits: of an lmer "Satterthwaite" or "normal"; None for its own `ddf`. Means of
            kind="typical" also have "Kenward-Roger", or what `robust` returned; where an lmer's own `ddf` is
            Kenward-Roger, other predictions have Satterthwaite's. A glmer has normal limits; for means of unknown
            levels the default is Satterthwaite's degrees of freedom of the variance between levels (with
            uncertainty="all").
        progress : bool, optional
            Progress of the bootstrap, as for `bootstrap`.
        newparams : mapping of str, optional
            Parameters in place of the estimates, any of "beta", "theta", "sigma" and "shapes": numbers in order, or
            mappings by name that may leave some at their estimates. As in lme4, the spherical random effects stay, so
            that effects move with theta. These predictions have no standard errors.

        Returns
        -------
        Series, ndarray or table
            Predictions; with `se_fit` or `interval` a table with columns `fit` and, on request, `se_fit`, `conf_low`,
            `conf_high`.

        Examples
        --------
        >>> rows = pd.DataFrame({"Days": [10, 10], "Subject": ["308", "309"]})
        >>> fit.predict(rows).round(1).tolist()
        [450.3, 229.5]
        >>> fit.predict(rows, kind="typical", se_fit=True).round(2).iloc[0].tolist()
        [356.08, 16.02]
        """
        from mixedmodels.predict.from_model import predicted
        from mixedmodels.predict.options import Options, none_if_false

        options = Options(
            kind=kind,
            re_form=re_form,
            type=type,
            se_fit=se_fit,
            interval=none_if_false(interval),
            level=level,
            method=method,
            uncertainty=uncertainty,
            nsim=nsim,
            seed=seed,
            allow_new_levels=allow_new_levels,
            ddf=ddf,
            progress=progress,
            random_only=random_only,
        )
        return predicted(self, newdata, options, weights, offset, newparams)
