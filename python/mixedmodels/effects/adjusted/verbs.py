"""Adjusted predictions, partial residuals, intervals of significance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._spellings import LEVEL, spelled
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixedmodels.effects.adjusted.johnson_neyman_text import JohnsonNeyman
    from mixedmodels.effects.adjusted.partial_residual_table import PartialResiduals
    from mixedmodels.effects.adjusted.record import AdjustedPredictions, Margin
    from mixedmodels.estimates.coefficients import Ddf

Type = Literal["fixed", "random", "simulate", "simulate_random"]


class AdjustedVerbs(FittedModel):
    """Adjusted predictions, partial residuals, intervals of significance."""

    @spelled(level=("ci_level", "ci_lvl", *LEVEL))  # as ggeffects calls it
    def ggpredict(
        self,
        terms: Any,
        *,
        type: Type | str = "fixed",  # noqa: A002
        condition: Mapping[str, Any] | None = None,
        typical: Any = "mean",
        interval: Literal["confidence", "prediction"] | None = None,
        level: float = 0.95,
        ddf: Ddf | float = None,
        back_transform: bool = True,
        bias_correction: bool = False,
        margin: Margin | str = "mean_reference",
        scale: Literal["response", "link"] = "response",
        variance: Literal["residual", "random", "all"] | None = None,
        nsim: int = 1000,
        seed: Any = None,
        component: str | None = None,
    ) -> AdjustedPredictions:
        """Predictions at values of some variables, adjusted for all others, as R's ggeffects makes them.

        Parameters
        ----------
        terms : str, sequence of str or mapping
            One to four terms, drawn along x, by group, facet and panel: ``"x"``, ``["x [0:10]", "f [a, b]"]``, ``{"x":
            [1, 2], "f": None}``. In brackets: values; a range, ``0:10`` or ``0:10, by=2``; ``n=5`` for about so many
            round values; ``meansd``, ``minmax``, ``zeromax``, ``quart``, ``quart2``, ``terciles``, ``fivenum``,
            ``all``; a function such as ``exp``; ``sample=8`` for levels drawn at random. Without brackets a number
            takes round values over its range, or all if there are few; in second place its mean, and a standard
            deviation below and above.
        type : {"fixed", "random", "simulate", "simulate_random"} or str, default "fixed"
            "fixed" has random effects 0; "random" has the modes of the groups that are terms or conditions, and
            prediction intervals; "simulate" averages draws given the modes, "simulate_random" with new random effects.
        condition : mapping of str, optional
            Values of variables in place of their typical ones; with type="random" a group may be among them.
        typical : str, callable or mapping, default "mean"
            Typical values of other numbers: "mean" (weighted by prior weights), "median", "zero", "mode", a function;
            or a mapping from names to these.
        interval : {"confidence", "prediction"}, optional
            Kind of interval: "confidence" of the mean, or "prediction"; if not given "prediction" for type="random".
        level : float, default 0.95
            Confidence level.
        ddf : str, Coefficients or float, optional
            Degrees of freedom and covariance, as of `emmeans`; None for the model's own `ddf`.
        back_transform : bool, default True
            Whether predictions of a transformed response, such as ``log(y)``, are transformed back to y.
        bias_correction : bool, default False
            Whether to correct back-transformed predictions for the variance around the linear predictor (random effects
            of unknown groups, and the residual of a transformed response), to second order.
        margin : str, default "mean_reference"
            Treatment of other factors: "mean_reference" has the first level, "mean_mode" the most frequent,
            "marginalmeans" averages over levels (see `ggemmeans`), "proportional" by frequency (`ggeffect`),
            "empirical" averages the predicted means of the data's rows (`ggaverage`).
        scale : {"response", "link"}, default "response"
            Scale of the predictions: "response", or "link" for the linear predictor.
        variance : {"residual", "random", "all"}, optional
            Variance that a prediction interval adds: the "residual" (of an lmer if not given, as ggeffects does), the
            "random" effects of unknown groups (of a glmer if not given), or "all" of these.
        nsim : int, default 1000
            Number of draws of simulated predictions.
        seed : int or Generator, optional
            Seed of simulated predictions and of ``sample=``.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

        Raises
        ------
        UnknownColumnError
            If a name is no variable of the model.
        DataError
            If a level does not exist, or arguments do not go together.

        Examples
        --------
        >>> prediction = fit.ggpredict("Days [0, 5, 9]")
        >>> prediction.predicted.round(1)
        array([251.4, 303.7, 345.6])
        >>> prediction["x"].tolist()
        [0.0, 5.0, 9.0]
        """
        from mixedmodels.effects.adjusted.ggpredict import PredictionRequest, adjusted_predictions

        request = PredictionRequest(
            terms=terms,
            type=type,
            condition=condition,
            typical=typical,
            interval=interval,
            level=level,
            ddf=ddf,
            back_transform=back_transform,
            bias_correction=bias_correction,
            margin=margin,
            scale=scale,
            variance=variance,
            nsim=nsim,
            seed=seed,
        )
        return adjusted_predictions(self._of_component(component), request)

    def ggemmeans(self, terms: Any, **arguments: Any) -> AdjustedPredictions:
        """Predictions averaged over the levels of other factors: estimated marginal means at the focal values.

        Parameters
        ----------
        terms : str, sequence of str or mapping
            See `ggpredict`.
        **arguments : Any
            See `ggpredict`.

        Examples
        --------
        >>> baking.ggemmeans("recipe").predicted.round(2)
        array([33.12, 31.64, 31.6 ])
        """
        return self.ggpredict(terms, margin="marginalmeans", **arguments)

    def ggeffect(self, terms: Any, **arguments: Any) -> AdjustedPredictions:
        """Predictions averaged over the levels of other factors by their frequency, as R's package effects has them.

        Parameters
        ----------
        terms : str, sequence of str or mapping
            See `ggpredict`.
        **arguments : Any
            See `ggpredict`.

        Examples
        --------
        >>> baking.ggeffect("recipe").predicted.round(2)
        array([33.12, 31.64, 31.6 ])
        """
        return self.ggpredict(terms, margin="proportional", **arguments)

    def ggaverage(self, terms: Any, **arguments: Any) -> AdjustedPredictions:
        """Counterfactual averages: each row of the data with the focal values, the predicted means averaged.

        The standard errors are the delta method's and on the scale of the response, limits symmetric around it, as the
        package marginaleffects has them.

        Parameters
        ----------
        terms : str, sequence of str or mapping
            See `ggpredict`; with type="random" rows have the modes of their own groups.
        **arguments : Any
            See `ggpredict`; with type="random" rows have the modes of their own groups.

        Examples
        --------
        >>> gm.ggaverage("period").predicted.round(3)
        array([0.198, 0.084, 0.074, 0.048])
        """
        return self.ggpredict(terms, margin="empirical", **arguments)

    def partial_residuals(
        self,
        terms: Any,
        *,
        type: Literal["fixed", "random"] = "fixed",  # noqa: A002
        condition: Mapping[str, Any] | None = None,
        typical: Any = "mean",
        scale: Literal["link", "response"] = "link",
        re_form: Any = None,
        at: Literal["data", "grid"] = "data",
    ) -> PartialResiduals:
        """Partial residuals: the prediction at a row's focal values, plus the residual of that row.

        These are the points to draw beside `ggpredict`: all other variables are held at typical values. The
        residual is the working one, ``(y - mu) / mu'(eta)``, added on the scale of the linear predictor.

        Parameters
        ----------
        terms : str, sequence of str or mapping
            Variables in focus, as of `ggpredict`; levels in brackets leave out the rows with others.
        type : {"fixed", "random"}, default "fixed"
            "random" has in the prediction the modes of the groups that are terms.
        condition : mapping of str, optional
            See `ggpredict`.
        typical : str, callable or mapping, default "mean"
            See `ggpredict`.
        scale : {"link", "response"}, default "link"
            "link" for the linear predictor, "response" to bring prediction plus residual back.
        re_form : str, optional
            Random effects that are taken out of the residual: None for all, so that differences between groups are not
            in the points; "~0" for none, so that they are; or some.
        at : {"data", "grid"}, default "data"
            "data" for the row's own values, "grid" for the nearest of ggeffects' grid, as its `residualize_over_grid`.

        Examples
        --------
        >>> points = fit.partial_residuals("Days")
        >>> len(points)
        180
        >>> list(points.columns)
        ['row', 'x', 'predicted', 'residual', 'partial_residual']
        """
        from mixedmodels._spellings import word
        from mixedmodels.effects.adjusted.partial_residual_table import partial_residuals

        return partial_residuals(
            self,
            terms=terms,
            condition=condition,
            typical=typical,
            scale=scale,
            re_form=re_form,
            at=at,
            random=word("type", type, ("fixed", "random"), {"fe": "fixed", "re": "random"}) == "random",
        )

    def johnson_neyman(
        self,
        variable: str,
        moderator: str,
        *,
        condition: Mapping[str, Any] | None = None,
        typical: Any = "mean",
        level: float = 0.95,
        ddf: Ddf | float = None,
        points: int = 101,
    ) -> JohnsonNeyman:
        """Values of a moderator at which the slope of a variable differs from zero (Johnson and Neyman 1936).

        Each interval is of one slope. A search along the moderator for values where zero is excluded makes many tests,
        for which the level is not adjusted.

        Parameters
        ----------
        variable : str
            A number, or a factor of two levels for their difference.
        moderator : str
            A number.
        condition : mapping of str, optional
            Values of other variables, as of `ggpredict`, for slopes that depend on them too.
        typical : str, callable or mapping, default "mean"
            Values of other variables, as of `ggpredict`, for slopes that depend on them too.
        level : float, default 0.95
            Confidence level of the interval at each value.
        ddf : str, Coefficients or float, optional
            See `ggpredict`.
        points : int, default 101
            Number of values of the moderator in the table.

        Examples
        --------
        >>> rows = sleep.assign(late=sleep["Days"] // 5)
        >>> model = mm.lm("Reaction ~ Days * late", rows)
        >>> model.johnson_neyman("Days", "late").regions.linear
        True
        """
        from mixedmodels.effects.adjusted.johnson_neyman_table import johnson_neyman

        return johnson_neyman(
            self,
            variable=variable,
            moderator=moderator,
            condition=condition,
            typical=typical,
            level=level,
            ddf=ddf,
            points=points,
        )
