"""The two tables of profile confidence intervals that the texts print."""

from __future__ import annotations

import string

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.support.seed_texts import sleep2

import mixedmodels as mm
from mixedmodels import r

SLEEP = {
    ".sig01": (19.0979934, 46.3366599), ".sig02": (-0.4051073, 0.8058951), ".sig03": (4.0079284, 10.2487351),
    ".sigma": (22.4666029, 29.3494509), "(Intercept)": (251.3443396, 284.5904989),
    "days_deprived": (7.7245247, 15.1463328),
}  # fmt: skip
SURVEY = {".sig01": (1.496985, 2.627607), ".sigma": (1.910879, 2.088391), "(Intercept)": (48.739423, 50.306846)}


def limits(fit: mm.MixedModel) -> dict[str, tuple[float, float]]:
    """R's ``confint(fit)``, under the names that the texts' version of lme4 gave, in its order."""
    rows = r.confint(fit, signames=True, order="lower.tri").to_frame()
    return dict(zip(rows["term"], zip(rows["conf_low"], rows["conf_high"], strict=True), strict=True))


def agree(ours: dict[str, tuple[float, float]], printed: dict[str, tuple[float, float]], tolerance: float) -> None:
    assert list(ours) == list(printed)
    for name, pair in printed.items():
        assert ours[name] == pytest.approx(pair, abs=tolerance), name


def test_sleep_study() -> None:
    fit = mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2())
    # lme4 interpolates its profile: three decimals are right.
    agree(limits(fit), SLEEP, 6e-4)


def balanced_survey(intercept: float, between: float, within: float, rows: int = 38) -> pd.DataFrame:
    """Incomes in 26 counties, normal scores scaled so that the REML estimates are the three numbers given."""
    counties = list(string.ascii_uppercase)
    dice = np.random.default_rng(1)

    def scores(count: int) -> np.ndarray:
        z = norm.ppf((dice.permutation(count) + 0.5) / count)
        return (z - z.mean()) / z.std(ddof=1)

    means = scores(len(counties)) * np.sqrt(between + within / rows)
    deviations = np.array([scores(rows) for _ in counties]) * np.sqrt(within)
    income = intercept + means[:, None] + deviations
    return pd.DataFrame({"income": income.ravel(), "county": np.repeat(counties, rows)})


def test_survey_of_counties() -> None:
    """The text's survey has no seed. A balanced one, as large and with the same estimates, has the same intervals."""
    fit = mm.lmer("income ~ (1 | county)", balanced_survey(49.5231, 3.907, 3.985))
    shown = [line.rstrip() for line in str(fit.summary()).split("\n")]
    assert " county   (Intercept) 3.907    1.977" in shown
    assert " Residual             3.985    1.996" in shown
    assert "(Intercept)  49.5231     0.3928   126.1" in shown
    agree(limits(fit), SURVEY, 1e-3)  # of 988 rows for the text's 1,000
