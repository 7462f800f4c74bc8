"""Means of a transformed response on its own scale, each against the transformation written out."""

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

WAYS = {
    "logit(p)": (lambda m: 1 / (1 + np.exp(-m)), lambda m: np.exp(-m) / (1 + np.exp(-m)) ** 2),
    "log(p)": (np.exp, np.exp),
    "log2(p)": (lambda m: 2.0**m, lambda m: np.log(2) * 2.0**m),
    "sqrt(p)": (np.square, lambda m: 2 * m),
    "asin(sqrt(p))": (lambda m: np.sin(m) ** 2, lambda m: np.sin(2 * m)),
    "log1p(p)": (np.expm1, np.exp),
}


def _table():
    rng = np.random.default_rng(7)
    g, f = np.repeat(np.arange(12), 6), np.tile(list("aabbcc"), 12)
    eta = -1 + 0.8 * (f == "b") - 1.2 * (f == "c") + 0.4 * rng.normal(size=12)[g] + 0.3 * rng.normal(size=72)
    return pd.DataFrame({"p": 1 / (1 + np.exp(-eta)), "f": f, "g": g})


@pytest.mark.parametrize(
    "fit", [lambda left: mm.lm(f"{left} ~ f", _table()), lambda left: mm.lmer(f"{left} ~ f + (1 | g)", _table())]
)
@pytest.mark.parametrize("left", WAYS)
def test_means_go_back_by_the_inverse_and_errors_by_its_slope(left, fit):
    inverse, slope = WAYS[left]
    model = fit(left)
    own = model.emmeans("f").table
    back = model.emmeans("f", type="response").table
    at = own["estimate"]
    np.testing.assert_allclose(back["estimate"], inverse(at), rtol=1e-10)
    np.testing.assert_allclose(back["std_error"], np.abs(slope(at)) * own["std_error"], rtol=1e-8)
    np.testing.assert_allclose(back["conf_low"], inverse(own["conf_low"]), rtol=1e-10)
    np.testing.assert_allclose(back["conf_high"], inverse(own["conf_high"]), rtol=1e-10)


def test_a_logit_rises_with_its_proportion():
    """b has the largest proportions and c the smallest, in the data as in the means; so does regrid."""
    model = mm.lmer("logit(p) ~ f + (1 | g)", _table())
    observed = _table().groupby("f")["p"].mean().to_numpy()
    for means in (model.emmeans("f", type="response"), model.emmeans("f").regrid()):
        estimates = np.asarray(means.table["estimate"])
        assert ((estimates > 0) & (estimates < 1)).all()
        np.testing.assert_array_equal(np.argsort(estimates), np.argsort(observed))
        np.testing.assert_allclose(estimates, observed, atol=0.05)


def test_ratios_of_odds():
    """Differences of logits are logarithms of odds ratios."""
    model = mm.lm("logit(p) ~ f", _table())
    ratios = model.emmeans("f", type="response").pairs().table["estimate"]
    logits = np.asarray(model.emmeans("f").table["estimate"])
    differences = [logits[i] - logits[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(ratios, np.exp(differences), rtol=1e-10)
