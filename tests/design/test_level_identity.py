"""A level is its value: in new rows, simulations, saved models and means, whatever its label looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.design.groups import CellLevels
from mixedmodels.design.levels_store import levels_in, levels_out
from mixedmodels.frame import Levels, as_factor, read


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    group = np.repeat(np.arange(20), 10)
    data = pd.DataFrame({"x": rng.normal(size=200), "f": rng.choice(list("abc"), 200), "k": group})
    data["y"] = 0.5 * data["x"] + (data["f"] == "b") + rng.normal(size=20)[group] + 0.5 * rng.normal(size=200)
    return data


def row_by_row(fit: object, data: pd.DataFrame) -> np.ndarray:
    return np.array([np.asarray(fit.predict(data.iloc[[i]]))[0] for i in range(len(data))])


IDS = {
    "tenths": lambda k: np.where(np.arange(200) % 2 == 0, k * 0.1, k / 10),
    "ids of 17 digits": lambda k: 1e16 + 2.0 * k,
    "ids as integers": lambda k: 10_000_000_000_000_000 + k,
    "times": lambda k: np.datetime64("2024-01-01") + k * np.timedelta64(12, "h"),
    "negative": lambda k: -k.astype(float),
}


@pytest.mark.parametrize("kind", IDS)
def test_groups_are_the_same_in_every_part_of_the_data(kind: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    data = rows.assign(g=IDS[kind](rows["k"].to_numpy()))
    fit = mm.lmer("y ~ x + (1 | g)", data)
    assert fit.ngroups == {"g": 20}
    assert len(set(fit.ranef()["g"].index)) == 20
    expected = np.asarray(fit.fitted())
    some = data.iloc[::7]
    np.testing.assert_allclose(row_by_row(fit, some), expected[::7], atol=1e-12)
    fit.save(tmp_path / "fit.mm")
    loaded = mm.load(tmp_path / "fit.mm")
    np.testing.assert_allclose(row_by_row(loaded, some), expected[::7], atol=1e-12)
    half = data.iloc[:100]
    kept = np.asarray(fit.simulate(1, seed=1, re_form=None, newdata=half))
    assert np.corrcoef(kept[:, 0], expected[:100])[0, 1] > 0.6


def test_numbers_that_print_alike_are_one_level_as_in_r() -> None:
    factor = as_factor(read({"x": np.array([0.1 * 3, 0.3, 0.5, 0.3, 1 / 3, np.inf, np.nan])}).column("x"))
    assert factor.levels.labels == ("0.3", "0.333333333333333", "0.5", "Inf")
    assert factor.codes.tolist() == [0, 0, 2, 0, 1, 3, -1]


def test_labels_are_unique_or_refused() -> None:
    assert Levels(np.array([1e16, 1e16 + 2])).labels == ("10000000000000000", "10000000000000002")
    with pytest.raises(mm.DataError, match="2 levels of a factor print as '1'"):
        _ = Levels(np.array([1, "1"], dtype=object)).labels
    a, b = Levels(np.array(["p", "p:q"], dtype=object)), Levels(np.array(["q:r", "r"], dtype=object))
    cells = CellLevels((a, b), np.array([0, 3]))
    assert cells.labels == ("p:`q:r`", "`p:q`:r")
    assert CellLevels((a, b), np.array([0, 1])).labels == ("p:q:r", "p:r")
    assert cells.places_of(CellLevels((a, b), np.array([1, 2, 3]))).tolist() == [-1, -1, 1]


def test_combinations_of_levels_with_colons_stay_apart(rows: pd.DataFrame) -> None:
    pairs = np.array([("p", "q:r"), ("p:q", "r"), ("s", "t"), ("s", "q:r")])[rows["k"] % 4]
    data = rows.assign(a=pairs[:, 0], b=pairs[:, 1], y=rows["y"] + 3 * (rows["k"] % 4 == 1))
    for formula in ("y ~ x + (1 | a:b)", "y ~ a:b", "y ~ x + interaction(a, b)"):
        fit = (mm.lmer if "|" in formula else mm.lm)(formula, data)
        np.testing.assert_allclose(row_by_row(fit, data.iloc[:60]), np.asarray(fit.fitted())[:60], atol=1e-12)


@pytest.mark.parametrize("levels", [[3.5, 1.25], ["b", "a"], [2, 1], [True, False]])
def test_levels_survive_storage(levels: list[object]) -> None:
    made = Levels(np.array(levels))
    again = levels_in(levels_out(made))
    assert again.labels == made.labels
    assert again.places_of(made).tolist() == [0, 1]


def test_dates_survive_storage_and_other_units() -> None:
    days = Levels(np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]"))
    again = levels_in(levels_out(days))
    assert again.labels == days.labels == ("2024-01-01", "2024-01-02")
    assert again.places_of(Levels(np.array(["2024-01-02T00:00", "2024-01-02T06:00"], dtype="M8[ns]"))).tolist() == [
        1,
        -1,
    ]


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ as.numeric(f)",
        "y ~ as.integer(f) * x",
        "y ~ relevel(f, ref = 'c')",
        "y ~ factor(f, labels = c('one', 'two', 'three'))",
        "y ~ factor(f, c('c', 'a', 'b'), c('one', 'two', 'three'))",
        "y ~ I(ordered(f) > 'a')",
        "y ~ I(ordered(f) <= 'b') + x",
        "y ~ x + (0 + as.numeric(f) | k)",
        "y ~ cut(as.numeric(f), c(0, 1, 2, 3))",
    ],
)
def test_what_depends_on_all_levels_remembers_them(formula: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    fit = (mm.lmer if "|" in formula else mm.lm)(formula, rows)
    expected = np.asarray(fit.fitted())[:30]
    np.testing.assert_allclose(row_by_row(fit, rows.iloc[:30]), expected, atol=1e-12)
    fit.save(tmp_path / "fit.mm")
    np.testing.assert_allclose(row_by_row(mm.load(tmp_path / "fit.mm"), rows.iloc[:30]), expected, atol=1e-12)


def test_a_new_level_of_such_a_call_is_refused(rows: pd.DataFrame) -> None:
    fit = mm.lm("y ~ as.numeric(f)", rows)
    with pytest.raises(mm.DataError, match="f has the level 'd', which the fit did not know; its levels are a, b, c"):
        fit.predict(pd.DataFrame({"f": ["a", "d"]}))


def test_intervals_have_as_many_digits_as_tell_their_ends() -> None:
    year = pd.DataFrame({"year": np.linspace(2000.01, 2003, 30), "y": np.arange(30.0)})
    names = list(mm.lm("y ~ 0 + cut(year, c(2000, 2001, 2002, 2003))", year).fixef())
    assert [name.rpartition(")")[2] for name in names] == ["(2000,2001]", "(2001,2002]", "(2002,2003]"]
    coarse = mm.lm("y ~ 0 + cut(y, c(-1, 10.25, 30))", year)
    assert [name.rpartition(")")[2] for name in coarse.fixef()] == ["(-1,10.2]", "(10.2,30]"]
    with pytest.raises(mm.FormulaError, match="must differ"):
        mm.lm("y ~ cut(y, c(0, 10, 10, 30))", year)
