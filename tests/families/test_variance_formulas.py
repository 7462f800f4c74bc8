"""The printed formulas of the variance, evaluated at random points, are the variances of the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import lambertw

from mixedmodels.families import classes
from mixedmodels.families.kinds import KINDS
from mixedmodels.families.parts import FamilyWithParts

FUNCTIONS = {"exp": np.exp, "sqrt": np.sqrt, "W": lambda x: lambertw(x).real}
COUNTS = np.arange(400.0)
SUM, ZERO = "sum of (k - mu)^2 p(k)", "p(0)"


def evaluated(formula: str, names: dict[str, object]) -> np.ndarray:
    """The value of a formula whose products are written without signs, definitions behind semicolons."""
    first, *definitions = formula.split("; ")
    names = dict(names)
    for text in reversed(definitions):  # each needs those behind it
        name, _, right = text.partition(" = ")
        names[name] = _value(right, names)
    return _value(first, names)


def _value(text: str, names: dict[str, object]) -> np.ndarray:
    text = text.replace(SUM, "spread").replace(ZERO, "none").replace("lambda", "lambda_").replace("^", "**")
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", text)
    return np.asarray(eval(text, FUNCTIONS | names))


def point(family: FamilyWithParts, rng: np.random.Generator, n: int = 12) -> tuple[list[np.ndarray], dict, np.ndarray]:
    """Linear predictors and psi at random, and what the formula calls them."""
    base = family.base
    scale = {"inverse": (0.3, 1.0), "1/mu^2": (0.3, 1.0)}.get(base.link, (-1.0, 1.0))
    eta, zeta = rng.uniform(*scale, n), rng.normal(size=n)
    psi = rng.uniform(-0.5, 1.0, len(base.shapes))
    if base.engine_name == "t":
        psi[1] = np.log(5.5)
    mu = np.asarray(base.handle.mean(eta))
    shapes = dict(zip(base.shapes, base.shape_values(psi), strict=True))
    names = {"mu": mu, "eta": eta, "pi": 1 / (1 + np.exp(-zeta)), **shapes}
    if "lambda" in names:
        names["lambda_"] = names.pop("lambda")
    if SUM in base.variance_formula:
        whole = classes()[base.engine_name.removeprefix("truncated_")]().handle
        p = np.array([np.exp(whole.log_density(COUNTS, np.ones(400), np.full(400, at), psi.tolist())) for at in eta])
        names |= {"spread": (p * (COUNTS - mu[:, None]) ** 2).sum(axis=1), "none": p[:, 0]}
    return [eta, *([zeta] if family.zeros else [])], names, psi


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.engine_name)
def test_formula_is_the_variance(kind: type, zeros: bool) -> None:
    rng = np.random.default_rng(20260714)
    family = FamilyWithParts(kind(), zeros=zeros)
    etas, names, psi = point(family, rng)
    weights = None
    if family.weights_role != "cases":
        weights = names["m"] = names["w"] = np.ceil(rng.uniform(1.0, 9.0, len(etas[0])))
    if family.weights_role == "precision":
        assert " / w" in family.variance_formula
    variance = family.moments(np.concatenate(etas), weights, psi)[1]
    ours = np.broadcast_to(evaluated(family.variance_formula, names), variance.shape)
    assert ours == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.engine_name)
def test_weights_of_cases_do_not_divide(kind: type) -> None:
    family = FamilyWithParts(kind(), role="cases")
    assert " / w" not in family.variance_formula
    assert family.variance_formula.startswith(kind.variance_formula)


def test_a_formula_that_is_wrong_is_noticed() -> None:
    family = FamilyWithParts(classes()["nbinom2"]())
    etas, names, psi = point(family, np.random.default_rng(1))
    variance = family.moments(etas[0], None, psi)[1]
    assert evaluated("mu (1 + theta)", names) != pytest.approx(variance, rel=1e-3)
