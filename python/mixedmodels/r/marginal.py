"""The functions of R's marginaleffects, with its defaults: normal tests, whatever the model's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.model import Model

__all__ = [
    "avg_comparisons",
    "avg_predictions",
    "avg_slopes",
    "comparisons",
    "datagrid",
    "hypotheses",
    "predictions",
    "slopes",
]

SMALL_SAMPLE = ("satterthwaite", "kenward-roger")
RENAMED = {"conf_level": "level", "multcomp": "adjust"}


def _arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """R's arguments by our names: `conf_level`, `df`, and `vcov` that may name a method of small samples."""
    named = {RENAMED.get(name, name): value for name, value in arguments.items()}
    if "re_form" in named and named["re_form"] is not None and named["re_form"] != named["re_form"]:
        named["re_form"] = "~0"  # R's NA
    df = named.pop("df", np.inf)
    vcov = named.get("vcov", True)
    if isinstance(vcov, str) and vcov.lower() in SMALL_SAMPLE:
        named["ddf"] = named.pop("vcov")
    else:
        named["ddf"] = "asymptotic" if isinstance(df, int | float) and np.isinf(df) else df
    return named


def predictions(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Predictions with standard errors; further arguments as of a model's `predictions`, and R's.

    Parameters
    ----------
    model : Model
        Fitted model.
    newdata : table, str or mapping, optional
        Rows, as of the method.
    **arguments : Any
        Arguments of the method, `conf_level` for `level`, and `df`: infinite for normal tests, a number or a method.

    Examples
    --------
    >>> from mixedmodels.r import datagrid, predictions
    >>> predictions(fit, datagrid(fit, Days=[0, 9]), re_form="~0")["std_error"].round(2)
    array([ 6.82, 14.63])
    """
    return model.predictions(newdata, **_arguments(arguments))


def avg_predictions(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Average predictions; arguments as of `predictions`.

    Examples
    --------
    >>> from mixedmodels.r import avg_predictions
    >>> avg_predictions(gm, by="period", re_form="~0")["estimate"].round(3)
    array([0.198, 0.084, 0.074, 0.048])
    """
    return model.avg_predictions(newdata, **_arguments(arguments))


def comparisons(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Comparisons of each row; arguments as of a model's `comparisons` and of `predictions`.

    Examples
    --------
    >>> from mixedmodels.r import comparisons
    >>> comparisons(lin, "mean", variables={"Days": 5})["estimate"].round(2)
    array([52.34])
    """
    return model.comparisons(newdata, **_arguments(arguments))


def avg_comparisons(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Average comparisons; arguments as of `comparisons`.

    Examples
    --------
    >>> from mixedmodels.r import avg_comparisons
    >>> avg_comparisons(lin, variables={"Days": "minmax"})["contrast"][0]
    'Max - Min'
    """
    return model.avg_comparisons(newdata, **_arguments(arguments))


def slopes(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Slopes at each row; arguments as of a model's `slopes` and of `predictions`.

    Examples
    --------
    >>> from mixedmodels.r import slopes
    >>> slopes(lin, "mean")["estimate"].round(2)
    array([10.47])
    """
    return model.slopes(newdata, **_arguments(arguments))


def avg_slopes(model: Model, newdata: Any = None, **arguments: Any) -> Any:
    """Average slopes; arguments as of `slopes`.

    Examples
    --------
    >>> from mixedmodels.r import avg_slopes
    >>> round(float(avg_slopes(fit)["statistic"][0]), 2)
    6.77
    """
    return model.avg_slopes(newdata, **_arguments(arguments))


def hypotheses(model: Any, hypothesis: Any = None, **arguments: Any) -> Any:
    """Tests of functions of coefficients, or of the rows of what the other functions returned.

    Parameters
    ----------
    model : Model or MarginalTable
        Fitted model, or a result.
    hypothesis : float, str, sequence of str, array_like or callable, optional
        As of a model's `hypotheses`.
    **arguments : Any
        Arguments of that method, and R's: `conf_level`, `df`, `multcomp`.

    Examples
    --------
    >>> from mixedmodels.r import hypotheses
    >>> round(float(hypotheses(lin, "Days = 10")["estimate"][0]), 3)
    0.467
    """
    if isinstance(model, Model):
        return model.hypotheses(hypothesis, **_arguments(arguments))
    named = {RENAMED.get(name, name): value for name, value in arguments.items()}
    if "vcov" in named or "df" in named:
        raise DataError("vcov= and df= of a result were decided when it was made; give them there.")
    return model.hypotheses(hypothesis, **named)


def datagrid(model: Model, grid_type: str = "mean_or_mode", **values: Any) -> Any:
    """A grid of values of some variables, the others at mean or mode.

    Parameters
    ----------
    model : Model
        Fitted model.
    grid_type : {"mean_or_mode", "balanced"}, default "mean_or_mode"
        "balanced" for every level of what is no number.
    **values : Any
        Values of variables, or functions of their values.

    Examples
    --------
    >>> from mixedmodels.r import datagrid
    >>> datagrid(baking, recipe=["A", "C"])["recipe"].tolist()
    ['A', 'C']
    """
    kinds = {"mean_or_mode": "mean", "balanced": "balanced"}
    if grid_type not in kinds:
        raise DataError(f"grid_type is {grid_type!r}; it is one of {', '.join(map(repr, kinds))}.")
    return model.datagrid("balanced" if kinds[grid_type] == "balanced" else "mean", **values)
