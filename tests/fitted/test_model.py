"""What every fitted model holds: numbers that cannot be set, matrices, their names."""

from __future__ import annotations

import numpy as np
import pytest

import mixedmodels as mm


def test_properties_are_stored_numbers_that_cannot_be_set(fit: mm.MixedModel) -> None:
    with pytest.raises(AttributeError):
        fit.sigma = 1.0  # type: ignore[misc]
    theta = fit.theta
    theta[:] = 0
    assert fit.theta[0] > 0.9


def test_x_z_and_names(fit: mm.MixedModel) -> None:
    x = fit.model_matrix("X")
    assert list(x.columns) == ["(Intercept)", "Days"]
    np.testing.assert_allclose(x.to_numpy() @ np.asarray(fit.fixef()), fit.predict(re_form="~0"))
    np.testing.assert_allclose(fit.model_matrix("Z") @ fit.getME("b") + fit.predict(re_form="~0"), fit.fitted())
    with pytest.raises(mm.DataError, match="'X' and 'Z'"):
        fit.model_matrix("Y")  # type: ignore[arg-type]
