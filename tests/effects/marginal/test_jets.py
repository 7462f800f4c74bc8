"""Gradients that estimates carry, against differences; and texts of hypotheses, against the same formulas."""

from __future__ import annotations

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.effects.marginal.expressions import distance, equations
from mixedmodels.effects.marginal.hypothesis_families import FAMILIES, WEIGHTED, family_of
from mixedmodels.effects.marginal.jets import Jet, through_function

RNG = np.random.default_rng(7)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
BETA = RNG.uniform(0.2, 0.9, size=4)
H = 1e-6


def jets(beta):
    x, y = np.exp(A @ beta), np.exp(B @ beta)
    return Jet(x, x[:, None] * A), Jet(y, y[:, None] * B)


def by_differences(function):
    """Jacobian of a function of the coefficients."""
    steps = np.eye(len(BETA)) * H
    return np.column_stack([(function(BETA + s) - function(BETA - s)) / (2 * H) for s in steps])


RULES = {
    "sum": lambda x, y: x + y - 2.0 + (1.0 - x),
    "product": lambda x, y: x * y * 3.0,
    "ratio": lambda x, y: x / y / 4.0 + 2.0 / x,
    "power": lambda x, y: x**2.0 + y**0.5,
    "power of an estimate": lambda x, y: x**y,
    "logarithm": lambda x, y: (x * y).log() - y.exp(),
    "average": lambda x, y: (x * y).average(np.array([1.0, 2.0, 0.0])),
    "negative": lambda x, y: -x - (-y),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rules_of_differentiation(rule) -> None:
    found = rule(*jets(BETA))
    np.testing.assert_allclose(
        found.gradient, by_differences(lambda beta: rule(*jets(beta)).value), rtol=1e-6, atol=1e-7
    )


def test_functions_of_the_caller_are_differentiated() -> None:
    x, y = jets(BETA)
    found = through_function(lambda a, b: np.array([np.sum(a * b), a[0] / b[1]]), [x, y])
    exact = by_differences(lambda beta: found_at(beta))
    np.testing.assert_allclose(found.gradient, exact, rtol=1e-6)


def found_at(beta):
    x, y = jets(beta)
    return np.array([np.sum(x.value * y.value), x.value[0] / y.value[1]])


# A hypothesis, and what it says of estimates e.
TEXTS = [
    ("b1 - b2 = 0", lambda e: e[0] - e[1]),
    ("exp(b1) / (b2 + 1)^2 = 3", lambda e: np.exp(e[0]) / (e[1] + 1) ** 2 - 3),
    ("log(one) = -two * 2e-1", lambda e: np.log(e[0]) + e[1] * 0.2),
    ("sqrt(`a:b`) + abs(-one) >= two ^ b1", lambda e: np.sqrt(e[2]) + e[0] - e[1] ** e[0]),
    ("a:b <= 5", lambda e: e[2] - 5),
    ("`two words` - `one` = 0", lambda e: e[1] - e[0]),
    ("log2(one) - log10(two)", lambda e: np.log2(e[0]) - np.log10(e[1])),
    ("log1p(one) - expm1(two)", lambda e: np.log1p(e[0]) - np.expm1(e[1])),
    ("plogis(one) - qlogis(plogis(two)) = pnorm(0)", lambda e: 1 / (1 + np.exp(-e[0])) - e[1] - 0.5),
    ("sin(one) * cos(two) + tan(one)", lambda e: np.sin(e[0]) * np.cos(e[1]) + np.tan(e[0])),
    ("0 = one", lambda e: -e[0]),
    ("pnorm(one) = 0", lambda e: _normal(e[0])),
]  # fmt: skip


def _normal(x):
    from scipy.special import ndtr

    return ndtr(x)


@pytest.mark.parametrize(("text", "formula"), TEXTS)
def test_texts_say_what_they_look_like(text: str, formula) -> None:
    names = {"one": 0, "two": 1, "a:b": 2, "0": 1, "`two words`": 1}
    (equation,) = equations([text], 3)
    found = distance(equation, names, jets(BETA)[0])
    np.testing.assert_allclose(found.value, formula(jets(BETA)[0].value), rtol=1e-10, atol=1e-12)
    exact = by_differences(lambda beta: np.atleast_1d(formula(jets(beta)[0].value)))
    np.testing.assert_allclose(found.gradient, exact, rtol=2e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("b1 = b2 = b3", "one relation"),
        ("b4 = 0", "there are 3 estimates"),
        ("on = 0", "there is no estimate 'on'; there are 'one'"),
        ("__import__('os') = 0", "there is no function '__import__'"),
        ("one.__class__ = 0", "there is no estimate"),
        ("exp(one, two) = 0", "takes one argument"),
        ("one | two = 0", "has no meaning in a hypothesis"),
        ("'one' = 0", "has no meaning in a hypothesis"),
        ("= ", "is empty"),
        ("b* - b* = 0", "more than once"),
        ("exp(one = 0", "never closed"),
    ],
)
def test_texts_that_cannot_be_read(text: str, says: str) -> None:
    def read() -> None:
        for equation in equations([text], 3):
            distance(equation, {"one": 0, "two": 1}, jets(BETA)[0])

    with pytest.raises(mm.FormulaError) as failure:
        read()
    assert says in str(failure.value)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("ratio", [False, True])
def test_families_by_their_definitions(name: str, ratio: bool) -> None:
    x = jets(BETA)[0]
    e, op = x.value, np.divide if ratio else np.subtract
    expected = {
        "reference": [op(e[1], e[0]), op(e[2], e[0])],
        "revreference": [op(e[0], e[1]), op(e[0], e[2])],
        "sequential": [op(e[1], e[0]), op(e[2], e[1])],
        "revsequential": [op(e[0], e[1]), op(e[1], e[2])],
        "pairwise": [op(e[1], e[0]), op(e[2], e[0]), op(e[2], e[1])],
        "revpairwise": [op(e[0], e[1]), op(e[0], e[2]), op(e[1], e[2])],
        "meandev": op(e, e.mean()),
        "meanotherdev": [op(e[0], (e[1] + e[2]) / 2), op(e[1], (e[0] + e[2]) / 2), op(e[2], (e[0] + e[1]) / 2)],
        "trt_vs_ctrl": [np.mean([op(e[1], e[0]), op(e[2], e[0])])],
        "poly": [(e[2] - e[0]) / np.sqrt(2), (e[0] - 2 * e[1] + e[2]) / np.sqrt(6)],
        "helmert": [e[1] - e[0], 2 * e[2] - e[0] - e[1]],
    }[name]
    found, labels = family_of(name, ratio and name not in WEIGHTED, x, ["p", "q", "r"])
    np.testing.assert_allclose(found.value, expected, rtol=1e-12)
    assert len(labels) == len(found)
    jacobian = by_differences(
        lambda beta: family_of(name, ratio and name not in WEIGHTED, jets(beta)[0], ["p", "q", "r"])[0].value
    )
    np.testing.assert_allclose(found.gradient, jacobian, rtol=1e-6, atol=1e-7)
