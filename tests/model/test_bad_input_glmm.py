"""What may be wrong with a generalised mixed model: an error or a warning that says where, what, and the cure.

What linear models share with it (misspelt columns, parentheses, missing values) is listed in test_bad_input.py.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedmodels as mm
from mixedmodels import DataError, DesignError, FitError, FormulaError, MixedModelsError

N = 60


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    at = np.arange(N)
    group, item = np.repeat(list("abcdefghij"), 6), np.tile(list("uvwxyz"), 10)
    x = rng.normal(size=N).round(2)
    effect = np.repeat(rng.normal(size=10), 6)
    count = rng.poisson(np.exp(1 + 0.3 * x + 0.5 * effect))
    yes = rng.binomial(1, 1 / (1 + np.exp(-x - effect)))
    yes[7] = 1
    positive = rng.gamma(3, np.exp(0.5 * effect) / 3).clip(0.05).round(3)
    trials = rng.integers(4, 9, N)
    return {
        "x": x,
        "group": group,
        "item": item,
        "row": at,
        "count": count,
        "yes": yes,
        "positive": positive,
        "trials": trials,
        "won": rng.binomial(trials, 0.5),
        "share": 0.25 + 0.5 * (at % 2),
        "third": np.full(N, 1 / 3) + 0.1 * (at % 2),
        "negative": np.where(at == 7, -2, count),
        "fraction": np.where(at == 7, 2.5, count),
        "fraction_success": np.where(at == 7, 1.5, 2.0),
        "zero_row": np.where(at == 7, 0.0, positive),
        "below": np.where(at == 7, -1.5, positive),
        "one_two": yes + 1,
        "three": at % 3,
        "none": np.zeros(N, int),
        "all": np.ones(N, int),
        "same": np.full(N, 2.5),
        "text": np.tile(["red", "green", "blue"], N // 3),
        "hole": np.where(at == 3, np.nan, at % 4),
        "infinite": np.where(at == 3, np.inf, positive),
        "bad_trials": np.where(at == 7, -3, trials),
        "large": 100.0 + at,
    }


class Bad(NamedTuple):
    """An item of the list: a call of `glmer` on the table above, and what is said."""

    what: str
    formula: str
    family: Any
    error: type[MixedModelsError]
    phrases: tuple[str, ...]
    arguments: dict[str, Any] = {}  # noqa: RUF012


LIST = [
    # The response and its family.
    Bad("negative count", "negative ~ x + (1 | group)", "poisson", DataError, ("negative", "-2", "row 7")),
    Bad(
        "negative count, nb", "negative ~ x + (1 | group)", "negative_binomial", DataError, ("negative", "-2", "row 7")
    ),
    Bad(
        "fractional count", "fraction ~ x + (1 | group)", "poisson", DataError, ("'fraction'", "2.5", "row 7", "whole")
    ),
    Bad("fractional count, nb", "fraction ~ x + (1 | group)", "nbinom2", DataError, ("'fraction'", "2.5", "whole")),
    Bad(
        "proportion without trials",
        "share ~ x + (1 | group)",
        "binomial",
        DataError,
        ("'share'", "row 0 (and 59 more), 0.25", "proportion without its number of trials", "weights=", "cbind"),
    ),
    Bad(
        "proportion that the trials cannot give",
        "third ~ x + (1 | group)",
        "binomial",
        DataError,
        ("'third'", "whole", "trials"),
        {"weights": "trials"},
    ),
    Bad(
        "more than two outcomes",
        "three ~ x + (1 | group)",
        "binomial",
        DataError,
        ("'three'", "row 2", "outside 0 to 1", "cbind(successes, failures)"),
    ),
    Bad(
        "outcomes coded 1 and 2",
        "one_two ~ x + (1 | group)",
        "binomial",
        DataError,
        ("'one_two' is coded 1 and 2", "failure as 0 and success as 1", "I(one_two == 2)"),
    ),
    Bad(
        "negative number of failures",
        "cbind(won, negative) ~ x + (1 | group)",
        "binomial",
        DataError,
        ("row 7", "negative count"),
    ),
    Bad(
        "fraction of a success",
        "cbind(fraction_success, trials) ~ x + (1 | group)",
        "binomial",
        DataError,
        ("row 7", "1.5", "whole numbers"),
    ),
    Bad(
        "three columns",
        "cbind(won, trials, count) ~ x + (1 | group)",
        "binomial",
        DesignError,
        ("3 columns", "cbind(successes, failures)"),
    ),
    Bad(
        "two columns of counts",
        "cbind(won, trials) ~ x + (1 | group)",
        "poisson",
        DesignError,
        ("2 columns", "poisson", "binomial family"),
    ),
    Bad(
        "Gamma of zero",
        "zero_row ~ x + (1 | group)",
        "Gamma",
        DataError,
        ("'zero_row'", "row 7", "greater than zero"),
    ),
    Bad(
        "Gamma below zero",
        "below ~ x + (1 | group)",
        "Gamma",
        DataError,
        ("'below'", "-1.5", "row 7", "greater than zero"),
    ),
    Bad(
        "inverse Gaussian of zero",
        "zero_row ~ x + (1 | group)",
        "inverse.gaussian",
        DataError,
        ("'zero_row'", "row 7", "greater than zero"),
    ),
    Bad("text as a count", "text ~ x + (1 | group)", "poisson", DataError, ("'text'", "red", "numbers")),
    Bad("infinite response", "infinite ~ x + (1 | group)", "Gamma", DataError, ("'infinite' is inf in row 3",)),
    # Responses that say nothing.
    Bad(
        "no success at all",
        "none ~ x + (1 | group)",
        "binomial",
        DesignError,
        ("'none' is 0 in all 60 rows", "failure", "nothing can be learnt", "right column"),
    ),
    Bad(
        "successes only",
        "all ~ x + (1 | group)",
        'binomial(link = "probit")',
        DesignError,
        ("'all' is 1 in all 60 rows", "success", "nothing can be learnt"),
    ),
    Bad(
        "nothing counted",
        "none ~ x + (1 | group)",
        "poisson",
        DesignError,
        ("'none' is 0 in all", "nothing was counted"),
    ),
    Bad("nothing counted, nb", "none ~ x + (1 | group)", "nbinom2", DesignError, ("'none' is 0 in all",)),
    Bad("constant positive response", "same ~ x + (1 | group)", "Gamma", DesignError, ("'same' is 2.5 in all",)),
    # Family and link.
    Bad("unknown family", "count ~ x + (1 | group)", "poison", MixedModelsError, ("'poison'", "poisson")),
    Bad("family of nothing", "count ~ x + (1 | group)", None, MixedModelsError, ("family", "None")),
    Bad("number as a family", "count ~ x + (1 | group)", 3, MixedModelsError, ("family", "3")),
    Bad("unknown link", "count ~ x + (1 | group)", 'poisson(link = "lgo")', MixedModelsError, ("'lgo'", "log")),
    Bad("link of another family", "count ~ x + (1 | group)", "poisson(logit)", MixedModelsError, ("logit", "sqrt")),
    # A link that leaves the family's domain.
    Bad(
        "identity link for counts",
        "count ~ x + offset(-large) + (1 | group)",
        "poisson(identity)",
        FitError,
        ("identity", "log"),
    ),
    Bad(
        "identity link for a positive response",
        "positive ~ 0 + x + (1 | group)",
        "Gamma(identity)",
        FitError,
        ("identity", "log"),
    ),
    # Weights.
    Bad(
        "negative trials", "share ~ x + (1 | group)", "binomial", DataError, ("-3", "row 7"), {"weights": "bad_trials"}
    ),
    # Quadrature.
    Bad(
        "quadrature on crossed factors",
        "count ~ x + (1 | group) + (1 | item)",
        "poisson",
        FitError,
        ("nAGQ = 5", "one grouping factor", "'group' and 'item'", "nAGQ=1"),
        {"nAGQ": 5},
    ),
    Bad(
        "quadrature on nested factors",
        "count ~ x + (1 | text / group)",
        "poisson",
        FitError,
        ("nAGQ = 2", "one grouping factor", "'group:text' and 'text'"),
        {"nAGQ": 2},
    ),
    Bad("too many points", "count ~ x + (1 | group)", "poisson", FitError, ("nAGQ is 101", "100"), {"nAGQ": 101}),
    Bad("points below zero", "count ~ x + (1 | group)", "poisson", FitError, ("nAGQ is -1",), {"nAGQ": -1}),
    Bad("half a point", "count ~ x + (1 | group)", "poisson", FitError, ("nAGQ is 2.5",), {"nAGQ": 2.5}),
    Bad("truth as points", "count ~ x + (1 | group)", "poisson", FitError, ("nAGQ is True",), {"nAGQ": True}),
    Bad(
        "too fine a grid",
        "count ~ x + (x + I(x^2) + I(x^3) | group)",
        "poisson",
        FitError,
        ("nAGQ = 25 with 4 random effects", "390,625", "nAGQ=11 or less"),
        {"nAGQ": 25},
    ),
    # Settings.
    Bad(
        "unknown definition",
        "yes ~ x + (1 | group)",
        "binomial",
        FitError,
        ("laplace", "'exact'", "'fisher'"),
        {"laplace": "exact"},
    ),
    Bad(
        "start of another length", "yes ~ x + (1 | group)", "binomial", FitError, ("theta", "1"), {"start": [1.0, 2.0]}
    ),
    Bad("no random term", "yes ~ x", "binomial", DesignError, ("no random term", "glm()")),
    Bad("formula without an end", "yes ~ x + (1 | group", "binomial", FormulaError, ("never closed",)),
    Bad("one level", "yes ~ x + (1 | same)", "binomial", DesignError, ("'same' has one level", "at least two")),
]

LIBRARIES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "dict": lambda table: {name: values.tolist() for name, values in table.items()},
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("bad", LIST, ids=lambda bad: bad.what)
def test_bad_input_is_refused_with_place_value_and_cure(bad: Bad, library: str) -> None:
    with pytest.raises(bad.error) as caught:
        mm.glmer(bad.formula, LIBRARIES[library](columns()), family=bad.family, **bad.arguments)
    assert issubclass(type(caught.value), MixedModelsError)
    for phrase in bad.phrases:
        assert phrase in str(caught.value)


GOOD = [
    ("yes ~ x + (1 | group)", "binomial", {}),
    ("cbind(won, trials - won) ~ x + (1 | group)", "binomial(probit)", {}),
    ("I(won / trials) ~ x + (1 | group)", "binomial", {"weights": "trials"}),
    ("count ~ x + (1 | group)", "poisson", {}),
    ("count ~ x + (1 | group)", "poisson", {"nAGQ": 7}),
    ("positive ~ x + (1 | group)", 'Gamma(link = "log")', {}),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("formula", "family", "arguments"), GOOD)
def test_the_table_itself_is_good(formula: str, family: str, arguments: dict[str, Any], library: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", mm.SingularFitWarning)  # six rows a group may well have nothing between them
        assert mm.glmer(formula, LIBRARIES[library](columns()), family=family, **arguments).converged


def test_rows_with_missing_values_are_left_out_and_counted_in_the_place_of_an_error() -> None:
    table = columns()
    assert mm.glmer("count ~ x + hole + (1 | group)", table, family="poisson").nobs == N - 1
    with pytest.raises(DataError, match="row 7"):  # of the table, not of the rows that are left
        mm.glmer("negative ~ x + hole + (1 | group)", table, family="poisson")


def test_errors_are_built_in_ones_too() -> None:
    with pytest.raises(ValueError, match="negative"):
        mm.glmer("negative ~ x + (1 | group)", columns(), family="poisson")
    with pytest.raises(RuntimeError, match="nAGQ"):
        mm.glmer("count ~ x + (1 | group)", columns(), family="poisson", nAGQ=101)


def test_gaussian_with_identity_link_is_left_to_lmer() -> None:
    with pytest.warns(mm.MixedModelsWarning, match="lmer"):
        fit = mm.glmer("positive ~ x + (1 | group)", columns(), family="gaussian")
    assert fit.loglik == pytest.approx(mm.lmer("positive ~ x + (1 | group)", columns(), REML=False).loglik)


# ---- separation ------------------------------------------------------------------------------------------------


def separated(kind: str) -> pd.DataFrame:
    """Outcomes that predictors tell apart, with something between the groups left to estimate."""
    table = pd.DataFrame(columns())
    if kind == "number":
        return table.assign(sure=(table["x"] > 0.1).astype(int))
    colour = table["text"]
    return table.assign(
        sure=np.where(colour == "red", 1, table["yes"]), seen=np.where(colour == "red", 0, table["count"])
    )


def separation(formula: str, table: pd.DataFrame, family: str) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mm.glmer(formula, table, family=family)
    said = [str(w.message) for w in caught if issubclass(w.category, mm.SeparationWarning)]
    assert len(said) == 1, [str(w.message) for w in caught]
    return said[0]


def test_complete_separation_is_named() -> None:
    said = separation("sure ~ x + (1 | group)", separated("number"), "binomial")
    assert "complete separation" in said
    assert "x (+Inf)" in said
    assert "'sure' is 1 only where x >=" in said


@pytest.mark.parametrize("family", ["binomial", "binomial(probit)", "binomial(cloglog)"])
def test_a_level_with_one_outcome_is_named(family: str) -> None:
    said = separation("sure ~ x + text + (1 | group)", separated("level"), family)
    assert "quasi-complete separation" in said
    assert "text = 'red'" in said
    assert "Inf" in said


def test_a_level_without_a_count_is_named() -> None:
    said = separation("seen ~ x + text + (1 | group)", separated("level"), "poisson")
    assert "text = 'red'" in said
    assert "'seen' is 0" in said


def test_what_is_not_separated_is_not_called_so() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", mm.SeparationWarning)
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        mm.glmer("yes ~ x + text + (1 | group)", columns(), family="binomial")


@pytest.mark.filterwarnings("ignore::mixedmodels.MixedModelsWarning")
def test_groups_with_one_outcome_are_no_separation() -> None:
    """Random effects are shrunken: a group of successes only has a finite conditional mode."""
    table = pd.DataFrame(columns())
    table.loc[table["group"] == "c", "yes"] = 1
    fit = mm.glmer("yes ~ x + (1 | group)", table, family="binomial")
    assert np.isfinite(np.asarray(fit.ranef()["group"])).all()
    assert np.isfinite(np.asarray(fit.vcov())).all()
