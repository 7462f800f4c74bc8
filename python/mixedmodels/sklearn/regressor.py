"""Linear and generalised linear mixed models as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import assert_all_finite, check_is_fitted

from mixedmodels.sklearn.base import MixedEstimator
from mixedmodels.sklearn.features import fitted_table, new_table

if TYPE_CHECKING:
    from mixedmodels.model import GeneralizedLinearModel, GeneralizedMixedModel, LinearModel, MixedModel
    from mixedmodels.predict.kinds import Kind


class MixedRegressor(RegressorMixin, MixedEstimator):
    """A linear or generalised linear model of a formula, with random effects or without, as a scikit-learn regressor.

    Parameters
    ----------
    formula : str, default "~ ."
        Formula in R's language, whose names are columns of X, grouping factors too: ``"~ Days + (Days | Subject)"``
        for the `y` of `fit`, or ``"Reaction ~ Days + (Days | Subject)"`` for a response that is a column of X, or `y`
        in its place. The default has all columns as fixed effects.
    family : str or Family, default "gaussian"
        Family of the responses, as of `mixedmodels.glmer`.
    REML : bool, default True
        Whether a Gaussian model with random effects is fitted by restricted maximum likelihood.
    nAGQ : int, default 1
        Points of quadrature of a generalised model with random effects, as of `mixedmodels.glmer`.
    penalty : {"soft", "jeffreys"}, optional
        Penalty of the likelihood of a family other than the Gaussian: "soft" with random effects, "jeffreys" without.
    kind : {"conditional", "typical", "marginal"}, optional
        Kind of prediction, as of the model's ``predict``.
    re_form : str, optional
        Random effects that predictions use, as of the model's ``predict``: None for all, "~0" for none.
    allow_new_levels : bool, default True
        Whether rows of levels of a grouping factor that were not there at the fit are predicted, with random effects of
        0, and rows that miss it; otherwise new levels are an error.
    na_action : {"fail", "omit"}, default "fail"
        What is done with missing values: "fail" raises; "omit" fits without the rows that miss one, and their
        predictions are NaN.
    feature_names : sequence of str, optional
        Names of the columns of X where that is an array; by default x0, x1, ...
    contrasts : mapping of str, optional
        Contrasts of factors, as of `mixedmodels.lmer`.
    control : Control or mapping of str, optional
        Settings of the optimiser, as of `mixedmodels.lmer`.

    Attributes
    ----------
    model_ : fitted model
        What `mixedmodels.lm`, `lmer`, `glm` or `glmer` return, with all its verbs.
    n_features_in_ : int
        Number of columns of X, those of the left side left out.
    feature_names_in_ : ndarray of str
        Their names, where X is a table.

    Examples
    --------
    >>> model = mm.sklearn.MixedRegressor("~ Days + (Days | Subject)")
    >>> model.fit(sleep[["Days", "Subject"]], sleep["Reaction"]).predict(sleep.head(2)).round(1)
    array([253.7, 273.3])
    """

    model_: LinearModel | MixedModel | GeneralizedLinearModel | GeneralizedMixedModel
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        formula: str = "~ .",
        *,
        family: Any = "gaussian",
        REML: bool = True,
        nAGQ: int = 1,
        penalty: Literal["soft", "jeffreys"] | None = None,
        kind: Kind | None = None,
        re_form: Any = None,
        allow_new_levels: bool = True,
        na_action: Literal["fail", "omit"] = "fail",
        feature_names: Sequence[str] | None = None,
        contrasts: Mapping[str, Any] | None = None,
        control: Any = None,
    ) -> None:
        self.formula = formula
        self.family = family
        self.REML = REML
        self.nAGQ = nAGQ
        self.penalty = penalty
        self.kind = kind
        self.re_form = re_form
        self.allow_new_levels = allow_new_levels
        self.na_action = na_action
        self.feature_names = feature_names
        self.contrasts = contrasts
        self.control = control

    def __sklearn_tags__(self) -> Any:
        return self._tagged(super().__sklearn_tags__())

    def fit(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> MixedRegressor:
        """Fit the model.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            Table with the formula's columns, or numbers whose columns have the names `feature_names`.
        y : array_like, shape (n,), optional
            Responses; in the place of a left side that is a column's name.
        sample_weight : array_like, shape (n,), optional
            Weights of the rows, as `weights` of `mixedmodels.lmer`: the residual variance of a row is sigma^2 over its
            weight; trials of a binomial proportion. Rows of weight 0 are left out.

        Returns
        -------
        MixedRegressor
            Itself, fitted.

        Raises
        ------
        FormulaError, DataError, DesignError, FitError
            As `mixedmodels.lmer`.

        Examples
        --------
        >>> mm.sklearn.MixedRegressor("Reaction ~ Days + (1 | Subject)").fit(sleep).n_features_in_
        2
        """
        plan = self._plan()
        table = fitted_table(self, X, plan)
        responses = self._responses(plan, table, y)
        if responses is not None and responses[1].dtype.kind != "O":
            assert_all_finite(responses[1], input_name="y")
        self._fit_model(table, responses, plan, sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predicted means of the response.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`; a table needs the columns that predictions use.

        Returns
        -------
        ndarray, shape (n,)
            Predictions, with the random effects that `kind` and `re_form` say.

        Examples
        --------
        >>> model = mm.sklearn.MixedRegressor("Reaction ~ Days + (Days | Subject)", re_form="~0").fit(sleep)
        >>> model.predict(pd.DataFrame({"Days": [0, 9]})).round(1)
        array([251.4, 345.6])
        """
        return self._predicted(X, "response")

    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """R squared of predictions: 1 less their squared error over that of the mean of `y`.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`.
        y : array_like, shape (n,), optional
            Responses; by default the formula's left side in X.
        sample_weight : array_like, shape (n,), optional
            Weights of the rows; without `y` by default the trials of ``cbind(successes, failures)``.

        Returns
        -------
        float
            At most 1.

        Examples
        --------
        >>> model = mm.sklearn.MixedRegressor("Reaction ~ Days + (Days | Subject)").fit(sleep)
        >>> round(model.score(sleep), 3)
        0.826
        """
        check_is_fitted(self, "model_")
        if y is not None:
            return float(super().score(X, y, sample_weight))
        if self._plan().left is None:
            raise TypeError("score() needs y, as the formula has no left side")
        table = new_table(self, X)
        observed = self._observed(table)
        if observed.ndim == 2:  # of cbind()
            trials = observed.sum(axis=1)
            sample_weight = trials if sample_weight is None else sample_weight
            observed = observed[:, 0] / trials
        return float(r2_score(observed, self._of_table(table, "response"), sample_weight=sample_weight))
