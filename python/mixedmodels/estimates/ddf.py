"""The methods that give the coefficients of a linear mixed model their degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, MixedModelsError
from mixedmodels.estimates.coefficients import Asymptotic, Coefficients, Ddf, check_ddf
from mixedmodels.estimates.kenward_roger import Adjustment, KenwardRoger, adjustment
from mixedmodels.estimates.satterthwaite import Satterthwaite
from mixedmodels.estimates.theta_information import ThetaInformation, theta_information
from mixedmodels.fit.lmm import fit_lmm
from mixedmodels.fit.method import ddf_name
from mixedmodels.fit.record import MixedFit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixedmodels.fit.engine import Lmm

Array = NDArray[np.float64]
_SYMMETRIC = ("inverse_hessian", "vcov_slope", "vcov", "p", "w")  # facts of which a file keeps lower triangles
METHODS = ("Satterthwaite", "Kenward-Roger", "normal")


def method_name(ddf: str) -> str:
    """The method that a user's spelling names.

    Raises
    ------
    DataError
        If no method is called so.
    """
    name = ddf_name(ddf)
    if name is None:
        check_ddf(ddf, METHODS)
    assert name is not None
    return name


def is_normal(ddf: Ddf) -> bool:
    """Whether `ddf` is a name of the normal distribution."""
    return ddf is not None and not isinstance(ddf, Coefficients) and method_name(ddf) == "normal"


def is_lme4(ddf: Ddf) -> bool:
    """Whether lme4's own tables are wanted, which have neither degrees of freedom nor p-values."""
    return isinstance(ddf, str) and ddf.lower() == "lme4"


def or_normal(method: str, by: Callable[[str], Coefficients]) -> Coefficients:
    """Coefficients by a method; by the normal distribution, with a note, where the method is out of reach.

    Parameters
    ----------
    by : callable
        Coefficients by the name of a method.
    """
    try:
        coefficients = by(method)
        if np.all(coefficients.df(np.eye(len(coefficients.beta))) > 0):
            return coefficients
        reason = "some degrees of freedom are not positive numbers."
    except (MixedModelsError, np.linalg.LinAlgError) as error:
        reason = str(error)
    plain = by("normal")
    if not plain.names:
        return plain
    note = f"The normal distribution is used in place of {method}'s method: {reason}"
    return Asymptotic(plain.names, plain.beta, plain.vcov, note)


def coefficients(
    method: str, names: tuple[str, ...], design: Design, fit: MixedFit, engine: Lmm | None
) -> Coefficients:
    """Coefficients with degrees of freedom by one of `METHODS`.

    Kenward and Roger's method is one for REML: a model that was fitted by maximum likelihood is fitted again, and
    estimates, covariance and tests are those of the new fit (`refitted` is then true).

    Raises
    ------
    FitError
        If the random effects are too many for the method.
    """
    if method == "normal":
        return Asymptotic(names, fit.beta, fit.vcov)
    if not names:
        raise DataError(f"{design.formula!r} has no fixed effects, so there is nothing to test by {method}'s method.")
    if method == "Satterthwaite":
        assert engine is not None
        return Satterthwaite(names, fit, theta_information(engine, fit))
    if not fit.reml:
        return by_reml(method, names, design, fit)
    return KenwardRoger(names, fit, adjustment(design, fit))


def by_reml(method: str, names: tuple[str, ...], design: Design, fit: MixedFit) -> Coefficients:
    """Coefficients of a refit by REML of a model that was fitted by maximum likelihood; `refitted` is true."""
    again, engine = fit_lmm(design, reml=True, sigma=fit.method.sigma, start=fit.theta)
    if method == "Satterthwaite":
        return Satterthwaite(names, again, theta_information(engine, again), refitted=True)
    return KenwardRoger(names, again, adjustment(design, again), refitted=True)


def kept_numbers(ddf: str, by: Callable[[str], Coefficients]) -> dict[str, Any]:
    """What a file keeps so that a model without its rows has Satterthwaite's degrees of freedom, and those by `ddf`.

    Parameters
    ----------
    by : callable
        Coefficients by the name of a method.
    """
    out = {}
    for method in dict.fromkeys(("Satterthwaite", ddf)):
        coefficients = or_normal(method, by)
        if isinstance(coefficients, Satterthwaite | KenwardRoger):
            facts = asdict(coefficients.facts)
            out[method] = {name: _lower(x) if name in _SYMMETRIC else x for name, x in facts.items()}
    return out


def from_kept(
    method: str, names: tuple[str, ...], fit: MixedFit, numbers: Mapping[str, Mapping[str, Any]]
) -> Coefficients | None:
    """Coefficients by a method from what `kept_numbers` made; None where it has nothing of the method."""
    if method not in numbers:
        return None
    arrays = {name: np.array(value, dtype=float) for name, value in numbers[method].items()}
    facts: dict[str, Any] = {name: _whole(x) if name in _SYMMETRIC else x for name, x in arrays.items()}
    if method == "Satterthwaite":
        return Satterthwaite(names, fit, ThetaInformation(**{**facts, "df": float(facts["df"])}))
    return KenwardRoger(names, fit, Adjustment(**facts))


def _lower(matrices: Array) -> Array:
    """Lower triangles of symmetric matrices, row by row, in place of their last two axes."""
    i, j = np.tril_indices(matrices.shape[-1])
    return matrices[..., i, j]


def _whole(triangles: Array) -> Array:
    """The inverse of `_lower`."""
    p = (math.isqrt(8 * triangles.shape[-1] + 1) - 1) // 2
    i, j = np.tril_indices(p)
    out = np.empty((*triangles.shape[:-1], p, p))
    out[..., i, j] = out[..., j, i] = triangles
    return out
