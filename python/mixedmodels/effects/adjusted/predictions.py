"""Adjusted predictions: the linear predictor of laid-out rows, its uncertainty, and the way back to the response.

With x a row of X, z of Z, and V the covariance of the fixed effects, the standard error of the linear predictor is
``sqrt(x'V x)``; a prediction interval adds the variance of a residual, of the random effects of unknown groups
(``z'Sigma z``), or both. Limits are found on the scale of the linear predictor and brought back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import RandomTerm
from mixedmodels.effects.adjusted.grid import Layout
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.linear_functions import Basis, LinearFunctions
from mixedmodels.estimates.transformations import Corrected, WayBack
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit, effect_factors
from mixedmodels.fit.moments import add_effects
from mixedmodels.predict.variances import LinearMixedErrors

Variance = Literal["residual", "random", "all"]
VARIANCES = ("residual", "random", "all")
RESIDUAL, RANDOM = "the residual", "the random effects of unknown groups"


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """Predictions of r rows; arrays have shape (r,).

    Attributes
    ----------
    eta : ndarray
        Linear predictor.
    std_error : ndarray
        Standard error of `eta` (of a prediction interval with what it adds), NaN where a row cannot be estimated.
    df : ndarray
        Degrees of freedom.
    predicted, conf_low, conf_high : ndarray
        Predictions and their limits, on the requested scale.
    gradient : ndarray, shape (r, p)
        Gradient of `predicted` in the coefficients.
    included : tuple of str, default ()
        Variances that intervals include beside the uncertainty of the fixed effects.
    """

    eta: Vector
    std_error: Vector
    df: Vector
    predicted: Vector
    conf_low: Vector
    conf_high: Vector
    gradient: Matrix
    included: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scale:
    """The scale of predictions, and the width of their intervals.

    Attributes
    ----------
    back : WayBack or None
        Way back from the scale of the linear predictor; None to stay there.
    level : float, default 0.95
        Confidence level.
    add : {"residual", "random", "all"}, optional
        Variance that a prediction interval adds; None for a confidence interval.
    correct : bool, default False
        Whether what comes back is corrected for what varies around it (to second order).
    """

    back: WayBack | None
    level: float = 0.95
    add: Variance | None = None
    correct: bool = False


def predict_layout(
    fit: AnyFit, basis: Basis, layout: Layout, scale: Scale, random: bool, errors: LinearMixedErrors | None = None
) -> Predicted:
    """Predictions of laid-out rows.

    Parameters
    ----------
    random : bool
        Whether groups that are known add their conditional modes; unknown ones add 0.
    errors : LinearMixedErrors, optional
        Errors of predictions, for degrees of freedom of the whole variance of a prediction interval; None for those
        of the mean.
    """
    modes = modes_part(fit, layout) if random and fit.mixed else 0.0
    extra, included = added_variance(fit, layout, scale.add, random)
    spread = _around(fit, layout, random) if scale.correct else None
    return predict_rows(
        basis=basis,
        rows=layout.rows,
        offset=layout.offset,
        scale=scale,
        modes=modes,
        extra=extra,
        included=included,
        spread=spread,
        df=df_of_interval(errors, basis, layout.rows, layout, scale, random),
    )


def df_of_interval(
    errors: LinearMixedErrors | None, basis: Basis, rows: Matrix, layout: Layout, scale: Scale, random: bool
) -> Vector | None:
    """Satterthwaite's degrees of freedom of the variance of a prediction interval; None for those of the mean."""
    if errors is None or scale.add is None:
        return None
    n, terms = len(rows), layout.design.random
    new: list[Matrix | None] = [None] * len(terms)
    if scale.add != "residual":
        new = [None if k and random else _loadings(t, n) for t, k in zip(terms, layout.known_levels, strict=True)]
    residual = np.full(n, float(scale.add != "random"))
    return errors.df(rows[:, list(basis.kept)], [None] * len(terms), new, residual)


def predict_rows(
    basis: Basis,
    rows: Matrix,
    offset: Vector | None,
    scale: Scale,
    modes: Vector | float = 0.0,
    extra: Vector | float = 0.0,
    included: tuple[str, ...] = (),
    spread: Vector | None = None,
    df: Vector | None = None,
) -> Predicted:
    """Predictions of rows of X, shape (r, P).

    Parameters
    ----------
    modes : ndarray or float, default 0.0
        Conditional modes, added to the linear predictor.
    extra : ndarray or float, default 0.0
        Variance that a prediction interval adds.
    included : tuple of str, default ()
        Names of the parts of that variance.
    spread : ndarray, optional
        Variance around the linear predictor that what comes back is corrected for.
    df : ndarray, optional
        Degrees of freedom of the limits; None for those of the linear predictor.
    """
    eta, error, df_of_mean = basis.estimates(
        LinearFunctions(levels={}, labels={}, rows=rows, offset=offset, weights=np.ones(len(rows)))
    )
    eta, error = eta + modes, np.sqrt(error**2 + extra)
    df = df_of_mean if df is None else df
    limits = wald.intervals(eta, error, scale.level, df)
    shown = [_come_back(v, scale.back, spread) for v in (eta, limits[:, 0], limits[:, 1])]
    low, high = np.minimum(shown[1], shown[2]), np.maximum(shown[1], shown[2])  # an inverse link falls
    gradient = _slope(eta, scale.back, spread)[:, None] * rows[:, list(basis.kept)]
    return Predicted(
        eta=eta,
        std_error=error,
        df=df,
        predicted=shown[0],
        conf_low=low,
        conf_high=high,
        gradient=gradient,
        included=included,
    )


def _come_back(eta: Vector, back: WayBack | None, spread: Vector | None) -> Vector:
    """Values of the linear predictor as those of the response, corrected for a variance around them."""
    if back is None:
        return eta
    plain = back.inverse(eta)
    return plain if spread is None else plain + spread * (Corrected(back, 1.0).inverse(eta) - plain)


def _slope(eta: Vector, back: WayBack | None, spread: Vector | None) -> Vector:
    """Derivative of `_come_back`."""
    if back is None:
        return np.ones_like(eta)
    plain = back.slope(eta)
    return plain if spread is None else plain + spread * (Corrected(back, 1.0).slope(eta) - plain)


def modes_part(fit: AnyMixedFit, layout: Layout) -> Vector:
    """The sum of the conditional modes of known groups, 0 for combinations without data; shape (r,)."""
    total = np.zeros(len(layout))
    for term, level_known, modes in zip(layout.design.random, layout.known_levels, fit.b, strict=True):
        if level_known:
            codes = layout.design.groups[term.group].codes
            add_effects(total, np.vstack([modes, np.zeros_like(modes[:1])]), codes, term.columns)
    return total


def random_variance(fit: AnyMixedFit, layout: Layout, unknown_only: bool) -> Vector:
    """Variance z'Sigma z, summed over the terms (or those whose group is unknown), shape (r,)."""
    total = np.zeros(len(layout))
    for term, level_known, factor in zip(layout.design.random, layout.known_levels, effect_factors(fit), strict=True):
        if level_known and unknown_only:
            continue
        total += np.sum((_loadings(term, len(layout)) @ factor) ** 2, axis=1)
    return total


def _loadings(term: RandomTerm, n: int) -> Matrix:
    """The columns z of a random term, shape (n, k)."""
    return np.column_stack([np.ones(n) if c is None else c for c in term.columns])


def added_variance(fit: AnyFit, layout: Layout, add: Variance | None, random: bool) -> tuple[Vector, tuple[str, ...]]:
    """The variance that a prediction interval adds to that of the linear predictor, and its name.

    Raises
    ------
    DataError
        If a family has no residual on that scale, or the model no random effects.
    """
    total, included = np.zeros(len(layout)), list[str]()
    if add is None:
        return total, ()
    if add not in VARIANCES:
        raise DataError(f"variance is {add!r}; it is one of {', '.join(map(repr, VARIANCES))}.")
    if add != "random":
        total = total + _residual_variance(fit)
        included.append(RESIDUAL)
    if add != "residual":
        if not fit.mixed:
            raise DataError("a model without random effects has no variance of theirs; take variance='residual'.")
        total = total + random_variance(fit, layout, unknown_only=random)
        included.append(RANDOM)
    return total, tuple(included)


def _residual_variance(fit: AnyFit) -> float:
    sd = fit.residual_sd
    if fit.family.engine_name != "gaussian" or fit.family.link != "identity" or sd is None:
        cure = (
            "take variance='random' for the spread of groups, or simulate() for new observations"
            if fit.mixed
            else "simulate() draws new observations"
        )
        raise DataError(
            f"a new observation of a {fit.family.name} model is not normal around its linear predictor, so that no "
            f"residual can be added there; {cure}."
        )
    return sd**2


def default_variance(fit: AnyFit) -> Variance:
    """The default variance of a prediction interval: the residual of a normal response, else random effects."""
    return "random" if fit.mixed and fit.generalized else "residual"


def _around(fit: AnyFit, layout: Layout, random: bool) -> Vector:
    """The variance of the linear predictor around a row: of unknown groups, and of a residual where it has one."""
    total = np.zeros(len(layout))
    if fit.mixed:
        total += random_variance(fit, layout, unknown_only=random)
    if not fit.generalized:
        total += _residual_variance(fit)
    return total
