"""A model of tests/reference/glmmtmb in the engine's own terms: family, rows and parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import _engine, frame
from mixedmodels.design import build
from tests.support import glmmtmb_reference as theirs

Array = NDArray[np.float64]

ENGINE_NAMES = {"ziGamma": "Gamma", "beta_family": "beta", "t_family": "t"}
TRIALS = ("binomial", "betabinomial")
# Debian's glmmTMB has the variance where later versions, and the engine, have a standard deviation.
VARIANCE = ("gaussian",)


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One model: its family, its rows, and one design per linear predictor."""

    family: _engine.Family
    rows: _engine.Rows
    designs: tuple[Any, ...]

    def glmm(self) -> _engine.Glmm:
        return _engine.Glmm(self.family, self.rows, False)


def stated(model: dict[str, Any]) -> Stated:
    """Build the model from its formulas, one design for each linear predictor."""
    designs = tuple(_designs(model))
    trials = model["family"] in TRIALS
    family = _engine.Family(
        ENGINE_NAMES.get(model["family"], model["family"]),
        model.get("link"),
        _fixed(model),
        "ziformula" in model,
        "dispformula" in model,
        None if trials else "cases",
    )
    return Stated(family=family, rows=_rows(designs), designs=designs)


def _fixed(model: dict[str, Any]) -> list[float | None] | None:
    """Shapes that `map` holds: t's degrees of freedom, tweedie's power."""
    if "psi" not in model.get("map", {}):
        return None
    psi = model["start"]["psi"][0]
    return [None, 1 + 1 / (1 + np.exp(-psi)) if model["family"] == "tweedie" else np.exp(psi)]


def _designs(model: dict[str, Any]) -> list[Any]:
    table = theirs.data_of(model)
    left, right = (side.strip() for side in model["formula"].split("~", 1))
    if left == "count > 0":
        left, table = "found", table.assign(found=(table["count"] > 0).astype(float))
    if left == "incidence / size":
        left, table = "share", table.assign(share=table["incidence"] / table["size"])
    data = frame.read(table)
    kind = "binomial" if "cbind" in left else "number"
    first = build(f"{left} ~ {right}", data, response=kind, weights=model.get("weights"), offset=model.get("offset"))
    others = [model[part] for part in ("ziformula", "dispformula") if part in model]
    rights = [right if other == "~." else other.removeprefix("~") for other in others]
    return [first, *(build(f"{left} ~ {other}", data, response=kind) for other in rights)]


def _rows(designs: tuple[Any, ...]) -> _engine.Rows:
    columns, of_column, groups, terms, of_term = [], [], {}, [], []
    for predictor, design in enumerate(designs):
        columns += list(design.fixed.columns)
        of_column += [predictor] * len(design.fixed.columns)
        for term in design.random:
            group = design.groups[term.group]
            groups.setdefault(group.name, (group.codes, group.n_levels))
            terms.append((list(groups).index(group.name), list(term.columns)))
            of_term.append(predictor)
    first = designs[0]
    response, weights = np.asarray(first.response, float), first.weights
    if response.ndim == 2:  # successes and failures
        weights = response.sum(axis=1)
        response = response[:, 0] / weights
    offsets = [design.offset for design in designs]
    return _engine.Rows(
        response, columns, list(groups.values()), terms, weights, offsets[0], of_column, of_term, offsets[1:]
    )


def parameters(model: dict[str, Any], stated: Stated, of: str = "estimates") -> tuple[Array, Array, Array]:
    """glmmTMB's parameters as the engine's theta, beta and psi; `of` is "estimates" or "elsewhere"."""
    dispersion = theirs.block(model, "betad", of) * (0.5 if model["family"] in VARIANCE else 1.0)
    formula = "dispformula" in model
    beta = [theirs.block(model, "beta", of), theirs.block(model, "betazi", of), dispersion if formula else []]
    shapes = np.concatenate([[] if formula else dispersion, _shapes(model, theirs.block(model, "psi", of))])
    theta = _theta(model, "cond", theirs.block(model, "theta", of), stated.designs[0])
    if "ziformula" in model:
        theta += _theta(model, "zi", theirs.block(model, "thetazi", of), stated.designs[1])
    return np.array(theta, float), np.concatenate(beta), shapes[: len(stated.family.shapes)]


def _shapes(model: dict[str, Any], psi: Array) -> Array:
    """psi as the engine has it: of two cutpoints the lower one and the logarithm of their distance."""
    return np.array([psi[0], np.log(psi[1] - psi[0])]) if model["family"] == "ordbeta" else psi


def _theta(model: dict[str, Any], component: str, theta: Array, design: Any) -> list[float]:
    """The terms in the order of the design, each its Cholesky factor column by column."""
    factors: list[tuple[str, Array]] = []
    for term in model["VarCorr"].get(component, []):
        size = len(term["names"])
        count = size * (size + 1) // 2
        factors.append((re.sub(r"\.\d+$", "", term["group"]), _factor(theta[:count], size)))
        theta = theta[count:]
    ordered: list[float] = []
    for term in design.random:
        name, size = design.groups[term.group].name, len(term.columns)
        here = next(i for i, (group, factor) in enumerate(factors) if group == name and len(factor) == size)
        ordered += list(factors.pop(here)[1].T[np.triu_indices(size)])
    return ordered


def _factor(theta: Array, size: int) -> Array:
    """The Cholesky factor of the covariance: log standard deviations, then the correlations' factor row by row."""
    lower = np.eye(size)
    lower[np.tril_indices(size, -1)] = theta[size:]
    unit = lower / np.linalg.norm(lower, axis=1)[:, None]
    return np.exp(theta[:size])[:, None] * unit
