"""Tests of hypotheses about coefficients whose covariance has no numbers."""

from __future__ import annotations

import numpy as np
import pytest

from mixedmodels.estimates.coefficients import Asymptotic

VCOV = np.diag([1.0, 4.0, np.nan])
NAMES = ("(Intercept)", "x", "z")


@pytest.fixture
def coefficients():
    return Asymptotic(NAMES, np.array([1.0, 2.0, 3.0]), VCOV)


def test_a_test_that_needs_a_missing_variance_has_no_number(coefficients):
    test = coefficients.f_test(np.eye(3))
    assert np.isnan([test.f_value, test.p_value]).all()
    assert test.num_df == 3


def test_dependent_rows_do_not_count(coefficients):
    chisq, basis = coefficients.wald_statistic(np.array([[0, 0, 1.0], [0, 0, 2.0]]))
    assert np.isnan(chisq)
    np.testing.assert_allclose(np.abs(basis), [[0, 0, 1]])


def test_the_other_tests_have_theirs(coefficients):
    assert coefficients.f_test(np.eye(3)[:2]).f_value == pytest.approx(1.0)
