"""Simulated counties: a survey of 1,000 respondents in 26 counties, and the shrunk lines of four groups.

The text's draws have no seed, so that its numbers are met in distribution: its estimates (sd 1.977 where the means were
drawn with sd 2, residual 1.996 where errors had 2) are one draw of what is tested here.
"""

from __future__ import annotations

import string
import warnings

import numpy as np
import pytest

import mixedmodels as mm

COUNTIES = list(string.ascii_uppercase)
RNG = np.random.default_rng(26)
COUNTY_MEANS = dict(zip(COUNTIES, RNG.normal(0, 2, 26).tolist(), strict=True))
COUNTY_SHARES = RNG.dirichlet(np.full(26, 2.0))

COUNTY_POP = mm.population(
    county=mm.predictor("factor", levels=COUNTIES, prob=COUNTY_SHARES),
    income=mm.response("50 + by_level(county, county_means)", error_scale=2, county_means=COUNTY_MEANS),
)
SHRINK_POP = mm.population(
    group=mm.predictor("factor", levels=["A", "B", "C", "D"]),
    x=mm.predictor("normal"),
    y=mm.response(
        "by_level(group, group_intercepts) + x * by_level(group, group_slopes)",
        error_scale=1,
        group_intercepts={"A": 2, "B": 3, "C": 1, "D": 2.5},
        group_slopes={"A": 1, "B": 0.5, "C": 1.2, "D": 0},
    ),
)


def test_a_survey_recovers_the_counties() -> None:
    respondents = COUNTY_POP.sample_x(n=1000, seed=1).sample_y(seed=2)
    assert list(respondents.columns) == ["county", "income"]
    fit = mm.lmer("income ~ (1 | county)", respondents)
    table = COUNTY_POP.compare(fit).set_index("term")
    means = np.array(list(COUNTY_MEANS.values()))
    assert table["truth"].tolist() == pytest.approx([50 + means.mean(), means.std(ddof=1), 2])
    assert table["covered"].iloc[0]
    limits = fit.confint(method="profile").to_frame().set_index("term")
    for row in ("sd_(Intercept)|county", "sigma", "(Intercept)"):
        assert limits.loc[row, "conf_low"] < table.loc[row, "truth"] < limits.loc[row, "conf_high"]
    estimated = fit.coef()["county"]["(Intercept)"]
    true = np.array([50 + COUNTY_MEANS[str(c)] for c in estimated.index])
    assert np.corrcoef(estimated, true)[0, 1] > 0.95
    n = respondents["county"].value_counts()[list(estimated.index)].to_numpy()
    assert (np.abs(estimated.to_numpy() - true) < 5 * 2 / np.sqrt(n)).all()


def test_estimates_of_many_surveys_centre_on_the_truth() -> None:
    x = COUNTY_POP.sample_x(n=1000, seed=1)
    y = np.column_stack([x.sample_y(seed=i)["income"] for i in range(60)])
    many = mm.fit_many("~ (1 | county)", x, y).to_frame()
    means = np.array([COUNTY_MEANS[c] for c in COUNTIES])
    truth = {"sigma": 2.0, "sd_(Intercept)|county": means.std(ddof=1), "(Intercept)": 50 + means.mean()}
    for term, value in truth.items():
        found = many.loc[many["term"] == term, "estimate"].to_numpy()
        # the counties are the same in each survey, so that only respondents vary
        assert found.mean() == pytest.approx(value, abs=5 * found.std() / np.sqrt(60) + 0.02), term


def test_lines_of_four_groups_alone() -> None:
    for seed in range(10):
        alone = SHRINK_POP.compare(mm.lm("y ~ group * x", SHRINK_POP.sample(100, seed=seed))).set_index("term")
        assert alone.loc["groupD:x", "truth"] == pytest.approx(-1)
        assert alone.loc["groupB", "truth"] == pytest.approx(1)
        assert (np.abs(alone["error"].iloc[:8]) < 4.5 * alone["std_error"].iloc[:8]).all()


def test_lines_of_four_groups_shrink_to_singular_fits() -> None:
    singular = []
    for seed in range(50):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mm.SingularFitWarning)
            fit = mm.lmer("y ~ (1 + x | group)", SHRINK_POP.sample(100, seed=seed))
        singular.append(fit.is_singular)
    # intercepts and slopes go together so closely that about one sample in eight, as the text's own, is singular
    assert 1 <= sum(singular) <= 16
    with pytest.warns(mm.SingularFitWarning, match=r"boundary \(singular\) fit"):
        mm.lmer("y ~ (1 + x | group)", SHRINK_POP.sample(100, seed=int(np.argmax(singular))))
