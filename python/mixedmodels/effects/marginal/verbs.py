"""Predictions, comparisons and slopes, of rows or averaged, and hypotheses about them, by the delta method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixedmodels.effects.marginal.record import MarginalTable
    from mixedmodels.estimates.coefficients import Ddf

MarginalType = Literal["response", "link", "invlink(link)", "conditional", "zprob", "zlink", "disp", "zero_probability"]
By = bool | str | list[str] | tuple[str, ...]


class MarginalVerbs(FittedModel):
    """Predictions, comparisons and slopes, of rows or averaged, and hypotheses about them, by the delta method."""

    def predictions(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | Mapping[str, Any] | None = None,
        by: By = False,
        type: MarginalType | None = None,  # noqa: A002
        re_form: Any = None,
        allow_new_levels: bool = False,
        wts: Any = None,
        hypothesis: Any = None,
        transform: Any = None,
        equivalence: Sequence[float] | None = None,
        vcov: Any = True,
        ddf: Ddf | float = None,
        level: float = 0.95,
    ) -> MarginalTable:
        """Predictions of rows with standard errors, tests and limits, as R's marginaleffects makes them.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            Rows to predict: None for those of the fit; a table; "mean" for one row with numbers at their mean (whole
            ones rounded) and all else at its most frequent value, "median" with medians, "balanced" with every level of
            factors; or a mapping of some variables to values or functions of their values (``{"Days": [0, 9]}``,
            ``{"f": np.unique}``): all combinations of these, the other variables at mean or mode.
        variables : str, sequence of str or mapping of str, optional
            Counterfactual values: every row once for each value of these variables. Values are a list, or "sd", "2sd",
            "iqr", "minmax", "threenum", "fivenum"; without values levels, or a number's five numbers (all if fewer than
            six).
        by : bool, str or sequence of str, default False
            True to average the predictions of all rows, or columns within whose values to average.
        type : str, optional
            Scale: "response" for means of the response, "link" for the linear predictor, "invlink(link)" for means
            whose limits come from the linear predictor's. The last is the choice for single rows of a glm, else
            "response". A model of several components has "response" with structural zeros included, "conditional"
            without them, "zprob" and "zlink" of these, "disp" and "zero_probability" as its `predict`.
        re_form : str, optional
            Random effects that take part, as of `predict`: None for all, "~0" for none, "~ (1 | g)" for some. They stay
            at their modes; standard errors are those of the fixed effects.
        allow_new_levels : bool, default False
            Whether groups that the model does not know have random effects of 0.
        wts : str, bool or array_like, optional
            Weights of averages: a column, numbers, or True for the prior weights of the fit.
        hypothesis : float, str, sequence of str, array_like or callable, optional
            Hypothesis about the predictions, as of `hypotheses`.
        transform : {"exp", "ln"} or callable, optional
            Function of estimates and limits, shown in place of them without standard errors.
        equivalence : sequence of float, optional
            Lower and upper limit of a negligible estimate: two one-sided tests are added.
        vcov : bool, str, Coefficients or array_like, default True
            Covariance of the coefficients: True for the model's own, False for no tests, a type of `robust` ("HC3",
            "CR2"), "~ column" for clusters, what `robust` returned, or a matrix of shape (p, p).
        ddf : str, Coefficients or float, optional
            Degrees of freedom: a method ("Satterthwaite", "Kenward-Roger", "asymptotic"), a number of them, or the
            model's own choice.
        level : float, default 0.95
            Confidence level.

        Returns
        -------
        MarginalTable
            Columns `estimate`, `std_error`, `statistic`, `df` (where finite), `p_value`, `s_value` (the surprise, minus
            the binary logarithm of `p_value`), `conf_low`, `conf_high`, after those that tell the rows apart.

        Raises
        ------
        UnknownColumnError
            If a name is no variable of the model, or no column of the rows.
        DataError, FormulaError
            If arguments do not go together, or a hypothesis cannot be read.

        Examples
        --------
        >>> fit.predictions({"Days": [0, 9]}, re_form="~0")["estimate"].round(1)
        array([251.4, 345.6])
        """
        from mixedmodels.effects.marginal.predictions import marginal_predictions
        from mixedmodels.effects.marginal.request import Request

        request = Request(
            newdata=newdata,
            variables=variables,
            by=by,
            type=type,
            re_form=re_form,
            allow_new_levels=allow_new_levels,
            wts=wts,
            hypothesis=hypothesis,
            transform=transform,
            equivalence=equivalence,
            vcov=vcov,
            ddf=ddf,
            level=level,
        )
        return marginal_predictions(self, request)

    def avg_predictions(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | Mapping[str, Any] | None = None,
        by: By = True,
        type: MarginalType | None = None,  # noqa: A002
        re_form: Any = None,
        allow_new_levels: bool = False,
        wts: Any = None,
        hypothesis: Any = None,
        transform: Any = None,
        equivalence: Sequence[float] | None = None,
        vcov: Any = True,
        ddf: Ddf | float = None,
        level: float = 0.95,
    ) -> MarginalTable:
        """Averages of predictions, over all rows or by groups of them.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            See `predictions`.
        variables : str, sequence of str or mapping of str, optional
            See `predictions`; averages are then for each value of these variables, unless `by` says otherwise.
        by : bool, str or sequence of str, default True
            See `predictions`.
        type : str, optional
            See `predictions`.
        re_form : str, optional
            See `predictions`.
        allow_new_levels : bool, default False
            See `predictions`.
        wts : str, bool or array_like, optional
            See `predictions`.
        hypothesis : float, str, sequence of str, array_like or callable, optional
            Hypothesis about the averages, as of `hypotheses`.
        transform : {"exp", "ln"} or callable, optional
            See `predictions`.
        equivalence : sequence of float, optional
            See `predictions`.
        vcov : bool, str, Coefficients or array_like, default True
            See `predictions`.
        ddf : str, Coefficients or float, optional
            See `predictions`.
        level : float, default 0.95
            Confidence level.

        Examples
        --------
        >>> gm.avg_predictions(by="period")["estimate"].round(3)
        array([0.215, 0.092, 0.081, 0.055])
        """
        from mixedmodels.effects.marginal.predictions import average, marginal_predictions
        from mixedmodels.effects.marginal.request import Request

        request = Request(
            newdata=newdata,
            variables=variables,
            by=by,
            type=type,
            re_form=re_form,
            allow_new_levels=allow_new_levels,
            wts=wts,
            hypothesis=hypothesis,
            transform=transform,
            equivalence=equivalence,
            vcov=vcov,
            ddf=ddf,
            level=level,
        )
        return marginal_predictions(self, average(request))

    def comparisons(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | Mapping[str, Any] | None = None,
        comparison: Any = "difference",
        cross: bool = False,
        by: By = False,
        type: MarginalType | None = None,  # noqa: A002
        re_form: Any = None,
        allow_new_levels: bool = False,
        wts: Any = None,
        hypothesis: Any = None,
        transform: Any = None,
        equivalence: Sequence[float] | None = None,
        vcov: Any = True,
        ddf: Ddf | float = None,
        level: float = 0.95,
        eps: float | None = None,
    ) -> MarginalTable:
        """Comparisons of the predictions of each row with a variable at two values, all else as it is.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            See `predictions`.
        variables : str, sequence of str or mapping of str, optional
            Variables to change; all of the fixed effects if not given. A mapping says how. For a number: by how much (1
            if not said), a pair of values, "sd" or "2sd" around the mean, "iqr", "minmax", or a function of the values
            that returns two columns, from and to. For factors, truth values and numbers 0 and 1: "reference" (each
            level with the first, the choice if nothing is said), "pairwise", "sequential", the same with "rev" before
            it, "minmax", "all", or a pair of levels, from and to.
        comparison : str or callable, default "difference"
            "difference", "ratio", "lnratio", "lnor" (log odds ratio), "lift" (difference over the lower), "dydx",
            "eyex", "eydx", "dyex" (slope, elasticity and the half ones), "expdydx"; or a function of two arrays,
            predictions after and before. With "avg" behind a name rows are averaged. An average ratio is that of
            average predictions.
        cross : bool, default False
            Whether the variables change together.
        by : bool, str or sequence of str, default False
            True to average over all rows, or columns within whose values to average.
        type : str, optional
            Scale of the predictions, as of `predictions`.
        re_form : str, optional
            See `predictions`.
        allow_new_levels : bool, default False
            See `predictions`.
        wts : str, bool or array_like, optional
            See `predictions`.
        hypothesis : float, str, sequence of str, array_like or callable, optional
            Hypothesis about the comparisons, as of `hypotheses`.
        transform : {"exp", "ln"} or callable, optional
            See `predictions`.
        equivalence : sequence of float, optional
            See `predictions`.
        vcov : bool, str, Coefficients or array_like, default True
            See `predictions`.
        ddf : str, Coefficients or float, optional
            See `predictions`.
        level : float, default 0.95
            Confidence level.
        eps : float, optional
            Step of slopes; a ten-thousandth of the variable's range if not given.

        Examples
        --------
        >>> rows = fit.comparisons({"Days": [0, 5]}, variables={"Days": "minmax"}, re_form="~0")
        >>> rows["contrast"][0], round(float(rows["estimate"][0]), 2)
        ('Max - Min', 94.21)
        """
        from mixedmodels.effects.marginal.comparisons import marginal_comparisons
        from mixedmodels.effects.marginal.request import Request

        request = Request(
            newdata=newdata,
            variables=variables,
            comparison=comparison,
            cross=cross,
            by=by,
            type=type,
            re_form=re_form,
            allow_new_levels=allow_new_levels,
            wts=wts,
            hypothesis=hypothesis,
            transform=transform,
            equivalence=equivalence,
            vcov=vcov,
            ddf=ddf,
            level=level,
            eps=eps,
        )
        return marginal_comparisons(self, request)

    def avg_comparisons(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | Mapping[str, Any] | None = None,
        comparison: Any = "difference",
        by: By = True,
        **arguments: Any,
    ) -> MarginalTable:
        """Average comparisons: by how much the mean prediction changes with a variable.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            See `predictions`.
        variables : str, sequence of str or mapping of str, optional
            See `comparisons`.
        comparison : str or callable, default "difference"
            See `comparisons`.
        by : bool, str or sequence of str, default True
            See `comparisons`.
        **arguments : Any
            Further arguments of `comparisons`.

        Examples
        --------
        >>> odds = gm.avg_comparisons(variables="period", comparison="lnor", re_form="~0")
        >>> odds["estimate"].round(3)
        array([-0.992, -1.129, -1.58 ])
        """
        return self.comparisons(newdata, variables=variables, comparison=comparison, by=by, **arguments)

    def slopes(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | None = None,
        slope: Literal["dydx", "eyex", "eydx", "dyex"] = "dydx",
        by: By = False,
        **arguments: Any,
    ) -> MarginalTable:
        """Slopes of the predictions in each variable at each row; differences from the first level of factors.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            See `predictions`.
        variables : str or sequence of str, optional
            Variables; all of the fixed effects if not given.
        slope : {"dydx", "eyex", "eydx", "dyex"}, default "dydx"
            The slope, or the elasticity: relative change of the prediction ("ey") by relative change of the variable
            ("ex").
        by : bool, str or sequence of str, default False
            See `comparisons`.
        **arguments : Any
            Further arguments of `comparisons`; `eps` is the step of the central difference.

        Examples
        --------
        >>> fit.slopes("mean", variables="Days", re_form="~0")["estimate"].round(3)
        array([10.467])
        """
        from mixedmodels.effects.marginal.comparisons import marginal_comparisons
        from mixedmodels.effects.marginal.slopes import slope_request

        request = slope_request(newdata=newdata, variables=variables, comparison=slope, by=by, **arguments)
        return marginal_comparisons(self, request, "slopes")

    def avg_slopes(
        self,
        newdata: Any = None,
        *,
        variables: str | Sequence[str] | None = None,
        slope: Literal["dydx", "eyex", "eydx", "dyex"] = "dydx",
        by: By = True,
        **arguments: Any,
    ) -> MarginalTable:
        """Average slopes, over all rows or by groups of them.

        Parameters
        ----------
        newdata : table, {"mean", "median", "balanced"} or mapping, optional
            See `predictions`.
        variables : str or sequence of str, optional
            See `slopes`.
        slope : {"dydx", "eyex", "eydx", "dyex"}, default "dydx"
            See `slopes`.
        by : bool, str or sequence of str, default True
            See `comparisons`.
        **arguments : Any
            Further arguments of `comparisons`.

        Examples
        --------
        >>> table = fit.avg_slopes()
        >>> table["term"][0], round(float(table["estimate"][0]), 3)
        ('Days', 10.467)
        """
        return self.slopes(newdata, variables=variables, slope=slope, by=by, **arguments)

    def hypotheses(
        self,
        hypothesis: Any = None,
        *,
        transform: Any = None,
        equivalence: Sequence[float] | None = None,
        adjust: str | None = None,
        vcov: Any = True,
        ddf: Ddf | float = None,
        level: float = 0.95,
    ) -> MarginalTable:
        """Tests of functions of the coefficients, linear or not, one by one.

        Parameters
        ----------
        hypothesis : float, str, sequence of str, array_like or callable, optional
            A number that each coefficient is tested against (0 if not given). A text such as "b1 = b2", "exp(Days) =
            1", "recipeB / recipeC <= 1", in which estimates are called by name or b1, b2, ... by position (names that
            hold signs in back quotes), or a list of such texts; b* stands for one after the other. A family:
            "reference", "sequential", "pairwise" and these with "rev" before them, "meandev", "meanotherdev",
            "trt_vs_ctrl", "poly", "helmert", also as "ratio ~ pairwise" or, of tables, "~ pairwise | group". Weights of
            shape (r,), or (r, k) for k hypotheses. Or a function of the array of estimates.
        transform : {"exp", "ln"} or callable, optional
            Function of estimates and limits.
        equivalence : sequence of float, optional
            Lower and upper limit of a negligible estimate: two one-sided tests are added.
        adjust : str, optional
            Adjustment of the p-values for their number: "holm", "BH", ...
        vcov : bool, str, Coefficients or array_like, default True
            See `predictions`.
        ddf : str, Coefficients or float, optional
            See `predictions`.
        level : float, default 0.95
            Confidence level.

        Examples
        --------
        >>> test = lin.hypotheses("`(Intercept)` / Days = 24")
        >>> test["estimate"].round(3), test["std_error"].round(3)
        (array([0.018]), array([3.391]))
        """
        from mixedmodels.effects.marginal.coefficient_hypotheses import coefficient_hypotheses

        return coefficient_hypotheses(
            self,
            hypothesis,
            transform=transform,
            equivalence=equivalence,
            adjust=adjust,
            vcov=vcov,
            ddf=ddf,
            level=level,
        )

    def datagrid(self, how: Literal["mean", "median", "balanced"] = "mean", **values: Any) -> Any:
        """A table of all combinations of some variables' values, the other variables at mean or mode.

        Parameters
        ----------
        how : {"mean", "median", "balanced"}, default "mean"
            Value of the others: "mean" (whole numbers rounded), "median", or "balanced" for the mean of numbers
            and every level of all else.
        **values : Any
            Values of variables: one, several, or a function of the values in the data.

        Returns
        -------
        table
            In the library that the data came from.

        Examples
        --------
        >>> fit.datagrid(Days=[0, 9]).values.tolist()
        [[0.0, '308'], [9.0, '308']]
        """
        from mixedmodels.effects.marginal.data_grid import data_grid

        return data_grid(self, values, how)
