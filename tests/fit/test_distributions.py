"""Tails and quantiles of the engine against 50-digit values, scipy, and each other."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import special
from tests.support.places import REFERENCE

from mixedmodels.fit import distributions

ACCURACY = 1e-13  # promised down to 1e-300
SCIPY = 2e-12  # scipy's own error in the far tails

DF = np.array([0.01, 0.3, 1.0, 2.0, 5.5, 17.0, 120.0, 1e4, 1e9])
P = np.array([1e-300, 1e-100, 1e-20, 1e-5, 0.01, 0.2, 0.5, 0.8, 0.99])


def reference(law: str) -> list[list[Any]]:
    text = gzip.decompress((REFERENCE / "distributions" / "reference.json.gz").read_bytes())
    return [case for case in json.loads(text) if case[0] == law]


@pytest.mark.parametrize("law", ["chi-squared", "t", "F"])
@pytest.mark.parametrize("upper", [False, True])
def test_tails_have_thirteen_digits(law: str, upper: bool) -> None:
    cases = reference(law)
    value, df1, df2 = (np.array([case[i] for case in cases], dtype=float) for i in (1, 2, 3))
    expected = np.array([float(case[4 + upper]) for case in cases])
    tails = {
        "chi-squared": lambda: distributions.chi_squared_tail(value, df1, upper=upper),
        "t": lambda: distributions.t_tail(value, df2, upper=upper),
        "F": lambda: distributions.f_tail(value, df1, df2, upper=upper),
    }[law]()
    np.testing.assert_allclose(tails, expected, rtol=ACCURACY, atol=1e-305)
    assert len(cases) > 40


def test_the_normal_distribution_is_scipys() -> None:
    z = np.linspace(-36, 36, 289)
    np.testing.assert_allclose(distributions.normal_tail(z), special.ndtr(z), rtol=3e-13)
    np.testing.assert_allclose(distributions.normal_tail(z, upper=True), special.ndtr(-z), rtol=3e-13)
    p = np.concatenate([P, [0.5 + 1e-12, 0.25, 0.75, 1 - 1e-12]])
    np.testing.assert_allclose(distributions.normal_quantile(p), special.ndtri(p), rtol=ACCURACY, atol=0)


def test_ordinary_tails_and_quantiles_are_scipys() -> None:
    df1, df2 = (v.ravel() for v in np.meshgrid([1.0, 2, 3, 7.5, 40], [2.0, 3, 8.8, 17, 161, 2000]))
    for f in (0.01, 0.5, 1.0, 1.7, 4.0, 12.0, 90.0):
        upper = special.betainc(df2 / 2, df1 / 2, df2 / (df2 + df1 * f))
        np.testing.assert_allclose(distributions.f_tail(f, df1, df2, upper=True), upper, rtol=SCIPY)
        np.testing.assert_allclose(distributions.f_tail(f, df1, df2), special.fdtr(df1, df2, f), rtol=SCIPY)
        np.testing.assert_allclose(distributions.t_tail(-f, df2), special.stdtr(df2, -f), rtol=SCIPY)
        np.testing.assert_allclose(
            distributions.chi_squared_tail(f, df2, upper=True), special.chdtrc(df2, f), rtol=SCIPY
        )
        np.testing.assert_allclose(
            distributions.f_tail(f, df1, np.inf, upper=True), special.chdtrc(df1, df1 * f), rtol=SCIPY
        )
    for p in (1e-8, 0.001, 0.025, 0.3, 0.5, 0.9, 0.975):
        np.testing.assert_allclose(distributions.t_quantile(p, df2), special.stdtrit(df2, p), rtol=1e-11)
        np.testing.assert_allclose(
            distributions.chi_squared_quantile(p, df2, upper=True), special.chdtri(df2, p), rtol=1e-11
        )
        np.testing.assert_allclose(distributions.f_quantile(p, df1, df2), special.fdtri(df1, df2, p), rtol=1e-10)


@pytest.mark.parametrize("upper", [False, True])
def test_quantiles_are_where_the_tails_have_their_probability(upper: bool) -> None:
    p, df1, df2 = (v.ravel() for v in np.meshgrid(P, DF, DF))
    quantile = distributions.f_quantile(p, df1, df2, upper=upper)
    held = (quantile > 1e-300) & np.isfinite(quantile)  # the others are beyond the range of numbers
    assert held.mean() > 0.7
    tail = distributions.f_tail(quantile, df1, df2, upper=upper)
    # The quantile is rounded to a double, of which the tail makes more: the more so the narrower the distribution.
    rounding = ACCURACY + 2.3e-16 * (np.sqrt(-2 * np.log(p)) + 2) * np.sqrt(np.minimum(df1, df2))
    assert (np.abs(tail / p - 1)[held] <= rounding[held]).all()


def test_tails_add_up_to_one() -> None:
    f, df1, df2 = (v.ravel() for v in np.meshgrid(np.exp(np.linspace(-8, 8, 33)), DF, DF))
    both = distributions.f_tail(f, df1, df2) + distributions.f_tail(f, df1, df2, upper=True)
    np.testing.assert_allclose(both, 1, rtol=ACCURACY)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (distributions.t_tail([-math.inf, 0, math.inf, math.nan], 3), [0, 0.5, 1, math.nan]),
        (distributions.t_tail(1.0, [0, -1, math.nan]), [math.nan] * 3),
        (distributions.t_tail(1.0, math.inf), 0.8413447460685429),
        (distributions.f_tail([0, math.inf, -1], 2, 3, upper=True), [1, 0, math.nan]),
        (distributions.f_tail([0.5, 2], math.inf, math.inf), [0, 1]),
        (distributions.f_tail(0, 3, math.inf, upper=True), 1),
        (distributions.f_tail(2, 0, 3), math.nan),
        (distributions.chi_squared_tail([-1, 0, math.inf], 2, upper=True), [1, 1, 0]),
        (distributions.t_quantile([0, 0.5, 1, 2], 4), [-math.inf, 0, math.inf, math.nan]),
        (distributions.f_quantile([0, 1], 4, 5), [0, math.inf]),
        (distributions.chi_squared_quantile([0, 1], 4, upper=True), [math.inf, 0]),
    ],
)
def test_edges(tail: Any, expected: Any) -> None:
    np.testing.assert_allclose(tail, expected, rtol=1e-15)


def test_the_first_infinite_degrees_of_freedom_are_a_limit() -> None:
    for df2, side in itertools.product((0.5, 3.0, 40.0), (False, True)):
        near = distributions.f_tail([0.2, 1.5, 30.0], 1e17, df2, upper=side)
        limit = distributions.f_tail([0.2, 1.5, 30.0], math.inf, df2, upper=side)
        np.testing.assert_allclose(limit, near, rtol=1e-12)


def test_satterthwaites_tables_need_no_scipy() -> None:
    script = """
import sys, mixedmodels as mm
fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
ddf = "Satterthwaite"
for table in (fit.anova(ddf=ddf), fit.summary(), fit.summary(ddf=ddf), fit.tidy(ddf=ddf)):
    assert str(table)
print("scipy" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("False", "")
