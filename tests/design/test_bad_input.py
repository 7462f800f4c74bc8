"""Bad input is refused with its place, its value and the cure."""

import numpy as np
import pandas as pd
import pytest

from mixedmodels import frame
from mixedmodels.design import build, on_new_data
from mixedmodels.errors import DataError, DesignError, FormulaError, MixedModelsWarning, UnknownColumnError

N = 24


def table(**more):
    columns = {
        "y": np.linspace(1, 3, N) ** 2,
        "x": np.tile(np.arange(6.0), 4),
        "g": pd.Categorical(np.repeat(list("abcd"), 6)),
        "text": np.tile(["u", "v", "w"], 8),
    }
    return frame.read(pd.DataFrame({**columns, **more}))


def refused(error, words, formula, data=None, **arguments):
    with pytest.raises(error, match=words) as caught:
        build(formula, table() if data is None else data, **arguments)
    return str(caught.value)


def test_misspelt_column():
    refused(UnknownColumnError, "did you mean 'text'", "y ~ txet")
    refused(UnknownColumnError, "no column 'group'", "y ~ x + (1 | group)")
    refused(UnknownColumnError, "no column 'Y'; did you mean 'y'", "Y ~ x")
    refused(UnknownColumnError, "no column 'wt'", "y ~ x", weights="wt")


def test_unknown_function_is_marked():
    message = refused(FormulaError, r"lgo\(\) is not known; did you mean log\(\)", "y ~ x + lgo(x)")
    assert message.split("\n")[1:] == ["    y ~ x + lgo(x)", "            ^^^"]
    refused(FormulaError, "pass it in env", "y ~ zzzzqqq(x)")
    message = refused(FormulaError, "is not known", "y ~ . - g - text + foo(x)")
    assert message.split("\n")[-1].strip() == "^^^"
    assert message.split("\n")[-2][message.split("\n")[-1].index("^") :].startswith("foo(")


def test_random_term_required_or_forbidden():
    refused(DesignError, r"has no random term; add one such as \(1 \| group\)", "y ~ x", random="required")
    refused(DesignError, r"has the random term \(1 \| g\); use lmer\(\)", "y ~ x + (1 | g)", random="forbidden")


def test_grouping_factor_with_one_level():
    one = table(one="only")
    refused(DesignError, "'one' has one level, 'only', in the 24 rows", "y ~ (1 | one)", one, random="required")
    refused(DesignError, "'g' has one level, 'b'", "y ~ (1 | g)", subset="g == 'b'", random="required")
    assert build("y ~ (1 | one)", one).groups[0].n_levels == 1


def test_as_many_effects_as_rows():
    rows = table(row=np.arange(N), half=np.repeat(np.arange(12), 2))
    refused(DesignError, "'row' has 24 levels for 24 observations", "y ~ x + (1 | row)", rows, random="required")
    refused(DesignError, "24 random effects for 24 observations", "y ~ x + (x | half)", rows, random="required")
    build("y ~ x + (1 | row)", rows, random="required", residual=False)
    build("y ~ x + (1 | half)", rows, random="required")


def test_constant_response():
    constant = table(c=np.full(N, 2.5))
    refused(DesignError, "'c' is 2.5 in all 24 rows", "c ~ x + (1 | g)", constant, random="required")
    assert build("c ~ x", constant).response[0] == 2.5


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_values(bad):
    values = np.arange(1.0, N + 1)
    values[[7, 9]] = bad
    data = table(z=values)
    refused(DataError, rf"response 'z' is {bad:g} in row 7 \(and in 1 more\)", "z ~ x", data)
    refused(DataError, f"'z' is {bad:g} in row 7", "y ~ z", data)
    refused(DataError, f"'z' is {bad:g} in row 7", "y ~ x + (z | g)", data)
    refused(DataError, f"the offset is {bad:g} in row 7", "y ~ x", data, offset="z")
    refused(DataError, f"z is {bad:g} in row 7", "y ~ poly(z, 2)", data)
    refused(DataError, r"'log\(x\)' is -inf in row 0", "y ~ log(x)")
    refused(DataError, "is -inf in row 6", "y ~ log(x)", subset=np.arange(6, N))


def test_infinite_value_in_a_row_that_is_left_out():
    data = table(z=np.where(np.arange(N) == 3, np.inf, 1.0 * np.arange(N)), m=np.where(np.arange(N) == 3, np.nan, 1.0))
    assert build("y ~ z + m", data).dropped == 1
    assert len(build("y ~ z", data, subset="x != 3 | y > 2").response) < N


def test_nothing_left():
    gone = table(m=np.full(N, np.nan))
    refused(DataError, r"no row is left: each of the 24 rows .* 'm' \(24\)", "y ~ x + m", gone)
    refused(DataError, "subset leaves no row", "y ~ x", subset="x > 100")
    with pytest.raises(DataError, match="has no rows"):
        build("y ~ x", frame.read(pd.DataFrame({"y": [], "x": []})))


def test_text_where_a_number_is_needed():
    refused(DataError, r"response 'text' is text or categories \('u', 'v', 'w'\)", "text ~ x")
    refused(DataError, r"text is text or categories .* where a number is needed", "y ~ log(text)")
    refused(
        DataError,
        r"response 'text' has 3 categories, 'u', 'v', 'w', and a binomial response has two.*I\(text == 'w'\)",
        "text ~ x",
        response="binomial",
    )
    refused(DataError, "g is text or categories", "y ~ x + I(g + 1)")
    refused(DataError, "weights 'text' is text", "y ~ x", weights="text")
    refused(DataError, r"offset\(g\) is not one number per row", "y ~ offset(g)")
    refused(DataError, "needs a column of numbers, but 2 is the number 2", "y ~ poly(2)")


def test_response_on_both_sides():
    refused(DesignError, "the response 'y' .* is on the right of '~' too", "y ~ x + y")
    refused(DesignError, "on the right", "y ~ x * y")
    refused(DesignError, "on the right", "y ~ x + (y | g)")
    refused(DesignError, "on the right", "log(y) ~ log(y) + x")
    refused(DesignError, "on the right", "text ~ x + (1 | text)", response="binomial")
    build("log(y) ~ y", table())


def test_weights():
    values = np.ones(N)
    values[[4, 6]] = 0
    refused(DataError, r"weights are 0 in row 4 \(and in 1 more\).*drop these rows", "y ~ x", weights=values)
    values[2] = -1.5
    refused(DataError, "weights are -1.5 in row 2", "y ~ x", table(w=values), weights="w")
    refused(DataError, "weights has 3 values, the table has 24 rows", "y ~ x", weights=[1, 2, 3])
    refused(DataError, "weights are inf in row 0", "y ~ x", weights=np.full(N, np.inf))
    refused(DataError, "offset has 2 values", "y ~ x", offset=[1.0, 2.0])
    refused(DataError, "subset has 2 values", "y ~ x", subset=[True, False])
    refused(DataError, "subset holds row 99", "y ~ x", subset=[1, 99])
    refused(DataError, "subset 'x' is numbers", "y ~ x", subset="x")


def test_table_that_cannot_be_used():
    with pytest.raises(DataError, match="'x'"):
        build("y ~ x", frame.read(pd.DataFrame(np.ones((4, 3)), columns=["y", "x", "x"])))
    with pytest.raises(DataError, match="complex"):
        build("y ~ z", table(z=np.ones(N) * 1j))


def test_factor_with_one_level():
    refused(DesignError, "factor 'one' has one level, 'k'", "y ~ one", table(one="k"))
    refused(DesignError, "factor 'text' has one level, 'v'", "y ~ x * text", subset="text == 'v'")


def test_contrasts():
    refused(DesignError, "'summ' is not known; use one of treatment, sum", "y ~ g", contrasts={"g": "summ"})
    refused(DesignError, "given for 'h', which is not a factor of the formula", "y ~ g", contrasts={"h": "sum"})
    refused(DesignError, "given for 'x', which is not a factor; write factor", "y ~ g + x", contrasts={"x": "sum"})
    refused(DesignError, "are 2 x 2; the factor has 4 levels", "y ~ g", contrasts={"g": np.eye(2)})
    refused(DesignError, "singular", "y ~ g", contrasts={"g": np.ones((4, 1))})
    refused(DesignError, "give a name such as 'sum'", "y ~ g", contrasts={"g": {"a": 1}})


def test_structures_that_are_not_fitted():
    refused(DesignError, r"random term cs\(x \| g\): the structure 'cs' \(compound symmetry\)", "y ~ x + cs(x | g)")
    refused(DesignError, "hom = TRUE is not fitted yet", "y ~ x + diag(x | g, hom = TRUE)")
    assert build("y ~ x + us(x | g)", table()).random[0].effects == ("(Intercept)", "x")


def test_wrong_arguments_of_functions():
    for formula, words in {
        "y ~ poly(x, 0)": "degree of poly",
        "y ~ poly(x, 9)": "more than 9 distinct values, there are 6",
        "y ~ poly(x, nothing = 1)": "has no argument 'nothing'",
        "y ~ poly()": "names no column",
        "y ~ bs(x, df = 2.5)": "df of bs",
        "y ~ bs(x, knots = 99)": "must lie between the boundary knots",
        "y ~ ns(x, knots = 'a')": "cannot be computed",
        "y ~ scale(x, 1, 2, 3)": "more arguments than scale",
        "y ~ log()": "cannot be computed",
        "y ~ sqrt(x, x, x)": "cannot be computed",
        "y ~ factor()": "factor\\(\\) takes",
        "y ~ factor(x, labels = c('a', 'b'))": "2 labels for 6 levels",
        "y ~ relevel(g, ref = 'q')": "'q' is not a level",
        "y ~ g > 'a'": "only an ordered factor",
        "y ~ I(x, g)": "takes one argument",
        "y ~ ifelse(x)": "a test and two values",
        "y ~ 'a'": "one number or category per row",
        "y ~ c(1, 2)": "one number or category per row",
        "y ~ I(x + NULL)": "None where a number is needed",
        "y ~ I(1:1000000)": "more than 100000 numbers",
        "y ~ (1 | cbind(x, y2))": "no column 'y2'",
        "y ~ (1 | cbind(x, x))": "a grouping factor has one value per row",
        "y ~ cut(x, 3)": "break points",
    }.items():
        refused((FormulaError, DataError, DesignError), words, formula)


def test_scale_of_a_constant():
    refused(DesignError, "spread of the values, which is 0", "y ~ scale(c)", table(c=np.ones(N)))


def test_na_action():
    data = table(m=np.where(np.arange(N) < 2, np.nan, 1.0 * np.arange(N)))
    words = r"2 of 24 rows miss a value .* first is row 0, counted from 0; missing values are in 'm' \(2\)"
    refused(DataError, words, "y ~ m", data, na_action="fail")
    refused(DesignError, "na_action is 'drop'", "y ~ m", data, na_action="drop")


def test_numbers_lost_in_a_transform_are_said():
    with pytest.warns(MixedModelsWarning, match=r"log\(x - 2\) gives no number in 8 rows"):
        design = build("y ~ log(x - 2)", table(), subset="x != 2")
    assert design.dropped == 8


def test_split_of_a_factor_is_said():
    with pytest.warns(MixedModelsWarning, match="splits terms but not the 3 columns"):
        design = build("y ~ (text || g)", table())
    assert [term.effects for term in design.random] == [("(Intercept)",), ("textu", "textv", "textw")]


def test_term_that_is_there_twice_is_said():
    data = table(k=np.tile(np.arange(3), 8))
    with pytest.warns(MixedModelsWarning, match=r"random term \(1 \| g\) is in the formula twice"):
        design = build("y ~ (1 | g/k) + (1 | g)", data)
    assert [term.label for term in design.random] == ["k:g", "g"]


class TestNewRows:
    def fitted(self, formula="y ~ x + text + (x | g)"):
        return build(formula, table()).spec

    def test_new_level_of_a_fixed_factor(self):
        new = frame.read({"x": [1.0, 2.0], "text": ["u", "q"], "g": ["a", "b"]})
        with pytest.raises(DataError, match=r"'text' has levels .* did not know: 'q' \(first in row 1\)"):
            on_new_data(self.fitted(), new)

    def test_missing_column(self):
        with pytest.raises(UnknownColumnError, match="no column 'text'"):
            on_new_data(self.fitted(), frame.read({"x": [1.0], "g": ["a"]}))

    def test_another_kind_of_column(self):
        with pytest.raises(DataError, match="'x' was numeric at the fit and is text or categories"):
            on_new_data(self.fitted(), frame.read({"x": ["k"], "text": ["u"], "g": ["a"]}))

    def test_array_offset(self):
        spec = build("y ~ x", table(), offset=np.ones(N)).spec
        new = frame.read({"x": [1.0]})
        with pytest.raises(DesignError, match="an array as offset"):
            on_new_data(spec, new)
        assert on_new_data(spec, new, offset=[3.0]).offset == 3.0

    def test_fail_on_missing_values(self):
        new = frame.read({"x": [1.0, np.nan], "text": ["u", "v"], "g": ["a", "b"]})
        with pytest.raises(DataError, match="1 of 2 new rows miss a value, the first is row 1"):
            on_new_data(self.fitted(), new, na_action="fail")


@pytest.mark.parametrize(
    ("formula", "contrasts", "message"),
    [
        ("y ~ x + text", {"z": "sum", "w": "sum"}, "for 'z' and 'w', which are no factors of the formula; its factors"),
        ("y ~ x + text", {"g": "sum"}, "for 'g', which is not a factor of the formula"),
        ("y ~ x + text + (1 | g)", {"g": "sum"}, "for 'g', which has random effects only, whose contrasts are the def"),
        ("y ~ x + (0 + text | g)", {"text": "nonsense"}, "for 'text', which has random effects only"),
        ("y ~ 0 + text", {"text": "nonsense"}, "contrasts of 'text': 'nonsense' is not known"),
        ("y ~ x + text", {"x": "sum"}, "for 'x', which is not a factor; write factor"),
        ("y ~ x + text", ["sum"], "give a mapping from factors"),
        ("y ~ x + text", "sum", "give a mapping from factors"),
    ],
)
def test_contrasts_that_would_do_nothing(formula, contrasts, message):
    refused(DesignError, message, formula, contrasts=contrasts)
