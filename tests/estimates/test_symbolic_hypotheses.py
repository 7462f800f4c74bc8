"""Text to linear hypotheses."""

import numpy as np
import pytest

from mixedmodels.errors import FormulaError
from mixedmodels.estimates.symbolic_hypotheses import parse_hypotheses

NAMES = ["(Intercept)", "a", "b", "a:b", "poly(x, 2)1", "level one", "4"]


@pytest.mark.parametrize(
    ("text", "weights", "rhs"),
    [
        ("a - b = 0", {1: 1, 2: -1}, 0),
        ("2*a + 0.5 * b == 1", {1: 2, 2: 0.5}, 1),
        ("Intercept + a", {0: 1, 1: 1}, 0),
        ("(Intercept) + 3 = 10", {0: 1}, 7),
        ("a:b - poly(x,2)1 = -2", {3: 1, 4: -1}, -2),
        ("-(a - b) / 4 = a", {1: -1.25, 2: 0.25}, 0),
        ("`level one` - level one + a = 1e2", {1: 1}, 100),
        ("`4` - 4 = 0", {6: 1}, 4),
        ("a = b + 1", {1: 1, 2: -1}, 1),
    ],
)
def test_reads(text, weights, rhs):
    found = parse_hypotheses(text, NAMES)
    wanted = np.zeros(len(NAMES))
    for i, w in weights.items():
        wanted[i] = w
    np.testing.assert_allclose(found.matrix, [wanted])
    np.testing.assert_allclose(found.rhs, [rhs])
    assert not np.signbit(found.rhs).any() or rhs < 0


def test_several_and_directions():
    found = parse_hypotheses("a >= 1, b>=2", NAMES)
    assert found.alternative == "less"
    assert found.names == ("a", "b")
    chain = parse_hypotheses("a = b = 0", NAMES)
    assert len(chain.rhs) == 2
    assert parse_hypotheses("a-b", NAMES).names == ("a - b",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aa = 0", "no coefficient 'aa'"),
        ("a * b = 0", "linear"),
        ("a / 0 = 1", "divides by 0"),
        ("(a = 0", "not closed"),
        ("a - = 0", "no coefficient '='"),
        ("a b = 0", "operator or a relation is missing"),
        ("3 = 3", "no coefficient is left"),
        ("a -", "missing at the end"),
    ],
)
def test_messages_mark_the_place(text, message):
    with pytest.raises(FormulaError, match=message) as caught:
        parse_hypotheses(text, NAMES)
    assert "^" in str(caught.value)


def test_mixed_directions_are_refused():
    with pytest.raises(FormulaError, match="mix"):
        parse_hypotheses(["a = 0", "b >= 0"], NAMES)
