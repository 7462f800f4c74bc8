"""Fit one design to many responses: read them, group them by missing values, fit, and make one table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels._typing import Matrix
from mixedmodels.design import Design
from mixedmodels.design.row_subset import part_of
from mixedmodels.errors import DataError, FormulaError, MixedModelsError
from mixedmodels.families import GAUSSIAN
from mixedmodels.fit.at_parameters import placeholder_response
from mixedmodels.fit.lmm import as_control, as_flag, kept_columns
from mixedmodels.fit.many_responses.linear_mixed import FAILED, NOT_REACHED, ManyFits, empty
from mixedmodels.fit.method import Method, as_ddf
from mixedmodels.fit.progress import Tell, counted
from mixedmodels.fitted.layout import laid_out
from mixedmodels.fitted.replicates import Refit
from mixedmodels.many.record import FitMany, covariance_terms
from mixedmodels.many.refits import fits_of
from mixedmodels.many.responses import Responses, read_responses

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.request import Request

CHUNK_NUMBERS = 1 << 22  # values of the responses that are grouped together
SLOW = 16  # generalised models fitted between two updates of the line of progress
PATTERNS_KEPT = 32  # patterns of missing values whose design is kept


@dataclass(frozen=True)
class Task:
    """The fit that every response gets.

    Attributes
    ----------
    design : Design
        Design of the rows without a missing predictor.
    method : Method
        Method of the fits.
    control : Control or None
        Settings of the optimiser.
    ddf : {"Satterthwaite", "normal"}, optional
        Degrees of freedom of a linear mixed model; None for none.
    """

    design: Design
    method: Method
    control: Any
    ddf: str | None


def fit_many(request: Request, responses: Any, ddf: str | bool, progress: bool | None) -> FitMany:
    """Fit the design of a request, whose left side is not looked at, to many responses."""
    family = None if request.method.family == GAUSSIAN else request.method.family
    whole = formulas.parse(request.formula)
    if whole.has_dot:
        raise FormulaError(
            f"'.' in {whole.text!r} would stand for the responses too; write the terms of the right side out."
        )
    right = whole.text[whole.text.index("~") :]
    design, source = laid_out(replace(request, formula=right), "allowed", family)
    table = frame.read(request.data)
    n = table.n_rows - design.dropped if design.subset is None else len(design.subset) - design.dropped
    method = replace(request.method, family=family, reml=as_flag(request.method.reml, "REML"))
    task = Task(design, method, as_control(request.control), _method(ddf))
    return _answer(task, read_responses(responses, design, n, table), source.kind, progress)


def refit_many(model: FittedModel, responses: Any, ddf: str | bool | None, progress: bool | None) -> FitMany:
    """Fit the design of a model to many responses."""
    model._need_rows("refit_many()")
    fit, request = model._fit, model._request
    design = model.design
    _check_components(model)
    if fit.generalized:
        design = replace(design, response=fit.y, weights=fit.weights)
    table = None if request is None else frame.read(request.data)
    method = _method(("Satterthwaite" if model.ddf != "normal" else "normal") if ddf is None else ddf)
    task = Task(design, fit.method, as_control(request.control if request else None), method)
    return _answer(task, read_responses(responses, design, fit.n, table), model._source.kind, progress)


def _check_components(model: FittedModel) -> None:
    """Refuse a glmmTMB that is no glmer: one response at a time is fitted by `refit`."""
    cure = "fit one response at a time with refit()"
    model._need_one_predictor("refit_many()", cure)
    fit, design = model._fit, model.design
    if fit.mixed and not design.random:
        raise DataError(f"refit_many() is for models with random effects, and {design.formula!r} has none; {cure}.")
    if fit.method.weights_role is not None and design.weights is not None:
        raise DataError(f"refit_many() of a glmmTMB takes no weights; {cure}.")


def _method(ddf: str | bool) -> str | None:
    """The method of degrees of freedom, None for none.

    Raises
    ------
    DataError
        If there is no such method for many fits.
    """
    if isinstance(ddf, bool):
        return "Satterthwaite" if ddf else None
    name = as_ddf(ddf)
    if name == "Kenward-Roger":
        raise DataError("ddf='Kenward-Roger' is for one fit at a time; many fits have 'Satterthwaite' or 'normal'.")
    return name


def _answer(task: Task, responses: Responses, kind: Any, progress: bool | None) -> FitMany:
    design, method = task.design, task.method
    # The engine is made with an arbitrary valid response, so no response of the caller can spoil the others' fits.
    any_y = placeholder_response(responses.n, method.family)
    many = _fitted(replace(task, design=replace(design, response=any_y, response_name="response")), responses, progress)
    names, sizes = covariance_terms(task.design, method.family)
    return FitMany(
        fits=many,
        responses=tuple(responses.names),
        terms=tuple(design.fixed.names[j] for j in many.kept),
        ran_pars=names,
        sizes=sizes,
        formula=design.formula,
        method=method.title(bool(design.random)),
        generalized=method.family is not None,
        ddf=task.ddf if design.random and method.family is None else None,
        kind=kind,
    )


def _fitted(task: Task, responses: Responses, progress: bool | None) -> ManyFits:
    design, n, b = task.design, responses.n, len(responses.names)
    kept = kept_columns(design.fixed, n, design.weights)
    m = sum(len(t.columns) * (len(t.columns) + 1) // 2 for t in design.random)
    out = empty(b, kept, m, task.method.n_shapes, n)
    out.status[:] = NOT_REACHED
    refits: dict[bytes, Refit | str] = {}
    chunk = max(1, CHUNK_NUMBERS // n)
    with counted(b, "responses", progress) as tell:
        try:
            for first in range(0, b, chunk):
                last = min(b, first + chunk)
                y, whole = responses.rows(first, last)
                _fit_chunk(task, y, whole, first, out, refits, tell)
        except KeyboardInterrupt:
            if (out.status == NOT_REACHED).all():
                raise
    return out


def _fit_chunk(
    task: Task, y: Matrix, whole: bool, first: int, out: ManyFits, refits: dict[bytes, Refit | str], tell: Tell
) -> None:
    """Fit responses and write them from row `first` on."""
    done = first
    for key, members, there in [(b"", np.arange(len(y)), None)] if whole else _patterns(y):
        if key not in refits:
            while len(refits) >= PATTERNS_KEPT:
                del refits[next(iter(refits))]
            refits[key] = _fit_of(task, there)
        fit = refits[key]
        out.n[first + members] = y.shape[1] if there is None else len(there)
        if isinstance(fit, str):
            out.status[first + members] = FAILED
            out.reasons.update(dict.fromkeys((first + members).tolist(), fit))
            continue
        step = SLOW if task.method.family is not None else len(members)
        for at in range(0, len(members), step):
            some = members[at : at + step]
            many = fit(_part(y, some, there))
            _write(out, first + some, many)
            if many.interrupted:
                raise KeyboardInterrupt
            done += len(some)
            tell(done)


def _part(y: Matrix, some: NDArray[np.intp], there: NDArray[np.intp] | None) -> Matrix:
    """Some responses at some rows, without a copy where these are all."""
    if there is not None:
        return y[np.ix_(some, there)]
    return y if len(some) == len(y) else y[some]


def _patterns(y: Matrix) -> list[tuple[bytes, NDArray[np.intp], NDArray[np.intp] | None]]:
    """Groups of responses that miss the same rows: a key, their positions, and the rows they have (None: all)."""
    missing = np.isnan(y)
    with_gaps = missing.any(axis=1)
    whole = np.flatnonzero(~with_gaps)
    patterns: list[tuple[bytes, Any, Any]] = [(b"", whole, None)] if len(whole) else []
    gaps = np.flatnonzero(with_gaps)
    groups: dict[bytes, list[int]] = {}
    for i, bits in zip(gaps.tolist(), np.packbits(missing[gaps], axis=1), strict=True):
        groups.setdefault(bits.tobytes(), []).append(i)
    for key, members in groups.items():
        patterns.append((key, np.array(members, dtype=np.intp), np.flatnonzero(~missing[members[0]])))
    return patterns


def _fit_of(task: Task, there: NDArray[np.intp] | None) -> Refit | str:
    """What fits responses with values in the rows `there`, or why nothing can."""
    if there is not None and not len(there):
        return "every value is missing"
    try:
        return fits_of(
            task.design if there is None else part_of(task.design, there), task.method, task.control, task.ddf
        )
    except (MixedModelsError, ValueError, RuntimeError) as error:
        if there is None:
            raise
        return " ".join(str(error).split())


def _write(out: ManyFits, rows: NDArray[np.intp], many: ManyFits) -> None:
    """Put fits in their rows, and coefficients in their columns, of which fits to part of the rows may lack some."""
    for name in ("theta", "sigma", "shapes", "criterion", "singular", "status"):
        getattr(out, name)[rows] = getattr(many, name)
    places = np.array([out.kept.index(j) for j in many.kept], dtype=np.intp)
    out.beta[np.ix_(rows, places)] = many.beta
    out.df[np.ix_(rows, places)] = many.df
    out.vcov[np.ix_(rows, places, places)] = many.vcov
    reasons = {int(rows[i]): why for i, why in many.reasons.items()}
    out.reasons.update(reasons)
