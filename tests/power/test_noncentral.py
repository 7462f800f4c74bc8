"""Noncentral distributions beside their definitions, and limits of shares beside R's."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from mixedmodels.errors import DataError
from mixedmodels.power.noncentral import check_alpha, f_power, share_interval, sign_and_size, t_power


@pytest.mark.parametrize("df", [3.0, 17.0, 200.0, inf])
@pytest.mark.parametrize("delta", [-2.5, 0.0, 0.3, 4.0])
def test_t_power_is_the_share_of_its_draws(df: float, delta: float) -> None:
    rng = np.random.default_rng(1)
    n = 200_000
    chi = 1.0 if np.isinf(df) else np.sqrt(rng.chisquare(df, n) / df)
    t = (rng.standard_normal(n) + delta) / chi
    found = t_power(delta, df, 0.05)
    from scipy.special import ndtri, stdtrit

    bound = ndtri(0.975) if np.isinf(df) else stdtrit(df, 0.975)
    shares = np.array([np.mean(np.abs(t) > bound), np.mean(t * np.sign(delta or 1) < -bound)])
    five = 5 * np.sqrt(0.25 / n)  # standard errors of a share
    assert found.power == pytest.approx(shares[0], abs=five)
    if delta:
        assert found.type_s * found.power == pytest.approx(shares[1], abs=five)
    else:
        assert found.power == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize(("q", "df"), [(2, 8.0), (4, 60.0), (3, inf)])
def test_f_power_is_the_share_of_its_draws(q: int, df: float) -> None:
    rng = np.random.default_rng(2)
    n, lam = 200_000, 7.0
    z = rng.standard_normal((n, q))
    z[:, 0] += np.sqrt(lam)
    f = (z**2).sum(axis=1) / q / (1.0 if np.isinf(df) else rng.chisquare(df, n) / df)
    from scipy.special import chdtri, fdtri

    bound = chdtri(q, 0.05) / q if np.isinf(df) else fdtri(q, df, 0.95)
    assert f_power(lam, q, df, 1.0, 0.05).power == pytest.approx(np.mean(f > bound), abs=5 * np.sqrt(0.25 / n))
    assert f_power(0.0, q, df, 1.0, 0.05).power == pytest.approx(0.05, abs=1e-9)


def test_one_row_of_f_is_t() -> None:
    assert f_power(2.0**2, 1, 12.0, 1.0, 0.05).power == pytest.approx(t_power(2.0, 12.0, 0.05).power, abs=1e-8)


def test_limits_of_a_share_are_those_of_r() -> None:
    # binom.test(17, 20)$conf.int, binom.test(0, 20), binom.test(20, 20, conf.level = 0.9)
    assert share_interval(17, 20) == pytest.approx((0.6210732, 0.9679291), abs=1e-7)
    assert share_interval(0, 20) == pytest.approx((0, 0.1684335), abs=1e-7)
    assert share_interval(20, 20, 0.9) == pytest.approx((0.8608917, 1), abs=1e-7)


def test_sign_and_size() -> None:
    estimates = np.array([3.0, -3.0, 4.0, 0.1, np.nan])
    significant = np.array([True, True, True, False, True])
    assert sign_and_size(estimates, significant, 2.0) == pytest.approx((1 / 3, 10 / 6))
    assert np.isnan(sign_and_size(estimates, significant, 0.0)).all()
    assert np.isnan(sign_and_size(estimates, ~np.ones(5, dtype=bool), 2.0)).all()


@pytest.mark.parametrize("alpha", [0, 1, "0.05", True])
def test_bad_levels(alpha: object) -> None:
    with pytest.raises(DataError, match="alpha is"):
        check_alpha(alpha)
