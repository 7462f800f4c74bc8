"""Tables that pictures of a model's checks draw: arrays by column name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.diagnose.checks.assumption_checks import predictor, row_cooks, shown_residuals, without_random_effects
from mixedmodels.diagnose.checks.family_checks import bins_of, undispersed
from mixedmodels.diagnose.checks.loess import smooth
from mixedmodels.diagnose.checks.predictive import predictive, summaries
from mixedmodels.diagnose.checks.qq import normal_quantiles, points
from mixedmodels.diagnose.influence.from_model import leverage_of, rstandard
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit import family_moments
from mixedmodels.fit.seeds import generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.fitted.replicates import drawer
from mixedmodels.tables.check import Check

Columns = dict[str, Any]

NO_BOUNDS = (-math.inf, math.inf)
BOUNDS = {"proportion": (0.0, 1.0), "counts": (0.0, math.inf), "positive": (0.0, math.inf)}  # of a response


def residuals_fitted(model: Any) -> Columns:
    """Residuals against fitted values, and a smooth curve through them."""
    x, y = predictor(model), shown_residuals(model)
    return {"row": model._rows.numbers, "fitted": x, "residual": y, "smooth": smooth(x, y)}


def linearity(model: Any) -> Columns:
    """Residuals against what the check of linearity judges them along, and a smooth curve through them."""
    x, y = without_random_effects(model), shown_residuals(model)
    return {"row": model._rows.numbers, "fitted": x, "residual": y, "smooth": smooth(x, y)}


def scale_location(model: Any) -> Columns:
    """Roots of the sizes of the standardised residuals against fitted values, and a smooth curve through them."""
    x, root = predictor(model), np.sqrt(np.abs(rstandard(model, None)))
    finite = np.isfinite(root)
    curve = np.full(len(x), np.nan)
    curve[finite] = smooth(x[finite], root[finite])
    return {"row": model._rows.numbers, "fitted": x, "root": root, "smooth": curve}


def qq_residuals(model: Any) -> Columns:
    """Standardised residuals, sorted, against normal quantiles, with bands of level 0.95."""
    quantiles = normal_quantiles(rstandard(model, None))
    return {
        "row": model._rows.numbers[quantiles.order],
        "quantile": quantiles.quantile,
        "residual": quantiles.value,
        "low": quantiles.low,
        "high": quantiles.high,
        "joint_low": quantiles.joint_low,
        "joint_high": quantiles.joint_high,
    }


def qq_random_effects(model: Any) -> Columns:
    """Conditional modes of each effect, sorted, against normal quantiles, each with its interval of level 0.95."""
    from scipy.special import ndtri

    if not model.design.random:
        raise DataError("qq_random_effects_table() is of a model with random effects.")
    parts: dict[str, list[Any]] = {name: [] for name in ("group", "effect", "level", "quantile", "value", "std_error")}
    for term, b, sd in zip(model.design.random, model._fit.b, _errors(model), strict=True):
        group = model.design.groups[term.group]
        labels = np.asarray(group.levels.labels, dtype=object)
        for j, effect in enumerate(term.effects):
            order = np.argsort(b[:, j], kind="stable")
            parts["group"] += [group.name] * len(order)
            parts["effect"] += [effect] * len(order)
            parts["level"] += labels[order].tolist()
            parts["quantile"].append(ndtri(points(len(order))))
            parts["value"].append(b[order, j])
            parts["std_error"].append(sd[order, j])
    out: Columns = {k: v if k in ("group", "effect", "level") else np.concatenate(v) for k, v in parts.items()}
    far = float(ndtri(0.975)) * out["std_error"]
    return {**out, "conf_low": out["value"] - far, "conf_high": out["value"] + far}


def _errors(model: Any) -> list[Matrix]:
    """Conditional standard deviations of each term's effects, shape (levels, k); NaN where they are out of reach."""
    design = model.design
    try:
        blocks = model._conditional_covariances()
    except FitError:
        return [np.full(b.shape, np.nan) for b in model._fit.b]
    used, out = [0] * len(design.groups), []
    for term in design.random:
        start = used[term.group]
        used[term.group] += len(term.effects)
        variances = np.einsum("lkk->lk", blocks[term.group])[:, start : used[term.group]]
        out.append(np.sqrt(np.maximum(variances, 0.0)))
    return out


def influence(model: Any) -> Columns:
    """Leverage, standardised residual and Cook's distance of each row."""
    return {
        "row": model._rows.numbers,
        "leverage": leverage_of(model).total,
        "residual": rstandard(model, None),
        "cooks_distance": row_cooks(model),
    }


def posterior_predictive(model: Any, n: int, seed: Any) -> Columns:
    """Densities of the response (draw 0) and of draws given the random effects; shares where there are few values."""
    curves = predictive(_response(model), _draws(model, n, seed), BOUNDS.get(model.family.support, NO_BOUNDS))
    return {"draw": curves.draw, "value": curves.value, "density": curves.density}


def predictive_check(model: Any, n: int, seed: Any) -> Check:
    """Positions of mean, spread and extremes of the response among those of draws, in a sentence."""
    counts = model.family.support == "counts"
    compared = summaries(_response(model), _draws(model, n, seed), counts)
    values = dict(zip(compared.name, compared.share.tolist(), strict=True))
    method, kind = "mean, spread and extremes of the data among those of draws from the model", model._source.kind
    if not np.isfinite([compared.low, compared.high]).all():
        return Check(
            "draws from the model", None, "the model has no residual variance to draw with", values, method, kind
        )
    far = 1e-8 * np.maximum(
        np.abs(compared.data), np.ptp(_response(model))
    )  # of an exact fit all are the same but for rounding
    odd = [
        i
        for i in range(len(compared.name))
        if not compared.low[i] - far[i] <= compared.data[i] <= compared.high[i] + far[i]
    ]
    if not odd:
        words = f"{', '.join(compared.name)} of the data lie among those of {n} draws from the model"
        return Check("draws from the model", False, words, values, method, kind)
    told = "; ".join(
        f"the {compared.name[i]} of the data is {compared.data[i]:.4g}, of 99% of draws {compared.low[i]:.4g} to "
        f"{compared.high[i]:.4g}"
        for i in odd
    )
    return Check("draws from the model", True, told, values, method, kind)


def binned_residuals(model: Any, bins: int | None) -> Columns:
    """Mean residuals of rows with similar fitted values, with the limits that contain 95% of them."""
    binned = bins_of(model, bins)
    names = ("fitted", "residual", "rows", "low", "high")
    return {name: getattr(binned, name) for name in names}


def dispersion(model: Any) -> Columns:
    """Squared residuals against the variance that the family gives each row."""
    reason = undispersed(model)
    if reason:
        raise DataError(f"dispersion_table() is for counts, or proportions of several trials; {reason}.")
    fit = model._fit
    assert fit.generalized
    mu = family_moments.mean(fit.family, fit.eta)
    variance = family_moments.variance(fit.family, mu, model._psi, fit.weights)
    if fit.weights is not None:
        variance = variance / np.where(fit.weights > 0, fit.weights, np.nan)
    return {"row": model._rows.numbers, "fitted": mu, "squared_residual": (fit.y - mu) ** 2, "variance": variance}


def _response(model: Any) -> Any:
    return np.asarray(model._response(), dtype=float)


def _draws(model: Any, n: int, seed: Any) -> Matrix:
    model._need_rows("draws from the model")
    draw = drawer(model, "parametric", None if model._fit.mixed else "~0", generator(seed))
    return np.asarray(draw(checked(n)).T)
