"""The bootstrap: intervals against R's boot, seeds, what each kind draws, failures, bad input."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from tests.support.bootstrap_reference import matrix, reference

import mixedmodels as mm
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.fit.many_responses.linear_mixed import NOT_REACHED, SEPARATED
from mixedmodels.fit.seeds import generator
from mixedmodels.fitted.replicates import drawer, refitter
from mixedmodels.inference.bootstrap import acceleration
from mixedmodels.inference.bootstrap.intervals import interval
from mixedmodels.inference.bootstrap.replicates import refitted

NAMES = ("sd_(Intercept)|Subject", "sd_Days|Subject", "cor_Days.(Intercept)|Subject", "sigma", "(Intercept)", "Days")


@pytest.mark.parametrize("name", ["sleep", "skew", "gaps", "few"])
@pytest.mark.parametrize("kind", ["perc", "basic", "norm", "bca"])
def test_intervals_are_those_of_boot(name, kind):
    case = reference()["intervals"][name]
    t0, t, influence = np.atleast_1d(case["t0"]), matrix(case["t"]), matrix(case["L"])
    for found in case["found"]:
        j = found["column"]
        limits, _ = interval(t0[j], t[:, j], found["level"], kind, influence[:, j])
        np.testing.assert_allclose(limits, found[kind], rtol=1e-12, atol=1e-12)


def test_influence_given_by_hand_is_used(sleep):
    boot = sleep.bootstrap(99, 1)
    symmetric = np.array([[-1.0] * 6, [1.0] * 6])  # a = 0, so that only the bias is corrected
    skewed = np.array([[-1.0] * 6, [-1.0] * 6, [2.0] * 6])
    first, second = (boot.confint(0.5, "bca", influence=x)["conf_high"] for x in (symmetric, skewed))
    assert (second > first).all()
    with pytest.raises(DataError, match="influence has shape"):
        boot.confint(type="bca", influence=np.ones((4, 2)))


def test_parameters_are_named_and_ordered_as_confint_rows(sleep):
    boot = sleep.bootstrap(20, 1)
    assert boot.names == NAMES
    np.testing.assert_allclose(np.asarray(boot.t0), [*sleep.VarCorr().rows()["sdcor"], *np.asarray(sleep.fixef())])
    assert boot.t.shape == (20, 6)
    assert boot.theta.shape == (20, 3)
    assert list(boot.to_frame().columns) == ["replicate", *NAMES, "singular", "failed"]
    assert boot.confint(parm="Days").names == ("Days",)


def test_replicates_are_refits_of_the_simulated_responses(sleep):
    drawn = np.asarray(sleep.simulate(4, seed=9))
    boot = sleep.bootstrap(4, seed=9)
    for j in range(4):
        again = sleep.refit(drawn[:, j])
        np.testing.assert_allclose(boot.t[j, -2:], np.asarray(again.fixef()), rtol=1e-6)
        np.testing.assert_allclose(boot.t[j, :4], again.VarCorr().rows()["sdcor"], rtol=1e-4)


def test_same_seed_same_replicates_whatever_threads_chunks_and_number(sleep, monkeypatch):
    one = sleep.bootstrap(600, 3, threads=1)
    before = mm.threads()
    two = sleep.bootstrap(600, 3, threads=2)
    assert mm.threads() == before
    np.testing.assert_array_equal(one.t, two.t)
    np.testing.assert_array_equal(sleep.bootstrap(30, 3).t, one.t[:30])
    monkeypatch.setattr("mixedmodels.inference.bootstrap.replicates.CHUNK_NUMBERS", 5 * 180)
    np.testing.assert_array_equal(sleep.bootstrap(30, 3).t, one.t[:30])
    assert not np.array_equal(sleep.bootstrap(30, 4).t, one.t[:30])


def test_a_seed_nobody_gave_is_reported_and_gives_the_same_again(sleep):
    boot = sleep.bootstrap(5)
    np.testing.assert_array_equal(sleep.bootstrap(5, boot.seed).t, boot.t)


def test_replicates_scatter_as_the_estimates_do(sleep):
    # Days is linear in the response: its replicates have mean beta and the standard error of the fit.
    boot = sleep.bootstrap(4000, 5)
    table = boot.summary()
    error = np.sqrt(sleep.vcov().to_numpy()[1, 1])
    assert abs(table.row("Days")["bias"]) < 4 * error / np.sqrt(4000)
    assert table.row("Days")["std_error"] == pytest.approx(error, rel=0.05)
    # Conditional: only the noise varies, so that the balanced design's slopes vary by sigma^2 / sum of squares alone.
    kept = sleep.bootstrap(4000, 5, re_form=None).summary()
    noise = sleep.sigma / np.sqrt(18 * 82.5)
    assert kept.row("Days")["std_error"] == pytest.approx(noise, rel=0.05)


def test_semiparametric_draws_residuals(sleep):
    draw = drawer(sleep, "semiparametric", None, generator(1))
    residuals = draw(3) - np.asarray(sleep.fitted())
    assert np.isin(np.round(residuals, 8), np.round(np.asarray(sleep.residuals()), 8)).all()
    boot = sleep.bootstrap(10, 1, type="semiparametric", re_form=None)
    assert "Semiparametric" in repr(boot)
    with pytest.raises(DataError, match="needs re_form=None"):
        sleep.bootstrap(10, type="semiparametric")


def test_weighted_residuals_get_the_weight_of_their_new_row():
    data = mm.datasets.load("sleepstudy").assign(w=np.tile([1.0, 100.0], 90))
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", data, weights="w")
    drawn = drawer(fit, "semiparametric", None, generator(1))(200) - np.asarray(fit.fitted())
    ratio = drawn[:, ::2].std() / drawn[:, 1::2].std()
    assert ratio == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("statistic", [lambda m: m.sigma, lambda m: np.asarray(m.fixef()), lambda m: {"s": m.sigma}])
def test_any_statistic_of_the_refitted_model(sleep, statistic):
    boot = sleep.bootstrap(12, 7, statistic=statistic)
    whole = sleep.bootstrap(12, 7)
    columns = {("t1",): [3], ("t1", "t2"): [4, 5], ("s",): [3]}[boot.names]
    np.testing.assert_allclose(boot.t, whole.t[:, columns], rtol=1e-6)
    np.testing.assert_allclose(boot.influence, whole.influence[:, columns], rtol=1e-4, atol=1e-4)
    assert boot.done == 12


def test_named_series_keep_their_names(sleep):
    boot = sleep.bootstrap(3, 7, statistic=lambda m: pd.Series({"a": 1.0, "b": m.sigma}))
    assert boot.names == ("a", "b")


def test_failures_are_counted_and_told_never_dropped(sleep):
    asked = []

    def moody(model):
        asked.append(1)
        if len(asked) % 4 == 0:
            raise ValueError("not today")
        return model.sigma

    boot = sleep.bootstrap(11, 7, statistic=moody)  # the first call is at the data
    assert boot.failures == {"ValueError: not today": 3}
    assert int(np.isnan(boot.t).sum()) == 3
    for text in (repr(boot), repr(boot.confint())):
        assert "3 replicates failed and are left out" in text
        assert "3 x ValueError: not today" in text
    assert boot.to_frame()["failed"].sum() == 3


def test_singular_fits_are_counted(sleep):
    boot = sleep.bootstrap(400, 1)
    correlation = np.abs(boot.t[:, 2])
    assert boot.n_singular == boot.singular.sum() > 0
    assert (correlation[boot.singular] > 0.999).any()
    assert f"{boot.n_singular} singular fits" in repr(boot)


def test_ctrl_c_gives_what_there_is(sleep):
    draw, refit = drawer(sleep, "parametric", "~0", generator(1)), refitter(sleep)
    calls = []

    def impatient(responses):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return refit(responses)

    many = refitted(draw, impatient, 100, 180, max_chunk=16)
    assert len(many) == 32

    def cut(responses):
        found = refit(responses)
        found.status[10:] = NOT_REACHED
        return found

    assert len(refitted(draw, cut, 100, 180)) == 10
    with pytest.raises(KeyboardInterrupt):
        refitted(draw, lambda responses: impatient(responses), 10, 180)


def test_an_interrupted_statistic_says_so(sleep):
    asked = []

    def stop(model):
        asked.append(1)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return model.sigma

    boot = sleep.bootstrap(50, 1, statistic=stop)
    assert (boot.done, boot.nsim) == (4, 50)
    assert "4 replicates of 50 asked for (interrupted)" in repr(boot)


def test_levels_of_the_outermost_factor_are_left_out():
    pastes = mm.lmer("strength ~ 1 + (1 | batch / cask)", mm.datasets.load("Pastes"))
    batches = pastes.design.groups[1].codes
    np.testing.assert_array_equal(acceleration.blocks(pastes.design, 60), batches)
    penicillin = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    assert acceleration.blocks(penicillin.design, 144).max() == 23  # crossed: the 24 plates


def test_jackknife_refits_without_each_level(sleep):
    boot = sleep.bootstrap(3, 1)
    data = mm.datasets.load("sleepstudy")
    t = []
    for level in data["Subject"].cat.categories:
        part = sleep.update(subset=(data["Subject"] != level).to_numpy())
        t.append([*part.VarCorr().rows()["sdcor"], *np.asarray(part.fixef())])
    t = np.array(t)
    np.testing.assert_allclose(boot.influence, 17 * (t.mean(axis=0) - t), rtol=1e-4, atol=2e-4)


def test_generalised_models(herds):
    boot = herds.bootstrap(8, 2)
    assert boot.names[0] == "sd_(Intercept)|herd"
    drawn = np.asarray(herds.simulate(8, seed=2))
    again = herds.refit(drawn[:, 3])
    np.testing.assert_allclose(boot.t[3, 1:], np.asarray(again.fixef()), rtol=1e-5, atol=1e-6)
    limits = boot.confint(type="bca", level=0.5)
    assert np.isfinite(limits["conf_low"]).all()
    with pytest.raises(DataError, match="no responses that binomial"):
        herds.bootstrap(2, type="semiparametric", re_form=None)


def test_models_without_random_effects():
    data = mm.datasets.load("sleepstudy")
    line = mm.lm("Reaction ~ Days", data)
    boot = line.bootstrap(3000, 1)
    assert boot.names == ("sigma", "(Intercept)", "Days")
    errors = np.sqrt(np.diag(line.vcov().to_numpy()))
    np.testing.assert_allclose(boot.summary()["std_error"][1:], errors, rtol=0.05)
    counts = mm.glm("TICKS ~ YEAR", mm.datasets.load("grouseticks"), "poisson")
    found = counts.bootstrap(5, 1)
    again = counts.refit(np.asarray(counts.simulate(5, seed=1))[:, 4])
    np.testing.assert_allclose(found.t[4], np.asarray(again.fixef()), rtol=1e-6)


def test_offsets_and_weights_go_with_the_rows():
    data = mm.datasets.load("sleepstudy").assign(w=np.tile([1.0, 3.0], 90), o=np.arange(180) * 2.0)
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", data, weights="w", offset="o")
    drawn = np.asarray(fit.simulate(2, seed=1))
    again = fit.refit(drawn[:, 1])
    np.testing.assert_allclose(fit.bootstrap(2, 1).t[1, -2:], np.asarray(again.fixef()), rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nsim": 0}, "nsim must be"),
        ({"type": "wild"}, "'parametric' or 'semiparametric'"),
        ({"seed": "x"}, "seed must be"),
        ({"statistic": lambda m: "text"}, "the statistic returned 'text'"),
        ({"statistic": lambda m: []}, "no number"),
        ({"progress": "yes"}, "progress is 'yes'"),
        ({"threads": 0}, "set_threads"),
    ],
)
def test_bad_arguments(sleep, arguments, message):
    with pytest.raises(DataError, match=message):
        sleep.bootstrap(**{"nsim": 2, **arguments})


def test_bad_questions(sleep):
    boot = sleep.bootstrap(5, 1)
    with pytest.raises(UnknownColumnError, match="no parameter 'days'"):
        boot.confint(parm="days")
    with pytest.raises(DataError, match="level must lie"):
        boot.confint(95)
    with pytest.raises(DataError, match="not 'stud'"):
        boot.confint(type="stud")


def test_too_few_replicates_are_told(sleep):
    assert "Extreme replicates" in repr(sleep.bootstrap(10, 1).confint())
    assert "Extreme replicates" not in repr(sleep.bootstrap(100, 1).confint())


def test_no_bca_interval_where_all_replicates_lie_on_one_side(sleep):
    constant = sleep.bootstrap(20, 1, statistic=lambda m: 1.0).confint(type="bca")
    assert np.isnan(constant["conf_low"]).all()
    assert "No BCa interval of t1" in repr(constant)


def test_a_record_survives_pickling_and_a_loaded_model_has_no_rows_to_draw_for(sleep, tmp_path):
    boot = pickle.loads(pickle.dumps(sleep.bootstrap(5, 1)))
    assert boot.influence.shape == (18, 6)
    sleep.save(tmp_path / "model.json")
    loaded = mm.load(tmp_path / "model.json")
    for verb in (loaded.bootstrap, lambda: loaded.pbmodcomp("~ 1"), lambda: loaded.refit_many(np.zeros((180, 1)))):
        with pytest.raises(DataError, match="needs the rows"):
            verb()


def test_progress_is_told_on_stderr_and_wiped(sleep, capsys):
    sleep.bootstrap(800, 1, progress=True)
    shown = capsys.readouterr()
    assert not shown.out
    assert "of 800 replicates" in shown.err
    assert shown.err.endswith("\r\x1b[K")
    sleep.bootstrap(800, 1, progress=False)
    assert not capsys.readouterr().err


def test_replicates_with_infinite_estimates_are_told():
    cbpp = mm.datasets.load("cbpp")
    cbpp = cbpp[(cbpp["period"] != "4") | (np.arange(56) < 12)]  # few herds in the last period, often without a case
    model = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp, "binomial")
    boot = model.bootstrap(60, 1)
    y = np.asarray(model.simulate(60, seed=1))
    none = (y[(cbpp["period"] == "4").to_numpy()] == 0).all(axis=0)
    assert 0 < none.sum() < 60
    np.testing.assert_array_equal(boot.replicates.status == SEPARATED, none)
    assert f"{none.sum()} fits have infinite estimates" in repr(boot)
    many = mm.fit_many("~ period", cbpp, y, family="binomial", weights="size")
    np.testing.assert_array_equal(many.fits.status == SEPARATED, none)
    assert f"{none.sum()} have infinite estimates" in repr(many)
    assert not rows_of(many, "converged")[none].any()


def rows_of(many, column):
    return many.to_frame()[column].to_numpy().reshape(len(many.responses), -1)[:, 0]
