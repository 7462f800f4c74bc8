"""A fitted model in one small JSON file.

Kept: formula, layout for new rows (levels, contrasts, bases), estimates, spherical random effects, the optimiser's
account, and the five quartiles that the summary prints. Not kept: rows, and with them fitted values, residuals, the
objective, conditional variances, `refit`, `update` and `simulate`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.design import Design, FixedDesign, GroupingFactor, RandomTerm, from_json
from mixedmodels.errors import DataError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit, Run
from mixedmodels.fitted.family_model import FamilyModel
from mixedmodels.fitted.mixed_effects import RandomEffectsModel
from mixedmodels.fitted.request import Source
from mixedmodels.model.glm import GeneralizedLinearModel
from mixedmodels.model.glmer import GeneralizedMixedModel
from mixedmodels.model.lm import LinearModel
from mixedmodels.model.lmer import MixedModel

if TYPE_CHECKING:
    from mixedmodels.fitted.model import Model

AnyModel = LinearModel | GeneralizedLinearModel | MixedModel | GeneralizedMixedModel

FORMAT = "mixedmodels"
VERSION = 1

_KINDS: dict[type, str] = {
    LinearModel: "lm",
    GeneralizedLinearModel: "glm",
    MixedModel: "lmer",
    GeneralizedMixedModel: "glmer",
}
_LEFT_OUT = ("b", "run", "family", "y", "weights", "eta")  # they follow from the others, or are as long as the table
_VECTORS = ("beta", "theta", "psi", "gradient")
_MATRICES = ("vcov_unscaled", "hessian", "vcov_joint", "vcov_conditional")


def save(model: Model, path: str | Path) -> None:
    """Write `model` to `path`."""
    Path(path).write_text(
        json.dumps(_plain(_document(model)), allow_nan=False, separators=(",", ":")), encoding="utf-8"
    )


def load(path: str | Path) -> AnyModel:
    """Read a model that `save` wrote.

    It predicts new rows, prints its summary, and has all estimates; what needs the rows of the fit raises a DataError.

    Raises
    ------
    DataError
        If the file is not such a model, or a newer version of the package wrote it.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        document = _numbers(json.loads(text))
    except json.JSONDecodeError as error:
        raise DataError(f"{str(path)!r} is not a saved model: it is no JSON ({error}).") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(
            f"{str(path)!r} is not a saved model: it does not say format {FORMAT!r}; write one with fit.save(path)."
        )
    version = document.get("version")
    if version != VERSION:
        raise DataError(
            f"{str(path)!r} has version {version} of the file format and this package reads version {VERSION}; "
            f"it was written by mixedmodels {document.get('package')}: install that version or newer."
        )
    try:
        return _model(document)
    except (KeyError, TypeError) as error:
        raise DataError(f"{str(path)!r} is damaged: {error!r} while reading it; save the model again.") from error


def _document(model: Model) -> dict[str, Any]:
    from mixedmodels import __version__

    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "package": __version__,
        "kind": _KINDS[type(model)],
        "call": asdict(model.call),
        "design": _design_out(model.design),
        "fit": {f.name: getattr(model._fit, f.name) for f in fields(model._fit) if f.name not in _LEFT_OUT},
        "quartiles": model._quartiles,
    }
    if isinstance(model, FamilyModel):
        document["fit"]["family"] = model.family.to_json()
    if isinstance(model, GeneralizedMixedModel):
        document["deviance"] = model.deviance
        document["indicated"] = model._indicated
    if isinstance(model, RandomEffectsModel):
        document["run"] = {f.name: getattr(model._fit.run, f.name) for f in fields(Run)}
        document["engine"] = model._described()
    if isinstance(model, LinearModel | GeneralizedLinearModel):
        document["few"] = model._few
    if isinstance(model, LinearModel):
        document["goodness"] = asdict(model._goodness)
        document["weighted"] = model._weighted
    return document


def _design_out(design: Design) -> dict[str, Any]:
    return {
        "formula": design.formula,
        "response_name": design.response_name,
        "fixed": {
            "names": design.fixed.names,
            "assign": design.fixed.assign,
            "terms": design.fixed.terms,
            "contrasts": dict(design.fixed.contrasts),
        },
        "random": [[t.label, t.text, t.group, t.effects, t.structure] for t in design.random],
        "n_table": design.n_table,
        "dropped": design.dropped,
        "na_action": design.na_action,
        "spec": json.loads(design.spec.to_json()),
    }


def _model(document: Mapping[str, Any]) -> AnyModel:
    kind = document["kind"]
    design = _design_in(document["design"])
    stored = dict(document["fit"])
    stored["kept"] = tuple(stored["kept"])
    for name in _VECTORS:
        if name in stored:
            stored[name] = np.array(stored[name], dtype=float)
    for name in _MATRICES:
        if name in stored:
            side = math.isqrt(np.size(stored[name]))
            stored[name] = np.array(stored[name], dtype=float).reshape(side, side)
    if "family" in stored:
        from mixedmodels.families import Family

        stored["family"] = Family.from_json(stored["family"])
        stored |= {"y": np.empty(0), "weights": None, "eta": np.empty(0)}  # rows are not kept
    if kind == "lm":
        return LinearModel(LinearFit(**stored), design, Source(), None, document)
    if kind == "glm":
        return GeneralizedLinearModel(GlmFit(**stored), design, Source(), None, document)
    _put_effects(stored)
    run = Run(**{**document["run"], "trace": tuple(tuple(step) for step in document["run"]["trace"])})
    if kind == "lmer":
        return MixedModel(MixedFit(**stored, run=run), design, Source(), None, None, document)
    return GeneralizedMixedModel(GlmmFit(**stored, run=run), design, Source(), None, None, document)


def _put_effects(stored: dict[str, Any]) -> None:
    """Sizes and random effects as the record has them."""
    sizes = stored["sizes"] = tuple(stored["sizes"])
    stored["u"] = tuple(np.array(u, dtype=float).reshape(-1, k) for u, k in zip(stored["u"], sizes, strict=True))
    ts = factors(stored["theta"], sizes)
    stored["b"] = tuple(u @ t.T for u, t in zip(stored["u"], ts, strict=True))


def _design_in(stored: Mapping[str, Any]) -> Design:
    spec = from_json(json.dumps(_plain(stored["spec"])))
    fixed = stored["fixed"]
    none = np.empty(0, dtype=np.int32)
    return Design(
        formula=stored["formula"],
        response_name=stored["response_name"],
        response=None,
        fixed=FixedDesign(
            tuple(fixed["names"]),
            (None,) * len(fixed["names"]),
            tuple(fixed["assign"]),
            tuple(fixed["terms"]),
            fixed["contrasts"],
        ),
        groups=tuple(GroupingFactor(g.name, none, g.levels) for g in spec.groups),
        random=tuple(
            RandomTerm(label, text, group, tuple(effects), (None,) * len(effects), structure)
            for label, text, group, effects, structure in stored["random"]
        ),
        weights=None,
        offset=None,
        rows=None,
        n_table=stored["n_table"],
        dropped=stored["dropped"],
        na_action=stored["na_action"],
        spec=spec,
    )


def _plain(value: Any) -> Any:
    """Arrays as lists, and numbers that JSON does not have by name."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    return value


def _numbers(value: Any) -> Any:
    """The inverse of `_plain` for numbers by name."""
    if isinstance(value, dict):
        return float(value["number"]) if value.keys() == {"number"} else {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else value
