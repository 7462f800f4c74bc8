"""Tail probabilities, quantiles and limits that all tests share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mixedmodels.errors import DataError
from mixedmodels.estimates import wald

DF = np.array([1.0, 4.5, np.inf])
T = np.array([-2.5, 0.3, 1.96])


def test_each_statistic_has_its_own_degrees_of_freedom():
    np.testing.assert_allclose(wald.p_values(T, DF), 2 * stats.t.sf(np.abs(T), DF))
    np.testing.assert_allclose(wald.quantile(0.975, DF), stats.t.ppf(0.975, DF))
    limits = wald.intervals(T, np.full(3, 2.0), 0.9, DF)
    np.testing.assert_allclose(limits[:, 1] - T, 2 * stats.t.ppf(0.95, DF))
    np.testing.assert_allclose(limits.sum(axis=1), 2 * T)


def test_f_becomes_chi_squared_and_nothing_is_tested_without_degrees_of_freedom():
    found = wald.f_p_values([2.0, 2.0, 2.0, np.nan], [3, 3, 0, 3], [7.5, np.inf, 7.5, 7.5])
    np.testing.assert_allclose(found[:2], [stats.f.sf(2, 3, 7.5), stats.chi2.sf(6, 3)])
    assert np.isnan(found[2:]).all()
    np.testing.assert_allclose(wald.chi_squared_p([4.0, -1.0, 4.0], [2, 2, 0]), [stats.chi2.sf(4, 2), 1, np.nan])


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_a_level_is_a_probability(level):
    with pytest.raises(DataError, match=r"between 0 and 1, as 0\.95 does"):
        wald.check_level(level)
