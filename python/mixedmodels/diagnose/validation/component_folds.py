"""What a model of several components, fitted without a fold, says about the rows of the fold."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.validation.predictive_density import Joint, integrated
from mixedmodels.estimates.linear_functions import Basis, null_space
from mixedmodels.fit.components.moments import by_component
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.predict.components import ComponentRows, component_predictors, component_values
from mixedmodels.predict.kinds import Parts
from mixedmodels.predict.new_levels import new_level_variance
from mixedmodels.predict.target import target

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.families.parts import FamilyWithParts
    from mixedmodels.fit.components.record import ComponentsFit
    from mixedmodels.fitted.model import FittedModel

NODES = (1, 15, 7)  # of each further linear predictor, by how many there are


def fold_rows(model: FittedModel, new: Design, parts: Parts) -> ComponentRows:
    """The rows of a fold in every component; `parts` has the terms of all components in turn."""
    fit: ComponentsFit = model._fit
    designs = new.predictors
    kept = by_component(designs, parts.kept)
    targets = [
        target(part, replace(own, further=()), Parts(tuple(k), tuple(~c for c in k)), True)
        for part, own, k in zip(fit.predictors, designs, kept, strict=True)
    ]
    return ComponentRows(targets=tuple(targets), weights=new.weights)


def predicted_mean(model: FittedModel, rows: ComponentRows) -> Vector:
    """The mean of each response."""
    return component_values(model._fit, rows, "response")


def determined(model: FittedModel, part: Design, new: Design) -> NDArray[np.bool_]:
    """Rows whose fixed effects, of all components, the other folds determine."""
    known = np.ones(new.n, dtype=bool)
    laid = zip(part.predictors, new.predictors, model._fit.predictors, strict=True)
    for own, rows, estimates in laid:
        space = null_space(own, estimates.kept)
        if space is not None:
            basis = Basis(model._coefficients("asymptotic"), estimates.kept, space)
            known &= basis.estimable(fixed_rows(rows, range(len(own.fixed.columns)), new.n))
    return known


def component_log_density(model: FittedModel, rows: ComponentRows, y: Vector) -> Vector:
    """Log-density of new responses, theta and shapes known, coefficients and random effects not.

    Given the further linear predictors, which take the nodes of a Gauss-Hermite rule, that of the conditional mean is
    normal, and is integrated out as that of a generalised mixed model.
    """
    fit: ComponentsFit = model._fit
    covariance = _covariances(model, rows)
    means = np.column_stack(rows.etas)
    further = means.shape[1] - 1
    slopes, left, roots = _regressed(covariance)
    points, weights = np.polynomial.hermite_e.hermegauss(NODES[further])
    log_weights = np.log(weights / weights.sum())
    out = np.full(len(y), -np.inf)
    for places in product(range(NODES[further]), repeat=further):
        chosen = list(places)
        shift = roots @ points[chosen] if further else np.zeros((len(y), 0))
        mean = means[:, 0] + np.einsum("nk,nk->n", slopes, shift)
        given = given_density(fit.family, y, rows.weights, fit.psi, means[:, 1:] + shift)
        out = np.logaddexp(out, integrated(given, mean, left) + log_weights[chosen].sum())
    return out


def given_density(family: FamilyWithParts, y: Vector, weights: Vector | None, psi: Any, further: Matrix) -> Joint:
    """The log-density of responses as a function of the conditional linear predictor."""

    def value(eta: Vector) -> Vector:
        several = (1,) * (eta.ndim - 1)

        def spread(column: Vector) -> Vector:
            return np.broadcast_to(column.reshape(-1, *several), eta.shape).ravel()

        w = None if weights is None else spread(weights)
        etas = np.concatenate([eta.ravel(), *(spread(column) for column in further.T)])
        one = np.ones(eta.size) if w is None else w
        values = family.handle.log_density(spread(y), one, etas, [float(p) for p in psi])
        density = np.asarray(values, dtype=float)
        return np.asarray(np.where(np.isnan(density), -np.inf, density).reshape(eta.shape))

    return value


def _covariances(model: FittedModel, rows: ComponentRows) -> Matrix:
    """Covariances of the linear predictors of each row, shape (n, m, m)."""
    fit: ComponentsFit = model._fit
    out, slopes = component_predictors(model).covariances(
        [t.x for t in rows.targets], [t.random for t in rows.targets], False
    )
    m, p = len(fit.joint.theta), len(fit.joint.beta)
    by_beta = slopes[:, :, m : m + p]
    out = np.asarray(out + np.einsum("nsp,pq,ntq->nst", by_beta, fit.vcov_conditional, by_beta))
    for r, (part, t) in enumerate(zip(fit.predictors, rows.targets, strict=True)):
        out[:, r, r] += new_level_variance(part, t.new_effects, len(rows))
    return out


def _regressed(covariance: Matrix) -> tuple[Matrix, Vector, Matrix]:
    """The regression of the first predictor on the others: slopes, the variance left, and a root of the others'."""
    inner = covariance[:, 1:, 1:]
    if not inner.shape[1]:
        return np.zeros((len(covariance), 0)), covariance[:, 0, 0], inner
    values, vectors = np.linalg.eigh(inner)
    roots = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    slopes = np.einsum("nij,nj->ni", np.linalg.pinv(inner, hermitian=True), covariance[:, 0, 1:])
    left = covariance[:, 0, 0] - np.einsum("ni,ni->n", slopes, covariance[:, 0, 1:])
    return slopes, np.maximum(left, 0.0), roots
