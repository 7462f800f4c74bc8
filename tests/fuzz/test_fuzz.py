"""Whatever is typed and whatever table is given, only our own errors and warnings come out.

Warnings other than the package's are errors here, and a panic of the engine is an exception of no class of ours.
"""

from __future__ import annotations

import math
import string
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mixedmodels as mm
from mixedmodels import design, formula, frame
from mixedmodels.errors import FormulaError, MixedModelsError, MixedModelsWarning

thorough = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# ---- formulas --------------------------------------------------------------------------------------------------------

NAMES = ["y", "x", "z", "f", "g", "h", "t", "b", "`odd name`", "a.b"]
FUNCTIONS = [
    "log",
    "sqrt",
    "exp",
    "abs",
    "scale",
    "factor",
    "I",
    "poly",
    "bs",
    "ns",
    "offset",
    "nowhere",
    "sin",
    "ordered",
]
GROUPS = ["g", "h", "f", "g:h", "g/h", "g*h", "factor(x)", "x", "t"]
TOKENS = [*NAMES, *FUNCTIONS, *"~+-*/:^|()[]{},.01259'\"`=<>!&%$#@\\", "||", "%in%", "**", " ", "1e5", "us(", "\n", "é"]

atoms = st.sampled_from([*NAMES, "0", "1", "-1", ".", "2", "3.5"])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from([" + ", " - ", ":", " * ", "/", " %in% ", "^"])
    call = st.tuples(st.sampled_from(FUNCTIONS), inner, st.sampled_from(["", ", 2", ", df = 3", ", raw = TRUE", ", 0"]))
    return (
        st.tuples(inner, operator, inner).map("".join)
        | call.map(lambda c: f"{c[0]}({c[1]}{c[2]})")
        | inner.map(lambda e: f"({e})")
    )


expressions = st.recursive(atoms, _wider, max_leaves=5)
bars = st.tuples(
    st.sampled_from(["", "", "", "us", "diag", "cs", "ar1"]),
    st.sampled_from(["1", "x", "0 + x", "x - 1", "f", "0 + f", "x + z", "x * f", "poly(x, 2)", "0", "nowhere"])
    | expressions,
    st.sampled_from(["|", "|", "||"]),
    st.sampled_from(GROUPS) | expressions,
).map(lambda b: f"{b[0]}({b[1]} {b[2]} {b[3]})")
responses = st.sampled_from(
    ["y", "y", "y", "log(y)", "y^2", "cbind(y, x)", "f", "b", "t", "x", "", "1", "I(y > 0)", "y + x"]
)
sensible = st.tuples(responses, st.lists(expressions | bars, min_size=1, max_size=4)).map(
    lambda parts: f"{parts[0]} ~ {' + '.join(parts[1])}"
)
plain = st.tuples(
    st.lists(st.sampled_from(["x", "z", "f", "x:f", "poly(x, 2)", "0", "offset(z)"]), max_size=2),
    st.lists(
        st.sampled_from(["(1 | g)", "(x | g)", "(x || g)", "(f | h)", "(1 | g/h)", "(0 + x | h)"]),
        min_size=1,
        max_size=2,
    ),
).map(lambda parts: f"y ~ {' + '.join(['1', *parts[0], *parts[1]])}")
garbage = st.lists(st.sampled_from(TOKENS), max_size=15).map("".join) | st.text(max_size=20)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sensible formula with one character lost, doubled or replaced."""
    text = draw(sensible)
    at = draw(st.integers(0, len(text) - 1))
    return text[:at] + draw(st.sampled_from(["", text[at] * 2, *string.punctuation])) + text[at + 1 :]


formulas = sensible | plain | mutated() | garbage

# ---- tables ----------------------------------------------------------------------------------------------------------

odd_numbers = st.sampled_from([0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, math.inf, -math.inf, math.nan])
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "normal": st.floats(-5, 5).map(lambda v: round(v, 3)),
    "whole": st.integers(-3, 3),
    "odd": odd_numbers,
    "missing": st.none() | st.floats(-5, 5),
    "constant": st.just(2.5),
    "all missing": st.none(),
    "text": st.sampled_from(["a", "B", "c c", "", "1"]),
    "text or none": st.sampled_from(["a", "b", None]),
    "truth": st.booleans(),
    "huge integer": st.integers(2**62, 2**63 - 1),
}
LIKELY = {"y": "normal", "x": "normal", "z": "whole", "f": "text", "g": "text", "h": "whole", "t": "text", "b": "truth"}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    n = draw(st.sampled_from([1, 2, 3, 8, 20, 40]))
    table = {}
    for name in (name.strip("`") for name in NAMES):
        kind = draw(st.sampled_from([LIKELY.get(name, "normal")] * 30 + sorted(COLUMNS)))
        # A column of many rows repeats a few draws, shifted, so that examples stay small and groups have members.
        few = draw(st.lists(COLUMNS[kind], min_size=1, max_size=min(n, 9)))
        cells = [few[i % len(few)] for i in range(n)]
        if kind == "normal":
            cells = list(np.array(cells) + np.random.default_rng(len(few)).normal(size=n).round(2))
        table[name] = cells
    return table


def quietly(work: Any, *arguments: Any, **settings: Any) -> None:
    """Do the work; let only our own errors and warnings pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MixedModelsWarning)
        try:
            work(*arguments, **settings)
        except MixedModelsError as error:
            assert str(error).strip()  # noqa: PT017


# ---- the promises ----------------------------------------------------------------------------------------------------


@settings(thorough, max_examples=600)
@given(formulas)
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = formula.parse(text)
        except FormulaError as error:
            assert str(error).strip()  # noqa: PT017
        else:
            assert formula.parse(str(parsed)) == parsed


@settings(thorough, max_examples=400)
@given(sensible | plain, tables())
def test_any_design_is_built_or_refused(text: str, table: dict[str, list[Any]]) -> None:
    quietly(lambda: design.build(text, frame.read(table)))


@settings(thorough, max_examples=150)
@given(formulas, tables(), st.booleans())
def test_any_mixed_model_is_fitted_or_refused(text: str, table: dict[str, list[Any]], reml: bool) -> None:
    quietly(mm.lmer, text, table, REML=reml)


@settings(thorough, max_examples=150)
@given(plain, tables())
def test_plain_mixed_models_are_fitted_and_printed_or_refused(text: str, table: dict[str, list[Any]]) -> None:
    quietly(lambda: str(mm.lmer(text, table).summary()))


@settings(thorough, max_examples=150)
@given(st.tuples(responses, st.lists(expressions, min_size=1, max_size=3)), tables())
def test_any_linear_model_is_fitted_and_printed_or_refused(
    parts: tuple[str, list[str]], table: dict[str, list[Any]]
) -> None:
    text = f"{parts[0]} ~ {' + '.join(parts[1])}"
    quietly(lambda: str(mm.lm(text, table).summary()))


ARGUMENTS = [
    None,
    "x",
    "z",
    "nowhere",
    "x + 1",
    "(",
    3,
    0.5,
    "b",
    [1.0, 2.0],
    math.nan,
    np.ones((2, 2)),
    object(),
    1j,
    "t",
]


@settings(thorough, max_examples=120)
@given(tables(), st.data())
def test_any_argument_is_taken_or_refused(table: dict[str, list[Any]], data: st.DataObject) -> None:
    arguments = {name: data.draw(st.sampled_from(ARGUMENTS), label=name) for name in ("weights", "offset", "subset")}
    quietly(mm.lmer, "y ~ x + (1 | g)", table, **arguments)


@pytest.mark.parametrize(
    "data", [None, 3, "text", [], {}, object(), {"y": [1.0]}, {"y": []}, np.zeros(3), [1, 2], print]
)
def test_any_data_is_read_or_refused(data: object) -> None:
    quietly(mm.lmer, "y ~ 1 + (1 | g)", data)
    quietly(mm.lm, "y ~ 1", data)


@pytest.mark.parametrize("text", [None, 3, b"y ~ x", ["y ~ x"], object()])
def test_any_formula_object_is_read_or_refused(text: Any) -> None:
    quietly(mm.lm, text, {"y": [1.0, 2.0], "x": [1.0, 3.0]})
