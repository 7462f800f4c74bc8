"""The same answers under statsmodels' attributes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


def test_statsmodels_spellings(fit: mm.MixedModel) -> None:
    assert list(fit.params.index) == ["(Intercept)", "Days"]
    np.testing.assert_allclose(fit.bse**2, np.diag(fit.vcov()))
    np.testing.assert_allclose(fit.tvalues, fit.params / fit.bse)
    assert fit.pvalues["Days"] == pytest.approx(3.26e-6, rel=0.01)  # lmerTest: t with 17 degrees of freedom
    limits = fit.conf_int(alpha=0.1)
    np.testing.assert_allclose(limits[1] - limits[0], 2 * 1.739607 * fit.bse, rtol=1e-6)
    normal = fit.update(ddf="normal")
    assert normal.pvalues["Days"] == pytest.approx(1.28e-11, rel=0.01)
    limits = normal.conf_int(alpha=0.1)
    np.testing.assert_allclose(limits[1] - limits[0], 2 * 1.6448536 * fit.bse)
    pd.testing.assert_frame_equal(limits, fit.conf_int(alpha=0.1, ddf="normal"))
    assert fit.cov_params().equals(fit.vcov())
    assert fit.llf == fit.loglik
    assert fit.scale == pytest.approx(fit.sigma**2)
    assert fit.cov_re.equals(fit.VarCorr()["Subject"])
    assert fit.random_effects["308"]["Days"] == fit.ranef()["Subject"].loc["308", "Days"]
    assert fit.resid.equals(fit.residuals())
    assert fit.fittedvalues.equals(fit.fitted())
    test = fit.t_test([[1, 9], [0, 1]])
    assert test.effect[0] == pytest.approx(fit.params.iloc[0] + 9 * fit.params.iloc[1])
    assert test.pvalue[1] == pytest.approx(fit.pvalues["Days"])
    with pytest.raises(mm.DataError, match=r"shape \(1, 3\), and the model has 2"):
        fit.t_test([1, 2, 3])
