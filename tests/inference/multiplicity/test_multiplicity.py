"""Adjusted p-values, multivariate t and letters against R, and against what has to hold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr
from tests.support.glht_reference import reference, tails

from mixedmodels.errors import DataError
from mixedmodels.inference.multiplicity import multivariate_t
from mixedmodels.inference.multiplicity.adjust import adjust, adjusted_p, correlation, critical_value
from mixedmodels.inference.multiplicity.compact_letters import letter_names, letters
from mixedmodels.inference.multiplicity.mvt_rectangles import box_probability
from mixedmodels.inference.multiplicity.studentized_range import ptukey_tail, qtukey


def numbers(values):
    return np.array([np.nan if v is None else v for v in np.atleast_1d(values)], dtype=float)


@pytest.mark.parametrize("case", reference()["adjust"], ids=lambda c: str(np.size(c["p"])))
def test_p_adjust(case):
    p = numbers(case["p"])
    for method, wanted in case["adjusted"].items():
        np.testing.assert_allclose(adjust(p, method), numbers(wanted), rtol=1e-12, err_msg=method)
    np.testing.assert_allclose(adjust(p, "holm", len(p) + 3), numbers(case["holm"]), rtol=1e-12)
    if not np.isnan(p).any():
        np.testing.assert_allclose(adjust(p, "hommel", len(p) + 3), numbers(case["larger"]), rtol=1e-12)


def test_studentized_range():
    for q, k, df, wanted in reference()["tukey"]:
        assert ptukey_tail(q, k, np.inf if df < 0 else df) == pytest.approx(wanted, abs=1e-7)
    # few degrees of freedom, where R's is coarse: scipy's studentized_range, adaptive quadrature
    assert ptukey_tail(44, 20, 2) == pytest.approx(0.007447555683544049, abs=1e-12)
    assert ptukey_tail(10, 4, 2) == pytest.approx(0.04808250058914443, abs=1e-12)
    assert ptukey_tail(qtukey(0.95, 6, 11.5), 6, 11.5) == pytest.approx(0.05, abs=1e-10)


@pytest.mark.parametrize("case", reference()["mvt"], ids=lambda c: f"{len(c['corr'])}-{c['df']}-{c['two']}")
def test_multivariate_t_within_the_error_of_mvtnorm(case):
    law = multivariate_t.law(np.array(case["corr"], dtype=float), case["two"])
    df = case["df"] or np.inf
    tail = law.tail(case["c"], df)
    assert abs(tail - case["tail"]) < 1e-6 + 2 * case["error"]
    assert law.error(case["c"], df) < 1e-6  # a standard error
    assert law.tail(law.quantile(0.95, df), df) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("case", reference()["miwa"], ids=lambda c: f"{len(c['corr'])} {c['c']}")
def test_normal_tails_against_miwa(case):
    corr = np.array(case["corr"], dtype=float)
    for two, name in ((True, "two"), (False, "one")):
        value, error = multivariate_t.law(corr, two).estimate(case["c"])
        assert value == pytest.approx(case[name], abs=1e-6)
        assert abs(value - case[name]) < 4 * error + 1e-7


def pair_correlations(vcov):
    eye = np.eye(len(vcov))
    c = np.array([eye[i] - eye[j] for i in range(len(vcov)) for j in range(i)])
    return correlation(c @ vcov @ c.T)


@pytest.mark.parametrize("m", [4, 6, 9, 12])
def test_balanced_pairs_are_the_range_by_the_general_method_too(m):
    corr = pair_correlations(np.eye(m))
    assert multivariate_t.law(corr).exact == m
    general = multivariate_t.averaged(corr, multivariate_t.factor(corr), True)
    assert general.near is not None  # the neighbouring problem is the same one
    for c, df in ((1.0, np.inf), (2.5, 12.0), (4.0, 5.0)):
        assert general.tail(c, df) == pytest.approx(ptukey_tail(np.sqrt(2) * c, m, df), abs=1e-10)
    # and without help from a neighbour the error is as stated
    alone = replace(general, near=None, beyond=None)
    for c, df in ((2.0, np.inf), (2.5, 12.0), (4.0, 5.0)):
        value, error = alone.estimate(c, df)
        assert abs(value - ptukey_tail(np.sqrt(2) * c, m, df)) < 4 * error
    assert alone.tail(9.0) == pytest.approx(ptukey_tail(np.sqrt(2) * 9.0, m), rel=0.05)


@pytest.mark.parametrize("case", tails(), ids=lambda c: f"{len(c['V'])}-{c['c']}-{c['df']}-{c['two']}")
def test_tails_against_long_runs_of_mvtnorm(case):
    """Whose own error is an estimate as well, of 3.5 standard errors."""
    v = np.array(case["V"], dtype=float)
    law = multivariate_t.law(pair_correlations(v) if case["pairs"] else v, case["two"])
    value, error = law.estimate(case["c"], case["df"] or np.inf)
    assert error < 4e-6
    assert abs(value - case["tail"]) < 1e-6 + 2 * case["error"] + 3 * error


@pytest.mark.parametrize(("m", "largest"), [(5, 1e-6), (12, 2e-6)])
def test_pairs_of_uneven_means(m, largest):
    """With the design of a one-way layout; the errors of several bounds by far wider sampling."""
    counts = np.resize([10, 8, 12, 9, 11, 12, 8], m)
    law = multivariate_t.law(pair_correlations(np.diag(1 / counts)))
    for c in (2.5, 3.0, 3.5):
        value, error = law.estimate(c, 40.0)
        assert error < largest
        single = adjusted_p(np.array([c]), 40.0, None, "none")[0]
        assert single < value < single * m * (m - 1) / 2
        assert value == pytest.approx(ptukey_tail(np.sqrt(2) * c, m, 40.0), rel=0.02)


@pytest.mark.parametrize("two", [True, False])
def test_product_form_by_the_general_method_and_by_boxes(two):
    loadings = np.array([0.3, 0.5, 0.6, 0.7, 0.4])
    corr = np.outer(loadings, loadings)
    np.fill_diagonal(corr, 1)
    exact = multivariate_t.law(corr, two)
    assert exact.exact is not None
    rows = multivariate_t.factor(corr)
    general = replace(multivariate_t.averaged(corr, rows, two), near=None)
    for c, df in ((1.2, 20.0), (2.2, 9.0), (3.0, np.inf), (-0.6, 9.0)):
        value, error = general.estimate(c, df)
        assert error < 1e-6
        assert abs(value - exact.tail(c, df)) < 4 * error + 1e-11
    low = np.full(len(corr), -2.2 if two else -np.inf)
    inside, spread = box_probability(low, np.full(len(corr), 2.2), rows, 9.0, last=14)
    assert abs(1 - inside - exact.tail(2.2, 9.0)) < 4 * spread


def test_independent_statistics():
    k = 7
    law = multivariate_t.averaged(np.eye(k), np.eye(k), True)
    for c in (1.5, 2.4, 3.1):
        wanted = -np.expm1(k * np.log1p(-adjusted_p(np.array([c]), np.inf, None, "none")[0]))
        assert law.tail(c) == pytest.approx(wanted, abs=1e-6)
    one = multivariate_t.averaged(np.eye(k), np.eye(k), False)
    for c in (-1.0, -0.2, 0.0, 0.4):
        assert one.tail(c) == pytest.approx(1 - ndtr(c) ** k, abs=1e-7)


def test_same_every_time():
    a = np.linspace(0.1, 0.6, 25).reshape(5, 5)
    corr = (a + a.T) / 2
    np.fill_diagonal(corr, 1)
    first = multivariate_t.law(corr).tail(2.3, 8.0)
    multivariate_t._law.cache_clear()
    assert multivariate_t.law(corr).tail(2.3, 8.0) == first


def test_repeated_and_opposite_statistics_count_once():
    corr = np.array([[1, 1, -1], [1, 1, -1], [-1, -1, 1.0]])
    p = adjusted_p(np.array([2.0, 2.0, -2.0]), np.inf, corr, "mvt")
    np.testing.assert_allclose(p, 0.04550026389635842, rtol=1e-12)
    one_sided = adjusted_p(np.array([2.0, 2.0, -2.0]), np.inf, corr, "mvt", alternative="greater")
    assert one_sided[0] == pytest.approx(0.04550026389635842, rel=1e-10)


@pytest.mark.parametrize("method", ["none", "sidak", "bonferroni", "tukey", "scheffe", "dunnettx", "mvt"])
def test_critical_values_invert_p_values(method):
    corr = np.array([[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]])
    for df in (6.5, np.inf):
        c = critical_value(df, corr, method, 0.95, 3)
        p = adjusted_p(np.full(3, c[0]), df, corr, method)
        np.testing.assert_allclose(p, 0.05, rtol=1e-8)


def test_messages():
    t = np.array([1.0, 2.0])
    with pytest.raises(DataError, match="needs the correlation"):
        adjusted_p(t, 5, None, "mvt")
    with pytest.raises(DataError, match="two-sided"):
        adjusted_p(t, 5, None, "tukey", alternative="less")
    with pytest.raises(DataError, match="none of"):
        adjusted_p(t, 5, None, "holmes")
    with pytest.raises(DataError, match="fewer"):
        adjust(np.array([0.1, 0.2]), "holm", 1)
    with pytest.raises(DataError, match="standard error is 0"):
        adjusted_p(t, 5, np.array([[1, np.nan], [np.nan, 1]]), "mvt")
    with pytest.raises(DataError, match="level"):
        critical_value(5, None, "none", 1.5, 2)


def pairs_of(case):
    names = [chr(65 + i) for i in range(case["n"])]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return names, dict(zip(pairs, np.atleast_1d(case["p"]).tolist(), strict=True))


def columns_of(marks):
    return sorted([i for i, own in enumerate(marks) if letter in own] for letter in set("".join(marks)))


def test_names_of_letters_are_mostly_those_of_multcompview():
    cases = reference()["letters"]
    assert np.mean([letters(pairs_of(c)[1], pairs_of(c)[0]) == c["letters"] for c in cases]) > 0.95
    assert np.mean([letters(pairs_of(c)[1], pairs_of(c)[0], sweep=True) == c["swept"] for c in cases]) > 0.9


@pytest.mark.parametrize("case", reference()["letters"], ids=range(len(reference()["letters"])))
def test_letters_are_those_of_multcompview_and_multcomp(case):
    names, p = pairs_of(case)
    plain, swept = letters(p, names), letters(p, names, sweep=True)
    # multcompView sorts its columns in one pass, so that several that begin at the same level may stay out of order
    assert columns_of(plain) == columns_of(case["letters"])
    assert columns_of(swept) == columns_of(case["swept"])
    for ours in (plain, swept):
        for (a, b), value in p.items():
            assert bool(set(ours[names.index(a)]) & set(ours[names.index(b)])) == (value >= 0.05)


def test_letters_in_order():
    p = {("x", "y"): 0.001, ("y", "z"): 0.5, ("x", "z"): 0.2}
    assert letters(p, ["x", "y", "z"]) == ["a", "b", "ab"]
    assert letters(p, ["x", "y", "z"], order=["y", "z", "x"]) == ["b", "a", "ab"]
    assert letters(p, ["x", "y", "z"], reverse=True) == ["b", "a", "ab"]
    assert letter_names(54)[-3:] == ["Z", ".a", ".b"]
    with pytest.raises(DataError, match="none of"):
        letters({("x", "q"): 0.1}, ["x", "y"])
