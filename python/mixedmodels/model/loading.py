"""Read a fitted model from a file of `mixedmodels.model.saving`."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.design import Design, FixedDesign, GroupingFactor, RandomTerm, from_json, on_new_data
from mixedmodels.design.spec import FactorSpec
from mixedmodels.errors import DataError, FileError, MissingFileError, MissingLibraryError, MixedModelsError
from mixedmodels.families import Family
from mixedmodels.fit.components.constraints import NONE, Constraints
from mixedmodels.fit.components.record import ComponentsFit, PredictorFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit, Run
from mixedmodels.fitted.registry import model_class
from mixedmodels.fitted.request import Source
from mixedmodels.formula.nodes import column_names
from mixedmodels.formula.show import quoted_name
from mixedmodels.model.glm import GeneralizedLinearModel
from mixedmodels.model.glmer import GeneralizedMixedModel
from mixedmodels.model.lm import LinearModel
from mixedmodels.model.lmer import MixedModel
from mixedmodels.model.saving import FORMAT, NAMES, VERSION, WITH_ROWS, plain
from mixedmodels.model.schema import check_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixedmodels.fit.any_fit import AnyFit

AnyModel = LinearModel | GeneralizedLinearModel | MixedModel | GeneralizedMixedModel

# What values that no check of the file forbids still make the code raise that lays the model out again.
_DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
_VECTORS = ("beta", "theta", "psi", "gradient")
_MATRICES = ("vcov_unscaled", "hessian", "vcov_joint", "vcov_conditional")


def load(path: str | Path, *, env: Mapping[str, Any] | None = None) -> AnyModel:
    """Read a model that `save` wrote.

    Saved with ``rows=True`` it does what it did. Otherwise it predicts new rows, prints its summary, and has all
    estimates; what needs the rows of the fit raises a DataError.

    Parameters
    ----------
    path : str or Path
        File to read.
    env : mapping of str, optional
        Functions that the formula took from ``env=`` at the fit, which a file cannot hold. Constants it holds.

    Raises
    ------
    FileError
        If the file cannot be read; MissingFileError, which is a FileNotFoundError, if there is none.
    DataError
        If the file is not such a model, or a newer version of the package wrote it.
    MissingLibraryError
        If its rows are of a library of tables that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/sleep.json"
    >>> fit.save(path)
    >>> round(mm.load(path).sigma, 2)
    25.59
    """
    shown = repr(str(path))
    contents = _read(path)
    try:
        document = _numbers(json.loads(contents.decode("utf-8")))
    except (ValueError, RecursionError) as error:  # no text, no JSON, or a number of thousands of digits
        raise DataError(f"{shown} is not a saved model: it is no JSON ({error!s:.200}).") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(
            f"{str(path)!r} is not a saved model: it does not say format {FORMAT!r}; write one with fit.save(path)."
        )
    version = document.get("version")
    if isinstance(version, bool) or version not in (VERSION, WITH_ROWS):
        raise DataError(
            f"{str(path)!r} has version {version} of the file format and this package reads up to {WITH_ROWS}; "
            f"it was written by mixedmodels {document.get('package')}: install that version or newer."
        )
    try:
        check_document(document)
        return _model(document, env)
    except MissingLibraryError:
        raise
    except MixedModelsError as error:
        raise DataError(f"{shown} cannot be read: {error}; save the model again.") from error
    except _DAMAGE as error:
        raise DataError(f"{shown} cannot be read: it is damaged, {error!r:.200}; save the model again.") from error


def _read(path: str | Path) -> bytes:
    """The bytes of the file."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as cause:
        raise MissingFileError(f"cannot read {str(path)!r}: there is no such file.", cause.errno) from cause
    except OSError as cause:
        raise FileError(f"cannot read {str(path)!r}: {cause.strerror or cause}.", cause.errno) from cause
    except ValueError as cause:  # a name that holds a zero
        raise FileError(f"cannot read {str(path)!r}: {cause}.") from cause


def _model(document: Mapping[str, Any], env: Mapping[str, Any] | None) -> AnyModel:
    fit = _fit(document)
    if "rows" in document:
        from mixedmodels.model.saved_rows import model_rows

        design, source, request = model_rows(document["rows"], document["design"]["formula"], fit.mixed)
        model: AnyModel = model_class(fit)(fit, design, source, request)
        return model
    design = _design_in(document["design"], env or {})
    for own in design.predictors:
        _try_layout(own)
    loaded: AnyModel = model_class(fit)(fit, design, Source(), None, stored=document)
    return loaded


def _fit(document: Mapping[str, Any]) -> AnyFit:
    """The record of the fit."""
    stored, rows = dict(document["fit"]), document.get("rows", {}).get("fit", {})
    stored["kept"] = tuple(stored["kept"])
    for name in _VECTORS:
        if name in stored:
            stored[name] = np.array(stored[name], dtype=float)
    for name in _MATRICES:
        if stored.get(name) is not None:
            side = math.isqrt(np.size(stored[name]))
            stored[name] = np.array(stored[name], dtype=float).reshape(side, side)
    if "family" in stored:
        stored["family"] = Family.from_json(stored["family"])
        for name in ("y", "weights", "eta"):  # those of further linear predictors: `_part`
            values = rows.get(name)
            stored[name] = None if values is None and name == "weights" else np.array(values or [], dtype=float)
    function = document["kind"]
    if function in ("lm", "glm"):
        return LinearFit(**stored) if function == "lm" else GlmFit(**stored)
    _put_effects(stored, rows.get("b"))
    run = Run(**{**document["run"], "trace": tuple(tuple(step) for step in document["run"]["trace"])})
    if function == "glmmTMB":
        further = tuple(_part(part, rows, i) for i, part in enumerate(stored.pop("further", [])))
        constraints = _constraints(stored.pop("constraints", {}))
        return ComponentsFit(**stored, further=further, constraints=constraints, run=run)
    return MixedFit(**stored, run=run) if function == "lmer" else GlmmFit(**stored, run=run)


def _constraints(stored: Mapping[str, Any]) -> Constraints:
    """What was held, tied or had priors."""
    held = stored.get("held")
    constraints = Constraints(
        reml=stored.get("reml", False),
        priors=tuple(
            (what, first, second, density, numbers)
            for what, first, second, density, numbers in stored.get("priors", [])
        ),
        held=None if held is None else np.array(held, dtype=float),
        ties=tuple(tuple(tie) for tie in stored.get("ties", [])),
    )
    free = not (constraints.reml or constraints.priors or constraints.n_fewer)
    return NONE if free else constraints


def _part(stored: Mapping[str, Any], rows: Mapping[str, Any], place: int) -> PredictorFit:
    """The record of a further linear predictor."""
    part = dict(stored)
    part["kept"] = tuple(part["kept"])
    for name in ("beta", "theta"):
        part[name] = np.array(part[name], dtype=float)
    p = len(part["kept"])
    part["vcov"] = np.array(part["vcov"], dtype=float).reshape(p, p)
    own = rows.get("further", [])
    part["eta"] = np.array(own[place]["eta"] if own else [], dtype=float)
    _put_effects(part, own[place]["b"] if own else None)
    return PredictorFit(**part)


def _put_effects(stored: dict[str, Any], b: Any) -> None:
    """Sizes and random effects as the record has them; without rows `b` follows from the others."""
    sizes = stored["sizes"] = tuple(stored["sizes"])
    standards = stored.get("standards", map(np.eye, sizes))  # files of 0.1.0 do not have them
    stored["standards"] = tuple(np.array(m, dtype=float).reshape(k, k) for m, k in zip(standards, sizes, strict=True))
    stored["u"] = tuple(np.array(u, dtype=float).reshape(-1, k) for u, k in zip(stored["u"], sizes, strict=True))
    if b is not None:
        stored["b"] = tuple(np.array(e, dtype=float).reshape(-1, k) for e, k in zip(b, sizes, strict=True))
        return
    ts = factors(stored["theta"], sizes)
    stored["b"] = tuple(u @ t.T for u, t in zip(stored["u"], ts, strict=True))


def _design_in(stored: Mapping[str, Any], env: Mapping[str, Any]) -> Design:
    further = tuple(_design_in(own, env) for own in stored.get("further", []))
    spec = from_json(json.dumps(plain(stored["spec"])))
    spec = replace(spec, env={**spec.env, **env})
    fixed = stored["fixed"]
    none = np.empty(0, dtype=np.int32)
    return Design(
        formula=stored["formula"],
        response_name=stored["response_name"],
        response=None,
        fixed=FixedDesign(
            names=tuple(fixed["names"]),
            columns=(None,) * len(fixed["names"]),
            assign=tuple(fixed["assign"]),
            terms=tuple(fixed["terms"]),
            contrasts=fixed["contrasts"],
        ),
        groups=tuple(GroupingFactor(g.name, none, g.levels) for g in spec.groups),
        random=tuple(
            RandomTerm(
                label=label,
                text=text,
                group=group,
                effects=tuple(effects),
                columns=(None,) * len(effects),
                structure=structure,
            )
            for label, text, group, effects, structure in stored["random"]
        ),
        weights=None,
        offset=None,
        rows=None,
        n_table=stored["n_table"],
        dropped=stored["dropped"],
        na_action=stored["na_action"],
        spec=spec,
        event=stored.get("event"),  # files of earlier versions have none
        component=stored.get("component", "cond"),
        further=further,
    )


def _try_layout(design: Design) -> None:
    """Lay out one row, so that a layout that cannot be used is found here.

    What the row cannot be, such as a value for the user's own function, says nothing about the file.

    Raises
    ------
    DataError
        If the layout contradicts itself.
    """
    spec = design.spec
    formula = spec.formula
    texts = [text for text in formula.variables if text not in dict(formula.offset_texts)]
    factors = {text for bar in formula.random for text in bar.factor_names}
    if lost := [text for text in texts if text not in spec.kinds and text not in factors]:
        raise DataError(f"it is damaged: design/spec/kinds has no {lost[0]!r}")
    if strange := [text for group in spec.groups for text in group.factor_names if text not in factors]:
        raise DataError(f"it is damaged: {strange[0]!r} of design/spec/groups is no factor of the formula")
    if len(spec.order) != len(design.random) or any(not 0 <= bar < len(formula.random) for bar, _ in spec.order):
        raise DataError("it is damaged: design/spec/order does not name the random terms of the formula")
    row = {name: [_value_of(spec.kinds.get(quoted_name(name)))] for name in column_names(formula.right)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            laid = on_new_data(spec, frame.read(row), random=(), offset=0.0)
    except MixedModelsError:
        return
    if laid.fixed.names != design.fixed.names:
        raise DataError("it is damaged: the columns of design/fixed are not those of design/spec")


def _value_of(kind: Any) -> Any:
    """A value of a variable: a level of a factor, else a number."""
    return kind.levels.values[0] if isinstance(kind, FactorSpec) and len(kind.levels.values) else 0.5


def _numbers(value: Any) -> Any:
    """The inverse of `plain` for numbers by name."""
    if isinstance(value, dict):
        if value.keys() == {"number"} and value["number"] in NAMES:  # else "number" is the name of a column
            return float(value["number"])
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else value
