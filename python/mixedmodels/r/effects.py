"""ggeffects' functions, with its degrees of freedom unless `ddf` says otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.effects.adjusted.from_model import variables_for
from mixedmodels.effects.adjusted.ggpredict import WEIGHTS
from mixedmodels.effects.adjusted.grid import make_grid
from mixedmodels.effects.adjusted.partial_residual_table import PartialResiduals, over_grid
from mixedmodels.effects.adjusted.pretty import pretty_range as _pretty_range
from mixedmodels.effects.adjusted.pretty import representative
from mixedmodels.effects.adjusted.record import AdjustedPredictions
from mixedmodels.effects.adjusted.terms import parse_terms
from mixedmodels.errors import DataError
from mixedmodels.model import Model
from mixedmodels.r.small_samples import emmeans as emmeans_ddf
from mixedmodels.r.small_samples import ggeffects

__all__ = [
    "data_grid",
    "ggeffect",
    "ggemmeans",
    "ggpredict",
    "hypothesis_test",
    "johnson_neyman",
    "new_data",
    "pretty_range",
    "representative_values",
    "residualize_over_grid",
    "values_at",
]


def ggpredict(model: Model, terms: Any = None, ci_lvl: float = 0.95, **arguments: Any) -> Any:
    """Adjusted predictions; further arguments as in a model's `ggpredict`.

    Parameters
    ----------
    model : Model
        Fitted model.
    terms : str, sequence of str or mapping, optional
        Terms, as in a model's `ggpredict`. None gives a dict with the predictions along each fixed predictor.
    ci_lvl : float, default 0.95
        Confidence level of the limits.
    **arguments : Any
        Further arguments of the model's method.

    Examples
    --------
    >>> from mixedmodels.r import ggpredict
    >>> ggpredict(fit, "Days [0, 9]").predicted.round(1)
    array([251.4, 345.6])
    """
    return _by_terms(model, terms, ci_lvl, "mean_reference", arguments)


def ggemmeans(model: Model, terms: Any = None, ci_lvl: float = 0.95, **arguments: Any) -> Any:
    """Marginal means; arguments as in `ggpredict`.

    Examples
    --------
    >>> from mixedmodels.r import ggemmeans
    >>> ggemmeans(baking, "recipe").predicted.round(2)
    array([33.12, 31.64, 31.6 ])
    """
    return _by_terms(model, terms, ci_lvl, "marginalmeans", arguments)


def ggeffect(model: Model, terms: Any = None, ci_lvl: float = 0.95, **arguments: Any) -> Any:
    """Predictions averaged over other factors by frequency; arguments as in `ggpredict`.

    Examples
    --------
    >>> from mixedmodels.r import ggeffect
    >>> ggeffect(baking, "recipe").predicted.round(2)
    array([33.12, 31.64, 31.6 ])
    """
    return _by_terms(model, terms, ci_lvl, "proportional", arguments)


def _by_terms(model: Model, terms: Any, level: float, margin: str, more: dict[str, Any]) -> Any:
    ddf = ggeffects(model, more.get("ddf"), margin in WEIGHTS)
    arguments = {"margin": margin, "level": level, **more, "ddf": ddf}
    if terms is not None:
        return model.ggpredict(terms, **arguments)
    names = variables_for(model).fixed
    if not names:
        raise DataError(f"the model {model.formula!r} has no predictor to show.")
    return {name: model.ggpredict(name, **arguments) for name in names}


def hypothesis_test(
    model: Model | AdjustedPredictions,
    terms: Any = None,
    test: Any = "pairwise",
    p_adjust: str | None = None,
    **arguments: Any,
) -> Any:
    """Compare adjusted predictions, or slopes if the first term is a number.

    Parameters
    ----------
    model : Model or AdjustedPredictions
        A model, or the result of `ggpredict`.
    terms : str, sequence of str or mapping, optional
        See `ggpredict`.
    test : str, array_like or None, default "pairwise"
        Comparisons: "pairwise", or None for the estimates themselves. Predictions also have "reference", "consecutive"
        or a matrix.
    p_adjust : str, optional
        Adjustment of p-values.
    **arguments : Any
        Further arguments of `ggpredict`, or of `emtrends` for slopes.

    Examples
    --------
    >>> from mixedmodels.r import hypothesis_test
    >>> comparisons = hypothesis_test(baking, "recipe")
    >>> comparisons["estimate"].round(2)
    array([ 2.27,  1.2 , -1.07])
    """
    if isinstance(model, AdjustedPredictions):
        return model.compare(test, adjust=p_adjust)
    focal = parse_terms(terms)
    variables = variables_for(model)
    variables.check([t.name for t in focal], "terms")
    if not variables.is_number(focal[0].name):
        arguments["ddf"] = ggeffects(model, arguments.get("ddf"), arguments.get("margin") in WEIGHTS)
        return model.ggpredict(terms, **arguments).compare(test, adjust=p_adjust)
    arguments["ddf"] = emmeans_ddf(model, arguments.get("ddf"))
    rng = np.random.default_rng(0)
    others = focal[1:]
    levels = make_grid(variables, others, typical=None, rng=rng).levels if others else {}
    at = {name: list(values) for name, values in levels.items()}
    slopes = model.emtrends([t.name for t in others] or "~ 1", focal[0].name, at=at or None, **arguments)
    if not others or test is None:
        return slopes.summary((True, True))
    if test != "pairwise":
        raise DataError(f"slopes are compared by test='pairwise', or shown by None; got {test!r}.")
    return slopes.pairs(adjust=p_adjust or "none")


def new_data(model: Model, terms: Any, typical: Any = "mean", condition: Any = None) -> Any:
    """The grid of the predictions, as a table with a column for each variable.

    Examples
    --------
    >>> from mixedmodels.r import new_data
    >>> new_data(baking, "recipe").columns.tolist()
    ['recipe', 'temperature']
    """
    variables = variables_for(model)
    grid = make_grid(variables, parse_terms(terms), condition=condition, typical=typical)
    r = len(grid)
    columns: dict[str, Any] = {name: list(values) for name, values in grid.labels.items()}
    columns |= {name: [value] * r for name, value in grid.constants.items()}
    return frame.to_kind(columns, model._source.kind)


data_grid = new_data


def residualize_over_grid(grid: AdjustedPredictions, model: Model) -> PartialResiduals:
    """Partial residuals on the grid of adjusted predictions; each row of the data goes to its nearest point.

    Examples
    --------
    >>> from mixedmodels.r import ggpredict, residualize_over_grid
    >>> points = residualize_over_grid(ggpredict(fit, "Days"), fit)
    >>> len(points)
    180
    """
    return over_grid(grid, model)


def johnson_neyman(model: Model, pred: str, modx: str, **arguments: Any) -> Any:
    """The values of `modx` at which the slope of `pred` differs from zero; see a model's `johnson_neyman`.

    Examples
    --------
    >>> from mixedmodels.r import johnson_neyman
    >>> model = mm.lm("Reaction ~ Days * late", sleep.assign(late=sleep["Days"] // 5))
    >>> johnson_neyman(model, "Days", "late").regions.linear
    True
    """
    arguments["ddf"] = ggeffects(model, arguments.get("ddf"), False)
    return model.johnson_neyman(pred, modx, **arguments)


def values_at(x: Any, values: str = "meansd") -> Any:
    """Values that represent a number, shape (k,): "meansd", "minmax", "quart", "fivenum", "terciles", "all" ...

    Examples
    --------
    >>> from mixedmodels.r import values_at
    >>> values_at(sleep["Days"], "minmax")
    array([0., 9.])
    """
    return representative(np.asarray(x, dtype=float), values)


representative_values = values_at


def pretty_range(x: Any, n: int | None = None) -> Any:
    """Round values over the range of a number, shape (k,), about `n` of them.

    Examples
    --------
    >>> from mixedmodels.r import pretty_range
    >>> pretty_range(sleep["Days"], 2)
    array([ 0.,  5., 10.])
    """
    return _pretty_range(np.asarray(x, dtype=float), n)
