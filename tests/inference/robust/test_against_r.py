"""Robust covariances, degrees of freedom and tests beside clubSandwich 0.5.8 and sandwich."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.support.robust_reference import fitted, models, value

import mixedmodels as mm

TYPES = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
TIGHT = 1e-6  # both sides are at the optimum to about ten digits


def _fit(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        return fitted(name)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", models("lmer", "lm", "glm"))
def test_cluster_robust(name, kind):
    this = value(name)
    wanted = this["types"][kind]
    fit = _fit(name)
    cluster = this.get("cluster")
    if wanted is None:
        with pytest.raises(mm.MixedModelsError, match=kind):
            fit.robust(kind, cluster)
        return
    found = fit.robust(kind, cluster)
    rtol = TIGHT
    vcov = np.array(wanted["vcov"], dtype=float).reshape(found.vcov.shape)
    scale = np.sqrt(np.outer(np.diag(vcov), np.diag(vcov)))
    # A coefficient that the clusters determine alone has a variance of rounding error, here and there.
    sure = np.diag(vcov) > 1e-20 * np.diag(vcov).max()
    np.testing.assert_array_less(
        np.abs(found.vcov - vcov)[np.ix_(sure, sure)], rtol * scale[np.ix_(sure, sure)] + 1e-300
    )
    df = np.atleast_1d(wanted["df"]).astype(float)
    p = np.atleast_1d(wanted["p"]).astype(float)
    table = found.table
    # clubSandwich takes eigenvalues below 1e-12 for 0 whatever their scale, which costs a digit or two in glm_probit.
    np.testing.assert_allclose(table["df"][sure], df[sure], rtol=100 * rtol, atol=0)
    np.testing.assert_allclose(table["p_value"][sure], p[sure], rtol=0, atol=rtol)


@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
@pytest.mark.parametrize("name", models("lmer", "lm", "glm"))
def test_joint_test(name, kind):
    this = value(name)
    wanted = this["types"][kind]
    if wanted is None:
        return  # see above
    found = _fit(name).robust(kind, this.get("cluster"))
    p = len(found.beta)
    rows = np.eye(p)[[0]] if p == 1 else np.eye(p)[1 : 1 + wanted["rows"]]
    if wanted.get("joint") is None:  # the clusters do not vary in all directions
        assert np.isnan(found.f_test(rows).p_value)
        return
    f, num, den, p_value, scale = (np.nan if v is None else v for v in wanted["joint"])
    test = found.f_test(rows)
    rtol = 100 * TIGHT
    assert test.num_df == num
    np.testing.assert_allclose([test.f_value, test.den_df, test.scale], [f, den, scale], rtol=rtol)
    np.testing.assert_allclose(test.p_value, p_value, rtol=0, atol=rtol / 100)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5"])
@pytest.mark.parametrize("name", models("lm", "glm"))
def test_heteroscedasticity_consistent(name, kind):
    vcov = _fit(name).robust(kind).vcov
    wanted = np.array(value(name)["hc"][kind], dtype=float)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    np.testing.assert_array_less(np.abs(vcov - wanted), 1e-8 * scale)
