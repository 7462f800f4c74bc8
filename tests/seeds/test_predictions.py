"""Predictions of the sleep study to the eleventh day, as a text makes them, with the errors that it leaves out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support import places
from tests.support.seed_texts import sleep2

import mixedmodels as mm

REFERENCE = places.REFERENCE / "predict" / "reference.json"


@pytest.fixture(scope="module")
def partial() -> mm.MixedModel:
    return mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2())


@pytest.fixture(scope="module")
def days(partial: mm.MixedModel) -> pd.DataFrame:
    subjects = partial.design.groups[0].levels.labels
    return pd.DataFrame([(d, s) for s in subjects for d in range(11)], columns=["days_deprived", "Subject"])


def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REFERENCE.read_text())["sleep2"]
    return found


def test_predictions_from_day_0_to_day_10(partial: mm.MixedModel, days: pd.DataFrame) -> None:
    np.testing.assert_allclose(partial.predict(days), expected()["fit"], rtol=1e-7)


def test_their_standard_errors(partial: mm.MixedModel, days: pd.DataFrame) -> None:
    given = partial.predict(days, se_fit=True, uncertainty="given_theta")
    np.testing.assert_allclose(given["se_fit"], expected()["given_theta"], rtol=1e-6)
    # glmmTMB stops with 5 digits
    np.testing.assert_allclose(partial.predict(days, se_fit=True)["se_fit"], expected()["tmb"]["se_fit"], rtol=1e-4)
    typical = partial.predict(days, kind="typical", se_fit=True, uncertainty="given_theta")
    np.testing.assert_allclose(typical["se_fit"], expected()["typical"], rtol=1e-6)


def test_limits_hold_most_of_what_was_seen_and_widen_beyond(partial: mm.MixedModel, days: pd.DataFrame) -> None:
    own = partial.predict(interval="prediction")
    y = sleep2()["Reaction"]
    assert 0.94 < ((own["conf_low"] <= y) & (y <= own["conf_high"])).mean() < 1
    table = partial.predict(days, interval="prediction")
    width = (table["conf_high"] - table["conf_low"]).to_numpy().reshape(18, 11)
    assert (np.diff(width[:, 4:], axis=1) > 0).all()
