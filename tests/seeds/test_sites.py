"""A text's running example: 160 rows at 16 sites, by `lm` and `lmer`, and the matrices that the text shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.places import SEEDS
from tests.support.seed_texts import reference, same_print

import mixedmodels as mm

SITE_MEANS = {
    "(Intercept)": 7.192416, "siteb": -11.998464, "sitec": -14.632803, "sited": 1.983649, "sitee": -7.765354,
    "sitef": -4.523079, "siteg": -3.439621, "siteh": -8.280601, "sitei": -4.306456, "sitej": -4.085855,
    "sitek": -5.663021, "sitel": -5.155112, "sitem": -6.226642, "siten": 8.403599, "siteo": -8.626661,
    "sitep": -10.934182,
}  # fmt: skip
FIRST_X = [-4.248450, 5.766103, -1.820462, 7.660348, 8.809346, -9.088870]


@pytest.fixture(scope="module")
def sites() -> pd.DataFrame:
    return pd.read_csv(SEEDS / "sites.csv")


@pytest.fixture(scope="module")
def slopes(sites):
    return mm.lmer("y ~ x + (x | site)", sites)


def test_line_through_everything(sites) -> None:
    fit = mm.lm("y ~ x", sites)
    assert dict(fit.fixef()) == pytest.approx({"(Intercept)": 2.7305689, "x": 0.7212867}, abs=5e-8)
    assert same_print(fit.summary(), reference()["sites"]["slope"], after="Residuals:")
    shown = [-0.3337812, 6.8895819, 1.4174942, 8.2558758, 9.0846325, -3.8251119]
    assert np.asarray(fit.predict())[:6] == pytest.approx(shown, abs=5e-8)
    matrix = np.asarray(fit.model_matrix("X"))[:6]
    assert matrix == pytest.approx(np.c_[np.ones(6), FIRST_X], abs=5e-7)
    assert matrix @ np.array(list(dict(fit.fixef()).values())) == pytest.approx(shown, abs=5e-8)


def test_means_of_the_sites(sites) -> None:
    fit = mm.lm("y ~ site", sites)
    ours = dict(fit.fixef())
    assert list(ours) == list(SITE_MEANS)
    assert ours == pytest.approx(SITE_MEANS, abs=5e-7)
    assert same_print(fit.summary(), reference()["sites"]["groups"], after="Residuals:")
    matrix = np.asarray(fit.model_matrix("X"))[:6]
    assert matrix.shape == (6, 16)
    columns = [list(SITE_MEANS).index(f"site{letter}") for letter in "gjfnop"]
    assert [list(np.flatnonzero(row)) for row in matrix] == [[0, column] for column in columns]


def test_random_intercepts(sites) -> None:
    fit = mm.lmer("y ~ x + (1|site)", sites)
    assert round(fit.reml_criterion, 1) == 1040.4
    assert same_print(fit.summary(), reference()["sites"]["intercepts"])


def test_counts_with_random_slopes(sites) -> None:
    fit = mm.glmer_nb("y2 ~ x + (x | site)", sites)
    # glmer.nb, whose theta the text shows as 5.1294, stops before the joint optimum, -307.9234; glmmTMB finds it.
    assert fit.loglik == pytest.approx(-307.8764, abs=5e-5)
    assert fit.loglik > -307.9234
    assert [round(v, 4) for v in fit.params] == [0.3413, 0.1103]
    assert [round(v, 4) for v in fit.bse] == [0.3217, 0.0470]
    covariance = fit.VarCorr()["site"]
    assert list(covariance.stddev.round(4)) == [1.1981, 0.1701]
    assert np.diag(covariance) == pytest.approx([1.43543, 0.02892], abs=6e-6)
    assert round(covariance.correlation.iloc[0, 1], 2) == 0.92
    assert round(fit.sigma, 2) == 5.12
    assert round(fit.aic, 1) == 627.8
    assert fit.df_resid == 154
    shown = str(fit.summary()).split("\n")
    assert shown[:6] == [
        "Generalized linear mixed model fit by maximum likelihood (Laplace",
        "  Approximation) [glmerMod]",
        " Family: Negative Binomial(5.1179)  ( log )",
        "Formula: y2 ~ x + (x | site)",
        "   Data: sites",
        "",
    ]
    assert shown[7] == "   627.8    646.2   -307.9    615.8      154 "
    assert "Number of obs: 160, groups:  site, 16" in shown
    assert "x            0.11026    0.04697   2.347   0.0189 *" in shown


def test_random_slopes(slopes) -> None:
    assert round(slopes.reml_criterion, 1) == 900.6
    assert same_print(slopes.summary(), reference()["sites"]["both"])
    # lme4's default run stopped a little short of the optimum: the text's 35.2210 is the optimum's 35.2165.
    assert np.diag(slopes.VarCorr()["site"]) == pytest.approx([35.2210, 0.7889], rel=2e-4)
    assert np.asarray(slopes.ranef()["site"]) == pytest.approx(np.array(reference()["sites"]["ranef"]), abs=1e-4)


def test_matrices_of_the_random_effects(slopes, sites) -> None:
    """U holds the sites' indicators, Ux the same times x; Z interleaves them level by level, as lme4 does."""
    z = slopes.model_matrix("Z")
    z = np.asarray(z.todense() if hasattr(z, "todense") else z)
    assert z.shape == (160, 32)
    indicators, times_x = z[:, 0::2], z[:, 1::2]
    levels = sorted(sites["site"].unique())
    assert [levels[i] for i in indicators[:6].argmax(axis=1)] == ["g", "j", "f", "n", "o", "p"]
    assert indicators == pytest.approx((sites["site"].to_numpy()[:, None] == np.array(levels)[None, :]).astype(float))
    assert times_x == pytest.approx(indicators * sites["x"].to_numpy()[:, None])


def test_counts_with_random_slopes_in_the_print_of_glmmtmb(sites) -> None:
    """The text's numbers; its z of 2.348 is that of a search which ended early, 2.347 that of the optimum."""
    fit = mm.glmmTMB("y2 ~ x + (x | site)", sites, "nbinom2")
    assert [line.rstrip() for line in str(fit.summary()).split("\n")] == [
        " Family: nbinom2  ( log )",
        "Formula:          y2 ~ x + (x | site)",
        "Data: sites",
        "",
        "     AIC      BIC   logLik deviance df.resid",
        "   627.8    646.2   -307.9    615.8      154",
        "",
        "Random effects:",
        "",
        "Conditional model:",
        " Groups Name        Variance Std.Dev. Corr",
        " site   (Intercept) 1.43543  1.1981",
        "        x           0.02892  0.1701   0.92",
        "Number of obs: 160, groups:  site, 16",
        "",
        "Dispersion parameter for nbinom2 family (): 5.12",
        "",
        "Conditional model:",
        "            Estimate Std. Error z value Pr(>|z|)",
        "(Intercept)  0.34132    0.32172   1.061   0.2887",
        "x            0.11026    0.04697   2.347   0.0189 *",
        "---",
        "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1",
    ]
