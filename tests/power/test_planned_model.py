"""Models whose parameters are given: what they know, what they refuse, how they change and grow."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError, DesignError, FormulaError, MixedModelsError
from mixedmodels.r import extend, makeGlmer, makeLmer, simulate

GRID = mm.crossing(Subject=list("abcdefghij"), days=range(8))
SIGMA = np.array([[600.0, 20.0], [20.0, 35.0]])


def sleep_plan(**more):
    return mm.make_lmer(
        "y ~ days + (days | Subject)", GRID, fixef=[250, 10], VarCorr={"Subject": SIGMA}, sigma=25, **more
    )


def test_it_knows_its_parameters() -> None:
    plan = sleep_plan()
    assert dict(plan.fixef()) == {"(Intercept)": 250, "days": 10}
    assert np.allclose(plan.VarCorr()["Subject"], SIGMA)
    assert plan.sigma == 25
    assert plan.ngroups == {"Subject": 10}
    assert plan.formula == "y ~ days + (days | Subject)"
    assert np.allclose(plan.predict(), 250 + 10 * GRID["days"])
    assert np.allclose(plan.predict(GRID.head(2)), [250, 260])
    assert plan.frame.columns.tolist() == ["days", "Subject"]
    assert plan.model_matrix().shape == (80, 2)
    assert "Linear mixed model with given parameters\nFormula: y ~ days + (days | Subject)" in repr(plan)
    assert dict(pickle.loads(pickle.dumps(plan)).fixef()) == dict(plan.fixef())


def test_promised_covariance_is_that_of_generalised_least_squares() -> None:
    plan = sleep_plan(weights=np.linspace(0.5, 2, 80))
    x, z = np.asarray(plan.model_matrix()), plan.model_matrix("Z").toarray()
    v = z @ np.kron(np.eye(10), SIGMA) @ z.T + np.diag(625 / np.linspace(0.5, 2, 80))
    assert np.allclose(plan.vcov(), np.linalg.inv(x.T @ np.linalg.solve(v, x)), rtol=1e-8)


def test_draws_have_the_mean_and_covariance_given() -> None:
    plan = sleep_plan()
    y = np.asarray(plan.simulate(4000, seed=1))
    z = plan.model_matrix("Z").toarray()
    v = z @ np.kron(np.eye(10), SIGMA) @ z.T + 625 * np.eye(80)
    five = 5 * np.sqrt(np.diag(v) / 4000)
    assert (np.abs(y.mean(axis=1) - plan.predict()) < five).all()
    assert np.cov(y)[:8, :8] == pytest.approx(v[:8, :8], abs=5 * v.max() * np.sqrt(2 / 4000))
    assert np.allclose(np.asarray(plan.simulate(2, seed=1)), y[:, :2])  # more draws begin with the same ones


SAME = [
    {"VarCorr": {"Subject": SIGMA}},
    {"VarCorr": [SIGMA]},
    {"VarCorr": SIGMA},
    {"theta": np.linalg.cholesky(SIGMA / 625)[[0, 1, 1], [0, 0, 1]]},
]


@pytest.mark.parametrize("given", SAME)
def test_one_covariance_in_many_spellings(given) -> None:
    plan = mm.make_lmer("y ~ days + (days | Subject)", GRID, fixef={"days": 10, "(Intercept)": 250}, sigma=25, **given)
    assert np.allclose(plan.VarCorr()["Subject"], SIGMA)


def test_covariances_of_a_fit_serve_as_they_are(sleep) -> None:
    data = mm.datasets.load("sleepstudy")
    plan = mm.make_lmer(sleep.formula, data, fixef=sleep.fixef(), VarCorr=sleep.VarCorr())
    assert np.allclose(plan.theta, sleep.theta)
    assert plan.sigma == sleep.sigma
    assert np.allclose(plan.vcov(), sleep.vcov())
    singular = mm.make_lmer(sleep.formula, data, fixef=[0, 0], VarCorr=[[4, 2], [2, 1]], sigma=1)
    assert np.allclose(singular.VarCorr()["Subject"], [[4, 2], [2, 1]])


def test_terms_are_named_where_there_are_several() -> None:
    grid = mm.crossing(a=list("pqr"), b=list("uvw"), r=range(4), x=[0.0, 1.0])
    plan = mm.make_lmer(
        "y ~ x + (1 + x || a) + (1 | a:b)", grid, fixef=[1, 2], sd={"a": 1, "a.1": 2, "a.b": 3}, sigma=1
    )
    assert [float(np.sqrt(plan.VarCorr()[k].iloc[0, 0])) for k in ("a", "a.1", "a.b")] == [1, 2, 3]
    assert plan.with_parameters(sd={"a": 5}).VarCorr()["a.b"].iloc[0, 0] == pytest.approx(9)


def test_every_class_is_drawn_and_fitted() -> None:
    plans = [
        sleep_plan(),
        mm.make_lm("y ~ days", GRID, fixef=[1, 0.2], sigma=1.0),
        mm.make_glm("y ~ days", GRID, "Gamma(log)", fixef=[1, 0.2], sigma=0.5),
        mm.make_glm("y ~ days", GRID, "negative_binomial", fixef=[1, 0.2], shapes={"theta": 2}),
        mm.make_glmer("y ~ days + (1 | Subject)", GRID, "poisson", fixef=[1, 0.1], sd=0.5),
        mm.make_glmer("y ~ days + (1 | Subject)", GRID, "binomial", fixef=[1, 0.1], sd=0.5, weights=np.full(80, 6)),
        mm.make_glmer("y ~ days + (1 | Subject)", GRID, "inverse_gaussian(log)", fixef=[1, 0.1], sd=0.5, sigma=0.3),
        mm.make_glmer("y ~ days + (1 | Subject)", GRID, "negative_binomial", fixef=[1, 0.1], sd=0.5, sigma=3),
    ]
    for plan in plans:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mm.SingularFitWarning)
            fit = plan.draw_and_fit(seed=1)
        se = np.sqrt(np.diag(np.asarray(plan.vcov())))
        assert (np.abs(np.array(list(fit.fixef().values())) - plan._fit.beta) < 4 * se).all(), plan.family
        assert fit.family.engine_name == plan.family.engine_name
        assert fit.formula == plan.formula
        assert np.sqrt(np.diag(np.asarray(fit.vcov()))) == pytest.approx(se, rel=0.5)
    assert plans[-1].sigma == pytest.approx(3)
    assert plans[2].sigma == pytest.approx(0.5)


def test_trials_come_from_the_counts() -> None:
    herds = mm.datasets.load("cbpp")
    given = {"fixef": [-1.4, -1, -1, -1.5], "sd": 0.6}
    plan = mm.make_glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds, "binomial", **given)
    y = np.asarray(plan.simulate(1, seed=1))[:, 0]
    assert np.allclose(y * herds["size"], np.round(y * herds["size"]))
    assert plan.draw_and_fit(1).nobs == 56
    with pytest.raises(DataError, match="the number of trials of each row"):
        mm.make_glmer("cbind(a, b) ~ period + (1 | herd)", herds, "binomial", **given)


def test_simulate_response_is_lme4s() -> None:
    data = mm.datasets.load("sleepstudy")
    one = mm.simulate_response(
        "~ Days + (Days | Subject)", data, beta=[251, 10], theta=[0.97, 0.015, 0.23], sigma=25.6, nsim=3, seed=1
    )
    assert one.shape == (180, 3)
    counts = mm.simulate_response("~ Days", pl.from_pandas(data[["Days"]]), "poisson", beta=[0.5, 0.1], seed=1)
    assert isinstance(counts, pl.DataFrame)
    assert np.allclose(counts["sim_1"], np.round(counts["sim_1"]))
    with pytest.raises(DataError, match="no random term"):
        mm.simulate_response("~ Days", data, "poisson", beta=[0.5, 0.1], theta=[1.0])
    params = {"beta": [251, 10], "theta": [0.97, 0.015, 0.23], "sigma": 25.6}
    spelled = simulate("~ Days + (Days | Subject)", 3, 1, newdata=data, newparams=params)
    assert spelled.equals(one)
    with pytest.raises(DataError, match="needs newdata"):
        simulate("~ Days", 3, 1)


def test_what_needs_a_response_is_refused_in_words() -> None:
    plan = sleep_plan()
    for verb in ("residuals", "loglik", "summary", "ranef", "confint"):
        with pytest.raises(AttributeError, match="needs a response"):
            getattr(plan, verb)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        getattr(plan, "nonsense")  # noqa: B009


BAD = [
    ({"fixef": [1]}, "give 2 numbers"),
    ({"fixef": {"(Intercept)": 1}}, "lacks days"),
    ({"fixef": {"(Intercept)": 1, "dayz": 1}}, "did you mean 'days'"),
    ({"fixef": ["a", "b"]}, "must be numbers"),
    ({"fixef": [1, np.nan]}, "finite"),
    ({"sigma": None}, "sigma is missing"),
    ({"sigma": 0}, "positive"),
    ({"VarCorr": None}, "none of VarCorr, sd, theta"),
    ({"sd": [1, 1]}, "VarCorr and sd are given"),
    ({"VarCorr": {"Subj": SIGMA}}, "names 'Subj'"),
    ({"VarCorr": 3}, "2 x 2 covariance matrix"),
    ({"VarCorr": [[1, 2], [3, 1]]}, "not symmetric"),
    ({"VarCorr": [[1, 2], [2, 1]]}, "no covariance matrix"),
    ({"VarCorr": None, "sd": [1, -1]}, "not negative"),
    ({"VarCorr": None, "theta": [1]}, "3 covariance parameters"),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_bad_parameters_are_answered(change, said: str) -> None:
    given = {"fixef": [250, 10], "VarCorr": SIGMA, "sigma": 25, **change}
    with pytest.raises(DataError, match=said):
        mm.make_lmer("y ~ days + (days | Subject)", GRID, **given)


def test_bad_models_are_answered() -> None:
    calls = [
        (lambda: mm.make_lmer("y ~ days", GRID, fixef=[1, 1], sigma=1), DesignError, "no random term"),
        (lambda: mm.make_lm("y ~ days + (1 | Subject)", GRID, fixef=[1, 1], sigma=1), DesignError, "random term"),
        (lambda: mm.make_lmer("y ~ . + (1 | Subject)", GRID, fixef=[1], sigma=1), DesignError, "write the terms out"),
        (lambda: mm.make_lm("y ~ dayz", GRID, fixef=[1, 1], sigma=1), MixedModelsError, "did you mean 'days'"),
        (lambda: mm.make_lm("y ~ (", GRID, fixef=[1, 1], sigma=1), FormulaError, "closed"),
        (lambda: mm.make_glm("y ~ 1", GRID, "poisson", fixef=[1], sigma=1), DataError, "no residual variance"),
        (lambda: mm.make_glm("y ~ 1", GRID, "poisson", fixef=[1], shapes={"a": 1}), DataError, "none that are free"),
        (lambda: mm.make_glm("y ~ 1", GRID, "Gamma(inverse)", fixef=[-1], sigma=1), DataError, "linear predictor"),
        (
            lambda: mm.make_glmer("y ~ 1 + (1 | Subject)", GRID, "gaussian", fixef=[1], sd=1, sigma=1),
            DataError,
            "make_lmer",
        ),
        (
            lambda: mm.make_glmer("y ~ 1 + (1 | Subject)", GRID, "poisson", fixef=[1], sd=1, nAGQ=102),
            MixedModelsError,
            "nAGQ",
        ),
    ]
    for call, error, said in calls:
        with pytest.raises(error, match=said):
            call()


# -- larger and smaller ---------------------------------------------------------------------------------------------


def test_a_group_gets_new_levels_with_the_rows_of_old_ones(sleep) -> None:
    larger = sleep.extend(along="Subject", n=40)
    assert larger.ngroups == {"Subject": 40}
    assert larger.nobs == 400
    frame = larger.frame
    assert frame.groupby("Subject", observed=True)["Days"].apply(list).map(tuple).unique().tolist() == [
        tuple(range(10))
    ]
    assert np.allclose(larger.VarCorr()["Subject"], sleep.VarCorr()["Subject"])
    assert sleep.extend(along="Subject", n=5).ngroups == {"Subject": 5}
    # what a design promises falls with the number of subjects, as it is balanced
    assert np.allclose(np.asarray(larger.vcov()) * 40, np.asarray(sleep.vcov()) * 18)


def test_a_number_goes_on_in_its_steps(sleep) -> None:
    longer = sleep.extend(along="Days", n=15)
    assert sorted(longer.frame["Days"].unique()) == list(range(15))
    assert longer.nobs == 18 * 15
    chosen = sleep.extend(along="Days", values=[0, 4, 8.5])
    assert sorted(chosen.frame["Days"].unique()) == [0, 4, 8.5]
    assert np.allclose(chosen.predict().to_numpy()[:1], sleep.fixef()["(Intercept)"])
    with pytest.raises(DataError, match="no even steps"):
        chosen.extend(along="Days", n=5)


def test_cells_get_more_rows(sleep) -> None:
    assert sleep.extend(within="Subject + Days", n=3).nobs == 540
    assert sleep.extend(within=["Subject"], n=4).nobs == 72


def test_nested_groups_are_new_groups_in_new_slices() -> None:
    paste = mm.datasets.load("Pastes")
    fit = mm.lmer("strength ~ 1 + (1 | batch) + (1 | sample)", paste)
    larger = fit.extend(along="batch", n=25)
    assert larger.ngroups == {"sample": 75, "batch": 25}
    slashed = mm.lmer("strength ~ 1 + (1 | batch / cask)", paste)
    assert slashed.extend(along="batch", n=25).ngroups == {"cask:batch": 75, "batch": 25}


def test_bases_offsets_and_weights_are_kept(sleep) -> None:
    data = mm.datasets.load("sleepstudy").assign(w=np.linspace(1, 2, 180), o=np.arange(180.0))
    fit = mm.lmer(
        "Reaction ~ poly(Days, 2) + (1 | Subject)", data, weights="w", offset=np.arange(180.0), subset="Days > 0"
    )
    larger = fit.extend(along="Subject", n=20)
    assert np.allclose(larger.predict()[:9], fit.predict(re_form="~0")[:9])
    rows = np.flatnonzero(data["Days"] > 0)
    assert np.allclose(np.sort(larger.design.weights)[:5], np.sort(np.r_[data["w"][rows], data["w"][rows][:18]])[:5])
    assert larger.extend(along="Subject", n=18).nobs == 162
    assert np.allclose(fit.extend(along="Days", n=12).predict()[:1], fit.predict(re_form="~0")[:1])


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dict"])
def test_other_tables(kind: str) -> None:
    plain = mm.datasets.load("sleepstudy").astype({"Subject": str})
    data = {
        "polars": pl.from_pandas,
        "pyarrow": lambda d: pl.from_pandas(d).to_arrow(),
        "dict": lambda d: d.to_dict("list"),
    }
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", data[kind](plain))
    larger = fit.extend(along="Subject", n=20)
    assert larger.nobs == 200
    assert type(larger.simulate(1, 1)).__module__.split(".")[0] == ("pandas" if kind == "dict" else kind)
    assert larger.draw_and_fit(1).nobs == 200
    assert fit.power(nsim=5, seed=1, effect=5, by="LRT").nsim == 5


def test_parameters_change_one_at_a_time(sleep) -> None:
    plan = sleep.with_parameters(fixef={"Days": 3}, sigma=50)
    assert dict(plan.fixef()) == {"(Intercept)": sleep.fixef()["(Intercept)"], "Days": 3}
    assert np.allclose(plan.VarCorr()["Subject"], sleep.VarCorr()["Subject"])
    assert plan.sigma == 50
    assert np.allclose(plan.with_parameters(VarCorr={"Subject": SIGMA}).VarCorr()["Subject"], SIGMA)
    counts = mm.make_glmer("y ~ days + (1 | Subject)", GRID, "negative_binomial", fixef=[1, 0.1], sd=0.5, sigma=3)
    assert counts.with_parameters(fixef={"days": 0}).sigma == pytest.approx(3)
    gamma = mm.make_glmer("y ~ days + (1 | Subject)", GRID, "Gamma(log)", fixef=[1, 0.1], sd=0.5, sigma=0.3)
    assert gamma.with_parameters(sigma=0.6).sigma == pytest.approx(0.6)
    assert gamma.with_parameters(sd=1.0).sigma == pytest.approx(0.3)


BAD_EXTENSIONS = [
    ({"along": "Subject"}, "either n"),
    ({"n": 3}, "one of along="),
    ({"along": "Subject", "within": "Days", "n": 3}, "one of along="),
    ({"along": "Subject", "n": 0}, "positive whole number"),
    ({"along": "Subjct", "n": 3}, "did you mean 'Subject'"),
    ({"along": "Subject", "values": ["a", "a"]}, "differ"),
    ({"within": "Subject", "values": [1]}, "within= takes n"),
]


@pytest.mark.parametrize(("how", "said"), BAD_EXTENSIONS)
def test_bad_extensions_are_answered(sleep, how, said: str) -> None:
    with pytest.raises(DataError, match=said):
        sleep.extend(**how)


def test_a_factor_of_the_fixed_effects_does_not_grow() -> None:
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    with pytest.raises(DataError, match="need a coefficient"):
        fit.extend(along="period", n=6)


def test_rs_spellings() -> None:
    grid = mm.crossing(g=list("abc"), x=range(1, 11))
    plan = makeLmer("y ~ x + (1 | g)", [2, -0.1], 0.5, 1.0, grid)
    assert plan.VarCorr()["g"].iloc[0, 0] == pytest.approx(0.5)
    assert extend(plan, along="x", n=20).frame["x"].max() == 20
    assert extend(plan, along="g", n=30).design.groups[0].levels.labels[25:28] == ("z", "a.1", "b.1")
    counts = makeGlmer("z ~ x + (x | g)", "poisson", [2, -0.1], [[0.5, 0.05], [0.05, 0.1]], grid)
    assert counts.family.engine_name == "poisson"


# -- new rows of fitted models --------------------------------------------------------------------------------------


def test_new_rows_are_drawn_with_old_and_new_levels(sleep) -> None:
    new = pd.DataFrame({"Days": [0, 9, 0, 9], "Subject": ["308", "308", "new", "new"]}, index=list("wxyz"))
    kept = np.asarray(sleep.simulate(4000, 1, newdata=new, re_form=None))
    at_modes = np.asarray(sleep.predict(new, allow_new_levels=True))
    z = np.array([[1.0, 0], [1, 9]])
    v = z @ np.asarray(sleep.VarCorr()["Subject"]) @ z.T + sleep.sigma**2 * np.eye(2)
    assert kept.mean(axis=1) == pytest.approx(at_modes, abs=5 * np.sqrt(v.max() / 4000))
    assert kept[:2].std(axis=1) == pytest.approx(np.full(2, sleep.sigma), rel=0.06)
    assert np.cov(kept[2:]) == pytest.approx(v, rel=0.15)
    drawn = sleep.simulate(4000, 1, newdata=new)
    assert list(drawn.index) == list("wxyz")
    assert np.cov(np.asarray(drawn)[:2]) == pytest.approx(v, rel=0.15)
    assert sleep.simulate(2, 1, newdata=new).equals(drawn[["sim_1", "sim_2"]])


def test_new_rows_of_other_classes() -> None:
    herds = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds, "binomial")
    y = np.asarray(fit.simulate(50, 1, newdata=herds.head(4)))
    assert np.allclose(y * herds["size"].to_numpy()[:4, None], np.round(y * herds["size"].to_numpy()[:4, None]))
    with pytest.raises(DataError, match="number of trials of each"):
        fit.simulate(1, 1, newdata=herds.head(4)[["period", "herd"]])
    own = fit.simulate(1, 1, newdata=herds.head(4)[["period", "herd"]], weights=[2, 2, 2, 2])
    assert set(np.asarray(own)[:, 0]) <= {0, 0.5, 1}
    data = mm.datasets.load("sleepstudy").assign(w=np.linspace(1, 100, 180))
    line = mm.lm("Reaction ~ Days", data, weights="w")
    y = np.asarray(line.simulate(2000, 1, newdata=data.iloc[[0, 179]]))
    assert y.std(axis=1) == pytest.approx([line.sigma, line.sigma / 10], rel=0.1)
    with pytest.raises(DataError, match="new rows need their own; give them as weights="):
        mm.lm("Reaction ~ Days", data, weights=np.linspace(1, 2, 180)).simulate(1, 1, newdata=data)
    gamma = mm.glm("Reaction ~ Days", data, "Gamma(log)")
    y = np.asarray(gamma.simulate(2000, 1, newdata=data.head(1)))
    assert y.std() / y.mean() == pytest.approx(gamma.sigma, rel=0.1)
    with pytest.raises(DataError, match="miss a value"):
        line.simulate(1, 1, newdata=data.assign(Days=np.nan))


def test_it_draws_and_fits_in_a_process_that_has_fitted_nothing() -> None:
    script = (
        "import mixedmodels as mm\n"
        "grid = mm.crossing(g=range(6), x=range(4))\n"
        "plan = mm.make_lmer('y ~ x + (1 | g)', grid, fixef=[0, 1], VarCorr=1, sigma=1)\n"
        "print(type(plan.draw_and_fit(seed=1)).__name__, hasattr(plan, 'residuals'))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["MixedModel", "False"]
