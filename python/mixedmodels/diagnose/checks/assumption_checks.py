"""Checks of a model's assumptions, each with its finding in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks import tests
from mixedmodels.diagnose.checks.loess import smooth
from mixedmodels.diagnose.influence.from_model import leverage_of, rstandard
from mixedmodels.diagnose.influence.standardised import cooks_by_leverage
from mixedmodels.errors import DataError
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.seeds import drawn_seed, generator, seed_text
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.tables.check import Check, Checks, first_few, p_text

LEVEL = 0.05


def normality(model: Any, effects: str) -> Check | Checks:
    """See `CheckVerbs.check_normality`."""
    if effects == "random":
        return _random_normality(model)
    if effects != "fixed":
        raise DataError(f"effects is {effects!r}; give 'fixed' for the residuals or 'random'.")
    _need_gaussian(model, "check_normality() of residuals", "use simulated or binned residuals")
    test = tests.normality(rstandard(model, None))
    return _tested(
        model,
        "normality of residuals",
        test,
        "the residuals look normal",
        "the residuals do not look normal; with many rows this affects prediction intervals more than coefficients",
        "too few residuals, or all the same, to say whether they are normal",
    )


def _random_normality(model: Any) -> Checks:
    if not model.design.random:
        raise DataError("effects='random' is of a model with random effects; leave it out.")
    checks = []
    for term, b in zip(model.design.random, model._fit.b, strict=True):
        group = model.design.groups[term.group].name
        for j, effect in enumerate(term.effects):
            test = tests.normality(b[:, j])
            name = f"{effect} of {group}"
            checks.append(
                _tested(
                    model,
                    f"normality of {name}",
                    test,
                    f"the random effects {name} look normal",
                    f"the random effects {name} do not look normal; look for outlying or two kinds of levels",
                    f"the random effects {name} are too few, or all the same, to say whether they are normal",
                )
            )
    return Checks(checks, model._source.kind)


def heteroscedasticity(model: Any) -> Check:
    """See `CheckVerbs.check_heteroscedasticity`."""
    _need_gaussian(model, "check_heteroscedasticity()", "check_overdispersion() is for counts and proportions")
    test = tests.heteroscedasticity(model._residuals("pearson"), model._fitted(), model.sigma, model.df_resid)
    return _tested(
        model,
        "equal variance",
        test,
        "the residual variance does not change with the fitted values",
        "the residual variance changes with the fitted values; try a transformation, weights, or robust()",
        "the fitted values do not vary, so that the test is not possible",
    )


def autocorrelation(model: Any, nsim: int, seed: Any) -> Check:
    """See `CheckVerbs.check_autocorrelation`."""
    model._need_rows("check_autocorrelation()")
    residuals, x = np.asarray(model._residuals()), model._dense_x()
    seed = drawn_seed(seed)
    test = tests.autocorrelation(residuals, x, checked(nsim), generator(seed))
    return _tested(
        model,
        "independent neighbours",
        test,
        "residuals of neighbouring rows are not correlated",
        "residuals of neighbouring rows are correlated; if rows are in the order of time, the model ignores it",
        "too few rows to say whether neighbours are correlated",
        seed,
    )


def outliers(model: Any, threshold: float | None) -> Check:
    """See `CheckVerbs.check_outliers`."""
    from scipy.stats import f

    model._need_rows("check_outliers()")
    fit = model._fit
    p, n = len(fit.kept), fit.n
    if p == 0 or n <= p:
        raise DataError("influence needs coefficients, and more rows than coefficients.")
    bound = float(f.ppf(0.5, p, n - p)) if threshold is None else _positive(threshold)
    cooks = row_cooks(model)
    rows = np.flatnonzero(cooks > bound)
    labels = [str(label) for label in _row_labels(model)[rows]]
    largest = float(np.nanmax(cooks, initial=0.0))
    values = {"statistic": largest, "threshold": bound, "rows": rows, "labels": labels, "cooks_distance": cooks[rows]}
    method, kind = "largest Cook's distance, against a threshold", model._source.kind
    if not labels:
        words = f"no row has a Cook's distance above {bound:.2f} (the largest is {largest:.2g})"
        return Check("influential rows", False, words, values, method, kind)
    which = f"row {labels[0]} has" if len(labels) == 1 else f"rows {first_few(labels)} have"
    words = f"{which} a Cook's distance above {bound:.2f}; look at them, and at influence() without them"
    return Check("influential rows", True, words, values, method, kind)


def row_cooks(model: Any) -> Vector:
    """Cook's distances from residuals and leverages, of a mixed model with its random effects as known."""
    sd = model._fit.residual_sd
    scale = 1.0 if sd is None else sd**2
    return cooks_by_leverage(model._residuals("pearson"), leverage_of(model).total, scale, len(model._fit.kept))


def linearity(model: Any) -> Check:
    """The distance from 0 of a smooth curve through the residuals over the middle of the fitted values.

    Those of a mixed model are without random effects: along conditional ones residuals slope, because modes are shrunk.
    """
    fitted, r = without_random_effects(model), shown_residuals(model)
    middle = (fitted >= np.quantile(fitted, 0.05)) & (fitted <= np.quantile(fitted, 0.95))
    curve, spread = smooth(fitted, r), float(np.std(r))
    move = float(np.ptp(curve[middle]) / spread) if spread > 0 and middle.any() else np.nan
    method, kind = "range of a smooth curve through the residuals, in standard deviations", model._source.kind
    if move != move or np.ptp(fitted) <= 1e-12 * np.abs(fitted).max(initial=0.0):
        values = {"move": np.nan, "statistic": np.nan}
        return Check("linearity", None, "the fitted values or the residuals do not vary", values, method, kind)
    bend = move > 0.5
    words = f"a smooth curve through the residuals moves by {move:.2f} of their standard deviation"
    more = "; a predictor may act along a curve, or an interaction be missing" if bend else ""
    return Check("linearity", bend, words + more, {"move": move, "statistic": move}, method, kind)


def without_random_effects(model: Any) -> Vector:
    """What the fixed effects alone predict, along which linearity is judged, shape (n,)."""
    fit = model._fit
    return fixed_part(model.design, fit.kept, fit.beta, fit.n)


def predictor(model: Any) -> Vector:
    """The horizontal axis of plots of residuals: fitted values, or a generalised model's linear predictor."""
    return np.asarray(model._fitted() if not model._fit.generalized else model._fit.eta)


def shown_residuals(model: Any) -> Vector:
    """The residuals that are shown: weighted, of a generalised model deviance residuals where its family has them."""
    return np.asarray(model._residuals(model.family.shown_residual))


def _need_gaussian(model: Any, what: str, instead: str) -> None:
    model._need_rows(what)
    if model._fit.generalized:
        raise DataError(f"{what} is for a Gaussian response, not {model.family}; {instead}.")


def _positive(threshold: Any) -> float:
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.floating)) or not threshold > 0:
        raise DataError(f"threshold is {threshold!r:.40}; give a positive Cook's distance.")
    return float(threshold)


def _row_labels(model: Any) -> Any:
    index, numbers = model._source.index, model._rows.numbers
    return np.asarray(numbers if index is None else index[numbers])


def _tested(model: Any, title: str, test: tests.Test, fine: str, wrong: str, unknown: str, seed: Any = None) -> Check:
    values = {"statistic": test.statistic, "p_value": test.p_value}
    if test.df is not None:
        values["df"] = test.df
    kind = model._source.kind
    if test.p_value != test.p_value:
        return Check(title, None, unknown, values, test.method, kind)
    bad = test.p_value < LEVEL
    drawn = "" if seed is None else f", {seed_text(seed)}"
    numbers = f"{test.name} = {test.statistic:.4g}, {p_text(test.p_value)}{drawn}"
    return Check(title, bad, f"{wrong if bad else fine} ({numbers})", values, test.method, kind, seed)
