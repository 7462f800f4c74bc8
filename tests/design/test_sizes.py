"""Sizes that a formula asks for are refused before anything of that size is made."""

from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest

import mixedmodels as mm

WIDE = "+".join(f"c{i}" for i in range(26))


def data() -> dict[str, np.ndarray]:
    r = np.random.default_rng(0)
    n = 60
    factors = {name: np.array([f"l{i}" for i in range(60)]) for name in "uvwqst"}
    numbers = {f"c{i}": r.normal(size=n) for i in range(26)}
    return {"y": r.normal(size=n), "x": r.normal(size=n), "g": np.repeat(np.arange(12), 5), **factors, **numbers}


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ poly(x, 1e9)", "poly.. of degree 1000000000 would have 1000000000 columns"),
        ("y ~ poly(x, 1e9, raw=TRUE)", "poly.. of degree 1000000000 would have"),
        ("y ~ poly(x, 61, raw=TRUE)", "would have 61 columns or more, and there are 60 values"),
        ("y ~ poly(c1,c2,c3,c4,c5,c6,c7,c8,degree=20)", "poly.. of 8 variables would have 3108104 columns"),
        ("y ~ bs(x, df=1e9)", "bs.. with df = 1000000000 would have"),
        ("y ~ bs(x, degree=1e9)", "bs.. of degree 1000000000 would have"),
        ("y ~ bs(x, degree=200)", "bs.. of degree 200 would have"),
        ("y ~ bs(x, knots=1:100000)", "bs.. with 100000 knots would have"),
        ("y ~ ns(x, df=1e6)", "ns.. with df = 1000000 would have"),
        ("y ~ poly(x, Inf)", "it must be a whole number"),
        ("y ~ u*v*w*q*s*t", "the terms up to .* have .* columns for 60 rows, which is more than can be held"),
        ("y ~ I(x %in% c(" + ",".join(["1:100000"] * 2000) + "))", "more than 1000000 numbers"),
        ("y ~ " + "+".join(f"I(x+{i})" for i in range(10_000)), "this expands to more than 5000 terms"),
        (f"y ~ ({WIDE})^20", "this expands to more than 5000 terms"),
        ("y ~ relevel(u, '" + "a" * 10**6 + "')", "the formula has 10000[0-9]. characters"),
        ("y ~ x\0 + \ud800", "has no meaning in a formula"),
    ],
)
def test_fixed_terms(formula: str, message: str) -> None:
    d = data()
    mm.lm("y ~ poly(x, 2) + bs(x, df=5) + ns(x, df=3)", d)  # what is imported first
    watched = len(formula) < 200  # to watch the reading of long texts takes a minute
    if watched:
        tracemalloc.start()
    try:
        with pytest.raises(mm.MixedModelsError, match=message) as caught:
            mm.lm(formula, d)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert len(str(caught.value).encode()) < 7000  # a message can be printed, and does not repeat it all


@pytest.mark.parametrize("columns", [7, 8, 26])
def test_grouping_factors(columns: int) -> None:
    group = "*".join(f"c{i}" for i in range(columns))
    with pytest.raises(mm.FormulaError, match="this expands to more than 100 grouping factors"):
        mm.lmer(f"y ~ 1 + (1 | {group})", data())


def test_random_terms() -> None:
    text = "y ~ 1" + "".join(f" + (1 | I(g + {i}))" for i in range(101))
    with pytest.raises(mm.FormulaError, match="the formula has more than 100 random terms"):
        mm.formula.parse(text)
    assert len(mm.formula.parse("y ~ 1" + " + (1 | g)" * 500).random) == 1


def test_what_fits_is_fitted() -> None:
    """The bounds leave room: a basis with as many columns as values, polynomials of several variables in R's order."""
    d = data()
    assert len(mm.lm("y ~ bs(x, df=59)", d).fixef()) == 60
    assert len(mm.lm("y ~ poly(x, 50, raw=TRUE)", d).design.fixed.names) == 51
    names = mm.lm("y ~ poly(c1, c2, c3, degree=3)", d).fixef().names[1:]
    powers = [p[::-1] for p in product(range(4), repeat=3) if 0 < sum(p) <= 3]
    assert [name.removeprefix("poly(c1, c2, c3, degree = 3)") for name in names] == [
        ".".join(map(str, p)) for p in powers
    ]
    one = mm.lm("y ~ poly(x, 5)", d)
    np.testing.assert_allclose(
        one.predict({"x": d["x"][:1]}), np.asarray(one.fitted())[:1]
    )  # new rows may be fewer than columns


def test_a_long_formula_is_shown_around_the_place() -> None:
    text = "y ~ " + " + ".join(f"c{i}" for i in range(2000)) + " + $ + " + " + ".join(f"d{i}" for i in range(2000))
    with pytest.raises(mm.FormulaError) as caught:
        mm.formula.parse(text)
    _, line, marks = str(caught.value).split("\n")
    assert line.strip().startswith("...")
    assert line.endswith("...")
    assert line[marks.index("^")] == "$"
