"""What a generalised mixed model must do whatever the data: moves of the table that move the fit or leave it alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special
from tests.support.glmm_cases import (
    BOTH,
    CASES,
    EACH,
    TABLE,
    Case,
    assert_same,
    beta,
    covariances,
    criterion,
    errors,
    fit,
    fitted,
)


@EACH
def test_order_of_rows_does_not_matter(case: Case) -> None:
    order = np.random.default_rng(2).permutation(len(TABLE))
    after = fit(case, TABLE.iloc[order].reset_index(drop=True))
    assert_same(fitted(case), after)
    np.testing.assert_allclose(np.asarray(after.fitted()), np.asarray(fitted(case).fitted())[order], rtol=1e-5)


@EACH
def test_names_and_order_of_levels_do_not_matter(case: Case) -> None:
    renamed = TABLE.copy()
    for name in ("g", "h"):
        levels = list(TABLE[name].cat.categories)
        renamed[name] = pd.Categorical("new " + TABLE[name].astype(str), [f"new {level}" for level in levels[::-1]])
    assert_same(fitted(case), fit(case, renamed))


@pytest.mark.parametrize("factor", [1e-4, 37.0, 1e3])
@EACH
def test_scale_of_a_predictor(case: Case, factor: float) -> None:
    before, after = fitted(case), fit(case, TABLE.assign(x=factor * TABLE["x"]))
    at = list(dict(before.fixef())).index("x")
    scale = np.ones(len(beta(before)))
    scale[at] = factor
    assert criterion(after) == pytest.approx(criterion(before), abs=1e-7)
    assert np.abs((beta(after) * scale - beta(before)) / errors(before)).max() < 1e-5
    np.testing.assert_allclose(errors(after) * scale, errors(before), rtol=1e-4)
    for mine, its, frame in zip(covariances(after), covariances(before), before.VarCorr().values(), strict=True):
        size = np.array([factor if name == "x" else 1.0 for name in frame.columns])
        np.testing.assert_allclose(mine * np.outer(size, size), its, rtol=1e-4, atol=1e-5 * np.abs(its).max())


@EACH
def test_constant_offset_goes_into_the_intercept(case: Case) -> None:
    shift = 0.25
    after = fit(case, TABLE.assign(shift=shift), offset="shift")
    moved = beta(fitted(case))
    moved[0] -= shift
    assert criterion(after) == pytest.approx(criterion(fitted(case)), abs=1e-7)
    assert np.abs((beta(after) - moved) / errors(after)).max() < 1e-5


@EACH
def test_offset_of_a_predictor_goes_into_its_coefficient(case: Case) -> None:
    after = fit(case._replace(fixed=case.fixed + " + offset(x / 10)"))
    moved = beta(fitted(case))
    moved[1] -= 0.1
    assert criterion(after) == pytest.approx(criterion(fitted(case)), abs=1e-7)
    assert np.abs((beta(after) - moved) / errors(after)).max() < 1e-5


# ---- rows that say the same ------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_single_trials_and_their_sums(link: str) -> None:
    """One row for each trial: the likelihood of one order of the outcomes, less by the number of orders."""
    case = Case("cbind(s, t - s)", "Binomial", link, "(1 | g) + (1 | h)")
    rows = TABLE.loc[TABLE.index.repeat(TABLE["t"])].reset_index(drop=True)
    rank = np.concatenate([np.arange(t) for t in TABLE["t"]])
    single = fit(case._replace(response="one"), rows.assign(one=(rank < rows["s"]).astype(int)))
    s, t = TABLE["s"], TABLE["t"]
    orders = float((special.gammaln(t + 1) - special.gammaln(s + 1) - special.gammaln(t - s + 1)).sum())
    together = fit(case)
    assert criterion(single) - 2 * orders == pytest.approx(criterion(together), abs=1e-7)
    assert np.abs((beta(single) - beta(together)) / errors(together)).max() < 1e-5
    np.testing.assert_allclose(errors(single), errors(together), rtol=1e-4)


def test_forms_of_a_binomial_response_are_one() -> None:
    case = Case("cbind(s, t - s)", "Binomial", "logit")
    assert_same(
        fit(case), fit(case._replace(response="share"), TABLE.assign(share=TABLE["s"] / TABLE["t"]), weights="t")
    )
    zero_one = Case("b", "Binomial", "logit")
    words = TABLE.assign(
        word=pd.Categorical(np.where(TABLE["b"] == 1, "yes", "no"), ["no", "yes"]), truth=TABLE["b"] == 1
    )
    for response in ("word", "truth", "cbind(b, 1 - b)"):
        assert_same(fit(zero_one), fit(zero_one._replace(response=response), words))


@pytest.mark.parametrize("nAGQ", [1, 4])
@pytest.mark.parametrize(
    "case",
    [
        Case("c", "Poisson", "log"),
        Case("n", "NegativeBinomial", "log"),
        Case("n", "NegativeBinomial", "log", theta=2.0),
    ],
    ids=str,
)
def test_case_weights_are_repeats(case: Case, nAGQ: int) -> None:
    repeated = TABLE.loc[TABLE.index.repeat(TABLE["w"])].reset_index(drop=True)
    assert_same(fit(case, repeated, nAGQ=nAGQ), fit(case, weights="w", nAGQ=nAGQ))


@pytest.mark.parametrize(("family", "response"), [("Gamma", "p"), ("InverseGaussian", "i"), ("Gaussian", "v")])
def test_weights_divide_the_dispersion(family: str, response: str) -> None:
    """Weights c times as large give a dispersion c times as large, and nothing else."""
    case = Case(response, family, "log", "(1 | g)")
    one, other = fit(case, weights="w"), fit(case, TABLE.assign(w=3 * TABLE["w"]), weights="w")
    assert criterion(other) == pytest.approx(criterion(one), abs=1e-7)
    assert np.abs((beta(other) - beta(one)) / errors(one)).max() < 1e-5
    dispersion = [m._fit.family.dispersion(m._fit.psi) for m in (one, other)]
    assert dispersion[1] == pytest.approx(3 * dispersion[0], rel=1e-5)


@pytest.mark.parametrize(("family", "response"), [("Gamma", "p"), ("InverseGaussian", "i"), ("Gaussian", "v")])
@pytest.mark.parametrize("factor", [1e-3, 250.0])
def test_unit_of_a_response_with_a_log_link(family: str, response: str, factor: float) -> None:
    case = Case(response, family, "log", "(x | g)")
    before, after = fit(case), fit(case, TABLE.assign(**{response: factor * TABLE[response]}))
    moved = beta(before)
    moved[0] += np.log(factor)
    assert criterion(after) == pytest.approx(criterion(before) + 2 * len(TABLE) * np.log(factor), abs=1e-6)
    assert np.abs((beta(after) - moved) / errors(before)).max() < 1e-5
    np.testing.assert_allclose(after.theta, before.theta, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("link", "mirrored"),
    [("logit", "logit"), ("probit", "probit"), ("cauchit", "cauchit"), ("cloglog", "loglog")],
)
def test_successes_and_failures_change_places(link: str, mirrored: str) -> None:
    one = fit(Case("cbind(s, t - s)", "Binomial", link))
    other = fit(Case("cbind(t - s, s)", "Binomial", mirrored))
    assert criterion(other) == pytest.approx(criterion(one), abs=1e-7)
    assert np.abs((beta(other) + beta(one)) / errors(one)).max() < 1e-5
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-4)


def test_negative_binomial_of_huge_theta_is_poisson() -> None:
    poisson = Case("c", "Poisson", "log", BOTH)
    near_poisson = Case("c", "NegativeBinomial", "log", BOTH, theta=1e9)
    one, other = fitted(poisson), fitted(near_poisson)
    assert criterion(other) == pytest.approx(criterion(one), abs=1e-4)
    assert np.abs((beta(other) - beta(one)) / errors(one)).max() < 1e-4


def test_free_theta_is_the_best_of_the_fixed_ones() -> None:
    free = fitted(Case("n", "NegativeBinomial", "log", "(x | g)"))
    best = float(np.exp(free._fit.psi[0]))
    at = [criterion(fit(Case("n", "NegativeBinomial", "log", "(x | g)", theta=best * t))) for t in (0.98, 1.0, 1.02)]
    assert at[1] == pytest.approx(criterion(free), abs=1e-7)
    assert at[0] > at[1] < at[2]


# ---- simulation ------------------------------------------------------------------------------------------------


@EACH
def test_refit_of_its_own_response_changes_nothing(case: Case) -> None:
    model = fitted(case)
    y = model._fit.y if "cbind" not in case.response else np.column_stack([TABLE["s"], TABLE["t"] - TABLE["s"]])
    assert_same(model, model.refit(y))


@pytest.mark.parametrize("case", [CASES[0], CASES[4], CASES[6], CASES[8]], ids=str)
@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_estimates_from_simulated_responses_scatter_around_the_truth(case: Case) -> None:
    model, times = fitted(case), 40
    drawn = model.simulate(times, seed=11)
    found = [beta(model.refit(np.asarray(drawn[name]))) for name in drawn.columns]
    # Four standard errors of the mean, and Laplace's own bias for Bernoulli rows.
    allowed = 4 * errors(model) / np.sqrt(times) + (0.15 * np.abs(beta(model)) if case.family == "Binomial" else 0.0)
    assert (np.abs(np.mean(found, axis=0) - beta(model)) < allowed).all()
    ratio = np.std(found, axis=0) / errors(model)
    assert ((ratio > 0.6) & (ratio < 1.5)).all()
