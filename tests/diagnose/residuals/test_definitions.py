"""Each fast path against the definition written out, and what must hold of residuals whatever the data."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc

from mixedmodels.diagnose.residuals import outliers, spatial, uniformity
from mixedmodels.diagnose.residuals.pit import quantile_residuals, shares
from mixedmodels.diagnose.residuals.quadratic_form import upper_tail
from mixedmodels.diagnose.residuals.quantile_deviation import _below, _weights, curves, quantile_deviation, ranks
from mixedmodels.diagnose.residuals.rotation import nearest_positive
from mixedmodels.diagnose.residuals.smooth_basis import smooth_basis
from mixedmodels.diagnose.residuals.temporal import temporal
from mixedmodels.errors import DataError

ROUNDING = {"rel": 1e-10, "abs": 1e-12}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 9), st.booleans())
def test_shares_are_counts(seed, n, m, counts) -> None:
    rng = np.random.default_rng(seed)
    simulated = rng.poisson(2, (n, m)).astype(float) if counts else rng.normal(size=(n, m))
    y = rng.poisson(2, n).astype(float) if counts else rng.normal(size=n)
    below, up_to = shares(simulated, y)
    for i in range(n):
        assert below[i] == sum(s < y[i] for s in simulated[i]) / m
        assert up_to[i] == sum(s <= y[i] for s in simulated[i]) / m
    residuals = quantile_residuals(simulated, y, np.random.default_rng(1), integer=counts)
    assert ((residuals >= below) & (residuals <= up_to)).all()
    assert (quantile_residuals(simulated, y, np.random.default_rng(1), integer=counts) == residuals).all()
    older = quantile_residuals(simulated, y, np.random.default_rng(1), integer=counts, method="traditional")
    assert ((older >= 0) & (older <= 1)).all()


def test_residuals_of_simulations_among_themselves_are_uniform() -> None:
    rng = np.random.default_rng(4)
    for draw in (lambda size: rng.normal(size=size), lambda size: rng.poisson(1.5, size).astype(float)):
        residuals = quantile_residuals(draw((20_000, 99)), draw(20_000), rng)
        counts = np.histogram(residuals, 20, (0, 1))[0]
        assert np.square(counts - 1000).sum() / 1000 < 48  # chi-squared with 19 degrees of freedom, p = 0.0003


def test_kolmogorov_and_smirnov_by_definition() -> None:
    for n in (1, 2, 7):
        for d in (0.5 / n, 0.7 / n, 0.99 / n):  # for d up to 1 / n: P(D < d) = n! (2 d - 1 / n)^n
            known = 1 - factorial(n) * (2 * d - 1 / n) ** n
            assert uniformity.p_value(d, n, "two.sided", True) == pytest.approx(known, abs=1e-11)
    rng = np.random.default_rng(4)
    for n in (5, 30, 99):
        drawn = [uniformity.uniformity(row, exact=False).statistics["D"] for row in rng.uniform(size=(4000, n))]
        for d in (0.1, 0.15, 0.3):
            p = uniformity.p_value(d, n, "two.sided", True)
            assert abs(np.mean(np.array(drawn) >= d) - p) < 4 * np.sqrt(p * (1 - p) / 4000) + 1e-3


def test_weighted_chi_squared_against_closed_forms() -> None:
    from scipy.stats import chi2

    for x in (0.5, 3.0, 20.0):
        assert upper_tail(np.ones(5), x) == pytest.approx(chi2.sf(x, 5), abs=1e-8)
        # Two equal weights each make an exponential variable, and two of these with means a and b a known sum.
        a, b = 1.0, 3.0
        known = (b * np.exp(-x / (2 * b)) - a * np.exp(-x / (2 * a))) / (b - a)
        assert upper_tail(np.array([a, a, b, b]), x) == pytest.approx(known, abs=1e-7)
    assert upper_tail(np.array([1.0, 1.0, -1.0, -1.0]), 0.0) == pytest.approx(0.5, abs=1e-9)
    assert upper_tail(np.zeros(3), 1.0) == 0.0


def test_durbin_and_watson_by_simulation() -> None:
    rng = np.random.default_rng(8)
    n, observed = 12, rng.normal(size=12).cumsum()
    found = temporal(observed, np.arange(n), "greater")
    e = rng.normal(size=(100_000, n))
    e -= e.mean(axis=1, keepdims=True)
    drawn = np.square(np.diff(e)).sum(axis=1) / np.square(e).sum(axis=1)
    share = float(np.mean(drawn < found.statistics["DW"]))
    assert found.p_value == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(drawn)) + 1e-5)


def test_moran_by_the_whole_matrix_and_over_permutations() -> None:
    rng = np.random.default_rng(2)
    n = 30
    x, y, values = rng.random(n), rng.random(n), rng.random(n)
    w = 1 / (np.hypot(x[:, None] - x, y[:, None] - y) + np.eye(n)) * (1 - np.eye(n))
    w /= w.sum(axis=1, keepdims=True)
    z = values - values.mean()
    found = spatial.moran(values, spatial.between(x, y))
    assert found.observed == pytest.approx((z @ w @ z) / (z @ z), **ROUNDING)
    mixed = np.array([rng.permutation(z) for _ in range(20_000)])
    drawn = np.einsum("ij,jk,ik->i", mixed, w, mixed) / (z @ z)
    assert found.expected == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)))
    assert found.sd == pytest.approx(drawn.std(), rel=0.02)  # of 20,000 draws


def test_moran_in_blocks_is_moran_at_once(monkeypatch) -> None:
    rng = np.random.default_rng(3)
    x, y, values = rng.random((3, 50))
    whole = spatial.moran(values, spatial.between(x, y))
    monkeypatch.setattr(spatial, "BLOCK", 120)
    parts = spatial.moran(values, spatial.between(x, y))
    assert (parts.observed, parts.sd) == pytest.approx((whole.observed, whole.sd), **ROUNDING)


@pytest.mark.parametrize("alternative", ["two.sided", "greater", "less"])
def test_binomial_test_against_scipy(alternative) -> None:
    from scipy.stats import binomtest

    for x, n, p in ((0, 20, 0.1), (3, 20, 0.1), (20, 20, 0.9), (2, 160, 2 / 251), (7, 160, 2 / 251), (5, 50, 0.1)):
        theirs = binomtest(x, n, p, alternative.replace("two.sided", "two-sided"))
        assert outliers.binomial_p(x, n, p, alternative) == pytest.approx(theirs.pvalue, **ROUNDING)
        limits = theirs.proportion_ci(0.95, "exact")
        assert outliers.binomial_limits(x, n, alternative) == pytest.approx((limits.low, limits.high), abs=1e-9)


def test_smooth_functions_are_orthonormal_and_ordered() -> None:
    rng = np.random.default_rng(5)
    x = np.sort(rng.random(80))
    functions = smooth_basis(x)
    at = functions(x)
    assert at.T @ at / 80 == pytest.approx(np.eye(10), abs=1e-9)
    assert at[:, 0] == pytest.approx(np.full(80, at[0, 0]), abs=1e-9)
    line = np.polynomial.Polynomial.fit(x, at[:, 1], 1)(x)
    assert at[:, 1] == pytest.approx(line, abs=1e-9)
    assert (np.diff(functions.curvatures[2:]) > 0).all()
    # The integral of the squared second derivative, by differences on a fine grid.
    fine = np.linspace(x[0], x[-1], 20_001)
    second = np.diff(functions(fine)[:, 2], 2) / (fine[1] - fine[0]) ** 2
    assert functions.curvatures[2] == pytest.approx(np.square(second).sum() * (fine[1] - fine[0]), rel=1e-3)
    weights = _weights(functions)
    assert np.sqrt(weights).sum() == pytest.approx(4.0, abs=1e-8)


def test_quantiles_find_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(7)
    x, r = rng.random(400), np.round(rng.random(400) * 250) / 250
    assert quantile_deviation(r, 250, x, (0.25, 0.5, 0.75)).p_total > 0.05
    wave = np.clip(r + 0.25 * np.sin(2 * np.pi * x), 0, 1)
    found = quantile_deviation(wave, 250, x, (0.25, 0.5, 0.75))
    assert found.p_total < 1e-6
    assert (found.p_shape < found.p_level).all()
    middle = curves(found)[1]
    at = np.array([middle.fitted[np.abs(middle.x - p).argmin()] for p in (0.25, 0.75)])
    assert at == pytest.approx([0.75, 0.25], abs=0.12)  # within two standard errors of the curve
    assert (middle.std_error > 0).all()
    # The order of the rows does not matter, nor the unit of the predictor; ranks are of any order-keeping function.
    other = rng.permutation(400)
    same = quantile_deviation(wave[other], 250, np.exp(1e3 * x[other] - 5e2), (0.25, 0.5, 0.75))
    assert same.p_total == pytest.approx(found.p_total, rel=1e-6)
    raw = quantile_deviation(wave, 250, x, (0.5,), rank=False).p_total
    assert quantile_deviation(wave, 250, 1e6 * x + 3, (0.5,), rank=False).p_total == pytest.approx(raw, rel=1e-5)


@pytest.mark.parametrize("values", [1, 2, 3, 4, 5])
def test_predictors_of_few_values(values) -> None:
    """The functions are all functions of so few values: the shape is the chi-squared test of their shares."""
    rng = np.random.default_rng(values)
    x, r = np.repeat(np.arange(values), 60).astype(float), rng.random(60 * values)
    r[:30] /= 2
    found = quantile_deviation(r, 10**9, x, (0.5,))
    if values == 1:
        assert np.isnan(found.p_shape[0])
        assert found.p_total == found.p_level[0]
    elif values < 5:
        z = (r <= 0.5).reshape(values, 60).mean(axis=1)
        total = 60 * np.square(z - z.mean()).sum() / np.var(r <= 0.5, ddof=1)
        assert found.p_shape[0] == pytest.approx(chdtrc(values - 1, total), abs=1e-7)
    (curve,) = curves(found)
    assert len(curve.x) == values
    assert np.isfinite(curve.fitted).all()
    assert np.isfinite(curve.std_error).all()


def test_distances_from_the_middle_find_a_spread_that_changes() -> None:
    rng = np.random.default_rng(9)
    x = rng.random(400)
    spread = np.round(np.clip(0.5 + (rng.random(400) - 0.5) * (0.4 + 1.2 * x), 0, 1) * 250) / 250
    quantiles = (0.25, 0.5, 0.75)
    found = quantile_deviation(spread, 250, x, quantiles, absolute=True)
    assert found.p_total < 1e-4
    assert found.p_total < quantile_deviation(spread, 250, x, quantiles).p_total
    assert found.residuals == pytest.approx(2 * np.abs(spread - 0.5))
    # Shares of 250 simulations are divided so that a quantile has its probability exactly.
    for q in quantiles:
        assert _below(np.arange(251) / 250, 250, q, True).mean() == pytest.approx(q, **ROUNDING)
        assert _below(np.arange(251) / 250, 250, q).mean() == pytest.approx(q, **ROUNDING)


def test_ranks_share_their_mean() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 7.0])) == pytest.approx([2.5 / 4, 1 / 4, 2.5 / 4, 1.0])


def test_the_nearest_positive_matrix() -> None:
    rng = np.random.default_rng(6)
    a = rng.normal(size=(6, 6))
    good = a @ a.T + np.eye(6)
    assert nearest_positive(good) == pytest.approx(good, **ROUNDING)
    bad = np.outer(a[0], a[0]) - 0.1 * np.outer(a[1], a[1])
    mended = nearest_positive(bad)
    assert (np.linalg.eigvalsh(mended) > 0).all()
    with pytest.raises(DataError, match="not positive definite"):
        quantile_residuals(a, a[:, 0], rng, rotation=bad)
