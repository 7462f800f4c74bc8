"""Terms as they are written, and the values that stand for a number: R's choices on stored numbers."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from tests.support.adjusted_reference import FOLDER

import mixedmodels as mm
from mixedmodels.effects.adjusted.pretty import pretty, pretty_range, representative
from mixedmodels.effects.adjusted.terms import Count, Range, Sample, Term, Values, Word, parse_terms

GRAMMAR = {
    "x": Term("x"),
    "x [1, 2.5, -3]": Term("x", Values(("1", "2.5", "-3"))),
    "x[0:10]": Term("x", Range(0, 10, 1)),
    "x [0:10 by=2]": Term("x", Range(0, 10, 2)),
    "x [-1:1, by = .5]": Term("x", Range(-1, 1, 0.5)),
    "x [n=5]": Term("x", Count(5)),
    "g [sample = 8]": Term("g", Sample(8)),
    "x [meansd]": Term("x", Word("meansd")),
    "x [exp]": Term("x", Word("exp")),
    "f [a, b]": Term("f", Values(("a", "b"))),
    "f [5 to 9]": Term("f", Word("5 to 9")),
    "my x [1e3]": Term("my x", Values(("1e3",))),
}


@pytest.mark.parametrize("text", GRAMMAR)
def test_terms_are_read(text: str) -> None:
    assert parse_terms(text) == (GRAMMAR[text],)


def test_terms_come_in_many_forms() -> None:
    assert parse_terms({"x": [1, 2], "f": None, "z": "meansd"}) == (
        Term("x", Values((1, 2))),
        Term("f"),
        Term("z", Word("meansd")),
    )
    assert parse_terms("~ x + f") == (Term("x"), Term("f"))
    assert parse_terms(("x", "f [a]")) == (Term("x"), Term("f", Word("a")))
    assert Range(0, 1, 0.1).values[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ("x [0:", "no term"),
        ("x []", "no term"),
        ("x ]", "no term"),
        ("[1]", "no term"),
        ("x [1,,2]", "nothing beside"),
        ("x [5:1]", "upward"),
        ("x [1:5 by=0]", "step"),
        ("x [n=0]", "1 at least"),
        ([], "one to four"),
        (list("abcde"), "one to four"),
        (["x", "x [1]"], "twice"),
        (3.5, "texts"),
    ],
)
def test_what_is_no_term_is_refused(terms, message: str) -> None:
    with pytest.raises((mm.errors.DataError, mm.errors.FormulaError), match=message):
        parse_terms(terms)


def test_values_are_those_that_r_chooses() -> None:
    with gzip.open(FOLDER / "pretty.json.gz", "rt") as lines:
        cases = json.load(lines)
    assert len(cases) > 100
    for case in cases:
        x = np.array(case.pop("x"), dtype=float)
        ours = {"pretty": pretty_range(x), "five": pretty_range(x, 5)}
        for name, expected in case.items():
            found = ours[name] if name in ours else representative(x, name)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * np.abs(x).max(), err_msg=name)


def test_pretty_covers_what_does_not_vary_and_zero() -> None:
    assert pretty(0, 0).tolist() == [-1.0, 0.0]
    assert pretty(7, 7).tolist() == [5.0, 10.0]
    assert pretty_range(np.array([4.0, 4.0])).size >= 1
    with pytest.raises(mm.errors.DataError, match="no way to choose"):
        representative(np.arange(9.0), "middle")
