"""The sleep study as two texts fit it: all ten days, and the eight days of deprivation with every way of pooling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.seed_texts import reference, same_print, sleep, sleep2

import mixedmodels as mm

# lme4's default optimiser stops early and the texts print what it found; ours are the exact optimum's digits, so that
# the last printed digit may differ from a text's by a few units (612.10 there is 612.09). This is how far it stopped.
AS_PRINTED = 2e-5

TEN_DAYS = """\
Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (Days | Subject)

REML criterion at convergence: 1743.6

Scaled residuals:
    Min      1Q  Median      3Q     Max
-3.9536 -0.4634  0.0231  0.4634  5.1793

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.09   24.740
          Days         35.07    5.922   0.07
 Residual             654.94   25.592
Number of obs: 180, groups:  Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  251.405      6.825  36.838
Days          10.467      1.546   6.771

Correlation of Fixed Effects:
     (Intr)
Days -0.138"""

TEN_DAYS_MODES = {
    "308": (2.2585510, 9.1989758), "309": (-40.3987381, -8.6196806), "310": (-38.9604090, -5.4488565),
    "330": (23.6906196, -4.8143503), "331": (22.2603126, -3.0699116), "332": (9.0395679, -0.2721770),
    "333": (16.8405086, -0.2236361), "334": (-7.2326151, 1.0745816), "335": (-0.3336684, -10.7521652),
    "337": (34.8904868, 8.6282652), "349": (-25.2102286, 1.1734322), "350": (-13.0700342, 6.6142178),
    "351": (4.5778642, -3.0152621), "352": (20.8636782, 3.5360011), "369": (3.2754656, 0.8722149),
    "370": (-25.6129993, 4.8224850), "371": (0.8070461, -0.9881562), "372": (12.3145921, 1.2840221),
}  # fmt: skip

EIGHT_DAYS_MODES = {
    "308": (24.4992891, 8.6020000), "309": (-59.3723102, -8.1277534), "310": (-39.4762764, -7.4292365),
    "330": (1.3500428, -2.3845976), "331": (18.4576169, -3.7477340), "332": (30.5270040, -4.8936899),
    "333": (13.3682027, 0.2888639), "334": (-18.1583020, 3.8436686), "335": (-16.9737887, -12.0702333),
    "337": (44.5850842, 10.1760837), "349": (-26.6839022, 2.1946699), "350": (-5.9657957, 8.1758613),
    "351": (-5.5710355, -2.3718494), "352": (46.6347253, -0.5616377), "369": (0.9616395, 1.7385130),
    "370": (-18.5216778, 5.6317534), "371": (-7.3431320, 0.2729282), "372": (17.6826159, 0.6623897),
}  # fmt: skip

FIRST_DAY = {  # Reaction, fitted, residual of each subject's first row, to the three digits of the text
    "308": (251, 292, -41.7), "309": (203, 209, -5.62), "310": (234, 228, 5.83), "330": (284, 269, 14.5),
    "331": (302, 286, 15.4), "332": (273, 298, -25.5), "333": (277, 281, -4.57), "334": (243, 250, -6.44),
    "335": (254, 251, 3.50), "337": (292, 313, -20.9), "349": (239, 241, -2.36), "350": (256, 262, -5.80),
    "351": (270, 262, 7.50), "352": (327, 315, 12.3), "369": (257, 269, -11.7), "370": (239, 249, -10.5),
    "371": (278, 261, 17.3), "372": (298, 286, 11.9),
}  # fmt: skip


@pytest.fixture(scope="module")
def ten_days():
    return mm.lmer("Reaction ~ Days + (Days | Subject)", sleep())


@pytest.fixture(scope="module")
def partial():
    return mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2())


@pytest.fixture(scope="module")
def no_pooling():
    return mm.lm("Reaction ~ days_deprived + Subject + days_deprived:Subject", sleep2())


def agree_with_table(modes: pd.DataFrame, expected: dict[str, tuple[float, float]]) -> None:
    assert [str(level) for level in modes.index] == list(expected)
    table = np.array(list(expected.values()))
    # 1e-4 of a standard deviation of the effects: how far lme4's early stop moved the text's digits.
    assert np.max(np.abs(np.asarray(modes) - table) / table.std(axis=0)) < 1e-4


def test_ten_days_summary_is_printed_line_for_line(ten_days) -> None:
    assert same_print(ten_days.summary(), TEN_DAYS.split("\n"))


def test_ten_days_numbers(ten_days) -> None:
    assert round(ten_days.reml_criterion, 1) == 1743.6
    covariance = np.asarray(ten_days.VarCorr()["Subject"])
    assert np.diag(covariance) == pytest.approx([612.10, 35.07], rel=1e-4)
    assert covariance[0, 1] / np.sqrt(np.prod(np.diag(covariance))) == pytest.approx(0.07, abs=5e-3)
    assert ten_days.sigma**2 == pytest.approx(654.94, abs=5e-3)
    assert dict(ten_days.fixef()) == pytest.approx({"(Intercept)": 251.405, "Days": 10.467}, abs=5e-4)
    errors = np.sqrt(np.diag(ten_days.vcov()))
    assert errors == pytest.approx([6.825, 1.546], abs=5e-4)
    assert np.asarray(ten_days.vcov())[0, 1] / np.prod(errors) == pytest.approx(-0.138, abs=5e-4)


def test_ten_days_modes(ten_days) -> None:
    modes = ten_days.ranef()["Subject"]
    assert list(modes.columns) == ["(Intercept)", "Days"]
    agree_with_table(modes, TEN_DAYS_MODES)


def test_eight_days_summary_is_printed_line_for_line(partial) -> None:
    assert same_print(partial.summary(), reference()["sleep2"]["text"])


def test_eight_days_numbers(partial) -> None:
    assert round(partial.reml_criterion, 1) == 1404.1
    assert dict(partial.fixef()) == pytest.approx({"(Intercept)": 267.96742, "days_deprived": 11.43543}, abs=5e-6)
    errors = np.sqrt(np.diag(partial.vcov()))
    assert errors == pytest.approx([8.265896, 1.845293], rel=AS_PRINTED)
    t_values = np.array(list(dict(partial.fixef()).values())) / errors
    assert t_values == pytest.approx([32.418437, 6.197082], rel=AS_PRINTED)
    assert partial.sigma == pytest.approx(25.5264, rel=AS_PRINTED)
    table = partial.VarCorr()["Subject"]
    assert list(table.index) == list(table.columns) == ["(Intercept)", "days_deprived"]
    assert np.asarray(table) == pytest.approx(np.array([[958.3517, 37.2046], [37.2046, 45.77766]]), rel=2e-4)
    deviations = np.sqrt(np.diag(table))
    assert deviations == pytest.approx([30.957255, 6.765919], rel=AS_PRINTED)
    assert table.iloc[0, 1] / np.prod(deviations) == pytest.approx(0.1776263, rel=2e-4)


def test_eight_days_modes(partial) -> None:
    agree_with_table(partial.ranef()["Subject"], EIGHT_DAYS_MODES)


def test_eight_days_fitted_values_and_residuals(partial) -> None:
    first = (
        sleep2()
        .assign(fit=np.asarray(partial.fitted()), resid=np.asarray(partial.residuals()))
        .groupby("Subject", observed=True)
        .first()
    )
    table = first[["Reaction", "fit", "resid"]]
    for subject, expected in FIRST_DAY.items():
        for ours, text in zip(table.loc[subject], expected, strict=True):
            assert float(f"{ours:.3g}") == text
    assert np.asarray(partial.fitted()) == pytest.approx(reference()["sleep2"]["fitted"], rel=1e-6)
    assert np.asarray(partial.residuals()) == pytest.approx(reference()["sleep2"]["residuals"], abs=1e-3)


def test_predictions_for_three_more_days(partial) -> None:
    subjects = list(sleep2()["Subject"].cat.categories)
    new = pd.DataFrame({"Subject": np.repeat(subjects, 3), "days_deprived": np.tile([8, 9, 10], len(subjects))})
    ours = np.asarray(partial.predict(new))
    assert ours == pytest.approx(reference()["sleep2"]["predicted"], rel=1e-6)
    modes = partial.ranef()["Subject"]
    by_hand = (267.96742 + modes.loc["308"].iloc[0]) + 8 * (11.43543 + modes.loc["308"].iloc[1])
    assert ours[0] == pytest.approx(by_hand, rel=1e-6)
    population = np.asarray(partial.predict(new.head(3), re_form="~0"))
    assert population == pytest.approx(reference()["sleep2"]["population"], rel=1e-6)


@pytest.mark.parametrize("which", range(5))
def test_the_five_random_effect_formulas(which: int) -> None:
    expected = reference()["sleep2"]["formulas"][which]
    fit = mm.lmer("Reaction ~ days_deprived + " + expected["text"], sleep2())
    assert fit.reml_criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=1e-5)
    ours = list(fit.VarCorr().values())
    assert len(ours) == len(expected["varcorr"])
    for mine, theirs in zip(ours, expected["varcorr"], strict=True):
        assert np.asarray(mine) == pytest.approx(np.array(theirs), rel=1e-5)


def test_complete_pooling_is_printed_line_for_line() -> None:
    fit = mm.lm("Reaction ~ days_deprived", sleep2())
    assert dict(fit.fixef()) == pytest.approx({"(Intercept)": 267.96742, "days_deprived": 11.43543}, abs=5e-6)
    assert same_print(fit.summary(), reference()["sleep2"]["complete"], after="Residuals:")


def test_no_pooling_is_printed_line_for_line(no_pooling) -> None:
    assert same_print(no_pooling.summary(), reference()["sleep2"]["none"], after="Residuals:")


def test_no_pooling_gives_each_subject_its_line(no_pooling) -> None:
    estimates = dict(no_pooling.fixef())
    assert estimates["(Intercept)"] == pytest.approx(288.217466666666)
    assert estimates["days_deprived"] == pytest.approx(21.6904952380953)
    assert estimates["(Intercept)"] + estimates["Subject335"] == pytest.approx(262.874583333333)
    assert estimates["days_deprived"] + estimates["days_deprived:Subject335"] == pytest.approx(-4.20899166666667)
    assert estimates["days_deprived:Subject309"] == pytest.approx(-17.3334, abs=5e-5)
    slopes = [estimates["days_deprived"] + estimates.get(f"days_deprived:Subject{s}", 0.0) for s in FIRST_DAY]
    assert np.mean(slopes) == pytest.approx(11.43543, abs=5e-6)
    assert np.mean(slopes) / (np.std(slopes, ddof=1) / np.sqrt(18)) == pytest.approx(6.1971, abs=5e-5)


def test_above_average_or_not() -> None:
    """A text's exercise; estimates and standard errors as glmmTMB prints them, where lme4 stops short by 0.0003."""
    data = sleep().assign(aboveAve=(sleep()["Reaction"] > 288.7).astype(int))
    fit = mm.glmer("aboveAve ~ Days + (Days | Subject)", data, "binomial")
    assert fit.loglik == pytest.approx(-74.36815275, abs=1e-7)
    assert [round(v, 4) for v in fit.params] == [-3.8174, 0.8911]
    assert [round(v, 4) for v in fit.bse] == [1.1767, 0.2354]
    assert np.diag(fit.VarCorr()["Subject"]).round(4).tolist() == [8.0377, 0.2397]
    shown = str(fit.summary()).split("\n")
    assert " Family: binomial  ( logit )" in shown
    assert "   158.7    174.7    -74.4    148.7      175 " in shown
    assert " Subject (Intercept) 8.0377   2.8351        " in shown
    assert "Days          0.8911     0.2354   3.785 0.000154 ***" in shown
