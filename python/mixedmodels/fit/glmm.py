"""A design with random terms and a family -> the engine -> a `GlmmFit`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._engine import EngineError, Glmm, Rows
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DesignError, FitError, MixedModelsError
from mixedmodels.families.parts import FamilyWithParts
from mixedmodels.fit import degenerate
from mixedmodels.fit.components.constraints import NONE, Constraints
from mixedmodels.fit.components.record import ComponentsFit, PredictorFit
from mixedmodels.fit.covariance import is_singular
from mixedmodels.fit.generalized_linear import infinite_mixed
from mixedmodels.fit.generalized_linear.glm_checks import separated, separated_response
from mixedmodels.fit.lmm import DEFAULTS, EngineInput, engine_input, may_be_unidentified, unidentified
from mixedmodels.fit.progress import watched
from mixedmodels.fit.record import Control, GlmmFit, Run
from mixedmodels.fit.responses import Response, family_response, one_value
from mixedmodels.fit.separation import random_effects
from mixedmodels.fit.start import Start, checked_point

if TYPE_CHECKING:
    from mixedmodels._engine import GlmmOptimum
    from mixedmodels.families import Family

Laplace = Literal["observed", "fisher"]

MAX_POINTS = 100  # of quadrature, for one random effect; as in lme4
MAX_NODES = 20_000  # of a level's grid


def fit_glmm(
    design: Design,
    family: Family,
    *,
    nagq: int = 1,
    laplace: Laplace = "observed",
    penalty: str | None = None,
    start: Start | None = None,
    control: Control = DEFAULTS,
    verbose: int = 0,
    like: tuple[Glmm, GlmmFit] | None = None,
    constraints: Constraints = NONE,
) -> tuple[GlmmFit, Glmm]:
    """Fit a generalised linear mixed model.

    Parameters
    ----------
    design : Design
        Design with a response and at least one random term.
    family : Family
        Distribution and link.
    nagq : int, default 1
        Points of quadrature: 0 takes beta at the joint mode, 1 is Laplace's approximation, more are points of adaptive
        quadrature.
    laplace : {"observed", "fisher"}, default "observed"
        Information whose log-determinant is taken, "observed" or expected ("fisher").
    penalty : str, optional
        Penalty: "soft" adds the soft penalty of Sterzinger and Kosmidis (2023) to the log-likelihood.
    start : array_like or mapping of str to array_like, optional
        Theta, or a mapping with "theta", "beta" and "psi", or None.
    control : Control, optional
        Settings of the optimiser.
    verbose : int, default 0
        Whether to print every evaluation to stderr (1) or not (0).
    like : tuple of (object, GlmmFit), optional
        Engine and fit of the same design with another response: what they share is not made again.
    constraints : Constraints, optional
        Parameters that are held, tied or have priors, and whether the likelihood is the restricted one.

    Returns
    -------
    fit : GlmmFit
        Fit of the model.
    engine : Any
        Engine's handle, for `GeneralizedObjective`.

    Raises
    ------
    DataError, DesignError, FitError
        If the response is not the family's, the quadrature not for this design, or the engine gives up.
    """
    response = family_response(design, family)
    nagq = as_nagq(nagq, design)
    penalised = as_penalised(penalty, family, nagq)
    constant = None if penalised else one_value(response, design, family)
    if constant is not None:
        raise DesignError(f"{constant}: look whether it is the right column.")
    inputs = engine_input(design, None if like is None else like[1].kept)
    began = perf_counter()
    engine = made(design, family, response, inputs, laplace, None if like is None else like[0], constraints)
    degenerate.refuse_hidden(design, inputs.kept, response.y, engine.standards())
    point = None if start is None else checked_point(start, inputs.all_sizes, len(inputs.x), family.shapes)

    def search(point: dict[str, Vector] | None) -> GlmmFit:
        try:
            with watched(verbose, len(response.y)) as watch:
                out = engine.fit(nagq, point, control.max_evaluations, control.tolerance, watch, penalised)
        except EngineError as error:
            raise diagnosis(design, family, inputs.kept, response, error, str(error)) from error
        if not isfinite(out["penalised"]):
            fault = family_rows(inputs, response, design).fault()
            raise diagnosis(design, family, inputs.kept, response, fault, f"the criterion is {out['criterion']:g}")
        seconds = perf_counter() - began
        fit = _record(engine, family, nagq, laplace, inputs, response, out, seconds, constraints)
        return replace(fit, penalised=out["penalised"]) if penalised or constraints.priors else fit

    fit = _finite(design, family, engine, response, inputs.kept, point, search)
    if may_be_unidentified(design, fit.kept):
        fit = replace(fit, **unidentified(design, fit))
    separation = separated(design, fit) or random_effects.message(design, fit)
    return (replace(fit, separated=separation) if separation else fit), engine


def _finite(
    design: Design,
    family: Family,
    engine: Glmm,
    response: Response,
    kept: tuple[int, ...],
    point: dict[str, Vector] | None,
    search: Callable[[dict[str, Vector] | None], GlmmFit],
) -> GlmmFit:
    """The end of a search; where that fails or goes to infinity, of one from the model without random effects.

    Raises
    ------
    FitError
        If neither search comes to an end, or both go to infinity.
    """
    try:
        fit = search(point)
        away = infinite_mixed.direction(design, fit, engine)
        if away is None:
            return fit
        failure = FitError(infinite_mixed.message(design, fit, away))
    except FitError as error:
        failure = error
    beta = None if point is not None else infinite_mixed.other_start(design, family, kept, response)
    if beta is None:
        raise failure
    fit = search({"beta": beta})
    away = infinite_mixed.direction(design, fit, engine)
    if away is None:
        return fit
    raise FitError(infinite_mixed.message(design, fit, away))


def new_engine(design: Design, fit: GlmmFit) -> Glmm:
    """The engine's handle for a design, as `fit_glmm` made it."""
    inputs = engine_input(design, fit.kept)
    return made(design, fit.family, Response(fit.y, fit.weights), inputs, fit.laplace, None, constraints_as_in(fit))


def constraints_as_in(fit: GlmmFit) -> Constraints:
    """What a fit held, tied and had priors on, for another fit of the same parameters."""
    return fit.constraints if isinstance(fit, ComponentsFit) else NONE


def made(
    design: Design,
    family: Family,
    response: Response,
    inputs: EngineInput,
    laplace: Laplace,
    like: Glmm | None = None,
    constraints: Constraints = NONE,
) -> Glmm:
    """The engine's handle of a design with a response; `like` is one of the same design."""
    rows = family_rows(inputs, response, design)
    try:
        if like is not None:
            return like.with_response(rows)
        expected = as_laplace(laplace) == "fisher"
        if constraints is NONE:
            return Glmm(family.handle, rows, expected)
        more = (constraints.reml, list(constraints.priors), constraints.held, [list(t) for t in constraints.ties])
        return Glmm(family.handle, rows, expected, *more)
    except EngineError as error:
        raise diagnosis(design, family, inputs.kept, response, error, str(error)) from error


def family_rows(inputs: EngineInput, response: Response, design: Design) -> Rows:
    """The rows as the family sees their response."""
    return replace(inputs, weights=response.weights).rows(response.y, design.offset)


def diagnosis(
    design: Design,
    family: Family,
    kept: tuple[int, ...],
    response: Response,
    fault: EngineError | None,
    cause: str,
) -> MixedModelsError:
    """The error that says best why the engine gave up; `fault` is its failure, or what it finds wrong with the rows."""
    apart = separated_response(design, family, kept, response)
    if apart is not None:
        return FitError(f"{design.formula!r} cannot be fitted: {apart}")
    others = " or ".join(repr(link) for link in family.handle.links if link != family.link)
    return degenerate.out_of_scale(design, kept, fault) or FitError(
        f"{design.formula!r} cannot be fitted as {family}: {cause}. Leave out terms, give predictors similar scales, "
        f"or try another link: {others}."
    )


def _record(
    engine: Glmm,
    family: Family,
    nagq: int,
    laplace: Laplace,
    inputs: EngineInput,
    response: Response,
    out: GlmmOptimum,
    seconds: float,
    constraints: Constraints = NONE,
) -> GlmmFit:
    standards = tuple(engine.standards())
    fields: dict[str, Any] = {
        "n": len(response.y),
        "family": family.at(out["psi"]),
        "nagq": nagq,
        "laplace": laplace,
        "kept": inputs.kept,
        "sizes": inputs.sizes,
        "theta": out["theta"],
        "beta": out["beta"],
        "psi": out["psi"],
        "criterion": out["criterion"],
        "u": tuple(out["u"]),
        "b": tuple(out["b"]),
        "eta": out["eta"],
        "vcov_joint": out["vcov"],
        "vcov_conditional": out["vcov_conditional"],
        "gradient": out["gradient"],
        "hessian": out["hessian"],
        "logdet_u": out["logdet"],
        "penalty": out["penalty"],
        "conditional_loglik": out["conditional_loglik"],
        "y": response.y,
        "weights": response.weights,
        "singular": is_singular(out["theta"], inputs.all_sizes, standards),
        "standards": standards,
        "inner": out["inner"],
        "run": Run(
            status=out["status"],
            message=out["message"],
            evaluations=out["evaluations"],
            seconds=seconds,
            certificate=out["certificate"],
            trace=tuple(out["trace"]),
        ),
    }
    if isinstance(family, FamilyWithParts):
        return ComponentsFit(**{**fields, **by_predictor(inputs, family, out, standards)}, constraints=constraints)
    return GlmmFit(**fields)


def by_predictor(
    inputs: EngineInput, family: FamilyWithParts, out: GlmmOptimum, standards: tuple[Matrix, ...]
) -> dict[str, Any]:
    """What the engine gives of all linear predictors, the fields of the first one and the records of the others."""
    more = inputs.further
    sizes = (inputs.sizes, *(more.sizes if more else ()))
    kept = (inputs.kept, *(more.kept if more else ()))
    parts: list[dict[str, Any]] = []
    term, theta, beta = 0, 0, 0
    p = len(out["theta"])  # place of the first coefficient
    n = len(out["eta"]) // len(kept)
    for r, (own, columns) in enumerate(zip(sizes, kept, strict=True)):
        m = sum(k * (k + 1) // 2 for k in own)
        terms = slice(term, term + len(own))
        parts.append(
            {
                "kept": columns,
                "sizes": own,
                "theta": out["theta"][theta : theta + m],
                "beta": out["beta"][beta : beta + len(columns)],
                "u": tuple(out["u"][terms]),
                "b": tuple(out["b"][terms]),
                "eta": out["eta"][r * n : (r + 1) * n],
                "standards": standards[terms],
                "vcov": out["vcov"][p + beta : p + beta + len(columns), p + beta : p + beta + len(columns)],
            }
        )
        term, theta, beta = term + len(own), theta + m, beta + len(columns)
    names = family.components[1:]
    further = tuple([PredictorFit(component=c, **part) for c, part in zip(names, parts[1:], strict=True)])
    first = {name: value for name, value in parts[0].items() if name != "vcov"}
    return {**first, "further": further}


def conditional_covariances(engine: Glmm, fit: GlmmFit) -> list[Matrix]:
    """For each grouping factor the conditional covariances of its levels' effects, shape (levels, K, K)."""
    return list(engine.condvar(*fit.point))


def as_nagq(value: object, design: Design) -> int:
    """The number of quadrature points, if the design's random effects can be integrated so.

    Raises
    ------
    FitError
        If it is no whole number from 0 to 100, or above 1 with several grouping factors or too many random effects.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value <= MAX_POINTS:
        raise FitError(
            f"nAGQ is {value!r:.40}; give 1 for Laplace's approximation, 2 to {MAX_POINTS} for adaptive quadrature "
            "with as many points for each random effect, or 0 for fixed effects at the joint mode."
        )
    nagq = int(value)
    if nagq > 1:
        _check_quadrature(nagq, design)
    return nagq


def _check_quadrature(nagq: int, design: Design) -> None:
    names = [g.name for g in design.groups]
    if len(names) > 1:
        raise FitError(
            f"nAGQ = {nagq} needs one grouping factor, and {design.formula!r} has {_listed(names)}, whose random "
            "effects cannot be integrated one level at a time; use nAGQ=1 (Laplace's approximation)."
        )
    k = sum(len(t.columns) for t in design.random)
    if nagq**k > MAX_NODES:
        fits = int(MAX_NODES ** (1 / k) + 1e-9)
        cure = f"use nAGQ={fits} or less" if fits > 1 else "use nAGQ=1 (Laplace's approximation)"
        raise FitError(
            f"nAGQ = {nagq} with {k} random effects in each level of {names[0]!r} takes {nagq}^{k} = {nagq**k:,} "
            f"points a level, more than {MAX_NODES:,}; {cure}, or fewer random effects."
        )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r}"


def as_penalised(penalty: object, family: Family, nagq: int) -> bool:
    """Whether the likelihood is to be penalised.

    Raises
    ------
    FitError
        If this penalty does not exist, or not for this family or `nagq`.
    """
    if penalty is None:
        return False
    if penalty == "jeffreys":
        raise FitError(
            "penalty='jeffreys' is of glm(); a mixed model takes penalty='soft', which is Jeffreys' prior of the fixed "
            "effects, scaled so that it fades in large samples, with a penalty that keeps variances from 0."
        )
    if penalty != "soft":
        raise FitError(f"penalty is {penalty!r:.40}; a mixed model takes 'soft', or None for maximum likelihood.")
    if family.weights_role == "precision":
        raise FitError(
            f"penalty='soft' is for families without a dispersion (binomial, Poisson, negative binomial), not for "
            f"{family}; leave it out."
        )
    if nagq == 0:
        raise FitError(
            "penalty='soft' with nAGQ=0: the joint mode, where that takes the fixed effects, is not penalised; use "
            "nAGQ=1 or more."
        )
    return True


def as_laplace(laplace: object) -> Laplace:
    """The choice of information, observed or Fisher's, for Laplace's determinant.

    Raises
    ------
    FitError
        If it is neither "observed" nor "fisher".
    """
    if laplace == "observed":
        return "observed"
    if laplace == "fisher":
        return "fisher"
    raise FitError(f"laplace is {laplace!r:.40}; give 'observed', or 'fisher' for lme4's definition.")
