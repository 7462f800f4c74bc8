"""What scikit-learn hands to an estimator, as a table that a formula can name the columns of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d, validate_data

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.formula import Formula
from mixedmodels.formula.nodes import Name, column_names

Y = "y"  # what a response is called that has no name of its own


def is_table(x: Any) -> bool:
    """Whether columns have names: an array, a list and a sparse matrix have none."""
    if isinstance(x, np.ndarray):
        return x.dtype.names is not None
    return hasattr(x, "columns") or hasattr(x, "column_names") or isinstance(x, dict)


def named(x: Any, names: Sequence[str]) -> Any:
    """Columns of an array as a table.

    Raises
    ------
    DataError
        If there are not as many names.
    """
    array = np.asarray(x)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise DataError(
            f"feature_names has {len(names)} names, and X has shape {array.shape}; give one for each column."
        )
    import pandas as pd

    return pd.DataFrame({str(name): array[:, j] for j, name in enumerate(names)}).infer_objects()


def own_names(count: int) -> list[str]:
    """Names of the columns of an array, as scikit-learn has them: x0, x1, ..."""
    return [f"x{j}" for j in range(count)]


def fitted_table(estimator: Any, x: Any, plan: Formula) -> Any:
    """The table that a fit reads, without `y`; sets `n_features_in_`, and `feature_names_in_` where there are names.

    Parameters
    ----------
    plan : Formula
        Formula, whose left side names columns that are no features.
    """
    if estimator.feature_names is not None and not is_table(x):
        x = named(x, list(estimator.feature_names))
    if not is_table(x):
        array = _numbers(estimator, x, reset=True)
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return named(array, own_names(array.shape[1]))
    table = frame.read(x)
    response = column_names(plan.left) if plan.left is not None else ()
    features = [name for name in table.names if name not in response]
    estimator.n_features_in_ = len(features)
    estimator.feature_names_in_ = np.array(features, dtype=object)
    return x


def new_table(estimator: Any, x: Any) -> Any:
    """The table that a prediction reads.

    Columns of a table are taken by name, as a ``ColumnTransformer`` takes them: in any order, others beside them; those
    of an array by their place.
    """
    if estimator.feature_names is not None and not is_table(x):
        x = named(x, list(estimator.feature_names))
    if not hasattr(estimator, "feature_names_in_"):
        array = _numbers(estimator, x, reset=False)
        return named(array, own_names(array.shape[1]))
    if not is_table(x):
        return named(_numbers(estimator, x, reset=False), list(estimator.feature_names_in_))
    return x


def _numbers(estimator: Any, x: Any, *, reset: bool) -> NDArray[Any]:
    """An array of numbers, checked by scikit-learn."""
    finite = "allow-nan" if estimator.na_action == "omit" else True
    checked: NDArray[Any] = validate_data(
        estimator, x, "no_validation", reset=reset, ensure_all_finite=finite, ensure_min_samples=2 if reset else 1
    )
    return checked


def response_column(plan: Formula, y: Any, n: int) -> tuple[str, NDArray[Any]]:
    """Name and values of the responses that `fit` was given.

    Raises
    ------
    DataError
        If the left side is no name, so that it does not say what `y` is; or `y` is not as long as X.
    """
    if plan.left is not None and not isinstance(plan.left, Name):
        raise DataError(
            f"the left side of {plan.text!r} is an expression of columns of X, and y is given too; leave y out, or "
            "give a formula without a left side, and transform y by TransformedTargetRegressor."
        )
    values = np.asarray(column_or_1d(y, warn=True))
    if len(values) != n:
        raise DataError(f"X has {n} rows and y has {len(values)} values; give one for each row.")
    if isinstance(plan.left, Name):
        return plan.left.name, values
    return str(getattr(y, "name", None) or Y), values


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, or with an underscore or more behind it one that no column has."""
    while name in taken:
        name += "_"
    return name


def column_values(x: Any, name: str) -> NDArray[Any]:
    """Values of a column of a table, labels of a factor."""
    return np.asarray(frame.values_of(frame.read(x).column(name)))
