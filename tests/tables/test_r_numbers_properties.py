"""What holds for the print of any numbers and names."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedmodels.tables import r_numbers, r_print
from mixedmodels.tables.abbreviate import abbreviate

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(NUMBERS, min_size=1, max_size=12), st.integers(1, 15))
@settings(max_examples=120, deadline=None)
def test_formatted_numbers_are_of_one_width_and_read_back(values: list[float], digits: int) -> None:
    texts = r_numbers.format_numbers(values, digits)
    assert len({len(t) for t in texts}) == 1
    # The neediest element has its digits; in common notation no element is off by more than that one may be.
    largest = max(abs(v) for v in values)
    for text, value in zip(texts, values, strict=True):
        assert math.isclose(float(text), value, rel_tol=10.0 ** (1 - digits), abs_tol=largest * 10.0 ** (1 - digits))


@given(st.lists(NUMBERS, min_size=1, max_size=1), st.integers(1, 15))
@settings(max_examples=80, deadline=None)
def test_one_number_keeps_its_significant_digits(values: list[float], digits: int) -> None:
    (text,) = r_numbers.format_numbers(values, digits)
    assert math.isclose(float(text), values[0], rel_tol=0.51 * 10.0 ** (1 - digits), abs_tol=5e-324)


@given(
    st.lists(st.text("abcdefgXYZ_.:() 0123456789éß", min_size=1, max_size=25), min_size=1, max_size=10),
    st.integers(1, 12),
)
@settings(max_examples=120, deadline=None)
def test_abbreviations_of_different_names_differ(names: list[str], minlength: int) -> None:
    stripped = [n.strip(" ") for n in names]
    short = abbreviate(names, minlength)
    assert len(set(short)) == len(set(stripped))
    for name, text in zip(stripped, short, strict=True):
        assert len(text) <= len(name)
        assert text == name or len(name) > minlength


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.integers(1, 7))
@settings(max_examples=80, deadline=None)
def test_p_values_below_epsilon_are_bounded_and_others_read_back(values: list[float], digits: int) -> None:
    for text, p in zip(r_numbers.format_pvalues(values, digits), values, strict=True):
        if p < np.finfo(float).eps:
            assert text.startswith("<")
        else:
            assert math.isclose(float(text), p, rel_tol=10.0 ** (1 - digits), abs_tol=1e-3)


@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 12))
def test_matrices_are_wrapped_at_eighty_characters(columns: int, rows: int, width: int) -> None:
    names = [f"c{j}".ljust(width, "_") for j in range(columns)]
    labels = [f"row {i}" for i in range(rows)]
    lines = r_print.matrix(labels, names, [["0"] * columns] * rows).split("\n")
    assert max(map(len, lines)) <= 80
    assert sum(line.count("c") for line in lines) == columns
    assert len(lines) % (rows + 1) == 0
