"""A fitted model of several components: the conditional mean, zero inflation, and the dispersion."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Data_co, Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.components.moments import QUANTITIES, Quantity, quantity
from mixedmodels.fit.components.moments import residuals as component_residuals
from mixedmodels.fit.components.record import ComponentsFit, PredictorFit
from mixedmodels.fitted.components import as_component
from mixedmodels.fitted.labels import component_names, kept_names
from mixedmodels.model.glmer import GeneralizedMixedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels.design.records import Component, Design
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.fit.moments import ResidualType
    from mixedmodels.fitted.ranef import RanEf
    from mixedmodels.fitted.varcorr import VarCorr
    from mixedmodels.model.component_view import ComponentView
    from mixedmodels.predict.kinds import Kind
    from mixedmodels.predict.options import Interval, Method, Uncertainty
    from mixedmodels.summary.component_summary import ComponentsSummary
    from mixedmodels.summary.tidy import Effects
    from mixedmodels.tables.vectors import NamedVector

OF_OTHERS = ("nAGQ", "nagq", "laplace", "penalty", "sigma")  # settings of other functions


class ComponentsModel(GeneralizedMixedModel[Data_co]):
    """A model fitted by `glmmTMB`, with a linear predictor for each of its components.

    The components are "cond", the mean of a response that is no structural zero, "zi", the log-odds of a structural
    zero, and "disp", the logarithm of the dispersion. Verbs about coefficients take `component`, "cond" by default.

    Examples
    --------
    >>> ticks = mm.datasets.load("grouseticks")
    >>> zi = mm.glmmTMB("TICKS ~ cHEIGHT + (1 | BROOD)", ticks, "nbinom2", ziformula="~ YEAR")
    >>> zi.components
    ('cond', 'zi')
    """

    _fit: ComponentsFit

    # -- components ---------------------------------------------------------------------------------------------

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components that the model has."""
        return self._fit.family.components

    def _component(self, component: str) -> tuple[Design, ComponentsFit | PredictorFit]:
        """The design and the estimates of a component.

        Raises
        ------
        DataError
            If the model has no such component.
        """
        place = self.components.index(as_component(component, self.components, self.formula))
        return self.design.predictors[place], self._fit.predictors[place]

    def component(self, component: Component) -> ComponentsModel[Data_co] | ComponentView:
        """The model of one component, for every verb about coefficients.

        Parameters
        ----------
        component : {"cond", "zi", "disp"}
            Component of the model; "cond" is the model itself.
        """
        design, part = self._component(component)
        if not isinstance(part, PredictorFit):
            return self
        from mixedmodels.model.component_view import ComponentView

        return self._once(component, lambda: ComponentView.of(self, design, part))

    @property
    def _quantities(self) -> tuple[str, ...]:
        return QUANTITIES

    def _of_component(self, component: str | None) -> Any:
        return self if component is None else self.component(as_component(component, self.components, self.formula))

    # -- numbers ------------------------------------------------------------------------------------------------

    def fixef(self, component: Component = "cond") -> NamedVector:
        """Estimated coefficients of a component by R's names; dropped columns are left out.

        Parameters
        ----------
        component : {"cond", "zi", "disp"}, default "cond"
            Component of the model.
        """
        design, part = self._component(component)
        from mixedmodels.tables.vectors import NamedVector

        return NamedVector(kept_names(design, part), part.beta, self._source.kind)

    def vcov(self, *, full: bool = False, conditional: bool = False, component: Component = "cond") -> Any:
        """Covariance matrix of the coefficients of a component, labelled.

        Parameters
        ----------
        full : bool, default False
            Whether to return the covariance of all parameters: theta, coefficients and shapes of all components.
        conditional : bool, default False
            Whether to treat theta, the shapes and the weights at the modes as known.
        component : {"cond", "zi", "disp"}, default "cond"
            Component of the model.
        """
        if full and conditional:
            raise DataError("vcov() is 'full', with theta and shapes, or 'conditional' on them; choose one.")
        design, part = self._component(component)
        if full:
            names = component_names(self.design, self._fit)
            return frame.matrix(self._fit.vcov_joint, names, names, self._source.kind)
        names = kept_names(design, part)
        matrix: Matrix = part.vcov
        if conditional:
            start = self._fit.first_coefficient(component)
            matrix = self._fit.vcov_conditional[start : start + len(names), start : start + len(names)]
        return frame.matrix(matrix, names, names, self._source.kind)

    @property
    def deviance(self) -> float:
        """-2 log-likelihood, which glmmTMB calls so."""
        return self._fit.criterion

    # -- random effects -----------------------------------------------------------------------------------------

    def ranef(self, cond_var: bool = False, *, component: Component = "cond") -> RanEf:
        """Conditional modes of the random effects of a component, a table per grouping factor.

        Parameters
        ----------
        cond_var : bool, default False
            Whether to add the conditional covariance matrix of each level's effects given all parameters.
        component : {"cond", "zi", "disp"}, default "cond"
            Component of the model.
        """
        from mixedmodels.fitted.random_effects import random_effects

        design, part = self._component(component)
        covariances = self._own_covariances(component) if cond_var else None
        return random_effects(design, part, covariances, self._source.kind)

    def _own_covariances(self, component: Component) -> list[Matrix]:
        """Conditional covariances of a component's effects, per grouping factor of its design."""
        names = list(dict.fromkeys(g.name for d in self.design.predictors for g in d.groups))
        blocks = dict(zip(names, self._conditional_covariances(), strict=True))
        out = []
        for group in self._component(component)[0].groups:
            mine, start = [], 0
            for name, design in zip(self.components, self.design.predictors, strict=True):
                for term in design.random:
                    if design.groups[term.group].name != group.name:
                        continue
                    if name == component:
                        mine += list(range(start, start + len(term.effects)))
                    start += len(term.effects)
            out.append(np.ascontiguousarray(blocks[group.name][:, mine][:, :, mine]))
        return out

    def coef(self, component: Component = "cond") -> RanEf:
        """Fixed plus random effects of a component by level, a table per grouping factor.

        Parameters
        ----------
        component : {"cond", "zi", "disp"}, default "cond"
            Component of the model.
        """
        from mixedmodels.fitted.random_effects import coefficients_by_group

        design, part = self._component(component)
        return coefficients_by_group(design, part, self._source.kind)

    def VarCorr(self, component: Component = "cond") -> VarCorr:
        """Standard deviations and correlations of the random effects of a component.

        Parameters
        ----------
        component : {"cond", "zi", "disp"}, default "cond"
            Component of the model.
        """
        from mixedmodels.fitted.varcorr import varcorr

        design, part = self._component(component)
        return varcorr(design, part, self._source.kind)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _fitted(self) -> Vector:
        return quantity(
            self._fit.family, [p.eta for p in self._fit.predictors], self._fit.weights, self._fit.psi, "response"
        )

    def _population_means(self) -> tuple[Vector, Vector | None]:
        from mixedmodels.predict.components import population_means

        return population_means(self)

    def _residuals(self, type: ResidualType = "response", scaled: bool = False) -> Vector:  # noqa: A002
        if scaled:
            raise DataError("scaled=True is of models with one dispersion; type='pearson' divides by the row's own.")
        return component_residuals(self._fit, type)

    def residuals(self, type: ResidualType = "response", *, scaled: bool = False) -> Any:  # noqa: A002
        """Residuals, one per row as `fitted()`.

        Parameters
        ----------
        type : {"response", "pearson", "working", "deviance"}, default "response"
            Kind of residuals: "response", y less its mean; "pearson", divided by the standard deviation of the
            response, zero inflation and truncation included; "working", divided by the slope of the link; "deviance",
            of families that have one and models without zero inflation.
        scaled : bool, default False
            Not of these models.
        """
        return super().residuals(type, scaled=scaled)

    def predict(
        self,
        newdata: Any = None,
        *,
        type: Quantity = "link",  # noqa: A002
        kind: Kind | None = None,
        re_form: Any = None,
        se_fit: bool = False,
        interval: Interval | Literal[False] | None = None,
        level: float = 0.95,
        method: Method = "delta",
        uncertainty: Uncertainty = "all",
        allow_new_levels: bool = False,
        weights: Any = None,
        offset: Any = None,
        random_only: bool = False,
        nsim: int | None = None,
        seed: Any = None,
        ddf: Any = None,
        progress: bool | None = None,
        newparams: Any = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones, with standard errors and limits on request.

        Parameters
        ----------
        newdata : table, optional
            A table with the columns of all formulas, or None.
        type : str, default "link"
            "link", the conditional linear predictor; "response", the mean of the response; "conditional", its mean
            where it is no structural zero; "zprob" and "zlink", probability and log-odds of a structural zero;
            "zero_probability", the probability of any zero; "disp", the dispersion on the scale of `sigma`.
        kind : {"conditional", "typical"}, optional
            "conditional" for each row's own groups, "typical" for groups whose random effects are 0, in all components.
        re_form : str or mapping of str, optional
            Random effects that are used, in all components: None for all, "~0" for none, "~ (1 | g)" for some; or a
            mapping from components.
        se_fit : bool, default False
            Whether standard errors are wanted too.
        interval : {"confidence", False}, optional
            Whether limits are wanted. Those of new observations are quantiles of `simulate`.
        level : float, default 0.95
            Confidence level of the limits.
        method : {"delta"}, default "delta"
            Method for standard errors and limits.
        uncertainty : {"all", "given_theta"}, default "all"
            "all" includes the errors of all parameters; "given_theta" takes the parameters as known.
        allow_new_levels : bool, default False
            Whether to predict for new levels of grouping factors, with random effects of 0 whose variance is part of
            standard errors and limits.
        weights : str, float or array_like, optional
            Trials of new rows of proportions.
        offset : str or array_like, optional
            Offset of the conditional part of new rows.
        random_only, nsim, seed, ddf, progress, newparams : optional
            Arguments of other models, which these do not have yet; any but the default is refused.

        Returns
        -------
        Series, ndarray or table
            Predictions; with `se_fit` or `interval` a table with columns `fit` and, on request, `se_fit`, `conf_low`,
            `conf_high`.
        """
        from mixedmodels.predict.components import check_other_arguments, check_quantity, predicted_components
        from mixedmodels.predict.options import Options, none_if_false

        check_quantity(type)
        check_other_arguments(
            method=(method, "delta"),
            interval=(interval if interval == "prediction" else None, None),
            random_only=(random_only, False),
            nsim=(nsim, None),
            seed=(seed, None),
            ddf=(ddf if ddf != "normal" else None, None),
            progress=(progress, None),
            newparams=(newparams, None),
        )
        options = Options(
            kind=kind,
            re_form=re_form,
            type="response",
            se_fit=se_fit,
            interval=none_if_false(interval),
            level=level,
            method="delta",
            uncertainty=uncertainty,
            nsim=None,
            seed=None,
            allow_new_levels=allow_new_levels,
            ddf=None,
            progress=None,
        )
        return predicted_components(self, newdata, options, type, weights, offset)

    # -- tables -------------------------------------------------------------------------------------------------

    def tidy(
        self,
        effects: Effects | Sequence[Effects] = "fixed",
        *,
        conf_int: bool = False,
        level: float = 0.95,
        exponentiate: bool = False,
        ddf: Ddf = None,
    ) -> Any:
        """A table with a row per parameter of every component, named in a column `component`.

        Parameters
        ----------
        effects : {"fixed", "ran_pars", "ran_vals", "all"} or sequence of these, default "fixed"
            See `GeneralizedMixedModel`.
        conf_int : bool, default False
            Whether to add Wald limits `conf_low`, `conf_high`, of coefficients and modes.
        level : float, default 0.95
            Confidence level of the limits.
        exponentiate : bool, default False
            Whether the coefficients of every component and their limits are ratios: of means, of odds of a structural
            zero, of dispersions.
        ddf : str, optional
            "normal", the only way of these models.
        """
        from mixedmodels.estimates.coefficients import check_ddf
        from mixedmodels.summary.component_summary import tidy_components

        check_ddf(ddf, (None, "normal"))
        wald_level = level if conf_int else None
        columns = tidy_components(self.design, self._fit, effects, wald_level, self.ranef, exponentiate)
        return frame.to_kind(columns, self._source.kind)

    # -- again -------------------------------------------------------------------------------------------------

    def _working_weights(self) -> Vector:
        self._need_one_predictor("a table of sequential tests", "car_anova() and drop1() test the terms")
        return super()._working_weights()

    def update(self, formula: str | None = None, **changes: Any) -> Any:
        """A new model with a changed formula, in which ``.`` is the old part, or with changed arguments.

        Parameters
        ----------
        formula : str, optional
            Change of the conditional formula.
        **changes : Any
            Arguments of `glmmTMB`, such as `ziformula`, `dispformula`, `family`, `data` or `weights_role`. A ``.`` in
            `ziformula` stands for the conditional formula.
        """
        foreign = [name for name in changes if name in OF_OTHERS]
        if foreign:
            raise DataError(f"{foreign[0]} is no argument of glmmTMB(), which fits by Laplace's approximation.")
        return super().update(formula, **changes)

    # -- reports ------------------------------------------------------------------------------------------------

    @cached_property
    def _components_summary(self) -> ComponentsSummary:
        from mixedmodels.summary.component_summary import components_summary

        return components_summary(self.design, self._fit, self.call, self._source.kind)

    def summary(self, ddf: Any = None) -> Any:
        """The summary, a `ComponentsSummary`, which prints as R's glmmTMB prints it."""
        self._own_tests(ddf)
        return self._components_summary

    def _summary_residuals(self) -> Vector:
        return self._residuals("pearson")

    def __repr__(self) -> str:
        return self._components_summary.short_text()
