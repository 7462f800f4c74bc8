"""Where a link ends, and where numbers do: -infinity or a number, never NaN, never an overflow on the way."""

from __future__ import annotations

import numpy as np
import pytest

from mixedmodels import families
from mixedmodels.families import Family

EVERY = [cls(link=link) for cls in families.classes().values() for link in cls().handle.links]

# A response of each support, in and near the corners of it.
RESPONSES = {
    "real": [-1e6, 0.0, 3.5],
    "counts": [0.0, 1.0, 1e9],
    "positive": [1e-9, 1.0, 1e9],
    "proportion": [0.0, 0.5, 1.0],
    "positive counts": [1.0, 3.0, 1e9],
    "nonnegative": [0.0, 1e-8, 1.0, 1e8],
    "open unit": [1e-300, 0.3, 1 - 1e-15],
    "closed unit": [0.0, 1e-300, 0.3, 1.0],
}


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_a_value_is_never_nan(family: Family) -> None:
    eta = np.array([-1e300, -1e4, -710.0, -40.0, -1.0, -1e-300, 0.0, 1e-300, 0.5, 40.0, 710.0, 1e4, 1e300])
    for shape in (-14.0, 0.0, 18.0):
        psi = [shape] * len(family.shapes)
        for y in RESPONSES[family.support]:
            found = family.log_density(y, 2.0, eta, psi)
            assert not np.isnan(found).any(), (y, shape, eta[np.isnan(found)])
            assert not np.isposinf(found).any(), (y, shape)
            n = len(eta)
            sums = family.handle.derivatives(np.full(n, y), np.full(n, 2.0), eta, psi)
            assert sums["l"] == -np.inf or np.isfinite(sums["l"])


@pytest.mark.parametrize("name", ["sqrt", "identity", "inverse", "log", "1/mu^2"])
def test_outside_the_domain_the_value_is_minus_infinity(name: str) -> None:
    where = {"log": 0.5}.get(name, -0.5)
    for family in EVERY:
        if family.link == name and (family.support in ("counts", "positive") and name != "log"):
            assert family.log_density(1.0, None, where) == -np.inf
        if family.link == name and family.in_unit_interval:
            assert family.log_density(1.0, None, where) == -np.inf


def test_a_row_far_in_the_tail_keeps_its_score() -> None:
    logit = families.Binomial()
    d = logit.handle.derivatives(np.array([1.0, 0.0]), None, np.array([700.0, -700.0]), [])
    assert d["g"] == pytest.approx([np.exp(-700), -np.exp(-700)], rel=1e-13)
    assert d["w"] == pytest.approx(np.exp(-700), rel=1e-13)
    assert d["l"] == pytest.approx(-2 * np.exp(-700), rel=1e-13)


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_mean_and_predictor_are_inverses(family: Family) -> None:
    eta = np.array([-3.0, -0.75, 0.3, 1.25]) if family.handle.link in ("logit", "probit", "cauchit") else None
    if eta is None:
        eta = np.array([-1.5, -0.2]) if str(family) == "binomial (log)" else np.array([0.2, 0.5, 1.25])
    assert family.predictor(family.mean(eta)) == pytest.approx(eta, rel=1e-13)
    step = 1e-6
    slope = (family.mean(eta + step) - family.mean(eta - step)) / (2 * step)
    assert family.mean_derivative(eta) == pytest.approx(slope, rel=1e-7)


def test_normal_quantiles_reach_the_last_number() -> None:
    from scipy import stats

    p = np.array([5e-324, 1e-300, 1e-20, 0.02, 0.3, 0.5, 0.9, 1 - 1e-15])
    assert families.Binomial("probit").predictor(p) == pytest.approx(stats.norm.ppf(p), rel=1e-13, abs=1e-15)
    assert families.Binomial("probit").predictor([0.0, 1.0]).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize("link", ["logit", "cauchit"])
def test_many_trials_far_from_their_share_have_a_finite_likelihood(link: str) -> None:
    eta = np.array([-1000.0, 1000.0])
    family = families.Binomial(link)
    few, many = (family.log_density(0.5, m, eta) / m for m in (1e3, 1e6))
    assert np.isfinite(many).all()
    # A trial's share of log choose(m, m / 2) is log 2 but for log(m) / 2 m.
    assert many == pytest.approx(few, rel=0.01)
