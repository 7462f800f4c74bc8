"""Reference grids, estimated marginal means and trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.inference.emmeans.emm_grid import EmmGrid
    from mixedmodels.inference.emmeans.means_table import MeansTable

Names = str | Sequence[str] | None


class EmmeansVerbs(FittedModel):
    """Reference grids, estimated marginal means and trends."""

    def ref_grid(
        self,
        at: Mapping[str, Any] | None = None,
        cov_reduce: Any = np.mean,
        cov_keep: int | Sequence[str] = 2,
        *,
        offset: float | None = None,
        nesting: Mapping[str, Sequence[str]] | None = None,
        nuisance: Names = None,
        non_nuisance: Names = None,
        wt_nuis: str = "equal",
        ddf: Ddf | float = None,
        type: str = "link",  # noqa: A002
        bias_adjust: bool = False,
        sigma: float | None = None,
        component: str | None = None,
    ) -> EmmGrid:
        """Predictions at all combinations of the factors' levels, with numbers at their means.

        Parameters
        ----------
        at : mapping of str, optional
            Values of predictors in place of their levels or their mean.
        cov_reduce : callable, str, mapping or bool, default np.mean
            Function that summarises a numeric predictor, or its name ("mean", "median", "min", "max"), one for all or
            one for each predictor; False keeps all values.
        cov_keep : int or sequence of str, default 2
            A numeric predictor with at most so many distinct values keeps them all, as a factor; or the names of such
            predictors.
        offset : float, optional
            Offset of all cells in place of the model's. By default ``offset()`` terms are computed from the values
            that their variables have in the grid (of numbers the mean), and the `offset` argument of the fit is at its
            mean over the rows used; where that is an expression and `at` has one of its variables, it is computed too.
        nesting : mapping of str to sequence of str, optional
            Factors that each factor is nested in; by default taken from formula and data, {} for none.
        nuisance : str or sequence of str, optional
            Predictors without interactions that are averaged out before the grid is laid out, which then has fewer
            rows; they are not part of the result.
        non_nuisance : str or sequence of str, optional
            Predictors that stay, in place of `nuisance`: all others without interactions are averaged out.
        wt_nuis : {"equal", "proportional"}, default "equal"
            Weights of the levels of nuisance factors: all the same, or their frequencies in the data.
        ddf : str, Coefficients or float, optional
            Degrees of freedom: "Kenward-Roger", "Satterthwaite", "normal", "residual", a number, or the result of
            `robust`, whose covariance is then used too; None for the model's own `ddf`.
        type : str, default "link"
            Scale of the means: "link", or "response" to transform back from the link, or from a response such as
            ``log(y) ~``.
        bias_adjust : bool, default False
            Whether to correct back-transformed means for the standard deviation `sigma` (second-order correction).
        sigma : float, optional
            Standard deviation for the correction; by default the model's sigma. For a mixed model use the root of the
            sum of all variance components.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

        Examples
        --------
        >>> baking.ref_grid(ddf="normal").levels["recipe"]
        ('A', 'B', 'C')
        """
        from mixedmodels.inference.emmeans.emm_grid import EmmGrid
        from mixedmodels.inference.emmeans.from_model import (
            basis_of,
            component_note,
            grid_arguments,
            predictors_of,
            settings_of,
        )
        from mixedmodels.inference.emmeans.nested_factors import phrase
        from mixedmodels.inference.emmeans.nuisance import as_nuisance, averaged_out
        from mixedmodels.inference.emmeans.reference_grid import reference_grid
        from mixedmodels.inference.emmeans.specs import is_response

        model = self._of_component(component)
        predictors = predictors_of(model, at)
        wanted = as_nuisance(nuisance, non_nuisance, wt_nuis)
        arguments = grid_arguments(model, predictors, at, cov_reduce, cov_keep, offset, nesting)
        grid = reference_grid(predictors, **arguments, nuisance=wanted)
        basis, method, notes = basis_of(model, ddf)
        spread = (model.sigma if sigma is None else sigma) if bias_adjust else None
        settings = settings_of(model, method, spread)
        if grid.nesting and nesting is None:
            text = f"NOTE: A nesting structure was detected in the fitted model: {phrase(grid.nesting)}"
            notes = (text, *notes)
        settings = replace(settings, on_response=is_response(type), averaged=averaged_out(predictors, grid))
        return EmmGrid(
            functions=grid,
            basis=basis,
            settings=settings,
            formula=model.design.spec.formula,
            notes=(*component_note(model), *notes),
            kind=model._source.kind,
        )

    def emmeans(
        self,
        specs: Any,
        by: Names = None,
        *,
        at: Mapping[str, Any] | None = None,
        weights: Any = "equal",
        type: str = "link",  # noqa: A002
        ddf: Ddf | float = None,
        level: float = 0.95,
        adjust: str | None = None,
        contr: Any = None,
        cov_reduce: Any = np.mean,
        cov_keep: int | Sequence[str] = 2,
        offset: float | None = None,
        nesting: Mapping[str, Sequence[str]] | None = None,
        nuisance: Names = None,
        non_nuisance: Names = None,
        wt_nuis: str = "equal",
        bias_adjust: bool = False,
        sigma: float | None = None,
        component: str | None = None,
    ) -> Any:
        """Estimated marginal means: averages of the reference grid over all other factors.

        Parameters
        ----------
        specs : str or sequence of str
            A factor, several, or a text as ``"~ A | B"``; ``"pairwise ~ A | B"`` also gives contrasts.
        by : str or sequence of str, optional
            Factors whose levels are shown (and adjusted for) one by one.
        at : mapping of str, optional
            See `ref_grid`.
        weights : str, mapping or array_like, default "equal"
            Weights of the cells averaged: "equal", "proportional" (to the frequencies of the combinations averaged
            over), "outer", "cells", "flat", a mapping from factors to weights, or a number for each combination.
        type : str, default "link"
            See `ref_grid`.
        ddf : str, Coefficients or float, optional
            See `ref_grid`.
        level : float, default 0.95
            Confidence level.
        adjust : str, optional
            Adjustment of limits, or with contrasts of their p-values.
        contr : str, mapping or array_like, optional
            Contrasts wanted as well, as of `EmmGrid.contrast`.
        cov_reduce : callable, mapping or bool, default np.mean
            See `ref_grid`.
        cov_keep : int or sequence of str, default 2
            See `ref_grid`.
        offset : float, optional
            See `ref_grid`.
        nesting : mapping of str to sequence of str, optional
            See `ref_grid`.
        nuisance : str or sequence of str, optional
            See `ref_grid`.
        non_nuisance : str or sequence of str, optional
            See `ref_grid`.
        wt_nuis : {"equal", "proportional"}, default "equal"
            See `ref_grid`.
        bias_adjust : bool, default False
            See `ref_grid`.
        sigma : float, optional
            See `ref_grid`.
        component : {"cond", "zi", "disp"}, optional
            See `ref_grid`.

        Returns
        -------
        EmmGrid
            Or with contrasts a pair of them, `emmeans` and `contrasts`.

        Raises
        ------
        UnknownColumnError
            If the model has no such predictor.
        DataError
            If an option is not known, or a level does not exist.

        Examples
        --------
        >>> means = baking.emmeans("recipe", ddf="normal")
        >>> means.table["estimate"].round(2)
        array([33.12, 31.64, 31.6 ])
        """
        grid = self.ref_grid(
            at,
            cov_reduce,
            cov_keep,
            offset=offset,
            nesting=nesting,
            nuisance=nuisance,
            non_nuisance=non_nuisance,
            wt_nuis=wt_nuis,
            ddf=ddf,
            type=type,
            bias_adjust=bias_adjust,
            sigma=sigma,
            component=component,
        )
        return grid.emmeans(specs, by, weights=weights, contr=contr, level=level, adjust=adjust)

    def emtrends(
        self,
        specs: Any,
        var: str,
        by: Names = None,
        *,
        max_degree: int = 1,
        delta_var: float | None = None,
        at: Mapping[str, Any] | None = None,
        weights: Any = "equal",
        ddf: Ddf | float = None,
        level: float = 0.95,
        adjust: str | None = None,
        contr: Any = None,
        cov_reduce: Any = np.mean,
        cov_keep: int | Sequence[str] = 2,
        nesting: Mapping[str, Sequence[str]] | None = None,
        nuisance: Names = None,
        non_nuisance: Names = None,
        wt_nuis: str = "equal",
        component: str | None = None,
    ) -> Any:
        """Marginal means of the slope of the linear predictor in a number.

        Slopes are differences over a thousandth of the number's range (`delta_var`): exact where the model is linear.

        Parameters
        ----------
        specs : str or sequence of str
            Factors, as of `emmeans`; ``"~ 1"`` for one overall slope.
        var : str
            Name of the number, or a function of one, as "log(x)".
        by : str or sequence of str, optional
            See `emmeans`.
        max_degree : int, default 1
            Highest degree of the slopes (divided by factorials, as coefficients of a polynomial), up to 5.
        delta_var : float, optional
            Step of the difference quotient.
        at : mapping of str, optional
            See `emmeans`.
        weights : str, mapping or array_like, default "equal"
            See `emmeans`.
        ddf : str, Coefficients or float, optional
            See `emmeans`.
        level : float, default 0.95
            See `emmeans`.
        adjust : str, optional
            See `emmeans`.
        contr : str, mapping or array_like, optional
            See `emmeans`.
        cov_reduce : callable, mapping or bool, default np.mean
            See `emmeans`.
        cov_keep : int or sequence of str, default 2
            See `emmeans`.
        nesting : mapping of str to sequence of str, optional
            See `emmeans`.
        nuisance : str or sequence of str, optional
            See `ref_grid`.
        non_nuisance : str or sequence of str, optional
            See `ref_grid`.
        wt_nuis : {"equal", "proportional"}, default "equal"
            See `ref_grid`.
        component : {"cond", "zi", "disp"}, optional
            See `ref_grid`.

        Examples
        --------
        >>> slope = fit.emtrends("~ 1", "Days", ddf="normal")
        >>> slope.table["estimate"].round(3)
        array([10.467])
        """
        from mixedmodels.inference.emmeans.emm_grid import EmmGrid
        from mixedmodels.inference.emmeans.from_model import (
            basis_of,
            component_note,
            grid_arguments,
            predictors_of,
            settings_of,
            slope_of,
        )
        from mixedmodels.inference.emmeans.nuisance import as_nuisance, averaged_out
        from mixedmodels.inference.emmeans.reference_grid import reference_grid
        from mixedmodels.inference.emmeans.specs import parse_specs
        from mixedmodels.inference.emmeans.trends import DEGREES, steps, trends

        if not 1 <= max_degree <= len(DEGREES):
            raise DataError(f"max_degree is {max_degree}; slopes of degree 1 to {len(DEGREES)} have names.")
        model = self._of_component(component)
        predictors = predictors_of(model, at)
        name, values, function = slope_of(var, predictors)
        step = 0.001 * float(np.ptp(values)) if delta_var is None else float(delta_var)
        if step == 0 or not isfinite(step):
            raise DataError(
                f"{name!r} does not vary, or its range is not known; give delta_var, the step of the differences."
            )
        arguments = grid_arguments(model, predictors, at, cov_reduce, cov_keep, None, nesting)
        wanted = as_nuisance(nuisance, non_nuisance, wt_nuis)
        shifted = reference_grid(predictors, **arguments, shifts=(name, steps(step, max_degree)), nuisance=wanted)
        grid = trends(shifted, name, step, max_degree, function)
        basis, method, notes = basis_of(model, ddf)
        settings = replace(
            settings_of(model, method, None),
            estimate=f"{var}.trend",
            scale=None,
            averaged=averaged_out(predictors, shifted),
        )
        made = EmmGrid(
            functions=grid,
            basis=basis,
            settings=settings,
            formula=model.design.spec.formula,
            notes=(*component_note(model), *notes),
            kind=model._source.kind,
        )
        factors, groups, contrasts = parse_specs(specs, by, grid.levels)
        if max_degree > 1 and "degree" not in (*factors, *groups):
            groups = ("degree", *groups)
        method_ = contr if contr is not None else contrasts
        return made.emmeans(factors, groups, weights=weights, contr=method_, level=level, adjust=adjust)

    def joint_tests(
        self,
        by: Names = None,
        *,
        at: Mapping[str, Any] | None = None,
        ddf: Ddf | float = None,
        cov_reduce: Any = None,
        cov_keep: int | Sequence[str] = 2,
        nesting: Mapping[str, Sequence[str]] | None = None,
        component: str | None = None,
    ) -> MeansTable:
        """F tests of all terms from interaction contrasts of marginal means: type III, for any coding of the factors.

        Parameters
        ----------
        by : str or sequence of str, optional
            Factors for each combination of whose levels the tests are made.
        at : mapping of str, optional
            See `ref_grid`.
        ddf : str, Coefficients or float, optional
            See `ref_grid`.
        cov_reduce : callable, mapping or bool, optional
            Values of numbers; one below and one above their mean if not given.
        cov_keep : int or sequence of str, default 2
            See `ref_grid`.
        nesting : mapping of str to sequence of str, optional
            See `ref_grid`.
        component : {"cond", "zi", "disp"}, optional
            See `ref_grid`.

        Examples
        --------
        >>> logit.joint_tests()["num_df"]
        array([3])
        """
        reduce = (lambda x: np.mean(x) + np.array([-1.0, 1.0])) if cov_reduce is None else cov_reduce
        return self.ref_grid(at, reduce, cov_keep, nesting=nesting, ddf=ddf, component=component).joint_tests(by)
