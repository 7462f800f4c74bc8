"""merTools' predictInterval: its limits on stored values, of 20,000 draws."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support import places

import mixedmodels as mm
from mixedmodels.r import predictInterval

REFERENCE = places.REFERENCE / "predict" / "reference.json"
DRAWS = 20_000
# The 5% quantile of so many normal draws has a standard error of 0.015 standard deviations, a difference of two 0.021.
CLOSE = 0.09
KNOWN = pd.DataFrame({"Days": [0, 4, 9, 12], "Subject": ["308", "335", "372", "309"]})


@lru_cache
def model(name: str) -> Any:
    if name == "cbpp":
        formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
        return mm.glmer(formula, mm.datasets.load("cbpp"), family="binomial")
    if name == "penicillin":
        return mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


HERDS = pd.DataFrame({"period": ["1", "2", "4"], "herd": ["1", "8", "15"]})
PLATES = pd.DataFrame({"plate": ["a", "g"], "sample": ["A", "F"]})
CASES: dict[str, tuple[str, pd.DataFrame, dict[str, Any]]] = {
    "full": ("sleep", KNOWN, {"level": 0.9}),
    "mean": ("sleep", KNOWN, {"level": 0.9, "include_resid_var": False, "stat": "mean"}),
    "fixed": ("sleep", KNOWN, {"which": "fixed", "level": 0.8}),
    "random": ("sleep", KNOWN, {"which": "random", "include_resid_var": False}),
    "intercept": ("sleep", KNOWN, {"fix_intercept_variance": True, "include_resid_var": False}),
    "ignored": ("sleep", KNOWN, {"ignore_fixed_terms": "(Intercept)", "include_resid_var": False}),
    "new": ("sleep", pd.concat([KNOWN, pd.DataFrame({"Days": [5], "Subject": ["new"]})]), {"level": 0.9}),
    "cbpp": ("cbpp", HERDS, {"level": 0.9, "include_resid_var": False}),
    "cbpp_probability": ("cbpp", HERDS, {"level": 0.9, "include_resid_var": False, "type": "probability"}),
    "penicillin": ("penicillin", PLATES, {"level": 0.9}),
}


@pytest.mark.parametrize("name", CASES)
def test_limits(name: str) -> None:
    which, new, options = CASES[name]
    r = json.loads(REFERENCE.read_text())["merTools"][name]
    got = predictInterval(model(which), new, n_sims=DRAWS, seed=1, **options)
    sd = (np.array(r["upr"]) - np.array(r["lwr"])) / 3
    for column in ("fit", "lwr", "upr"):
        assert np.max(np.abs(got[column] - np.array(r[column])) / sd) < CLOSE


def test_all_parts_and_their_draws() -> None:
    table, draws = predictInterval(model("sleep"), KNOWN, which="all", n_sims=50, seed=2, returnSims=True)
    assert list(table["effect"]) == ["combined"] * 4 + ["Subject"] * 4 + ["fixed"] * 4
    assert list(table["obs"]) == [0, 1, 2, 3] * 3
    assert draws["fixed"].shape == (4, 50)
    again = predictInterval(model("sleep"), KNOWN, which="all", n_sims=50, seed=2)
    pd.testing.assert_frame_equal(table, again)


def test_what_it_refuses() -> None:
    with pytest.raises(mm.DataError, match="which is 'some'"):
        predictInterval(model("sleep"), KNOWN, which="some")
    with pytest.raises(mm.DataError, match="the fixed effects are"):
        predictInterval(model("sleep"), KNOWN, ignore_fixed_terms=["Nights"])
