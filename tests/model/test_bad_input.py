"""What a student may get wrong: each is answered by an error or warning that says where, what, and the cure.

The rooms' own tests look at their messages one by one; this is the list as a whole, through the public functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedmodels as mm
from mixedmodels import DataError, DesignError, FitError, FormulaError, MixedModelsError, UnknownColumnError

N = 24
GOOD = "y ~ days + (1 | subject)"


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    y = (rng.normal(size=N) + np.repeat(rng.normal(size=4), 6)).round(2)
    at = np.arange(N)
    return {
        "y": y,
        "days": np.tile(np.arange(6.0), 4),
        "subject": np.repeat(list("abcd"), 6),
        "text": np.tile(["u", "v", "w"], 8),
        "row": at,
        "half": at // 2,
        "one": np.repeat("only", N),
        "constant": np.full(N, 2.5),
        "gone": np.full(N, np.nan),
        "hole": np.where(at == 4, np.nan, at * 1.0),
        "infinite": np.where(np.isin(at, [3, 8]), np.inf, y),
        "negative": np.where(at == 5, -2.0, 1.0),
        "zero": np.where(at == 5, 0.0, 1.0),
        "level": np.repeat([1.5, 2.5, 0.5, 4.0], 6),
        "huge": y * 1e300,
        "tiny": y * 1e-160,
        "x": np.linspace(0, 1, N) ** 2,
    }


LIBRARIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "dict": lambda table: {name: values.tolist() for name, values in table.items()},
}


class Bad(NamedTuple):
    """An item of the list: a call of `lmer` on the table above, and what is said."""

    what: str
    formula: Any
    error: type[MixedModelsError]
    phrases: tuple[str, ...]
    arguments: dict[str, Any] = {}  # noqa: RUF012


LIST = [
    Bad(
        "misspelt column",
        "y ~ day + (1 | subject)",
        UnknownColumnError,
        ("no column 'day'", "did you mean 'days'?", "\n    y ~ day + (1 | subject)\n        ^^^"),
    ),
    Bad(
        "misspelt group",
        "y ~ days + (1 | Subjet)",
        UnknownColumnError,
        ("no column 'Subjet'", "did you mean 'subject'?", "\n" + " " * 20 + "^^^^^^"),
    ),
    Bad(
        "misspelt column in a call",
        "y ~ log(dayz + 1) + (1 | subject)",
        UnknownColumnError,
        ("did you mean 'days'?", "\n            ^^^^"),
    ),
    Bad(
        "misspelt weights",
        GOOD,
        UnknownColumnError,
        ("no column 'zeroo'", "did you mean 'zero'?"),
        {"weights": "zeroo"},
    ),
    Bad(
        "name like no other",
        "y ~ qqqq + (1 | subject)",
        UnknownColumnError,
        ("no column 'qqqq'", "check the spelling", "Its columns are: y, days"),
    ),
    Bad(
        "parenthesis opened",
        "y ~ days + (1 | subject",
        FormulaError,
        ("opened but never closed", "\n    y ~ days + (1 | subject\n               ^"),
    ),
    Bad(
        "parenthesis closed",
        "y ~ days + 1 | subject)",
        FormulaError,
        ("closed but never opened", "\n" + " " * 26 + "^"),
    ),
    Bad("no tilde", "y == days + (1 | subject)", FormulaError, ("needs a '~'", "\n    ^^^^")),
    Bad("sign like a tilde", "y \u223c days + (1 | subject)", FormulaError, ("type '~'", "\n      ^")),
    Bad(
        "bar without parentheses",
        "y ~ days | subject | x",
        FormulaError,
        ("in parentheses: (x | g)", "\n" + " " * 13 + "^"),
    ),
    Bad("no text", 3, FormulaError, ("a formula is a text such as 'y ~ x + (1 | g)', not int",)),
    Bad("empty text", "", FormulaError, ("the formula is empty",)),
    Bad("no random term", "y ~ days", DesignError, ("'y ~ days' has no random term", "(1 | group)", "lm()")),
    Bad("no response", "~ days + (1 | subject)", DesignError, ("has no response", "left of '~'")),
    Bad(
        "grouping factor with one level",
        "y ~ days + (1 | one)",
        DesignError,
        ("'one' has one level, 'only', in the 24 rows", "at least two", "remove its random term"),
    ),
    Bad(
        "as many levels as rows",
        "y ~ days + (1 | row)",
        DesignError,
        ("(1 | row)", "24 levels for 24 observations", "coarser grouping factor"),
    ),
    Bad(
        "as many combinations as rows",
        "y ~ days + (1 | days:subject)",
        DesignError,
        ("'days:subject' has 24 levels for 24 observations",),
    ),
    Bad(
        "more random effects than observations",
        "y ~ days + (x | half)",
        DesignError,
        ("(x | half)", "24 random effects for 24 observations", "drop a column"),
    ),
    Bad(
        "more fixed effects than observations",
        "y ~ factor(row) + (1 | subject)",
        DesignError,
        ("24 independent columns for 24 rows", "leave out terms"),
    ),
    Bad(
        "constant response",
        "constant ~ days + (1 | subject)",
        DesignError,
        ("'constant' is 2.5 in all 24 rows", "the right column"),
    ),
    Bad(
        "response constant less the offset",
        GOOD,
        DesignError,
        ("'y' less the offset is 0 in all 24 rows", "the right column"),
        {"offset": "y"},
    ),
    Bad(
        "response constant within groups",
        "level ~ 1 + (1 | subject)",
        FitError,
        ("'level' has one value in each level of 'subject'", "1.5 in 'a'", "one row per level and lm()"),
    ),
    Bad(
        "response that the fixed effects determine",
        "days ~ I(2 * days) + (1 | subject)",
        FitError,
        ("fits the response exactly", "columns that determine the response 'days'"),
    ),
    Bad(
        "infinite response",
        "infinite ~ days + (1 | subject)",
        DataError,
        ("'infinite' is inf in row 3 (and in 1 more), rows counted from 0", "drop these rows"),
    ),
    Bad(
        "infinite transform",
        "y ~ log(days) + (1 | subject)",
        DataError,
        ("'log(days)' is -inf in row 0 (and in 3 more)", "transform the column"),
    ),
    Bad(
        "huge response",
        "huge ~ days + (1 | subject)",
        DataError,
        ("'huge' has values up to", "too large", "divide it by 1e+300"),
    ),
    Bad(
        "tiny response",
        "tiny ~ days + (1 | subject)",
        DataError,
        ("'tiny' has values up to", "too small", "divide it by 1e-160"),
    ),
    Bad(
        "huge predictor",
        "y ~ huge + (1 | subject)",
        DataError,
        ("column 'huge' of the fixed effects", "divide it by 1e+300"),
    ),
    Bad(
        "all rows missing",
        "y ~ gone + (1 | subject)",
        DataError,
        ("no row is left", "'gone' (24)", "leave a variable out"),
    ),
    Bad(
        "missing where none may be",
        "y ~ hole + (1 | subject)",
        DataError,
        ("1 of 24 rows", "row 4, counted from 0", "'hole' (1)", "na_action='omit'"),
        {"na_action": "fail"},
    ),
    Bad(
        "negative weight",
        GOOD,
        DataError,
        ("weights are -2 in row 5", "positive", "subset='w > 0'"),
        {"weights": "negative"},
    ),
    Bad("zero weights", GOOD, DataError, ("every weight is 0", "give positive weights"), {"weights": [0] * 24}),
    Bad(
        "weights of text",
        GOOD,
        DataError,
        ("weights 'text' is text or categories ('u', 'v', 'w')",),
        {"weights": "text"},
    ),
    Bad("too few weights", GOOD, DataError, ("weights has 3 values, the table has 24 rows",), {"weights": [1, 1, 2]}),
    Bad("too short an offset", GOOD, DataError, ("offset has 2 values", "one value per row"), {"offset": [1, 2]}),
    Bad("too short a subset", GOOD, DataError, ("subset has 2 values", "one value per row"), {"subset": [True, False]}),
    Bad("subset of nothing", GOOD, DataError, ("subset leaves no row", "loosen"), {"subset": "days > 99"}),
    Bad("start too long", GOOD, FitError, ("start has shape (3,), but theta has 1",), {"start": [1, 0, 1]}),
    Bad(
        "text as response",
        "text ~ days + (1 | subject)",
        DataError,
        ("response 'text' is text or categories ('u', 'v', 'w') where numbers are needed", "convert it"),
    ),
    Bad(
        "text as a number",
        "y ~ log(text) + (1 | subject)",
        DataError,
        ("text is text or categories ('u', 'v', 'w') where a number is needed", "as a factor"),
    ),
    Bad(
        "unknown function",
        "y ~ lgo(days + 1) + (1 | subject)",
        FormulaError,
        ("lgo() is not known; did you mean log()?", "\n        ^^^"),
    ),
    Bad(
        "unknown function deep in a formula",
        "y ~ poly(days, 2) * I(zzqx(x)^2) + (1 | subject)",
        FormulaError,
        ("zzqx() is not known", "env", "\n" + " " * 26 + "^^^^"),
    ),
    Bad(
        "response on the right",
        "y ~ y + days + (1 | subject)",
        DesignError,
        ("'y'", "on the right of '~' too", "remove it"),
    ),
    Bad("response as a group", "y ~ days + (1 | y)", DesignError, ("'y'", "on the right of '~' too")),
    Bad("structure not fitted", "y ~ ar1(0 + days | subject)", DesignError, ("'ar1'", "not fitted yet", "diag()")),
    Bad("REML no truth value", GOOD, FitError, ("REML is 'ML'", "True or False"), {"REML": "ML"}),
    Bad(
        "unknown setting",
        GOOD,
        FitError,
        ("no setting 'maxit'", "max_evaluations, tolerance"),
        {"control": {"maxit": 3}},
    ),
    Bad("verbose no number", GOOD, FitError, ("verbose is 'yes'",), {"verbose": "yes"}),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("bad", LIST, ids=lambda bad: bad.what)
def test_bad_input_is_refused_with_place_value_and_cure(bad: Bad, library: str) -> None:
    with pytest.raises(bad.error) as caught:
        mm.lmer(bad.formula, LIBRARIES[library](columns()), **bad.arguments)
    assert type(caught.value) is bad.error
    for phrase in bad.phrases:
        assert phrase in str(caught.value)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_table_itself_is_good(library: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mm.lmer(GOOD, LIBRARIES[library](columns())).converged


TABLES: list[tuple[str, Any, tuple[str, ...]]] = [
    ("empty table", pd.DataFrame(columns=["y", "days", "subject"]), ("the table has no rows",)),
    ("empty polars table", pl.DataFrame({"y": [], "days": [], "subject": []}), ("the table has no rows",)),
    ("no columns", {}, ("the table has no columns",)),
    (
        "duplicate names",
        pd.concat([pd.DataFrame(columns()), pd.DataFrame(columns())[["days"]]], axis=1),
        ("more than one column called 'days'", "rename them"),
    ),
    (
        "columns of two lengths",
        {"y": [1.0, 2.0, 3.0], "days": [1, 2], "subject": list("aab")},
        ("'y' and 'days' have 3 and 2",),
    ),
    (
        "mixed column",
        {**columns(), "days": [1, "two"] * 12},
        ("'days' mixes int (1 in row 0) and str ('two' in row 1",),
    ),
    ("complex column", {**columns(), "days": np.full(N, 1j)}, ("'days' holds complex numbers", "row 0", "real part")),
    ("no table", "data.csv", ("data is a str ('data.csv')", "read a file first", "pandas or polars")),
    ("nothing", None, ("data is a NoneType",)),
]


@pytest.mark.parametrize(("data", "phrases"), [t[1:] for t in TABLES], ids=[t[0] for t in TABLES])
def test_bad_table_is_refused(data: Any, phrases: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as caught:
        mm.lmer(GOOD, data)
    for phrase in phrases:
        assert phrase in str(caught.value)


def test_errors_are_built_in_ones_too() -> None:
    with pytest.raises(KeyError):
        mm.lmer("y ~ day + (1 | subject)", columns())
    with pytest.raises(ValueError, match="never closed"):
        mm.lmer("y ~ (1 | subject", columns())
    with pytest.raises(RuntimeError, match="no residual variance"):
        mm.lmer("level ~ 1 + (1 | subject)", columns())


def test_random_effects_that_fit_exactly_are_refused() -> None:
    table = columns()
    table["exact"] = table["level"] * (1 + table["x"]) + table["days"]
    with pytest.raises(FitError, match=r"fits the response exactly: .* is rounding error.*determine 'exact'"):
        mm.lmer("exact ~ days + x + (x | subject)", table)


@pytest.mark.parametrize("response", ["days", "constant", "I(0 * days)"])
def test_perfect_linear_fit_warns(response: str) -> None:
    with pytest.warns(mm.PerfectFitWarning, match="rounding error") as caught:
        fit = mm.lm(f"{response} ~ x + row + I(days * 1)" if response == "days" else f"{response} ~ x", columns())
    assert caught[0].filename == __file__
    assert fit.sigma < 1e-14
    text = str(fit.summary())
    assert "Residual standard error" in text
    assert "inf" not in text


def test_linear_model_of_extreme_numbers_is_refused() -> None:
    for name in ("huge", "tiny"):
        with pytest.raises(DataError, match=f"the response '{name}' has values up to .* divide it by 1e"):
            mm.lm(f"{name} ~ days", columns())


def test_singular_fit_and_dropped_columns_are_warnings() -> None:
    table = columns()
    table["flat"] = table["y"] - np.repeat(table["y"].reshape(4, 6).mean(axis=1), 6)
    with pytest.warns(mm.SingularFitWarning, match=r"in \(1 \| subject\) the variance of \(Intercept\) is 0"):
        mm.lmer("flat ~ days + (1 | subject)", table)
    table["twice"] = 2 * table["days"]
    with pytest.warns(mm.RankDeficientWarning, match="dropped 'twice', which is a combination of earlier columns"):
        mm.lmer("y ~ days + twice + (1 | subject)", table)
