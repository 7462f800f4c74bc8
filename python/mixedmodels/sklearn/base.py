"""What the regressor and the classifier share: from formula, X and y to a fitted model, and back to arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels.design import on_new_data
from mixedmodels.errors import DataError, FormulaError
from mixedmodels.families import GAUSSIAN, resolve
from mixedmodels.fit.method import Method
from mixedmodels.fitted.registry import fit_request
from mixedmodels.fitted.request import NaAction, Request
from mixedmodels.formula import Formula
from mixedmodels.formula.nodes import Name
from mixedmodels.formula.show import show
from mixedmodels.sklearn.features import free_name, new_table, response_column


class MixedEstimator(BaseEstimator):
    """A model of a formula as an estimator; see `MixedRegressor`."""

    formula: str
    family: Any
    REML: bool
    nAGQ: int
    penalty: str | None
    kind: str | None
    re_form: Any
    allow_new_levels: bool
    na_action: NaAction
    feature_names: Any
    contrasts: Mapping[str, Any] | None
    control: Any

    def _tagged(self, tags: Any) -> Any:
        """Tags of scikit-learn with what is this estimator's own."""
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.na_action == "omit"
        tags.target_tags.required = str(self.formula).lstrip().startswith("~")
        return tags

    # -- fitting ------------------------------------------------------------------------------------------------

    def _plan(self) -> Formula:
        """The formula, read.

        Raises
        ------
        FormulaError
            If it is no text with a tilde.
        DataError
            If another setting is none.
        """
        if not isinstance(self.formula, str):
            raise FormulaError(f"formula is {self.formula!r:.40}; give a text such as '~ x + (1 | g)'.")
        if self.na_action not in ("fail", "omit"):
            raise DataError(f"na_action is {self.na_action!r:.40}; give 'fail' or 'omit'.")
        return formulas.parse(self.formula)

    def _fit_model(self, x: Any, responses: tuple[str, NDArray[Any]] | None, plan: Formula, sample_weight: Any) -> None:
        """Fit the model of a table; responses, where there are any apart, become a column of it."""
        text = plan.text
        if responses is not None:
            name, y = responses
            if plan.left is None:
                name = free_name(name, frame.read(x).names)
                text = f"{show(Name(name))} {text[text.index('~') :]}"
            x = frame.with_columns(x, {name: y})
        n = frame.read(x).n_rows
        weights, subset = self._weights(sample_weight, n)
        family = resolve(self.family)
        mixed = bool(plan.random)
        if family == GAUSSIAN and self.penalty is not None:
            raise DataError(f"penalty={self.penalty!r} is of families other than the Gaussian; leave it out.")
        method = Method(reml=self.REML)
        if family != GAUSSIAN:
            method = Method(family=family, nagq=self.nAGQ if mixed else 1, penalty=self.penalty)
        request = Request(
            formula=text,
            data=x,
            weights=weights,
            subset=subset,
            contrasts=self.contrasts,
            na_action=self.na_action,
            method=method,
            control=self.control,
            data_name="X",
        )
        self.model_ = fit_request(request, mixed, stacklevel=5)

    def _weights(self, sample_weight: Any, n: int) -> tuple[Any, Any]:
        """Weights of the rows, and the rows whose weight is not 0 where there are others."""
        if sample_weight is None:
            return None, None
        weights = _check_sample_weight(sample_weight, np.empty((n, 1)), ensure_non_negative=True)
        rows = weights > 0
        if not rows.any():
            raise DataError("every sample_weight is 0; give a positive weight to the rows that the fit shall use.")
        return weights, None if rows.all() else rows

    # -- prediction ---------------------------------------------------------------------------------------------

    def _predicted(self, x: Any, type: str) -> NDArray[np.float64]:  # noqa: A002
        check_is_fitted(self, "model_")
        return self._of_table(new_table(self, x), type)

    def _of_table(self, table: Any, type: str) -> NDArray[np.float64]:  # noqa: A002
        model = self.model_
        how: dict[str, Any] = {"kind": self.kind, "type": type}
        if model._fit.mixed:
            how |= {"re_form": self.re_form, "allow_new_levels": self.allow_new_levels}
        values = np.asarray(model.predict(table, **how), dtype=float)
        if self.na_action == "fail" and np.isnan(values).any():
            rows = np.flatnonzero(np.isnan(values))
            raise DataError(
                f"row {int(rows[0])} of X ({len(rows)} rows in all) has no prediction, as it contains NaN or another "
                "missing value; fill it in, or set na_action='omit' for predictions that are NaN."
            )
        return values

    def _observed(self, table: Any) -> NDArray[np.float64]:
        """The left side of the formula in a table; of ``cbind(successes, failures)`` both."""
        spec = self.model_.design.spec
        proportion = self.model_.family.support == "proportion"
        design = on_new_data(
            spec,
            frame.read(table),
            response=True,
            random=(),
            response_kind="binomial" if proportion else "number",
        )
        return np.asarray(design.response, dtype=float)

    def _responses(self, plan: Formula, x: Any, y: Any) -> tuple[str, NDArray[Any]] | None:
        """Name and values of the responses that `fit` was given; None where the formula's left side says them.

        Raises
        ------
        DataError
            If neither the formula nor the caller says what the response is.
        """
        if y is not None:
            return response_column(plan, y, frame.read(x).n_rows)
        if plan.left is None:
            raise DataError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None; pass y, or "
                f"write the response left of '~' in {plan.text!r}."
            )
        return None
