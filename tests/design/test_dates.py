"""Dates and times as predictors: one unit from the fit on, and dates wherever a value is written."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    stamps = pd.date_range("2024-01-01", periods=120)
    data = pd.DataFrame({"stamp": stamps, "g": np.repeat(np.arange(12), 10)})
    data["day"] = [stamp.date() for stamp in stamps]
    data["y"] = 0.02 * np.arange(120) + rng.normal(size=12)[data["g"]] + 0.1 * rng.normal(size=120)
    return data


@pytest.mark.filterwarnings("ignore:'day' holds times")
@pytest.mark.parametrize("formula", ["y ~ day + (1 | g)", "y ~ scale(day) + (1 | g)", "y ~ ns(day, df = 2) + (1 | g)"])
def test_dates_and_times_are_one_unit(formula: str, days: pd.DataFrame, tmp_path: Path) -> None:
    as_times = days.assign(day=days["stamp"])
    for data, other in ((days, as_times), (as_times, days)):
        fit = mm.lmer(formula, data)
        np.testing.assert_allclose(fit.predict(other), fit.fitted(), atol=1e-7)
        fit.save(tmp_path / "fit.mm")
        np.testing.assert_allclose(mm.load(tmp_path / "fit.mm").predict(other), fit.fitted(), atol=1e-7)


def test_dates_cannot_stand_for_numbers(days: pd.DataFrame) -> None:
    fit = mm.lm("y ~ day", days.assign(day=np.arange(120)))
    with pytest.raises(mm.DataError, match="'day' holds dates in the new data, and numbers at the fit"):
        fit.predict(days)


def test_times_are_warned_of_with_the_unit(days: pd.DataFrame) -> None:
    with pytest.warns(
        mm.MixedModelsWarning, match=r"'stamp' holds times, which count seconds .* write I\(stamp / 86400\)"
    ):
        by_second = mm.lm("y ~ stamp", days)
    by_day = mm.lm("y ~ I(stamp / 86400)", days)
    assert by_second.fixef()["stamp"] * 86400 == pytest.approx(by_day.fixef()["I(stamp/86400)"], rel=1e-6)
    assert by_day.fixef()["I(stamp/86400)"] == pytest.approx(mm.lm("y ~ day", days).fixef()["day"], rel=1e-9)
    mm.lmer("y ~ day + (1 | stamp:g)", days.iloc[:60].assign(stamp=days["stamp"].iloc[:60].dt.floor("2D")))


def test_dates_are_written_as_dates(days: pd.DataFrame) -> None:
    fit = mm.lm("y ~ day", days)
    number = (datetime.date(2024, 3, 1) - datetime.date(1970, 1, 1)).days
    expected = fit.emmeans("day", at={"day": number})["estimate"]
    for written in ("2024-03-01", datetime.date(2024, 3, 1), np.datetime64("2024-03-01"), pd.Timestamp("2024-03-01")):
        np.testing.assert_allclose(fit.emmeans("day", at={"day": written})["estimate"], expected)
    np.testing.assert_allclose(fit.ggpredict("day [2024-03-01]")["predicted"], expected)
    np.testing.assert_allclose(fit.ggpredict({"day": [datetime.date(2024, 3, 1)]})["predicted"], expected)
    by_group = mm.lmer("y ~ day + (1 | g)", days)
    held = by_group.ggpredict("g", condition={"day": "2024-03-01"}, type="random")
    assert held.constants["day"] == number
    with pytest.raises(mm.DataError, match="holds what is no date; write dates as 2024-03-01"):
        fit.emmeans("day", at={"day": "the first of March"})


@pytest.mark.filterwarnings("ignore:'stamp' holds times")
@pytest.mark.parametrize("column", ["day", "stamp"])
def test_dates_are_compared_with_dates_in_text(column: str, days: pd.DataFrame) -> None:
    fit = mm.lm("y ~ 1", days, subset=f"{column} >= '2024-02-01'")
    assert fit.nobs == int((days["stamp"] >= "2024-02-01").sum())
    late = mm.lm(f"y ~ I('2024-02-01' > {column})", days)
    assert late.nobs == 120
    assert fit.fixef()["(Intercept)"] == pytest.approx(late.fixef()["(Intercept)"])


def test_factors_of_dates_have_means_and_predictions(days: pd.DataFrame) -> None:
    some = days.assign(day=[datetime.date(2024, 1, 1 + i % 3) for i in range(120)])
    for data in (some, some.assign(day=pd.to_datetime(some["day"]))):
        fit = mm.lm("y ~ factor(day)", data)
        means = [some["y"][some["day"] == datetime.date(2024, 1, 1 + i)].mean() for i in range(3)]
        np.testing.assert_allclose(fit.emmeans("day")["estimate"], means)
        np.testing.assert_allclose(fit.ggpredict("day")["predicted"], means)
