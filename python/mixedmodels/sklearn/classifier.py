"""Binomial (mixed) models as a scikit-learn classifier of two classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite, check_is_fitted

from mixedmodels.errors import DataError
from mixedmodels.families import resolve
from mixedmodels.formula.nodes import Name
from mixedmodels.sklearn.base import MixedEstimator
from mixedmodels.sklearn.features import column_values, fitted_table, new_table

if TYPE_CHECKING:
    from mixedmodels.formula import Formula
    from mixedmodels.model import GeneralizedLinearModel, GeneralizedMixedModel
    from mixedmodels.predict.kinds import Kind


class MixedClassifier(ClassifierMixin, MixedEstimator):
    """A logistic (or other binomial) model of a formula, with random effects or without, as a scikit-learn classifier.

    There are two classes, in sorted order; the model is of the probability of the second.

    Parameters
    ----------
    formula : str, default "~ ."
        Formula in R's language, whose names are columns of X, grouping factors too: ``"~ age + (1 | district)"`` for
        the `y` of `fit`, or ``"use ~ age + (1 | district)"`` for classes that are a column of X, or `y` in its place.
        The default has all columns as fixed effects.
    family : str or Family, default "binomial"
        Binomial family, as of `mixedmodels.glmer`: ``'binomial(link = "probit")'``.
    nAGQ : int, default 1
        Points of quadrature of a model with random effects, as of `mixedmodels.glmer`.
    penalty : {"soft", "jeffreys"}, optional
        Penalty of the likelihood, which keeps estimates finite where classes are separated: "soft" with random effects,
        "jeffreys" without.
    kind : {"conditional", "typical", "marginal"}, optional
        Kind of prediction, as of the model's ``predict``.
    re_form : str, optional
        Random effects that predictions use, as of the model's ``predict``: None for all, "~0" for none.
    allow_new_levels : bool, default True
        Whether rows of levels of a grouping factor that were not there at the fit are predicted, with random effects of
        0, and rows that miss it; otherwise new levels are an error.
    na_action : {"fail", "omit"}, default "fail"
        What is done with missing predictors: "fail" raises; "omit" fits without the rows that miss one, whose
        probabilities are NaN.
    feature_names : sequence of str, optional
        Names of the columns of X where that is an array; by default x0, x1, ...
    contrasts : mapping of str, optional
        Contrasts of factors, as of `mixedmodels.glmer`.
    control : Control or mapping of str, optional
        Settings of the optimiser, as of `mixedmodels.glmer`.

    Attributes
    ----------
    model_ : fitted model
        What `mixedmodels.glm` or `glmer` return, with all its verbs; its response is 1 for the second class.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    n_features_in_ : int
        Number of columns of X, those of the left side left out.
    feature_names_in_ : ndarray of str
        Their names, where X is a table.

    Examples
    --------
    >>> slow = np.where(sleep["Reaction"] > 300, "slow", "fast")
    >>> model = mm.sklearn.MixedClassifier("~ Days + (1 | Subject)").fit(sleep, slow)
    >>> model.predict(sleep.iloc[[0, 9]])
    array(['fast', 'slow'], dtype='<U4')
    """

    REML = True  # which no binomial model looks at
    model_: GeneralizedLinearModel | GeneralizedMixedModel
    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        formula: str = "~ .",
        *,
        family: Any = "binomial",
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
        tags = self._tagged(super().__sklearn_tags__())
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> MixedClassifier:
        """Fit the model.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            Table with the formula's columns, or numbers whose columns have the names `feature_names`.
        y : array_like, shape (n,), optional
            Classes, two of any kind; in the place of a left side that is a column's name.
        sample_weight : array_like, shape (n,), optional
            How often each row counts. Rows of weight 0 are left out.

        Returns
        -------
        MixedClassifier
            Itself, fitted.

        Raises
        ------
        FormulaError, DataError, DesignError, FitError
            As `mixedmodels.glmer`.

        Examples
        --------
        >>> slow = sleep.assign(slow=sleep["Reaction"] > 300)
        >>> mm.sklearn.MixedClassifier("slow ~ Days + (1 | Subject)").fit(slow).classes_
        array([False,  True])
        """
        plan = self._plan()
        family = resolve(self.family)
        if family.support != "proportion":
            raise DataError(f"family is {family!r}, which has no classes; give a binomial one, or use MixedRegressor.")
        table = fitted_table(self, X, plan)
        name, labels = self._labels(plan, table, y)
        self.classes_, second = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"y has one class, {self.classes_.tolist()[0]!r}; a classifier needs two classes to tell apart."
            )
        self._fit_model(table, (name, second.astype(float)), plan, sample_weight)
        return self

    def _labels(self, plan: Formula, x: Any, y: Any) -> tuple[str, NDArray[Any]]:
        responses = self._responses(plan, x, y)
        if responses is None:
            if not isinstance(plan.left, Name):
                raise DataError(
                    f"the left side of {plan.text!r} is an expression; a classifier learns the classes in a column of "
                    "X, or y. For proportions and cbind() use MixedRegressor(family='binomial')."
                )
            responses = plan.left.name, column_values(x, plan.left.name)
        labels = responses[1]
        if labels.dtype.kind in "fc":
            assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        kind = type_of_target(labels, input_name="y")
        if kind != "binary":
            raise DataError(
                f"Only binary classification is supported. The type of the target is {kind}; it has "
                f"{len(np.unique(labels))} values."
            )
        return responses[0], labels

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """The linear predictor less its value at a probability of 1/2, which is 0 for logit and probit links.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`; a table needs the columns that predictions use.

        Returns
        -------
        ndarray, shape (n,)
            Positive where the second class is the more probable one.

        Examples
        --------
        >>> model = mm.sklearn.MixedClassifier("~ Days + (1 | Subject)").fit(sleep, sleep["Reaction"] > 300)
        >>> model.decision_function(sleep.head(1)).round(2)
        array([-2.2])
        """
        eta = self._predicted(X, "link")
        return eta - float(np.asarray(self.model_.family.predictor(np.array([0.5])))[0])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`; a table needs the columns that predictions use.

        Returns
        -------
        ndarray, shape (n, 2)
            A column for each of `classes_`.

        Examples
        --------
        >>> model = mm.sklearn.MixedClassifier("~ Days + (1 | Subject)").fit(sleep, sleep["Reaction"] > 300)
        >>> model.predict_proba(sleep.head(1)).round(2)
        array([[0.9, 0.1]])
        """
        p = self._predicted(X, "response")
        return np.column_stack([1 - p, p])

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`; a table needs the columns that predictions use.

        Returns
        -------
        ndarray, shape (n, 2)
            A column for each of `classes_`.

        Examples
        --------
        >>> model = mm.sklearn.MixedClassifier("~ Days + (1 | Subject)").fit(sleep, sleep["Reaction"] > 300)
        >>> model.predict_log_proba(sleep.head(1)).round(2)
        array([[-0.11, -2.3 ]])
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def predict(self, X: Any) -> NDArray[Any]:
        """The more probable class of each row.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`; a table needs the columns that predictions use.

        Returns
        -------
        ndarray, shape (n,)
            Elements of `classes_`.

        Raises
        ------
        DataError
            If a row misses a predictor, also with ``na_action="omit"``: there is no class that says so.

        Examples
        --------
        >>> model = mm.sklearn.MixedClassifier("~ Days + (1 | Subject)").fit(sleep, sleep["Reaction"] > 300)
        >>> model.predict(sleep.iloc[[0, 9]])
        array([False,  True])
        """
        return self._chosen(self.decision_function(X))

    def _chosen(self, decision: NDArray[np.float64]) -> NDArray[Any]:
        missing = np.isnan(decision)
        if missing.any():
            row = int(np.flatnonzero(missing)[0])
            raise DataError(
                f"row {row} of X ({int(missing.sum())} rows in all) misses a predictor and has no class; fill it in, "
                "or use predict_proba(), whose rows are NaN there."
            )
        return np.asarray(self.classes_[(decision > 0).astype(int)])

    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Share of the rows whose class is predicted.

        Parameters
        ----------
        X : table or array_like, shape (n, p)
            As of `fit`.
        y : array_like, shape (n,), optional
            Classes; by default the formula's left side in X.
        sample_weight : array_like, shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float
            Between 0 and 1.

        Examples
        --------
        >>> slow = sleep.assign(slow=sleep["Reaction"] > 300)
        >>> round(mm.sklearn.MixedClassifier("slow ~ Days + (1 | Subject)").fit(slow).score(slow), 2)
        0.86
        """
        check_is_fitted(self, "model_")
        if y is None:
            left = self._plan().left
            if not isinstance(left, Name):
                raise TypeError("score() needs y, as the formula has no left side")
            y = column_values(new_table(self, X), left.name)
        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))
