"""A design with random terms -> the engine -> a `MixedFit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels import _engine
from mixedmodels._engine import EngineError, Lmm, Rows
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design, FixedDesign
from mixedmodels.errors import DesignError, FitError
from mixedmodels.fit import checks, degenerate
from mixedmodels.fit.covariance import diagonal, is_singular
from mixedmodels.fit.progress import watched
from mixedmodels.fit.record import Control, MixedFit, Run

if TYPE_CHECKING:
    from mixedmodels._engine import LmmOptimum
    from mixedmodels.fit.record import GlmmFit

DEFAULTS = Control()
TINY, HUGE = 1e-290, 1e290  # a sum of squares beyond these has lost digits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class EngineInput:
    """The parts of ``_engine.Rows`` beside the response, kept for new responses of the same design.

    Of several linear predictors `kept` and `sizes` are those of the first, and `further` has the others'.
    """

    x: list[Vector | None]
    groups: list[tuple[Any, int]]
    terms: list[tuple[int, list[Vector | None]]]
    weights: Vector | None
    kept: tuple[int, ...]
    sizes: tuple[int, ...]
    further: FurtherInput | None = None

    def rows(self, y: Vector, offset: Vector | None = None) -> Rows:
        """The rows with a response (of a linear model less the offset)."""
        more = self.further
        if more is None:
            return Rows(y, self.x, self.groups, self.terms, self.weights, offset)
        places = (list(more.x_predictor), list(more.term_predictor))
        return Rows(y, self.x, self.groups, self.terms, self.weights, offset, *places, list(more.offsets))

    @property
    def all_kept(self) -> tuple[int, ...]:
        """Columns of X that are estimated; of several linear predictors their places among those of all."""
        if self.further is None:
            return self.kept
        return tuple(range(len(self.kept) + sum(map(len, self.further.kept))))

    @property
    def all_sizes(self) -> tuple[int, ...]:
        """Columns of the random terms of all linear predictors."""
        return (
            self.sizes if self.further is None else (*self.sizes, *(k for sizes in self.further.sizes for k in sizes))
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FurtherInput:
    """What the engine is told of several linear predictors.

    Attributes
    ----------
    x_predictor, term_predictor : tuple of int
        Place of the predictor of each column of X and of each random term.
    offsets : tuple of ndarray or None
        Offsets of the further predictors.
    kept, sizes : tuple of tuple of int
        Of each further predictor the columns of X that are estimated, and the columns of its random terms.
    """

    x_predictor: tuple[int, ...]
    term_predictor: tuple[int, ...]
    offsets: tuple[Vector | None, ...]
    kept: tuple[tuple[int, ...], ...]
    sizes: tuple[tuple[int, ...], ...]


def engine_input(design: Design, kept: tuple[int, ...] | None = None) -> EngineInput:
    """Lay a design out for the engine: collinear columns of X are left out (`kept` says which, where that is known)."""
    if kept is None:
        kept = kept_columns(design.fixed, design.n, design.weights)
    columns = design.fixed.columns
    if design.further:
        return _of_several(design, kept)
    return EngineInput(
        x=[columns[j] for j in kept],
        groups=[(g.codes, g.n_levels) for g in design.groups],
        terms=[(t.group, list(t.columns)) for t in design.random],
        weights=design.weights,
        kept=kept,
        sizes=tuple([len(t.columns) for t in design.random]),
    )


def _of_several(design: Design, kept: tuple[int, ...]) -> EngineInput:
    """The input of several linear predictors; a grouping factor that several have is one."""
    parts = design.predictors
    all_kept = (kept, *(kept_columns(part.fixed, design.n, design.weights) for part in design.further))
    places: dict[str, int] = {}
    groups: list[tuple[Any, int]] = []
    for group in (group for part in parts for group in part.groups):
        if group.name not in places:
            places[group.name] = len(groups)
            groups.append((group.codes, group.n_levels))
    terms = [(places[part.groups[t.group].name], list(t.columns)) for part in parts for t in part.random]
    sizes = [tuple([len(t.columns) for t in part.random]) for part in parts]
    return EngineInput(
        x=[part.fixed.columns[j] for part, own in zip(parts, all_kept, strict=True) for j in own],
        groups=groups,
        terms=terms,
        weights=design.weights,
        kept=kept,
        sizes=sizes[0],
        further=FurtherInput(
            x_predictor=tuple([r for r, own in enumerate(all_kept) for _ in own]),
            term_predictor=tuple([r for r, part in enumerate(parts) for _ in part.random]),
            offsets=tuple([part.offset for part in design.further]),
            kept=all_kept[1:],
            sizes=tuple(sizes[1:]),
        ),
    )


def kept_columns(fixed: FixedDesign, n: int, weights: Vector | None) -> tuple[int, ...]:
    """Columns of X that R keeps: a column that is a combination of earlier ones is dropped."""
    p = len(fixed.columns)
    if p == 0 or (p == 1 and fixed.columns[0] is None):
        return tuple(range(p))
    return tuple(_engine.pivot_columns(list(fixed.columns), n, weights))


def fit_lmm(
    design: Design,
    *,
    reml: bool = True,
    sigma: float | None = None,
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control = DEFAULTS,
    verbose: int = 0,
) -> tuple[MixedFit, Lmm]:
    """Fit a linear mixed model.

    Parameters
    ----------
    design : Design
        Design with a response and at least one random term.
    reml : bool, default True
        Whether to maximise the restricted likelihood. Without fixed effects both are the same and `reml` is recorded as
        False.
    sigma : float, optional
        Residual standard deviation where it is known.
    start : array_like, shape (m,), or mapping of str to array_like, optional
        Theta to start from, or a mapping that has it by its name; None for the default.
    control : Control, optional
        Settings of the optimiser.
    verbose : int, default 0
        Whether to print every evaluation to stderr (1) or not (0).

    Returns
    -------
    fit : MixedFit
        Fit of the model.
    engine : Any
        Engine's handle, for `Objective`.
    """
    y = checks.response(design)
    inputs = engine_input(design)
    began = perf_counter()
    restricted = reml and bool(inputs.x)
    rows = inputs.rows(y)
    engine = _made(design, rows, y, inputs, restricted, sigma)
    return run(
        engine=engine,
        design=design,
        rows=rows,
        y=y,
        inputs=inputs,
        reml=restricted,
        known_sigma=sigma is not None,
        start=start,
        control=control,
        verbose=verbose,
        began=began,
    ), engine


def new_engine(design: Design, reml: bool, sigma: float | None = None) -> Lmm:
    """The engine's handle for a design, as `fit_lmm` made it."""
    inputs = engine_input(design)
    y = checks.response(design)
    return _made(design, inputs.rows(y), y, inputs, reml, sigma)


def _made(design: Design, rows: Rows, y: Vector, inputs: EngineInput, reml: bool, sigma: float | None) -> Lmm:
    if len(inputs.kept) >= len(y):
        raise DesignError(
            f"the fixed effects of {design.formula!r} have {len(inputs.kept)} independent columns for {len(y)} rows, "
            "which leaves nothing for variances; leave out terms, such as a factor with a level per row."
        )
    degenerate.refuse_hidden(design, inputs.kept, y)
    try:
        engine = Lmm(rows, reml, sigma)
    except EngineError as error:
        raise degenerate.diagnosis(design, inputs.kept, error, str(error)) from error
    degenerate.refuse_hidden(design, inputs.kept, y, engine.standards())
    return engine


def refit_lmm(
    engine: Lmm,
    design: Design,
    fit: MixedFit,
    *,
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control = DEFAULTS,
    verbose: int = 0,
) -> tuple[MixedFit, Lmm]:
    """Fit the same design to another response (`design.response` is the new one); only its cross-products are new."""
    y = checks.response(design)
    inputs = engine_input(design, fit.kept)
    began = perf_counter()
    rows = inputs.rows(y)
    try:
        renewed = engine.with_response(rows)
    except EngineError as error:
        raise degenerate.diagnosis(design, inputs.kept, error, str(error)) from error
    return run(
        engine=renewed,
        design=design,
        rows=rows,
        y=y,
        inputs=inputs,
        reml=fit.reml,
        known_sigma=fit.known_sigma,
        start=start,
        control=control,
        verbose=verbose,
        began=began,
    ), renewed


def run(
    engine: Lmm,
    design: Design,
    rows: Rows,
    y: Vector,
    inputs: EngineInput,
    reml: bool,
    known_sigma: bool,
    start: ArrayLike | Mapping[str, ArrayLike] | None,
    control: Control,
    verbose: int,
    began: float,
) -> MixedFit:
    """Optimise and record."""
    theta = None if start is None else checked_start(theta_of(start), inputs.sizes)
    try:
        with watched(verbose, len(y)) as watch:
            out = engine.fit(theta, control.max_evaluations, control.tolerance, watch)
    except EngineError as error:
        raise degenerate.diagnosis(design, inputs.kept, error, str(error)) from error
    seconds = perf_counter() - began
    if not isfinite(out["criterion"]) or not TINY < out["pwrss"] < HUGE:
        cause = f"the criterion is {out['criterion']:g}, the residual sum of squares {out['pwrss']:g}"
        raise degenerate.diagnosis(design, inputs.kept, rows.fault(), cause)
    fit = _record(engine, inputs, reml, known_sigma, out, seconds)
    if not _has_finite_covariance(fit):
        cause = "the covariance of the fixed effects is not finite"
        raise degenerate.diagnosis(design, inputs.kept, rows.fault(), cause)
    exact = None if known_sigma else degenerate.exact_fit(design, rows, y, fit)
    if exact is not None:
        raise exact
    return replace(fit, **unidentified(design, fit)) if may_be_unidentified(design, fit.kept) else fit


def _has_finite_covariance(fit: MixedFit) -> bool:
    """Whether every element of the covariance of the fixed effects is finite."""
    total = fit.sigma * fit.sigma * degenerate.magnitude(fit.vcov_unscaled)
    return isfinite(total) or bool(np.isfinite(fit.vcov).all())


def may_be_unidentified(design: Design, kept: tuple[int, ...]) -> bool:
    """Whether fixed effects could tell all levels of a factor apart, or two factors be one; cheap, and rarely true."""
    levels = [group.n_levels for group in design.groups]
    return min(levels, default=len(kept) + 1) <= len(kept) or len(set(levels)) < len(levels)


def unidentified(design: Design, fit: MixedFit | GlmmFit) -> dict[str, Any]:
    """What a record says of variances that are not identified; the certificate holds where the criterion is not flat.

    The likelihood falls with a variance that the fixed effects absorb, so that 0 is its optimum; the restricted
    likelihood does not change with it.
    """
    from mixedmodels.fit.flat_directions import flat_directions

    found = flat_directions(design, fit.kept, fit.standards)
    if not found:
        return {}
    sentences = tuple(f.sentence for f in found)
    flat = tuple(f.sentence for f in found if f.shared or fit.reml)
    if not flat:
        return {"unidentified": sentences}
    run = replace(fit.run, certificate={**fit.run.certificate, "holds": False, "flat": flat})
    return {"unidentified": sentences, "run": run}


def _record(
    engine: Lmm, inputs: EngineInput, reml: bool, known_sigma: bool, out: LmmOptimum, seconds: float
) -> MixedFit:
    standards = tuple(engine.standards())
    return MixedFit(
        reml=reml,
        n=engine.n,
        kept=inputs.kept,
        sizes=inputs.sizes,
        theta=out["theta"],
        beta=out["beta"],
        sigma=out["sigma"],
        criterion=out["criterion"],
        pwrss=out["pwrss"],
        logdet_u=out["logdet_u"],
        logdet_x=out["logdet_x"],
        vcov_unscaled=out["vcov_unscaled"],
        u=tuple(out["u"]),
        b=tuple(out["b"]),
        gradient=out["gradient"],
        hessian=out["hessian"],
        sum_log_weights=engine.sum_log_weights,
        singular=is_singular(out["theta"], inputs.sizes, standards),
        standards=standards,
        run=Run(
            status=out["status"],
            message=out["message"],
            evaluations=out["evaluations"],
            seconds=seconds,
            certificate=out["certificate"],
            trace=tuple(out["trace"]),
        ),
        criterion_error=out["criterion_error"],
        known_sigma=known_sigma,
    )


def conditional_covariances(engine: Lmm, fit: MixedFit) -> list[Matrix]:
    """For each grouping factor the conditional covariances of its levels' effects, shape (levels, K, K).

    Raises
    ------
    FitError
        If they need a factorisation that is out of reach.
    """
    if engine.describe()["path"] == "estimated":
        raise FitError(
            "conditional variances need the factorisation of the crossed random effects, which for this model is out "
            "of reach (see fit.engine); ranef() without cond_var has the conditional modes, and a fit to part of the "
            "rows, with fewer levels of the crossed factors, has variances too."
        )
    return [fit.sigma**2 * block for block in engine.condvar(fit.theta)]


def theta_of(start: ArrayLike | Mapping[str, ArrayLike]) -> ArrayLike:
    """Theta of a start, which may be a mapping ``{"theta": ...}`` as lme4's list.

    Raises
    ------
    FitError
        If the mapping has no theta, or another part.
    """
    if not isinstance(start, Mapping):
        return start
    for name in start:
        if name in ("fixef", "beta"):
            raise FitError(
                f"start has {name!r}, and the fixed effects of a linear mixed model follow from theta; give 'theta' "
                "alone."
            )
        if name != "theta":
            raise FitError(f"start has no part {name!r}; of a linear mixed model it has 'theta'.")
    if "theta" not in start:
        raise FitError("start is an empty mapping; give {'theta': ...}, or leave it out.")
    return start["theta"]


def checked_start(start: ArrayLike, sizes: tuple[int, ...]) -> Vector:
    """A start for theta, of the right length and finite.

    Raises
    ------
    FitError
        If it is not.
    """
    try:
        theta = np.ascontiguousarray(start, dtype=float)
    except (TypeError, ValueError) as error:
        raise FitError(f"theta must be numbers; got {start!r:.80}.") from error
    m = sum(k * (k + 1) // 2 for k in sizes)
    if theta.shape != (m,):
        raise FitError(
            f"start has shape {theta.shape}, but theta has {m} elements: the lower triangles of "
            f"{' + '.join(f'{k} x {k}' for k in sizes)} factors, column by column."
        )
    if not np.isfinite(theta).all():
        raise FitError(
            f"start holds {theta[~np.isfinite(theta)][0]} at position {int(np.flatnonzero(~np.isfinite(theta))[0])}."
        )
    return theta


def as_control(control: Control | Mapping[str, Any] | None) -> Control:
    """A `Control` from what the user gave.

    Raises
    ------
    FitError
        If a setting is unknown or out of range.
    """
    if control is None:
        return DEFAULTS
    if not isinstance(control, Control):
        if not isinstance(control, Mapping):
            raise FitError(
                f"control is {control!r:.60}; give settings by name, as control={{'max_evaluations': 500}}, or a "
                "mixedmodels.Control."
            )
        settings = [f.name for f in fields(Control)]
        unknown = [k for k in control if k not in settings]
        if unknown:
            raise FitError(f"control has no setting {unknown[0]!r}; it has {', '.join(settings)}.")
        control = Control(**control)
    limit, tolerance = control.max_evaluations, control.tolerance
    if not isinstance(limit, int) or limit < 1 or not isinstance(tolerance, (int, float)) or not tolerance > 0:
        raise FitError(f"control must have a whole number max_evaluations >= 1 and tolerance > 0; got {control}.")
    return control


def as_flag(value: object, name: str) -> bool:
    """An argument that is true or false.

    Raises
    ------
    FitError
        If it is neither.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise FitError(f"{name} is {value!r:.80}; give True or False.")
    return bool(value)


def as_verbose(verbose: object) -> int:
    """The amount printed during a fit: 0 or False for nothing, 1 or True for every evaluation.

    Raises
    ------
    FitError
        If it is no whole number.
    """
    if not isinstance(verbose, (int, np.integer)):
        raise FitError(f"verbose is {verbose!r:.80}; give 0, or 1 to print every evaluation.")
    return int(verbose)


def default_start(sizes: tuple[int, ...]) -> Vector:
    """Identity factors, lme4's start."""
    theta = np.zeros(sum(k * (k + 1) // 2 for k in sizes))
    theta[diagonal(sizes)] = 1.0
    return theta
