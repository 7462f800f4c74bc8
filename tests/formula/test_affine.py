"""Expressions as multiples of a part and a constant."""

from __future__ import annotations

import pytest

from mixedmodels.formula import parse, show
from mixedmodels.formula.affine import affine, constant


@pytest.mark.parametrize(
    ("text", "part", "scale", "shift"),
    [
        ("y", "y", 1, 0),
        ("1 + y", "y", 1, 1),
        ("y + .5 + .5", "y", 1, 1),
        ("y + 1 - 0.5", "y", 1, 0.5),
        ("1e3 - y", "y", -1, 1000),
        ("1e3 - (y + 2) / 4", "y", -0.25, 999.5),
        ("-y", "y", -1, 0),
        ("2 * 3 * y - 2^3", "y", 6, -8),
        ("I(y * -2)", "y", -2, 0),
        ("y / x + 1", "y/x", 1, 1),
        ("1 / y", "1/y", 1, 0),
        ("y^2 + 1", "y^2", 1, 1),
        ("y + x", "y + x", 1, 0),
        ("y / 0", "y/0", 1, 0),
    ],
)
def test_the_part_its_multiple_and_the_constant(text: str, part: str, scale: float, shift: float) -> None:
    found = affine(parse(f"{text} ~ 1").left)
    assert show(found.of) == part
    assert (found.scale, found.shift) == pytest.approx((scale, shift))


@pytest.mark.parametrize(("text", "value"), [("2", 2), ("-(1 + 2) * 3", -9), ("2^-1", 0.5), ("+4 / 8", 0.5)])
def test_constants_are_folded(text: str, value: float) -> None:
    node = parse(f"{text} ~ 1").left
    assert constant(node) == value
    assert affine(node).of is None


@pytest.mark.parametrize("text", ["1 / 0", "10^400", "(-8)^0.5", "y", "log(2)"])
def test_what_has_no_finite_value_is_no_constant(text: str) -> None:
    assert constant(parse(f"{text} ~ 1").left) is None
