"""Densities and ellipses, against what they are by definition."""

from __future__ import annotations

import numpy as np
import pytest

from mixedmodels.plot.density import density
from mixedmodels.plot.ellipses import ellipse


def test_densities_integrate_to_one() -> None:
    rng = np.random.default_rng(3)
    at, d = density(rng.normal(size=400))
    assert np.trapezoid(d, at) == pytest.approx(1, abs=3e-3)  # three bandwidths leave out so much of a kernel
    at, d = density(rng.uniform(0, 1, 400), bounds=(0.0, 1.0))
    assert (at[0], at[-1]) == (0.0, 1.0)
    assert np.trapezoid(d, at) == pytest.approx(1, abs=3e-3)
    assert len(density(np.ones(5))[0]) == 0


def test_singular_covariances_have_flat_ellipses() -> None:
    around = ellipse(np.zeros(2), np.array([[4.0, 2.0], [2.0, 1.0]]), 0.95)
    assert np.allclose(around[:, 0], 2 * around[:, 1], atol=1e-12)
