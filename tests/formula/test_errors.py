"""What cannot be read is said, and the last line of the message marks the characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedmodels.errors import FormulaError
from mixedmodels.formula import parse, update

# Formula with the marks below it -> words of the message.
MARKED = [
    ("y ~ x + (1 | g", "        ^     ", "never closed"),
    ("y ~ log(x", "       ^ ", "never closed"),
    ("y ~ (", "    ^", "never closed"),
    ("y ~ x)", "     ^", "never opened"),
    ("y ~ )", "    ^", "before '\\)'"),
    ("y ~ x + ", "      ^ ", "missing after '\\+'"),
    ("y ~ ", "  ^ ", "missing after '~'"),
    ("y ~ x z", "      ^", "operator such as '\\+' is missing before 'z'"),
    ("y ~ x 2", "      ^", "missing before '2'"),
    ("y ~ 2x", "     ^", "missing before 'x'"),
    ("y ~ x * / z", "        ^", "missing after '\\*'"),
    ("y ~ ()", "    ^^", "nothing between"),
    ("y ~ f(x,)", "        ^", "missing after ','"),
    ("y ~ f(x z)", "        ^", "missing before 'z'"),
    ("y ~ f(x = )", "          ^", "before '\\)'"),
    ("y, z ~ x", " ^", "only used inside"),
    ("y ~ x = 3", "      ^", "only used inside"),
    ("y = x", "  ^", "only used inside"),
    ("y ~ x ~ z", "      ^", "one '~' only"),
    ("x", "^", "needs a '~'"),
    ("y + x", "^^^^^", "needs a '~'"),
    ("y ~ 2", "    ^", "only the numbers 0 and 1"),
    ("y ~ x + 12.5", "        ^^^^", "only the numbers 0 and 1"),
    ("y ~ x^z", "     ^", "whole number"),
    ("y ~ x^0", "     ^", "whole number"),
    ("y ~ x^1.5", "     ^", "whole number"),
    ("y ~ z + (x) | g | h", "            ^", "in parentheses"),
    ("y ~ 1 + x || g | h", "          ^^", "in parentheses"),
    ("(1 | g) ~ x", "   ^", "on the right"),
    ("y ~ (1 | g) * x", "    ^^^^^^^", "only be added"),
    ("y ~ x:(1 | g)", "      ^^^^^^^", "only be added"),
    ("y ~ ((1 | g) | h)", "     ^", "inside another"),
    ("y ~ (0 | g)", "       ^", "no effect"),
    ("y ~ (x | 1)", "         ^", "not a number"),
    ("y ~ (x | g - h)", "           ^", "combined with"),
    ("y ~ (x | g %in% h)", "           ^^^^", "combined with"),
    ("y ~ (offset(x) | g)", "     ^", "offset cannot vary"),
    ("y ~ x[1]", "     ^", "square brackets"),
    ("y ~ d$x", "     ^", "name the column alone"),
    ("y ~ {x}", "    ^", "braces"),
    ("y ~ x ? z", "      ^", "no meaning"),
    ("y ~ a %o% b", "      ^^^", "not known"),
    ("y ~ x % z", "      ^", "%in%"),
    ("y ~ `x", "    ^", "back quote"),
    ("y ~ f('x)", "      ^", "quoted string"),
    ("y ~ x - z", "        ^", "removes nothing; the terms before it are: x"),
    ("y ~ a*b - a:c", "           ^^^", "removes nothing"),
    ("y ~ a*b - (a + c)", "               ^", "removes nothing"),
    ("y ~ a - (a - b)", "             ^", "removes nothing"),
    ("y ~ -x + x", "     ^", "removes nothing; the terms before it are: none"),
    ("y ~ (x || g) - (x | g)", "               ^^^^^^^", r"terms before it are: \(x || g\)"),
    ("y ~ x - offset(z)", "        ^^^^^^^^^", "removes nothing"),
    ("", "^", "empty"),
    ("   ", "^", "empty"),
]


@pytest.mark.parametrize(("source", "marks", "words"), MARKED)
def test_marks(source, marks, words):
    with pytest.raises(FormulaError, match=words) as caught:
        parse(source)
    _, shown, caret = str(caught.value).split("\n")
    assert shown == "    " + source
    assert caret.rstrip() == ("    " + marks).rstrip()


def test_line_breaks_do_not_move_the_mark():
    with pytest.raises(FormulaError) as caught:
        parse("y ~ x +\n  (1 | g")
    assert str(caught.value).split("\n")[1:] == ["    y ~ x +   (1 | g", "              ^"]


@pytest.mark.parametrize("thing", [None, 3, ["y ~ x"], b"y ~ x"])
def test_not_a_text(thing):
    with pytest.raises(FormulaError, match="a formula is a text"):
        parse(thing)


def test_what_would_grow_without_bound():
    for source in [
        "y ~ " + "*".join(f"x{i}" for i in range(40)),
        "y ~ (" + "+".join(f"x{i}" for i in range(300)) + ")^4",
    ]:
        with pytest.raises(FormulaError, match="expands to more than"):
            parse(source)
    deep = ["(" * 500 + "x" + ")" * 500, "-x" * 2000, "f(" * 300 + "x" + ")" * 300]
    for source in [f"y ~ {right}" for right in deep]:
        with pytest.raises(FormulaError, match="nested deeper"):
            parse(source)


def test_update_needs_a_tilde():
    with pytest.raises(FormulaError, match="an update needs a '~'"):
        update("y ~ x", ". + z")


OPERATORS = ["~", "+", "-", "*", "/", ":", "^", "%in%", "|", "||", "!", ">", "&", "=", ","]
OTHERS = [
    "y",
    "x",
    "g",
    "(",
    ")",
    "1",
    "0",
    "2",
    ".",
    "log(",
    "I(",
    "us(",
    "offset(",
    "`",
    "'",
    "%",
    "$",
    "é",
    "1e9",
    " ",
    "\n",
]
PIECES = [*OPERATORS, *OTHERS, "poly(x, 2)", "(1 | g)"]


def read(text):
    """The formula, or the message that refuses it."""
    try:
        return parse(text), None
    except FormulaError as error:
        return None, str(error)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_is_read_or_refused(text):
    formula, message = read("y ~ " + text)
    if formula is None:
        assert "\n" in message
    else:
        assert parse(str(formula)).fixed.labels == formula.fixed.labels
        assert str(parse(str(formula))) == str(formula)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_characters_are_read_or_refused(text):
    formula, message = read(text)
    assert formula is not None or "\n" in message
