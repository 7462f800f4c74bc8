"""Scores by cluster, the exact Hessian, sandwich and infinitesimal jackknife of mixed models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.dense_robust import loglik, restricted

import mixedmodels as mm


def _children(schools=6, seed=9):
    rng = np.random.default_rng(seed)
    size = rng.integers(5, 12, schools)
    school = np.repeat(np.arange(schools), size)
    room = school * 2 + rng.integers(0, 2, len(school))
    x = rng.normal(size=len(school))
    y = (
        2 + x + 2 * rng.normal(size=schools)[school] + rng.normal(size=schools)[school] * x
        + rng.normal(size=2 * schools)[room] + 0.5 * rng.normal(size=len(school))
    )  # fmt: skip
    return pd.DataFrame({"y": y, "x": x, "w": rng.uniform(0.5, 3, len(school)), "school": school, "room": room})


CASES = [
    ("y ~ x + (x | school)", None),
    ("y ~ x + (x || school) + (1 | room)", "w"),
    ("y ~ 1 + (1 | school / room)", "w"),
]


def _differences(f, at, h=1e-4, richardson=True):
    """Gradient by central differences, with one Richardson step or without."""
    out = np.empty((len(at), *np.shape(f(at))))
    for i in range(len(at)):
        step = np.zeros(len(at))
        step[i] = h * max(1.0, abs(at[i]))
        near = (f(at + step) - f(at - step)) / (2 * step[i])
        if not richardson:
            out[i] = near
            continue
        far = (f(at + 2 * step) - f(at - 2 * step)) / (4 * step[i])
        out[i] = (4 * near - far) / 3
    return out


def _estimates(fit):
    return np.concatenate([np.asarray(fit.fixef()), fit.theta, [fit.sigma]])


@pytest.mark.parametrize(("formula", "weights"), CASES)
def test_scores_are_slopes_of_each_clusters_loglikelihood(formula, weights):
    data = _children()
    fit = mm.lmer(formula, data, weights=weights, REML=False)
    found = fit.scores("school").to_pandas().iloc[:, 1:].to_numpy()
    at = _estimates(fit)
    for j in range(6):
        rows = np.flatnonzero(data["school"] == j)
        np.testing.assert_allclose(
            found[j], _differences(lambda t, r=rows: loglik(fit, t, r), at), atol=2e-7, rtol=1e-6
        )
    assert np.abs(found.sum(axis=0)).max() < 1e-4 * np.abs(found).max()


@pytest.mark.parametrize("reml", [False, True])
@pytest.mark.parametrize(("formula", "weights"), CASES)
def test_information_is_minus_the_hessian(formula, weights, reml):
    fit = mm.lmer(formula, _children(4), weights=weights, REML=reml)
    at = _estimates(fit)
    rows = np.arange(fit.nobs)
    whole = (lambda t: restricted(fit, t)) if reml else (lambda t: loglik(fit, t, rows))
    hessian = _differences(lambda t: _differences(whole, t, 1e-3), at, 3e-4, richardson=False)
    found = np.linalg.inv(fit.vcov_full("model", "school").to_numpy())
    scale = np.sqrt(np.outer(np.diag(found), np.diag(found)))
    np.testing.assert_array_less(np.abs(found + hessian), 1e-5 * scale)


@pytest.mark.parametrize(("formula", "weights"), CASES)
def test_reml_scores_sum_to_zero_at_the_reml_estimate(formula, weights):
    fit = mm.lmer(formula, _children(), weights=weights)
    found = fit.scores("school").to_pandas().iloc[:, 1:].to_numpy()
    np.testing.assert_array_less(np.abs(found.sum(axis=0)), 1e-4 * np.abs(found).max(axis=0) + 1e-9)


def test_profiled_hessian_is_that_of_the_engine():
    # With beta and sigma at their best for each theta, the criterion's curvature is that of the engine's gradient.
    fit = mm.lmer("y ~ x + (x | school)", _children())
    curvature = _differences(lambda t: fit.objective.gradient(t), fit.theta, 1e-3)
    m = len(fit.theta)
    vcov = fit.vcov_full("model").to_numpy()[-m - 1 : -1, -m - 1 : -1]
    np.testing.assert_allclose(2 * np.linalg.inv(vcov), curvature, rtol=1e-5, atol=1e-4)


def test_scales_are_one_model():
    # The sandwich transforms as a covariance does: from (theta, sigma) to variances by the derivatives of these.
    fit = mm.lmer("y ~ x + (x | school)", _children())
    a = fit.vcov_full("sandwich").to_numpy()
    b = fit.vcov_full("sandwich", scale="variance").to_numpy()

    def variances(t):
        low = np.array([[t[2], 0], [t[3], t[4]]])
        v = t[5] ** 2 * low @ low.T
        return np.array([t[0], t[1], v[0, 0], v[1, 0], v[1, 1], t[5] ** 2])

    j = _differences(variances, _estimates(fit))
    np.testing.assert_allclose(j.T @ a @ j, b, rtol=1e-5, atol=1e-7)


def test_influence_is_what_a_clusters_weight_does():
    # A cluster twice in the data has weight 2; the influence is the slope of that, here against a small model's refit.
    data = _children(schools=30, seed=3)
    fit = mm.lmer("y ~ x + (1 | school)", data, REML=False)
    jack = fit.infinitesimal_jackknife()
    part = data[data["school"] == 4].assign(school=99)
    twice = mm.lmer("y ~ x + (1 | school)", pd.concat([data, part]), REML=False)
    less = mm.lmer("y ~ x + (1 | school)", data[data["school"] != 4], REML=False)
    moved = (_estimates(twice) - _estimates(less)) / 2  # central: the first order is left
    row = np.array(list(jack.influence.row("4").values()))
    np.testing.assert_allclose(row, moved, rtol=0.06, atol=0.002)
    np.testing.assert_allclose(jack.vcov, fit.vcov_full("ij").to_numpy())


def test_a_singular_fit_says_so():
    with pytest.warns(mm.errors.SingularFitWarning):
        fit = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))
    jack = fit.infinitesimal_jackknife()
    assert "singular" in repr(jack)
    assert jack.table["std_error"][1] < 1e-8  # the score of a theta of 0 is 0
    assert fit.infinitesimal_jackknife(scale="variance").table["std_error"][1] > 1


@pytest.mark.parametrize(
    ("formula", "family", "weights"),
    [
        ("c ~ x + (x | g)", "poisson", None),
        ("y ~ x + (1 | g / h)", "Gamma(log)", "w"),
        ("c ~ x + (1 | g)", "nbinom2", None),
    ],
)
def test_generalised_scores_sum_to_the_gradient(formula, family, weights):
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(25), 8)
    x, o = rng.normal(size=200), rng.normal(size=200) / 10
    mu = np.exp(1 + (0.5 + 0.4 * rng.normal(size=25)[g]) * x + 0.6 * rng.normal(size=25)[g] + o)
    mu *= np.exp(0.5 * rng.normal(size=50))[2 * g + np.arange(200) % 2]
    data = pd.DataFrame({"g": g, "h": np.arange(200) % 2, "x": x, "o": o, "w": rng.integers(1, 4, 200) * 1.0})
    data["y"], data["c"] = rng.gamma(3, mu / 3), rng.negative_binomial(2, 2 / (2 + mu))
    fit = mm.glmer(formula, data, family, weights=weights, offset="o")
    found = fit.scores("g").to_pandas().iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(-2 * found.sum(axis=0), fit._fit.gradient, atol=1e-6 * np.abs(found).sum())


def test_a_predictor_called_sigma_keeps_its_column():
    data = _children().rename(columns={"x": "sigma"})
    found = mm.lmer("y ~ sigma + (1 | school)", data).scores()
    assert list(found.columns) == ["(Intercept)", "sigma", "school.(Intercept)", "sigma_"]


def test_balanced_sandwich_of_the_mean():
    # One mean, balanced: CR0 is the sum of squared deviations of cluster means over J^2, whatever the variances.
    data = mm.datasets.load("Dyestuff")
    fit = mm.lmer("Yield ~ 1 + (1 | Batch)", data)
    means = data.groupby("Batch", observed=True)["Yield"].mean()
    assert fit.vcov_full().iloc[0, 0] == pytest.approx(float(((means - means.mean()) ** 2).sum()) / 36, rel=1e-7)


@pytest.mark.parametrize("nagq", [1, 5])
def test_generalised_scores_are_slopes_of_subsets(nagq):
    data = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data, "binomial", nAGQ=nagq)
    found = fit.scores().to_pandas().set_index("herd")
    assert np.abs(found.sum()).max() < 1e-4

    # The log-likelihood of all less that of all but one herd is that herd's.
    rest = data["herd"] != "7"
    other = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data[rest], "binomial", nAGQ=nagq)

    def own(t):
        values = [float(m.objective(t[:1], t[1:], np.empty(0))) for m in (fit, other)]
        return (values[1] - values[0]) / 2

    at = np.concatenate([fit.theta, np.asarray(fit.fixef())])
    np.testing.assert_allclose(found.loc["7"], _differences(own, at), rtol=1e-5, atol=1e-6)


def test_generalised_sandwich():
    data = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data, "binomial")
    scores = fit.scores().to_pandas().iloc[:, 1:].to_numpy()
    bread = fit.vcov(full=True).to_numpy()
    full = fit.vcov_full().to_numpy()
    np.testing.assert_allclose(full, bread @ scores.T @ scores @ bread, rtol=1e-5)
    np.testing.assert_allclose(fit.vcov_full("model").to_numpy(), bread, rtol=1e-6)
    found = fit.robust("CR1")
    np.testing.assert_allclose(found.vcov, full[1:, 1:] * 15 / 14, rtol=1e-8)
    assert np.isinf(found.table["df"]).all()


def test_what_cannot_be_done_says_why():
    data = mm.datasets.load("cbpp")
    rough = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data, "binomial", nAGQ=0)
    with pytest.raises(mm.errors.FitError, match="nAGQ=0"):
        rough.scores()
    with pytest.raises(mm.errors.DataError, match="'CR2'"):
        rough.robust("CR2")
    with pytest.raises(mm.errors.DataError, match="scale"):
        rough.scores(scale="variance")
    with pytest.raises(mm.errors.DataError, match="random effects"):
        mm.lm("incidence ~ size", data).scores("herd")
    with pytest.raises(mm.errors.DataError, match="type is 'HC0'"):
        rough.vcov_full("HC0")


def test_a_response_in_units_whose_squares_are_no_doubles() -> None:
    """Scores and covariances of theta have no units; variances of such a response are refused with the cure."""
    sleep = mm.datasets.load("sleepstudy")
    plain = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    for unit in (1e100, 1e-100):
        huge = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep.assign(Reaction=unit * sleep["Reaction"]))
        units = np.array([unit, unit, 1, 1, 1, unit])
        expected = np.asarray(plain.vcov_full()) * np.outer(units, units)
        assert np.asarray(huge.vcov_full()) == pytest.approx(expected, rel=1e-4)
        own, other = (np.column_stack([m.scores()[name] for name in m.vcov_full().columns]) for m in (huge, plain))
        assert own * units == pytest.approx(other, abs=1e-4)
        with pytest.raises(mm.errors.FitError, match="scale='theta'"):
            huge.vcov_full(scale="variance")
