"""A plan at other parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.fit.covariance import covariances
from mixedmodels.fitted.named_numbers import coefficients
from mixedmodels.simulate.parameters import read_parameters

if TYPE_CHECKING:
    from mixedmodels.power.planned_model import PlannedModel


def changed(plan: PlannedModel, fixef: Any, varcorr: Any, sd: Any, theta: Any, sigma: Any, shapes: Any) -> PlannedModel:
    """The plan with some parameters replaced; a new sigma leaves the variances of random effects as they are."""
    old, family = plan._parameters, plan._method.family
    beta = coefficients(fixef, plan._names, "fixef", old.beta)
    if sigma is None and shapes is None:
        own = getattr(varcorr, "sigma", None)
        sigma = own if own is not None else None if np.isnan(old.sigma) else old.sigma
        if np.isnan(old.sigma) and len(old.psi) and family is not None:
            shapes = dict(zip(family.shapes, family.shape_values(old.psi).tolist(), strict=True))
    if plan.design.random and theta is None:
        matrices = _covariances(plan)
        if sd is not None:
            sd = _completed(plan, sd, [np.sqrt(np.diag(m)) for m in matrices])
        else:
            varcorr = matrices if varcorr is None else _completed(plan, varcorr, matrices)
    parameters = read_parameters(
        plan.design, plan._names, family, fixef=beta, VarCorr=varcorr, sd=sd, theta=theta, sigma=sigma, shapes=shapes
    )
    return plan._with(parameters)


def _covariances(plan: PlannedModel) -> list[Any]:
    fit = plan._fit
    return covariances(fit.theta, fit.sizes, fit.effects_scale)


def _completed(plan: PlannedModel, values: Any, own: list[Any]) -> Any:
    """A mapping with the terms that it leaves out."""
    if not isinstance(values, Mapping):
        return values
    labels = [t.label for t in plan.design.random]
    return {**dict(zip(labels, own, strict=True)), **{str(k): v for k, v in values.items()}}
