"""The quick verdict on singularity beside the singular values themselves."""

from __future__ import annotations

import numpy as np
import pytest

from mixedmodels.fit.covariance import SINGULAR, is_singular, smallest


@pytest.mark.parametrize("seed", range(40))
def test_the_verdict_is_that_of_the_singular_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    standards = [np.array([[rng.lognormal(0, 3)]]), np.array([[1.0, rng.normal(0, 50)], [0.0, rng.lognormal(0, 3)]])]
    theta = np.r_[rng.lognormal(-6, 4), rng.lognormal(-3, 3), rng.normal(0, 2), rng.lognormal(-6, 4)]
    for sizes, own, units in (((1, 2), theta, standards), ((1,), theta[:1], standards[:1])):
        assert is_singular(own, sizes, units) == (float(smallest(own, sizes, units)) < SINGULAR)


def test_a_parameter_without_a_number_is_not_called_singular() -> None:
    assert not is_singular(np.array([np.nan, 0.0, 1.0]), (2,), [np.eye(2)])
