"""R's functions for predictions with intervals."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import on_new_data
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.fit.seeds import generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.model import GeneralizedMixedModel, MixedModel
from mixedmodels.predict.mertools import IndependentDraws

__all__ = ["predictInterval"]

Which = Literal["full", "fixed", "random", "all"]


def predictInterval(
    merMod: MixedModel | GeneralizedMixedModel,
    newdata: Any = None,
    which: Which = "full",
    level: float = 0.8,
    n_sims: int = 1000,
    stat: Literal["median", "mean"] = "median",
    type: Literal["linear.prediction", "probability"] = "linear.prediction",  # noqa: A002
    include_resid_var: bool = True,
    returnSims: bool = False,
    seed: Any = None,
    fix_intercept_variance: bool = False,
    ignore_fixed_terms: Any = None,
) -> Any:
    """Limits as in merTools, which draws fixed and random effects as if they were independent.

    They are not independent, so limits for the levels of the fit are mostly too wide; `fix_intercept_variance` corrects
    a part of it. Effects of unknown levels are 0 without variance. ``fit.predict(newdata, interval="prediction")`` has
    neither fault.

    Parameters
    ----------
    merMod : MixedModel or GeneralizedMixedModel
        Fitted mixed model.
    newdata : table, optional
        Table with the formula's columns; None for the rows of the fit.
    which : {"full", "fixed", "random", "all"}, default "full"
        Prediction: "full", its "fixed" or "random" part, or "all" of these, labelled by columns `effect` and `obs`.
    level : float, default 0.8
        Confidence level of the limits.
    n_sims : int, default 1000
        Number of draws.
    stat : {"median", "mean"}, default "median"
        Statistic in the column `fit`.
    type : {"linear.prediction", "probability"}, default "linear.prediction"
        Scale of the numbers. "probability" applies the inverse link.
    include_resid_var : bool, default True
        Whether to add the residual. For a glmer this is a standard normal one on the scale of the link, as in merTools.
    returnSims : bool, default False
        Whether to return a pair of the table and the draws, shape (rows, n_sims). With "all" the draws are by part.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    fix_intercept_variance : bool, default False
        Whether to subtract the variance of the random intercepts from that of the intercept.
    ignore_fixed_terms : sequence of str, optional
        Names of fixed effects that are not drawn.

    Returns
    -------
    table
        Columns fit, upr and lwr, with the rows of `newdata`.

    Examples
    --------
    >>> from mixedmodels.r import predictInterval
    >>> predictInterval(fit, n_sims=100, seed=1).columns.tolist()
    ['fit', 'upr', 'lwr']
    """
    if which not in ("full", "fixed", "random", "all"):
        raise DataError(f"which is {which!r:.40}; give 'full', 'fixed', 'random' or 'all'.")
    if stat not in ("median", "mean") or type not in ("linear.prediction", "probability"):
        raise DataError("stat is 'median' or 'mean', and type 'linear.prediction' or 'probability'.")
    wald.check_level(level)
    model, rng = merMod, generator(seed)
    model._need_rows("predictInterval()")
    table = frame.read(model.frame if newdata is None else newdata)
    new = on_new_data(model.design.spec, table)
    source = IndependentDraws(model.design, model._fit, model._conditional_covariances())
    names = list(model.fixef().names)
    parts = source.random_parts(new, checked(n_sims), rng)
    x = fixed_rows(new, model._fit.kept, new.n_table)
    vcov = source.vcov(fix_intercept_variance, _positions(ignore_fixed_terms, names), names)
    parts["fixed"] = source.fixed_part(x, vcov, n_sims, rng)
    offset = 0.0 if new.offset is None else new.offset[:, None]
    sigma = source.sigma(n_sims, rng) if include_resid_var else np.zeros(n_sims)

    def noisy(values: Matrix) -> Matrix:
        return values + sigma * rng.standard_normal(values.shape)

    full = sum(parts.values()) + offset
    shown: dict[str, dict[str, Any]] = {
        "full": {"": full},
        "fixed": {"": parts["fixed"] + offset},
        "random": {"": sum(v for k, v in parts.items() if k != "fixed")},
        "all": {"combined": full, **parts},
    }
    drawn = {name: noisy(np.asarray(values)) for name, values in shown[which].items()}
    columns = [_summary(values, level, stat) for values in drawn.values()]
    if type == "probability" and model._fit.generalized:
        columns = [[np.asarray(model._fit.family.mean(c)) for c in three] for three in columns]
    out: dict[str, Any] = {
        name: np.concatenate([c[i] for c in columns]) for i, name in enumerate(("fit", "upr", "lwr"))
    }
    index = table.index
    if which == "all":
        out = {"effect": np.repeat(list(drawn), new.n_table), **out, "obs": np.tile(np.arange(new.n_table), len(drawn))}
        index = None
    result = frame.to_kind(out, table.kind, index)
    if returnSims:
        return result, drawn if which == "all" else next(iter(drawn.values()))
    return result


def _summary(draws: Matrix, level: float, stat: str) -> list[Vector]:
    middle = draws.mean(axis=1) if stat == "mean" else np.median(draws, axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return [middle, high, low]


def _positions(ignored: Any, names: list[str]) -> list[int]:
    if ignored is None:
        return []
    wanted = [ignored] if isinstance(ignored, str) else list(ignored)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise DataError(f"ignore_fixed_terms has {unknown[0]!r}; the fixed effects are {', '.join(names)}.")
    return [names.index(name) for name in wanted]
