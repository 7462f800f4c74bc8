"""Covariance and degrees of freedom for the delta method: the model's own, a method's, or the caller's."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Asymptotic, Coefficients, Ddf, Residual
from mixedmodels.estimates.linear_functions import Basis, null_space
from mixedmodels.fitted.model import FittedModel

ROBUST = ("HC", "CR")  # how the types of `robust` begin


class Chosen(Residual):
    """t distributions with degrees of freedom that the caller chose."""

    method = "chosen"

    @property
    def phrase(self) -> str:
        """The rule within a sentence."""
        return f"t with {self.df_resid:g} degrees of freedom"


class GivenCovariance(Asymptotic):
    """Normal distributions with a covariance that the caller gave."""

    method = "given"

    @property
    def phrase(self) -> str:
        """The rule within a sentence."""
        return "the covariance given and the normal distribution"


def coefficients_for(model: Any, ddf: Ddf | float, vcov: Any) -> Coefficients:
    """Coefficients of a model with the covariance and degrees of freedom that a verb's arguments ask for.

    Parameters
    ----------
    ddf : str, Coefficients, float or None
        Method of degrees of freedom, a number of them, or None for the model's own choice.
    vcov : bool, str, Coefficients, array_like or None
        Covariance: None or True for the method's own, a type of `robust` ("HC3", "CR2"), "~ column" for clusters, a
        name of a method, what `robust` returned, or a matrix of shape (p, p).

    Raises
    ------
    DataError
        If there is no such method, both arguments name one, or the matrix does not fit.
    """
    number = float(ddf) if isinstance(ddf, int | float | np.number) else None
    if number is not None and not number > 0:
        raise DataError(f"ddf={ddf!r} is no number of degrees of freedom; give one above 0, or the name of a method.")
    method: Ddf = None if isinstance(ddf, int | float | np.number) else ddf
    if vcov is None or vcov is True or vcov is False:
        plain = number is not None or (method is None and _has_no_rows(model))
        base = _coefficients(model._coefficients("asymptotic" if plain else method))
        return base if number is None else _chosen(base, base.vcov, number)
    base = _by_covariance(model, vcov)
    if number is not None:
        return _chosen(base, base.vcov, number)
    if method is None:
        return base
    named = _coefficients(model._coefficients(method))
    if np.isfinite(named.df(np.eye(len(named.names))[:1])).any():
        raise DataError(
            f"vcov= and ddf={method!r:.40} both name a covariance with degrees of freedom; give one of them, or ddf as "
            "a number or 'asymptotic'."
        )
    return Asymptotic(base.names, base.beta, base.vcov)


def _has_no_rows(model: Any) -> bool:
    """Whether a model's own degrees of freedom would need rows that it does not have."""
    return bool(model._fit.mixed and model._stored is not None)


def _chosen(base: Coefficients, vcov: Matrix, df: float) -> Coefficients:
    return Asymptotic(base.names, base.beta, vcov) if np.isinf(df) else Chosen(base.names, base.beta, vcov, df)


def _by_covariance(model: Any, vcov: Any) -> Coefficients:
    if isinstance(vcov, Coefficients):
        return _coefficients(model._coefficients(vcov))
    if isinstance(vcov, str):
        text = vcov.strip()
        if text.startswith("~"):
            return _coefficients(model.robust(cluster=text[1:].strip()))
        if text.upper().startswith(ROBUST):
            return _coefficients(model.robust(text))
        return _coefficients(model._coefficients(text))
    own = _coefficients(model._coefficients("asymptotic"))
    matrix = _matrix(vcov, len(own.names))
    return GivenCovariance(own.names, own.beta, matrix)


def _coefficients(value: Any) -> Coefficients:
    assert isinstance(value, Coefficients)
    return value


def _matrix(vcov: Any, p: int) -> Matrix:
    try:
        matrix = np.asarray(vcov, dtype=float)
    except (TypeError, ValueError):
        raise DataError(
            f"vcov is {vcov!r:.60}; give True, False, a type of robust() such as 'HC3', what robust() returned, or a "
            "matrix."
        ) from None
    if matrix.shape != (p, p):
        raise DataError(f"vcov has shape {matrix.shape}, and the model has {p} coefficients: it needs ({p}, {p}).")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-12 * float(np.abs(matrix).max())):
        raise DataError("vcov is not symmetric, so that it is no covariance matrix.")
    return matrix


def basis_for(model: FittedModel, coefficients: Coefficients) -> Basis:
    """The coefficients, with what the data say nothing about."""
    kept = tuple(model._fit.kept)
    full = len(kept) == len(model.design.fixed.names)
    if not full:
        model._need_rows("the estimability of predictions in a model of reduced rank")
    return Basis(coefficients, kept, None if full else null_space(model.design, kept))


def std_errors(gradient: Matrix, coefficients: Coefficients) -> Vector:
    """Standard errors of functions with these gradients, shape (r,)."""
    variance = np.einsum("ij,ij->i", gradient @ coefficients.vcov, gradient)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def degrees_of_freedom(gradient: Matrix, coefficients: Coefficients) -> Vector:
    """Degrees of freedom of functions with these gradients; NaN where a gradient is 0 or missing.

    Equal gradients are asked once: rows of the data repeat each other, and some methods take their time.
    """
    df = np.full(len(gradient), np.nan)
    good = np.isfinite(gradient).all(axis=1) & (np.abs(gradient).max(axis=1, initial=0.0) > 0)
    if good.any():
        rows, place = np.unique(gradient[good], axis=0, return_inverse=True)
        df[good] = coefficients.df(np.ascontiguousarray(rows))[place.reshape(-1)]
    return df
