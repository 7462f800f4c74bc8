"""A pandas Series beside a table goes by its labels: weights, offset, subset, responses and groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.frame import aligned

FORMULA = "Reaction ~ Days + (1 | Subject)"


@pytest.fixture(scope="module")
def shuffled() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy").sample(frac=1, random_state=3)


@pytest.fixture(scope="module")
def ordered() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy")


def numbers(table: pd.DataFrame, low: float, high: float) -> pd.Series[float]:
    return pd.Series(np.linspace(low, high, len(table)), index=table.index)


def test_weights_offset_and_subset_go_by_label(shuffled: pd.DataFrame, ordered: pd.DataFrame) -> None:
    for argument, values in {
        "weights": numbers(ordered, 0.5, 3),
        "offset": numbers(ordered, 0, 20),
        "subset": ordered["Days"] > 2,
    }.items():
        by_label = mm.lmer(FORMULA, shuffled, **{argument: values})
        as_array = mm.lmer(FORMULA, shuffled, **{argument: values.loc[shuffled.index].to_numpy()})
        assert by_label.loglik == as_array.loglik
        by_position = mm.lmer(FORMULA, shuffled, **{argument: values.to_numpy()})
        assert by_position.loglik != pytest.approx(by_label.loglik)


def test_values_of_a_larger_table_serve_its_part(ordered: pd.DataFrame) -> None:
    part = ordered[ordered["Days"] > 1]
    weights = numbers(ordered, 0.5, 3)
    expected = mm.lmer(FORMULA, part, weights=weights.loc[part.index].to_numpy()).loglik
    assert mm.lmer(FORMULA, part, weights=weights).loglik == expected


@pytest.mark.parametrize("missing", [False, True])
def test_a_new_response_goes_by_label(missing: bool, shuffled: pd.DataFrame, ordered: pd.DataFrame) -> None:
    table = ordered.assign(Days=ordered["Days"].where(ordered.index != 7)) if missing else ordered
    fit = mm.lmer(FORMULA, table)
    assert fit.refit(shuffled["Reaction"]).loglik == fit.loglik
    assert fit.refit(shuffled["Reaction"].drop(7)).loglik == fit.loglik if missing else True
    line = mm.lm("Reaction ~ Days", table)
    assert line.refit(shuffled["Reaction"]).loglik == line.loglik
    assert (
        fit.robust(cluster=shuffled["Subject"])["std_error"].tolist()
        == fit.robust(cluster="Subject")["std_error"].tolist()
    )


def test_counts_as_two_columns_go_by_label() -> None:
    cbpp = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp, "binomial")
    counts = pd.DataFrame({"yes": cbpp["incidence"], "no": cbpp["size"] - cbpp["incidence"]})
    assert fit.refit(counts.sample(frac=1, random_state=1)).loglik == pytest.approx(fit.loglik, abs=1e-9)


def test_labels_that_do_not_match_are_refused(ordered: pd.DataFrame) -> None:
    weights = numbers(ordered, 0.5, 3)
    other = weights.set_axis([f"r{i}" for i in range(len(weights))])
    with pytest.raises(mm.DataError, match=r"weights has no value for the row labelled 0 and 179 more rows .*to_numpy"):
        mm.lmer(FORMULA, ordered, weights=other)
    with pytest.raises(mm.DataError, match="the new response has no value for the row labelled 5 of the table"):
        mm.lmer(FORMULA, ordered).refit(ordered["Reaction"].drop(5))
    twice = ordered.set_axis([*range(179), 0])
    with pytest.raises(mm.DataError, match="the table has the label 0 more than once"):
        mm.lmer(FORMULA, twice, weights=weights)
    assert mm.lmer(FORMULA, twice, weights=weights.set_axis(twice.index)).nobs == 180


def test_values_without_labels_stay_in_their_place() -> None:
    values = [3.0, 1.0]
    assert aligned(values, pd.Index(["a", "b"]), "weights") is values
    series = pd.Series(values, index=["b", "a"])
    assert aligned(series, None, "weights") is series
