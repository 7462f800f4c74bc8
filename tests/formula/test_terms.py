"""The grammar as a dictionary: a formula, and the terms that R's terms() finds in it."""

import pickle

import pytest

from mixedmodels.formula import expand_dot, parse, update

# Right side -> intercept, labels in R's order. Every line was checked against R's terms().
FORMULA_TO_TERMS = {
    "1": (True, []),
    "0": (False, []),
    "-1": (False, []),
    "x": (True, ["x"]),
    "+x": (True, ["x"]),
    "x + 0": (False, ["x"]),
    "0 + x + 1": (True, ["x"]),
    "x - 1": (False, ["x"]),
    "x - 1 + 1": (True, ["x"]),
    "x + 0 - 0": (True, ["x"]),
    "-1 + x + z": (False, ["x", "z"]),
    "x + x": (True, ["x"]),
    "(x)": (True, ["x"]),
    "((x + z))": (True, ["x", "z"]),
    "x + z - x": (True, ["z"]),
    "a:b": (True, ["a:b"]),
    "a:b + b:a": (True, ["a:b"]),
    "b + a:b": (True, ["b", "b:a"]),
    "a:a": (True, ["a"]),
    "a:b:c": (True, ["a:b:c"]),
    "a:b + a": (True, ["a", "a:b"]),
    "a:b:c + a:b + c": (True, ["c", "a:b", "a:b:c"]),
    "a*b": (True, ["a", "b", "a:b"]),
    "a*b*c": (True, ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
    "a*b - a": (True, ["b", "a:b"]),
    "a*b - a:b": (True, ["a", "b"]),
    "a*b*c - a:b:c": (True, ["a", "b", "c", "a:b", "a:c", "b:c"]),
    "a*b - (a + 1)": (False, ["b", "a:b"]),
    "a + b - (b - b)": (True, ["a", "b"]),
    "(a + b)*c": (True, ["a", "b", "c", "a:c", "b:c"]),
    "(a + b):c": (True, ["a:c", "b:c"]),
    "(a + b):(c + d)": (True, ["a:c", "a:d", "b:c", "b:d"]),
    "(a + b)^2": (True, ["a", "b", "a:b"]),
    "(a + b + c)^2": (True, ["a", "b", "c", "a:b", "a:c", "b:c"]),
    "(a + b + c)^3": (True, ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
    "(a + b + c)^2 - a:b": (True, ["a", "b", "c", "a:c", "b:c"]),
    "(a + b)**2": (True, ["a", "b", "a:b"]),
    "(a + b)^9": (True, ["a", "b", "a:b"]),
    "(a*b)^2": (True, ["a", "b", "a:b"]),
    "a/b": (True, ["a", "a:b"]),
    "a/b/c": (True, ["a", "a:b", "a:b:c"]),
    "a/(b + c)": (True, ["a", "a:b", "a:c"]),
    "(a + b)/c": (True, ["a", "b", "a:b:c"]),
    "a/b - a": (True, ["a:b"]),
    "a %in% b": (True, ["a:b"]),
    "a + b %in% a": (True, ["a", "a:b"]),
    "(a + b) %in% c": (True, ["a:c", "b:c"]),
    "a*b %in% c": (True, ["a", "b:c", "a:b:c"]),
    "a:b*c": (True, ["c", "a:b", "a:b:c"]),
    "b + a:b + x*a": (True, ["b", "x", "a", "b:a", "a:x"]),
    "0 + a:b": (False, ["a:b"]),
    "I(x^2)": (True, ["I(x^2)"]),
    "x + I(x^2) + I(x + z)": (True, ["x", "I(x^2)", "I(x + z)"]),
    "I(a*b):c": (True, ["I(a * b):c"]),
    "log(x)": (True, ["log(x)"]),
    "log( x+1 , 2)": (True, ["log(x + 1, 2)"]),
    "poly(x,2)*a": (True, ["poly(x, 2)", "a", "poly(x, 2):a"]),
    "bs(x,df=5)": (True, ["bs(x, df = 5)"]),
    "factor(k)*x": (True, ["factor(k)", "x", "factor(k):x"]),
    "scale(x,center=FALSE)": (True, ["scale(x, center = FALSE)"]),
    "f(x, 'a')": (True, ['f(x, "a")']),
    "body.mass + .x + x_1": (True, ["body.mass", ".x", "x_1"]),
    "`two words`:a": (True, ["`two words`:a"]),
    "`plain`": (True, ["plain"]),
    "log(`a b`)": (True, ["log(`a b`)"]),
    "x > 0": (True, ["x > 0"]),
    "(x > 0)": (True, ["x > 0"]),
    "a == 'k'": (True, ['a == "k"']),
    "x + offset(z)": (True, ["x"]),
    "offset(log(z)) + x + offset(w)": (True, ["x"]),
    "b*offset(z)": (True, ["b"]),
    "\n x +\n\tz ": (True, ["x", "z"]),
}


@pytest.mark.parametrize(("right", "expected"), FORMULA_TO_TERMS.items())
def test_terms(right, expected):
    fixed = parse(f"y ~ {right}").fixed
    assert (fixed.intercept, list(fixed.labels)) == expected


# Which variables of which terms are coded by one indicator per level (R's "factors" attribute has a 2 there).
DUMMIES = {
    "a": [[False]],
    "a*b": [[False], [False], [False, False]],
    "a:b": [[True, True]],
    "a + a:b": [[False], [True, False]],
    "b + a:b": [[False], [True, False]],  # the variables of b:a, in this order
    "a + x:a": [[False], [True, False]],
    "x + x:a": [[False], [True, False]],
    "a*b*c - a:b": [[False], [False], [False], [False, False], [False, False], [False, False, True]],
    "a:b:c + a:b": [[True, True], [True, True, False]],
}


@pytest.mark.parametrize(("right", "expected"), DUMMIES.items())
def test_marginality(right, expected):
    assert [list(term) for term in parse(f"y ~ {right}").fixed.dummies] == expected


def test_offsets_are_kept_apart():
    fixed = parse("y ~ offset(log(z)) + x + offset(w)").fixed
    assert [call.function for call in fixed.offsets] == ["offset", "offset"]


# Random terms -> the simple terms they stand for, in the order of the formula: text, group, factors.
RANDOM = {
    "(1 | g)": [("1 | g", "g", ("g",))],
    "(x|g)": [("x | g", "g", ("g",))],
    "(1+x|g)": [("1 + x | g", "g", ("g",))],
    "(0+x|g)": [("0 + x | g", "g", ("g",))],
    "(x-1|g)": [("x - 1 | g", "g", ("g",))],
    "(-1+x|g)": [("-1 + x | g", "g", ("g",))],
    "(x||g)": [("1 | g", "g", ("g",)), ("0 + x | g", "g", ("g",))],
    "(1+x||g)": [("1 | g", "g", ("g",)), ("0 + x | g", "g", ("g",))],
    "(0+x||g)": [("0 + x | g", "g", ("g",))],
    "(0+x+z||g)": [("0 + x | g", "g", ("g",)), ("0 + z | g", "g", ("g",))],
    "(x*z||g)": [
        ("1 | g", "g", ("g",)),
        ("0 + x | g", "g", ("g",)),
        ("0 + z | g", "g", ("g",)),
        ("0 + x:z | g", "g", ("g",)),
    ],
    "(1|a/b)": [("1 | b:a", "b:a", ("b", "a")), ("1 | a", "a", ("a",))],
    "(1|a/b/c)": [
        ("1 | c:(b:a)", "c:(b:a)", ("c", "b", "a")),
        ("1 | b:a", "b:a", ("b", "a")),
        ("1 | a", "a", ("a",)),
    ],
    "(x||a/b)": [
        ("1 | b:a", "b:a", ("b", "a")),
        ("1 | a", "a", ("a",)),
        ("0 + x | b:a", "b:a", ("b", "a")),
        ("0 + x | a", "a", ("a",)),
    ],
    "(1|a:b)": [("1 | a:b", "a:b", ("a", "b"))],
    "(1|a:b:c)": [("1 | a:b:c", "a:b:c", ("a", "b", "c"))],
    "(1|a*b)": [("1 | a", "a", ("a",)), ("1 | b", "b", ("b",)), ("1 | a:b", "a:b", ("a", "b"))],
    "(1|a+b)": [("1 | a", "a", ("a",)), ("1 | b", "b", ("b",))],
    "(1|factor(k))": [("1 | factor(k)", "factor(k)", ("factor(k)",))],
    "(1|`my group`)": [("1 | `my group`", "`my group`", ("`my group`",))],
    "(1|g)+(0+x|g)": [("1 | g", "g", ("g",)), ("0 + x | g", "g", ("g",))],
    "(1|g)+(1|g)": [("1 | g", "g", ("g",))],
    "(1|g)+x+(1|h)": [("1 | g", "g", ("g",)), ("1 | h", "h", ("h",))],
    "x+((1|g))": [("1 | g", "g", ("g",))],
    "(x+(1|g))": [("1 | g", "g", ("g",))],
    "(1|g)-(1|g)": [],
    "((x|g))+z": [("x | g", "g", ("g",))],
    "(poly(t,2)|g)": [("poly(t, 2) | g", "g", ("g",))],
}


@pytest.mark.parametrize(("right", "expected"), RANDOM.items())
def test_random_terms(right, expected):
    formula = parse(f"y ~ {right}")
    assert [(bar.text, bar.group, bar.factor_names) for bar in formula.random] == expected
    assert not any("|" in label for label in formula.fixed.labels)


def test_intercept_of_a_random_term_is_implied():
    with_intercept = {"x": True, "1 + x": True, "0 + x": False, "x - 1": False, "1": True}
    for effects, expected in with_intercept.items():
        assert parse(f"y ~ ({effects} | g)").random[0].effects.intercept is expected


@pytest.mark.parametrize("word", ["us", "diag", "cs", "ar1", "toep", "rr", "homdiag", "ou"])
def test_structure_words_are_kept(word):
    (bar,) = parse(f"y ~ x + {word}(1 + x | g, hom = TRUE)").random
    assert bar.structure == word
    assert bar.text == "1 + x | g"
    assert [setting.keyword for setting in bar.settings] == ["hom"]


# Text as given -> text as R's deparse writes it.
DEPARSE = {
    "Reaction~Days+(Days|Subject)": "Reaction ~ Days + (Days | Subject)",
    "y~x+(x||g)": "y ~ x + (x || g)",
    "y~a/b^2+a:b*c": "y ~ a/b^2 + a:b * c",
    "y~a%in%b": "y ~ a %in% b",
    "y~-1+x": "y ~ -1 + x",
    "y~I( - x )": "y ~ I(-x)",
    "y~f(100000,1e-5,0.10,123456.7,2L,1e5L,.5)": "y ~ f(1e+05, 1e-05, 0.1, 123456.7, 2L, 100000L, 0.5)",
    "y~`a b`+`c`": "y ~ `a b` + c",
    "log( y )~x": "log(y) ~ x",
    "cbind(s,n-s)~x": "cbind(s, n - s) ~ x",
    "~x": "~x",
    "y~I(!a&b|c)": "y ~ I(!a & b | c)",
    "y~(x>=3)": "y ~ (x >= 3)",
    "y~splines::ns(x,df=3)": "y ~ splines::ns(x, df = 3)",
    "y~f('it\\'s')": 'y ~ f("it\'s")',
    "y ~ np.log(x)": "y ~ np.log(x)",
    "größe ~ höhe": "größe ~ höhe",
    "y~x**2": "y ~ x^2",
}


@pytest.mark.parametrize(("given", "shown"), DEPARSE.items())
def test_deparse(given, shown):
    assert str(parse(given)) == shown
    assert str(parse(shown)) == shown


UPDATES = [
    ("y ~ x", ". ~ . + z", "y ~ x + z"),
    ("y ~ x + z", ". ~ . - z", "y ~ x"),
    ("y ~ x", "~ .", "y ~ x"),
    ("y ~ x", "log(.) ~ .", "log(y) ~ x"),
    ("y ~ x", "w ~ .", "w ~ x"),
    ("y ~ x", ". ~ 1", "y ~ 1"),
    ("y ~ x", ". ~ . - x", "y ~ 1"),
    ("y ~ 0 + x", ". ~ . + z", "y ~ x + z - 1"),
    ("y ~ x", ". ~ . - 1", "y ~ x - 1"),
    ("y ~ a * b", ". ~ . + c", "y ~ a + b + c + a:b"),
    ("y ~ a * b + (1 | g)", ". ~ . + c - a:b", "y ~ a + b + (1 | g) + c"),
    ("y ~ x + offset(z) + (1 | g)", "log(.) ~ . + z - 1", "log(y) ~ x + (1 | g) + z + offset(z) - 1"),
    ("y ~ x + (1 | g)", ". ~ . - (1 | g) + (x | g)", "y ~ x + (x | g)"),
    ("y ~ x + (x || g)", ". ~ . + z", "y ~ x + (x || g) + z"),
    ("y ~ x + (1 | g)", ". ~ . - (1 | g)", "y ~ x"),
    ("y ~ x", ". ~ . + (1 | g) + (1 | h)", "y ~ x + (1 | g) + (1 | h)"),
    ("y ~ x", ". ~ . + w:x + x:w", "y ~ x + x:w"),
    ("y ~ x", ". ~ .:f", "y ~ x:f"),
    ("y ~ x + z", ". ~ (.)^2", "y ~ x + z + x:z"),
    ("y ~ x + z", ". ~ log(x) + . - x", "y ~ log(x) + z"),
    ("~ x", ". ~ . + z", "~x + z"),
    ("y ~ x + (x || g)", ". ~ . - (0 + x | g)", "y ~ x + (1 | g)"),
    ("y ~ x + (x || g)", ". ~ . - (1 | g)", "y ~ x + (0 + x | g)"),
    ("y ~ x + (1 | g) + (0 + x | g)", ". ~ . - (x || g) + (1 | h)", "y ~ x + (1 | h)"),
    ("y ~ x + (x | g)", ". ~ . - (1 + x | g)", "y ~ x"),
    ("y ~ x + (1 | a/b)", ". ~ . - (1 | a)", "y ~ x + (1 | b:a)"),
    ("y ~ x + (1 | a/b)", ". ~ . - (1 | a:b)", "y ~ x + (1 | a)"),
    ("y ~ x + cs(x | a/b)", ". ~ . - cs(x | a)", "y ~ x + cs(x | b:a)"),
    ("y ~ x + (1 | g) + (1 | h)", ". ~ . - ((1 | g) + (1 | h))", "y ~ x"),
    ("y ~ x + offset(z)", ". ~ . - offset(z)", "y ~ x"),
    ("y ~ x + offset(z)", ". ~ . - offset(z) + offset(w)", "y ~ x + offset(w)"),
    ("y ~ x + offset(z)", ". ~ . - offset(z) + offset(z)", "y ~ x + offset(z)"),
    ("y ~ a + b", ". ~ . - a*b", "y ~ 1"),
    ("log(y) ~ x", ". ~ . - y", "log(y) ~ x"),
]


@pytest.mark.parametrize(("old", "change", "expected"), UPDATES)
def test_update(old, change, expected):
    assert str(update(old, change)) == str(parse(expected))
    assert update(parse(old), change) == parse(expected)


def test_dot_is_every_other_column():
    names = ("y", "x", "z", "g", "a b")
    assert str(expand_dot(parse("y ~ ."), names)) == "y ~ x + z + g + `a b`"
    assert str(expand_dot(parse("log(y) ~ . - z + (1 | g)"), names)) == "log(y) ~ x + z + g + `a b` - z + (1 | g)"
    assert expand_dot(parse("y ~ .^2"), ("y", "x", "z")).fixed.labels == ("x", "z", "x:z")


def test_many_terms_are_no_deep_nesting():
    formula = parse("y ~ " + " + ".join(f"x{i}" for i in range(3000)))
    assert len(formula.fixed.labels) == 3000
    assert pickle.loads(pickle.dumps(formula)) == formula


def test_parse_is_cached():
    assert parse("y ~ x + (x | g)") is parse("y ~ x + (x | g)")
    assert parse("y~x") == parse("y ~ x")
    assert hash(parse("y~x")) == hash(parse("y ~ x"))
    assert parse("y ~ x") != parse("y ~ z")


def test_one_sided():
    formula = parse("~ (1 | g)")
    assert formula.left is None
    assert formula.response is None
    assert [bar.text for bar in formula.random] == ["1 | g"]
