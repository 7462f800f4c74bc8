"""A fitted model at other parameters than its estimates: lme4's ``newparams``.

What depends on the estimates being estimates (standard errors, tests) has no meaning there, so that such a model serves
predictions and simulation only. As in lme4 the spherical random effects u stay: b = T u moves with theta.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.moments import add_random_part, fixed_part
from mixedmodels.fitted.labels import kept_names, prefix, theta_names
from mixedmodels.fitted.model import FittedModel
from mixedmodels.fitted.named_numbers import coefficients, numbers

M = TypeVar("M", bound=FittedModel)

NAMES = {"beta": "beta", "fixef": "beta", "theta": "theta", "sigma": "sigma", "shapes": "shapes"}


def at_new_parameters(model: M, newparams: Mapping[str, Any]) -> M:
    """The model with some parameters replaced.

    Parameters
    ----------
    newparams : mapping of str
        Any of "beta" (or "fixef"), "theta", "sigma" and "shapes". Coefficients, elements of theta and shapes are
        numbers in order, or mappings by name that may leave some at their estimates. Of a model of several components
        numbers in order are of the conditional part, and names of others begin with "zi~" and "disp~".

    Raises
    ------
    DataError
        If the model has no such parameter, or a number is out of range.
    """
    values = _by_part(newparams)
    fit = _with_further(model, model._fit, values)
    beta = coefficients(values.pop("beta", None), kept_names(model.design, fit), "newparams['beta']", fit.beta)
    changed = _with_variances(model, replace(fit, beta=beta), values)
    if changed.generalized and model._stored is None:
        eta = fixed_part(model.design, changed.kept, beta, changed.n)
        changed = replace(changed, eta=add_random_part(eta, model.design, changed.b))
    out = copy(model)
    out.__dict__.pop("_kept", None)  # what was computed at the estimates
    out._fit = changed
    return out


def _with_further(model: FittedModel, fit: AnyFit, values: dict[str, Any]) -> AnyFit:
    """The record with new coefficients and elements of theta of zero inflation and of the dispersion.

    They are those of a mapping whose names begin with "zi~" and "disp~"; they are taken out of `values`.
    """
    if not isinstance(fit, ComponentsFit):
        return fit
    parts = list(fit.further)
    for i, own in enumerate(model.design.further):
        start = prefix(own)
        for what, names in (("beta", kept_names(own, parts[i])), ("theta", theta_names(own))):
            whole = values.get(what)
            if not isinstance(whole, Mapping):
                continue
            mine = {k: v for k, v in whole.items() if str(k).startswith(start)}
            if not mine:
                continue
            values[what] = {k: v for k, v in whole.items() if k not in mine}
            short = {str(k)[len(start) :]: v for k, v in mine.items()}
            old = getattr(parts[i], what)
            new = coefficients(short, names, f"newparams[{what!r}] of {own.component}", old)
            parts[i] = replace(parts[i], beta=new) if what == "beta" else replace(parts[i], theta=new)
        b = tuple(u @ t.T for u, t in zip(parts[i].u, factors(parts[i].theta, parts[i].sizes), strict=True))
        eta = parts[i].eta
        if model._stored is None:
            eta = add_random_part(fixed_part(own, parts[i].kept, parts[i].beta, fit.n), own, b)
        parts[i] = replace(parts[i], b=b, eta=eta)
    return replace(fit, further=tuple(parts))


def _by_part(newparams: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(newparams, Mapping):
        raise DataError(f"newparams is {newparams!r:.60}; give a mapping such as {{'beta': ..., 'theta': ...}}.")
    out: dict[str, Any] = {}
    for name, value in newparams.items():
        part = NAMES.get(str(name))
        if part is None:
            raise DataError(f"newparams has no part {name!r}; it has 'beta', 'theta', 'sigma' and 'shapes'.")
        if part in out:
            raise DataError("newparams has beta under two names, 'beta' and 'fixef'; give one.")
        if value is not None:
            out[part] = value
    return out


def _with_variances(model: FittedModel, fit: AnyFit, values: dict[str, Any]) -> AnyFit:
    theta, sigma, shapes = (values.get(name) for name in ("theta", "sigma", "shapes"))
    if sigma is not None:
        fit = _with_sigma(fit, sigma)
    if shapes is not None:
        fit = _with_shapes(fit, shapes)
    if theta is None:
        return fit
    if not fit.mixed:
        raise DataError(f"newparams has theta, and {model.formula!r} has no random effects.")
    new = coefficients(theta, theta_names(model.design), "newparams['theta']", fit.theta)
    b = tuple(u @ t.T for u, t in zip(fit.u, factors(new, fit.sizes), strict=True))
    return replace(fit, theta=new, b=b)


def _with_sigma(fit: AnyFit, sigma: Any) -> AnyFit:
    value = numbers(sigma, "newparams['sigma']")
    if value.shape != () or not value > 0:
        raise DataError(f"newparams['sigma'] is {sigma!r:.40}; give one positive number.")
    if fit.residual_sd is None:
        raise DataError(f"newparams has sigma, and {fit.family} has no residual variance; leave it out.")
    return fit.with_sigma(float(value))


def _with_shapes(fit: AnyFit, shapes: Any) -> AnyFit:
    old = {} if fit.residual_sd is not None else fit.free_shapes
    if not old:
        raise DataError(f"newparams has shapes, and {fit.family} has none that were estimated.")
    new = coefficients(shapes, tuple(old), "newparams['shapes']", np.array(list(old.values())))
    if (new <= 0).any() and fit.family.theta is not None:
        raise DataError(f"newparams['shapes'] are {new.tolist()}; each must be a positive number.")
    if fit.family.theta is None:
        fit.family.psi_of(new, "newparams['shapes']")
    return fit.with_shapes(new)
