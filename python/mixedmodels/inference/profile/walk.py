"""Profile likelihoods of mixed models: the requests to the engine, and the curve of each parameter.

Of an lmer the deviance is profiled (a REML fit is fitted again by maximum likelihood first, as lme4 does), or the REML
criterion where that is asked for: then sigma and the random part only. Source: Bates et al. (2015), section 5.1; Bates
and Watts (1988), chapter 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.engine import EngineError, Glmm, Lmm
from mixedmodels.fit.glmm import fit_glmm
from mixedmodels.fit.lmm import fit_lmm
from mixedmodels.fit.progress import watched
from mixedmodels.fit.record import GlmmFit, MixedFit
from mixedmodels.inference.profile import infinite
from mixedmodels.inference.profile.curve import Curve
from mixedmodels.inference.profile.derived import Estimates, Quantity
from mixedmodels.inference.profile.parameters import Parameter, parameters, with_sigma

if TYPE_CHECKING:
    from mixedmodels.fit.engine import ProfileCurve

MAX_RESTARTS = 3
MAX_POINTS = 100  # of each side of a curve
MAX_EVALUATIONS = 500  # of the deviance, on each side of a curve; an ordinary side takes 20 to 100


@dataclass(frozen=True, slots=True)
class Walk:
    """The reach of profiles: up to |zeta| = `cutoff` in steps of `step`, and through `limits` exactly."""

    cutoff: float
    step: float
    limits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Profiles:
    """Curves of some parameters.

    Attributes
    ----------
    fit : MixedFit or GlmmFit
        Fit whose optimum they begin at: of a REML fit that by maximum likelihood.
    all_parameters : tuple of Parameter
        Names of the columns of each curve's `values`.
    curves : tuple of Curve
        Curve of each parameter asked for.
    restarts : tuple of float
        Decreases of the deviance that were found on the way, each followed by a new fit.
    """

    fit: AnyMixedFit
    all_parameters: tuple[Parameter, ...]
    curves: tuple[Curve, ...]
    restarts: tuple[float, ...]


def profiles(
    engine: Lmm | Glmm,
    design: Design,
    fit: AnyMixedFit,
    wanted: Sequence[Parameter],
    walk: Walk,
    derived: Mapping[str, Quantity],
    *,
    restricted: bool = False,
    verbose: int = 0,
) -> Profiles:
    """Profiles from the optimum.

    Parameters
    ----------
    engine : object
        Handle of the model.
    wanted : sequence of Parameter
        Parameters whose curves are wanted.
    derived : mapping of str to callable
        Functions of named estimates, by name.
    restricted : bool, default False
        Whether the REML criterion is profiled, of a REML fit.

    Raises
    ------
    FitError
        If the model is out of reach of a factorisation, or has its fixed effects at the joint mode (nAGQ = 0).
    """
    all_parameters = parameters(design, fit)
    own = _own_optimum(design, fit, restricted)
    restarts: list[float] = []
    while True:
        whole = own.joint
        signs = infinite.directions(design, whole)
        targets = [*wanted, *(Parameter("derived", name, name, (m,)) for m, name in enumerate(derived))]
        raw = _raw(
            engine=engine,
            design=design,
            fit=whole,
            targets=targets,
            all_parameters=all_parameters,
            walk=walk,
            derived=tuple(derived.values()),
            signs=signs,
            restricted=restricted,
            verbose=verbose,
        )
        lower = next((r["lower"] for r in raw if r["lower"] is not None), None)
        if lower is None or len(restarts) == MAX_RESTARTS:
            break
        better = _refitted(engine, design, own, lower, restricted)
        if better.criterion >= own.criterion - 1e-8:
            break
        restarts.append(own.criterion - better.criterion)
        own = better
    every = _values(raw, own.joint, all_parameters)
    curves = tuple(
        infinite.opened(_curve(q, r, v), signs, len(own.joint.beta))
        for q, r, v in zip(targets, raw, every, strict=True)
    )
    return Profiles(own, all_parameters, curves, tuple(restarts))


def _own_optimum(design: Design, fit: AnyMixedFit, restricted: bool) -> AnyMixedFit:
    if fit.reml and not restricted:
        return fit_lmm(design, reml=False, sigma=fit.method.sigma)[0]
    return fit


def _refitted(engine: Lmm | Glmm, design: Design, fit: AnyMixedFit, lower: Any, restricted: bool) -> AnyMixedFit:
    """The fit that starts from a point of lower deviance."""
    roots, others = lower
    scale = 1.0 if fit.generalized else float(np.exp(others[0]))
    theta = []
    for root, k in zip(roots, fit.joint.sizes, strict=True):
        s = np.reshape(root, (k, k), order="F") / scale
        t = np.linalg.qr(s.T)[1].T
        t = t * np.where(np.diag(t) < 0, -1.0, 1.0)
        theta += [t[i, j] for j in range(k) for i in range(j, k)]
    if not fit.generalized:
        return fit_lmm(design, reml=restricted, sigma=fit.method.sigma, start=theta)[0]
    assert isinstance(engine, Glmm)
    p = len(fit.joint.beta)
    start = {"theta": np.array(theta), "beta": others[:p], "psi": others[p:]}
    how = fit.method
    return fit_glmm(
        design, fit.family, nagq=how.nagq, laplace=how.laplace, penalty=how.penalty, start=start, like=(engine, fit)
    )[0]


def _raw(
    engine: Lmm | Glmm,
    design: Design,
    fit: AnyMixedFit,
    targets: Sequence[Parameter],
    all_parameters: Sequence[Parameter],
    walk: Walk,
    derived: tuple[Quantity, ...],
    signs: Vector,
    restricted: bool,
    verbose: int,
) -> list[ProfileCurve]:
    how = {
        "cutoff": walk.cutoff,
        "step": walk.step,
        "limits": list(walk.limits),
        "max_points": MAX_POINTS,
        "max_evaluations": MAX_EVALUATIONS,
    }
    try:
        with watched(verbose, fit.n) as watch:
            if fit.generalized:
                assert isinstance(engine, Glmm)
                return _of_generalised(
                    engine=engine,
                    fit=fit,
                    targets=targets,
                    all_parameters=all_parameters,
                    how=how,
                    derived=derived,
                    units=infinite.units(design, fit, signs),
                    watch=watch,
                )
            assert isinstance(engine, Lmm)
            return _of_linear(
                engine=engine,
                fit=fit,
                targets=targets,
                all_parameters=all_parameters,
                how=how,
                derived=derived,
                restricted=restricted,
                watch=watch,
            )
    except EngineError as error:
        raise FitError(f"{design.formula!r} has no profiles: {error}.") from error


def _of_linear(
    engine: Lmm,
    fit: MixedFit,
    targets: Sequence[Parameter],
    all_parameters: Sequence[Parameter],
    how: dict[str, Any],
    derived: tuple[Quantity, ...],
    restricted: bool,
    watch: Any,
) -> list[ProfileCurve]:
    p = len(fit.beta)
    held = [q.at[0] for q in targets if q.kind == "beta"]
    rows = np.ascontiguousarray(np.eye(p)[held].reshape(len(held), p))
    requests = [
        _request(q, {"sigma": 0}, {j: 1 + i for i, j in enumerate(held)}) for q in targets if q.kind != "derived"
    ]
    at = (fit.theta, fit.sigma, np.ascontiguousarray(fit.beta))
    out = engine.profile(*at, rows, requests, how, restricted, watch) if requests else []
    for g in derived:
        used = [q.at[0] for q in all_parameters if q.kind == "beta" and _depends(g, fit, all_parameters, q.name)]
        rows = np.ascontiguousarray(np.eye(p)[used].reshape(len(used), p))
        places: dict[str, Any] = {"sigma": 0}
        for q in all_parameters:
            if q.kind == "beta":
                places[q.name] = 1 + used.index(q.at[0]) if q.at[0] in used else (float(fit.beta[q.at[0]]),)
        function = _named(g, fit, all_parameters, places)
        out += engine.profile(*at, rows, [("derived", 0, 0, 0, function)], how, restricted, watch)
    return out


def _of_generalised(
    *,
    engine: Glmm,
    fit: GlmmFit,
    targets: Sequence[Parameter],
    all_parameters: Sequence[Parameter],
    how: dict[str, Any],
    derived: tuple[Quantity, ...],
    units: Vector,
    watch: Any,
) -> list[ProfileCurve]:
    p = len(fit.beta)
    places: dict[str, Any] = {q.name: q.at[0] for q in all_parameters if q.kind == "beta"}
    places |= {q.name: p + q.at[0] for q in all_parameters if q.kind == "shape"}
    requests = []
    for q in targets:
        if q.kind == "derived":
            requests.append(("derived", 0, 0, 0, _named(derived[q.at[0]], fit, all_parameters, places)))
        else:
            requests.append(_request(q, places, {j: j for j in range(p)}))
    at = (fit.theta, np.ascontiguousarray(fit.beta), fit.psi)
    return engine.profile(*at, fit.nagq, fit.penalised is not None, units, requests, how, watch)


def _request(q: Parameter, places: Mapping[str, int], betas: Mapping[int, int]) -> tuple[Any, ...]:
    if q.kind == "sd":
        return ("sd", q.at[0], q.at[1], 0, None)
    if q.kind == "cor":
        return ("cor", q.at[0], q.at[1], q.at[2], None)
    if q.kind == "theta":
        return ("theta", q.at[0], 0, 0, None)
    return ("other", betas[q.at[0]] if q.kind == "beta" else places[q.name], 0, 0, None)


def _named(g: Quantity, fit: AnyMixedFit, all_parameters: Sequence[Parameter], places: Mapping[str, Any]) -> Any:
    """A function of the engine's numbers."""
    by_name = {q.name: q for q in with_sigma(all_parameters, fit)}

    def value(roots: list[Vector], others: Vector) -> float:
        try:
            return float(g(Estimates(by_name, fit.sizes, roots, others, places)))
        except (ZeroDivisionError, ValueError, OverflowError):
            return float("nan")

    return value


def _depends(g: Quantity, fit: MixedFit, all_parameters: Sequence[Parameter], name: str) -> bool:
    """Whether a quantity depends on a fixed effect."""
    seen: set[str] = set()

    class Looking(Estimates):
        def __getitem__(self, key: str) -> float:
            seen.add(key)
            return super().__getitem__(key)

    places: dict[str, Any] = {q.name: (float(fit.beta[q.at[0]]),) for q in all_parameters if q.kind == "beta"}
    places["sigma"] = (log(fit.sigma),)
    roots = [np.ravel(fit.sigma * t, order="F") for t in _factors(fit)]
    g(Looking({q.name: q for q in with_sigma(all_parameters, fit)}, fit.sizes, roots, (), places))
    return name in seen


def _factors(fit: MixedFit) -> list[Matrix]:
    from mixedmodels.fit.covariance import factors

    return factors(fit.theta, fit.sizes)


def _curve(q: Parameter, raw: Mapping[str, Any], values: Matrix) -> Curve:
    return Curve(
        parameter=q,
        inner=raw["value"],
        zeta=raw["zeta"],
        slope=raw["slope"],
        values=values,
        estimate=raw["estimate"],
        ends=raw["ends"],
        exact=raw["limit"],
        evaluations=raw["evaluations"],
    )


def _values(raw: Sequence[Mapping[str, Any]], fit: AnyMixedFit, all_parameters: Sequence[Parameter]) -> list[Matrix]:
    """Every parameter at every point of each curve, shape (points, parameters)."""
    if not raw:
        return []
    joined = [np.concatenate(parts) for parts in zip(*(r["roots"] for r in raw), strict=True)]
    roots = [np.reshape(r, (len(r), k, k), order="C") for r, k in zip(joined, fit.sizes, strict=True)]
    # Of each curve the first of the others is log sigma; of a generalised model all curves have all of them.
    others = np.concatenate([r["others"] if fit.generalized else r["others"][:, :1] for r in raw])
    beta = np.concatenate([r["beta"] for r in raw])
    columns = []
    for q in all_parameters:
        if q.kind in ("sd", "cor"):
            # Stored column by column: [point, column, row].
            rows = [roots[q.at[0]][:, :, i] for i in q.at[1:]]
            lengths = [np.sqrt(np.einsum("ij,ij->i", r, r)) for r in rows]
            if q.kind == "sd":
                columns.append(lengths[0])
            else:
                with np.errstate(invalid="ignore", divide="ignore"):
                    columns.append(np.einsum("ij,ij->i", *rows) / (lengths[0] * lengths[1]))
        elif q.kind == "sigma":
            columns.append(np.exp(others[:, 0]))
        elif q.kind == "shape":
            psi = others[:, len(fit.beta) + q.at[0]]
            with np.errstate(over="ignore"):  # theta may be infinite
                columns.append(psi if q.scale is None else q.scale.value(psi))
        else:
            columns.append(beta[:, q.at[0]])
    ends = np.cumsum([len(r["value"]) for r in raw])[:-1]
    return np.split(np.column_stack(columns), ends)
