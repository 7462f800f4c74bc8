"""One design fitted to many responses: models without random effects, and generalised ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError, MixedModelsError
from mixedmodels.families.parts import FamilyWithParts
from mixedmodels.fit.generalized_linear.any_family import fit_without_random
from mixedmodels.fit.generalized_linear.glm_checks import separated
from mixedmodels.fit.lmm import DEFAULTS, EngineInput, kept_columns
from mixedmodels.fit.many_responses.linear_mixed import (
    CONVERGED,
    FAILED,
    NOT_REACHED,
    SEPARATED,
    STALLED,
    STATUS,
    ManyFits,
    empty,
    less_offset,
    singular,
)
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import Control, GlmFit, GlmmFit
from mixedmodels.fit.responses import Response, family_response, one_value
from mixedmodels.fit.separation import fixed_effects

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm, GlmmOptimum
    from mixedmodels.families import Family


def many_ols(design: Design, responses: Matrix, known: float | None = None) -> ManyFits:
    """Fit a linear model to many responses by one QR decomposition of sqrt(W) X; criterion is -2 log-likelihood.

    Parameters
    ----------
    known : float, optional
        Residual standard deviation where it is known.
    """
    b, n = responses.shape
    kept = kept_columns(design.fixed, n, design.weights)
    x, y = dense_columns(design, kept, n), less_offset(design, responses)
    log_weights = 0.0
    if design.weights is not None:
        root = np.sqrt(design.weights)
        x, y = x * root[:, None], y * root
        log_weights = float(np.log(design.weights).sum())
    q, r = np.linalg.qr(x)
    inverse = np.linalg.solve(r, np.eye(len(kept)))
    effects = y @ q
    residual = y - effects @ q.T
    rss = np.einsum("ij,ij->i", residual, residual)
    df = n - len(kept)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt(rss / df) if known is None else np.full(b, known)
        best = n * (np.log(2 * np.pi * rss / n) + 1) if known is None else _at_known(rss, n, known)
    return ManyFits(
        kept=kept,
        theta=np.empty((b, 0)),
        beta=effects @ inverse.T,
        sigma=sigma,
        shapes=np.empty((b, 0)),
        vcov=(sigma**2)[:, None, None] * (inverse @ inverse.T),
        df=np.full((b, len(kept)), float(df) if known is None else np.inf),
        criterion=best - log_weights,
        singular=np.zeros(b, dtype=bool),
        status=np.full(b, CONVERGED, dtype=np.int8),
        n=np.full(b, n, dtype=np.int64),
    )


def _at_known(rss: Vector, n: int, sigma: float) -> Vector:
    return n * (math.log(2 * math.pi) + 2 * math.log(sigma)) + rss / sigma**2


def many_glm(
    design: Design,
    family: Family,
    kept: tuple[int, ...],
    responses: Matrix,
    *,
    penalty: Any = None,
    control: Control | None = None,
) -> ManyFits:
    """Fit a generalised linear model to many responses (proportions if binomial), one after the other.

    Parameters
    ----------
    design : Design
        Design whose `weights` are the family's (trials beside proportions).
    family : Family
        Family, its free shapes estimated.
    kept : tuple of int
        Columns of X that are estimated.
    """
    shapes = 0 if family.weights_role == "precision" else len(family.shapes)
    out = empty(len(responses), kept, 0, shapes, responses.shape[1])
    for i, y in enumerate(responses):
        with _failures(out, i):
            one = replace(design, response=y)
            fit = fit_without_random(one, family, penalty=penalty, control=control)
            if fit.kept != kept:
                raise FitError("other columns of X can be estimated.")
            out.beta[i], out.vcov[i], out.criterion[i] = fit.beta, fit.vcov, -2 * fit.loglik
            out.df[i] = fit.wald_df
            residual = fit.residual_sd
            out.sigma[i] = np.nan if residual is None else residual
            out.shapes[i] = list(fit.free_shapes.values())
            out.status[i] = CONVERGED if fit.converged else STALLED
            if penalty is None and separated(one, fit):
                out.status[i] = SEPARATED
    return out


def many_glmm(
    engine: Glmm,
    design: Design,
    family: Family,
    inputs: EngineInput,
    responses: Matrix,
    *,
    nagq: int = 1,
    penalised: bool = False,
    start: dict[str, Vector] | None = None,
    control: Control = DEFAULTS,
    check: bool = False,
) -> ManyFits:
    """Fit a generalised linear mixed model to many responses (proportions if binomial), one after the other.

    Parameters
    ----------
    engine : object
        Handle of the design with some response; it knows the kind of Laplace's approximation.
    design : Design
        Design whose `weights` are the family's (trials beside proportions).
    inputs : EngineInput
        Design as the engine has it.
    nagq : int, default 1
        See `fit_glmm`.
    penalised : bool, default False
        See `fit_glmm`.
    start : dict of str to ndarray, optional
        Values of theta, beta and psi from which every response starts, or None.
    check : bool, default False
        Whether each response is checked to be one of the family's.
    """
    m, kept = sum(k * (k + 1) // 2 for k in inputs.all_sizes), inputs.all_kept
    p = len(kept)
    several = isinstance(family, FamilyWithParts)  # whose shapes are shapes, whatever they are of
    dispersed = family.weights_role == "precision" and not several
    out = empty(len(responses), kept, m, 0 if dispersed else len(family.shapes), responses.shape[1])
    for i, y in enumerate(np.ascontiguousarray(responses)):
        with _failures(out, i):
            seen = _check(replace(design, response=y), family, check, penalised)
            one = engine.with_response(inputs.rows(y, design.offset)).fit(
                nagq, start, control.max_evaluations, control.tolerance, None, penalised
            )
            if not np.isfinite(one["criterion"]):
                raise FitError(f"the criterion is {one['criterion']:g}")
            out.theta[i], out.beta[i], out.criterion[i] = one["theta"], one["beta"], one["criterion"]
            out.vcov[i] = one["vcov"][m : m + p, m : m + p]
            out.df[i] = np.inf
            if dispersed:
                out.sigma[i] = np.sqrt(family.dispersion(one["psi"]))
            else:
                out.shapes[i] = family.shape_values(one["psi"])
            out.status[i] = CONVERGED if one["certificate"]["holds"] else STATUS.get(one["status"], STALLED)
            if not penalised and not several and _separated(design, family, inputs, seen, one):
                out.status[i] = SEPARATED
    out.singular[:] = singular(engine, out.theta, inputs.all_sizes)
    return out


def _check(design: Design, family: Family, whole: bool, penalised: bool) -> Response:
    """Refuse what would have no finite estimate anyway and, with `whole`, what the family cannot have."""
    assert design.response is not None
    seen = family_response(design, family) if whole else Response(design.response, design.weights)
    constant = None if penalised else one_value(seen, design, family)
    if constant is not None:
        raise FitError(constant)
    return seen


def _separated(design: Design, family: Family, inputs: EngineInput, seen: Response, out: GlmmOptimum) -> bool:
    """Whether the outcomes are separated, looked at only where a fitted mean is near its bound."""
    eta = out["eta"]
    if not fixed_effects.concerned(family) or not fixed_effects.at_bounds(family, eta):
        return False
    x, vcov = dense_columns(design, inputs.kept, len(eta)), out["vcov_conditional"]
    if (np.diag(vcov) > 0).all() and not fixed_effects.suspected(family, eta, x, vcov):
        return False
    return fixed_effects.find(x, seen.y, seen.weights, family) is not None


@contextmanager
def _failures(out: ManyFits, i: int) -> Iterator[None]:
    """Note why response `i` could not be fitted; what comes after an interruption was not reached."""
    try:
        yield
    except (MixedModelsError, ValueError, RuntimeError, np.linalg.LinAlgError) as error:
        out.status[i] = FAILED
        assert isinstance(out.reasons, dict)
        out.reasons[i] = " ".join(str(error).split())
    except KeyboardInterrupt:
        out.status[i:] = NOT_REACHED
        raise


def family_design(design: Design, fit: GlmFit | GlmmFit) -> Design:
    """The design whose response and weights are as the family sees them: proportions and trials for ``cbind()``."""
    return replace(design, response=fit.y, weights=fit.weights)


def start_of(fit: GlmmFit) -> dict[str, Vector]:
    """The estimates of all linear predictors, to start from."""
    return dict(zip(("theta", "beta", "psi"), fit.point, strict=True))
