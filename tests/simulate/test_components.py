"""Responses drawn from models of several components: on the fit's rows and on new ones, effects kept or drawn."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.component_fits import fitted, numbers, salamanders

import mixedmodels as mm
from mixedmodels.errors import DataError

NSIM = 1500


@pytest.mark.parametrize("name", ["both_random", "hurdle", "no_random"])
@pytest.mark.parametrize("new", [False, True])
def test_draws_have_the_means_and_zeros_of_predictions(name: str, new: bool) -> None:
    fit, rows = fitted(name), salamanders().iloc[::9]
    draws = numbers(fit.simulate(NSIM, seed=1, re_form=None, newdata=rows if new else None))
    mean, zero = (numbers(fit.predict(rows if new else None, type=t)) for t in ("response", "zero_probability"))
    error = draws.std(axis=1) / np.sqrt(NSIM)
    assert np.abs((draws.mean(axis=1) - mean) / error).max() < 5
    share = (draws == 0).mean(axis=1)
    assert np.abs((share - zero) / np.sqrt(zero * (1 - zero) / NSIM)).max() < 5


def test_effects_are_kept_by_component() -> None:
    fit = fitted("both_random")
    rows = salamanders().iloc[::9]
    for new in (None, rows):
        kept = numbers(fit.simulate(NSIM, seed=2, re_form={"cond": None, "zi": "~0"}, newdata=new))
        drawn = numbers(fit.simulate(NSIM, seed=2, re_form="~0", newdata=new))
        # Where no zero is structural the mean is that of the kept conditional part.
        expected = numbers(fit.predict(new, type="conditional"))
        positive = numbers(fit.predict(new, type="link"))
        assert np.corrcoef(kept.mean(axis=1), expected)[0, 1] > 0.97
        spread = [np.ptp(draws.mean(axis=1)[positive > np.median(positive)]) for draws in (kept, drawn)]
        assert spread[0] > spread[1]


def test_new_levels_are_drawn_in_every_component() -> None:
    fit = fitted("both_random")
    rows = salamanders().iloc[:1].assign(site="elsewhere")
    draws = numbers(fit.simulate(4000, seed=3, newdata=rows))[0]
    rng = np.random.default_rng(0)
    eta = fit.predict(rows, re_form="~0", type="link", allow_new_levels=True).iloc[0]
    zeta = fit.predict(rows, re_form="~0", type="zlink", allow_new_levels=True).iloc[0]
    u = rng.normal(size=(2, 400_000))
    mu = np.exp(eta + fit._fit.theta[0] * u[0])
    p = 1 / (1 + np.exp(-(zeta + fit._fit.further[0].theta[0] * u[1])))
    zero, mean = np.mean(p + (1 - p) * np.exp(-mu)), np.mean((1 - p) * mu)
    assert np.mean(draws == 0) == pytest.approx(zero, abs=0.03)
    assert draws.mean() == pytest.approx(mean, abs=5 * draws.std() / np.sqrt(len(draws)))


def test_seeds_reproduce_on_new_rows() -> None:
    fit, rows = fitted("hurdle"), salamanders().iloc[:30]
    one, two = (numbers(fit.simulate(3, seed=9, newdata=rows)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(numbers(fit.simulate(2, seed=9, newdata=rows)), one[:, :2])


def test_a_model_of_one_predictor_draws_on_new_rows_as_before() -> None:
    rows = salamanders()
    glmer = mm.glmer("count ~ clean + (1 | site)", rows, "poisson")
    one = fitted("one")
    pair = [numbers(m.simulate(NSIM, seed=4, newdata=rows.iloc[::30], re_form=None)).mean(axis=1) for m in (glmer, one)]
    np.testing.assert_allclose(pair[0], pair[1], atol=0.4)


def test_other_parameters_are_of_any_component() -> None:
    fit = fitted("both_random")
    same = fit.simulate(2, seed=6, newparams={"beta": {"zi~clean": fit.fixef("zi")["clean"]}})
    np.testing.assert_array_equal(numbers(same), numbers(fit.simulate(2, seed=6)))
    never = numbers(
        fit.simulate(
            NSIM,
            seed=6,
            re_form="~0",
            newparams={
                "beta": {"(Intercept)": 1.0, "clean": 0.0, "zi~(Intercept)": -50.0, "zi~clean": 0.0},
                "theta": {"site.(Intercept)": 0.0},
            },
        )
    )
    assert never.mean() == pytest.approx(np.e, abs=0.02)
    assert (never == 0).mean() == pytest.approx(np.exp(-np.e), abs=0.005)
    always = fit.simulate(
        1, seed=6, newparams={"beta": {"zi~(Intercept)": 50.0}, "theta": {"zi~site.(Intercept)": 0.0}}
    )
    assert (numbers(always) == 0).all()
    with pytest.raises(DataError, match=r"newparams.*of zi"):
        fit.simulate(1, newparams={"beta": {"zi~absent": 1.0}})
