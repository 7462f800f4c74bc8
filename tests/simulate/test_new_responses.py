"""New responses of a fitted model: the same with the same seed, with the moments of the model."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm


def test_simulation_is_reproducible_and_has_the_moments_of_the_model(fit: mm.MixedModel) -> None:
    draws = fit.simulate(400, seed=1)
    assert draws.equals(fit.simulate(400, seed=1))
    assert not draws.equals(fit.simulate(400, seed=2))
    assert list(draws.columns[:2]) == ["sim_1", "sim_2"]
    y = draws.to_numpy()
    z, lam = fit.getME("Z").toarray(), fit.getME("Lambda").toarray()
    variance = fit.sigma**2 * np.diag(z @ lam @ lam.T @ z.T + np.eye(len(y)))
    # 400 draws: a mean is known to sd / 20, a variance to about 7%; 180 rows are compared, so four to five such errors.
    assert np.abs((y.mean(axis=1) - fit.predict(re_form="~0")) / np.sqrt(variance / 400)).max() < 4.5
    assert np.abs(y.var(axis=1) / variance - 1).max() < 0.4
    conditional = fit.simulate(400, seed=1, re_form=None).to_numpy()
    assert np.abs(conditional.mean(axis=1) - fit.fitted()).max() < 4.5 * fit.sigma / 20
    assert np.abs(conditional.var(axis=1) / fit.sigma**2 - 1).max() < 0.4


def test_simulation_given_some_random_effects_draws_the_others(fit: mm.MixedModel) -> None:
    y = fit.simulate(400, seed=3, re_form="~ (1 | Subject)").to_numpy()
    first_day = np.asarray(tables()["sleep"]["Days"]) == 0  # where the slopes have no part
    assert np.abs(y.var(axis=1)[first_day] / fit.sigma**2 - 1).max() < 0.35
    assert y.var(axis=1)[~first_day].mean() > 1.2 * fit.sigma**2


def test_refused_simulation(fit: mm.MixedModel) -> None:
    with pytest.raises(mm.DataError, match="nsim must be a positive whole number; got 0"):
        fit.simulate(0)
    with pytest.raises(mm.DataError, match="seed must be a whole number"):
        fit.simulate(1, seed="a")
    with pytest.raises(mm.DataError, match="must be numbers"):
        fit.refit("abc")
