"""Complete, no and partial pooling of the eight days of deprivation, with the numbers that the text prints."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.seed_texts import sleep2

import mixedmodels as mm

# np_coef of the text: intercept and slope of each subject, to the three digits that it shows.
ALONE = {
    "308": (288, 21.7), "309": (200, 4.36), "310": (226, 3.90), "330": (273, 8.01), "331": (298, 4.87),
    "332": (316, 2.40), "333": (285, 10.9), "334": (238, 18.1), "335": (263, -4.21), "337": (313, 22.4),
    "349": (229, 16.4), "350": (248, 23.3), "351": (264, 8.52), "352": (331, 7.29), "369": (267, 13.8),
    "370": (235, 20.6), "371": (258, 12.3), "372": (291, 11.1),
}  # fmt: skip
# The first of ranef(pp_mod) in the text.
MODES = {"308": (24.4992891, 8.6020000), "309": (-59.3723102, -8.1277534), "335": (-16.9737887, -12.0702333)}


@pytest.fixture(scope="module")
def pools():
    return mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2()).pooling()


def test_complete_pooling_is_one_line(pools) -> None:
    one = pools.coefficients("complete").drop_duplicates()
    assert len(one) == 1
    assert one.iloc[0].tolist() == pytest.approx([267.96742, 11.43543], abs=5e-6)


def test_no_pooling_is_a_line_for_each_subject(pools) -> None:
    alone = pools.coefficients("no")
    assert list(alone.index) == list(ALONE)
    for subject, shown in ALONE.items():
        assert [float(f"{v:.3g}") for v in alone.loc[subject]] == list(shown)
    assert alone.loc["308"].tolist() == pytest.approx([288.217466666666, 21.6904952380953], rel=1e-12)
    assert alone.loc["335"].tolist() == pytest.approx([262.874583333333, -4.20899166666667], rel=1e-12)
    slopes = alone["days_deprived"]
    assert slopes.mean() / (slopes.std() / np.sqrt(18)) == pytest.approx(6.1971, abs=5e-5)  # the text's t test


def test_partial_pooling_lies_between(pools) -> None:
    partial = pools.coefficients("partial")
    for subject, modes in MODES.items():
        # 1e-4 of the effects' spread: how far lme4's early stop moved the text's digits
        assert partial.loc[subject].to_numpy() == pytest.approx(np.array([267.96742, 11.43543]) + modes, abs=3e-3)
    spread = {m: pools.coefficients(m)["days_deprived"].std() for m in ("complete", "no", "partial")}
    assert spread["complete"] < spread["partial"] < spread["no"]
    # Balanced data: in the directions of the effects' own principal axes every subject is drawn in alike, and on the
    # whole slopes are drawn by their share of noise.
    slope = pools.pools.shrinkage[:, 1]
    assert np.median(slope) == pytest.approx(0.3, abs=0.1)


def test_lines_are_those_that_the_figures_draw(pools) -> None:
    lines = pools.lines("days_deprived", range(8)).to_pandas()
    assert len(lines) == 3 * 18 * 8
    fit = mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2())
    partial = lines[lines["method"] == "partial"]
    rows = partial.rename(columns={"group": "Subject", "x": "days_deprived"})
    np.testing.assert_allclose(partial["fitted"], fit.predict(rows), rtol=1e-12)
    no_pooling = mm.lm("Reaction ~ days_deprived + Subject + days_deprived:Subject", sleep2())
    np.testing.assert_allclose(lines[lines["method"] == "no"]["fitted"], no_pooling.predict(rows), rtol=1e-10)
