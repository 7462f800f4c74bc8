"""Power: the same p-values as R on the same responses, simr's power, the analytic one, and every class and test."""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.power.planned_model import plan_of
from mixedmodels.power.tests import read_test
from mixedmodels.r import compare, fixed, powerCurve, powerSim

HERE = REFERENCE / "power"


@cache
def reference() -> dict[str, Any]:
    return json.loads((HERE / "reference.json").read_text())


@pytest.fixture(scope="module")
def cake():
    data = mm.datasets.load("cake")
    data = data.assign(temp=data["temperature"].astype(float))
    return mm.lmer("angle ~ recipe + I(temp / 25) + (1 | recipe:replicate)", data)


def p_values(fit: Any, test: Any, by: str | None, responses: Any) -> np.ndarray:
    plan = plan_of(fit, "power()")
    return read_test(plan, test, by).run(plan)(np.array(responses, dtype=float)).p_values


def quietly(fit: Any, *given: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        return fit(*given)


# R's optimisers stop where theta is known to about 1e-4, which moves p-values in their fourth digit.
CLOSE = 2e-3


@pytest.mark.parametrize(("by", "name"), [("t", "t"), ("z", "z"), ("KR", "kr"), ("LRT", "lrt")])
def test_p_values_of_a_coefficient_are_rs(sleep, by: str, name: str) -> None:
    given = reference()["sleep"]
    expected = [t[name] for t in given["tests"]]
    assert p_values(sleep, "Days", by, given["responses"]) == pytest.approx(expected, rel=CLOSE)


@pytest.mark.parametrize(("by", "name"), [("t", "t"), ("z", "z"), ("KR", "kr")])
def test_p_values_of_a_term_are_rs(cake, by: str, name: str) -> None:
    given = reference()["cake"]
    expected = [t[name] for t in given["tests"]]
    assert p_values(cake, "recipe", by, given["responses"]) == pytest.approx(expected, rel=CLOSE)


def test_likelihood_ratios_of_glmer_are_rs(herds) -> None:
    given = reference()["cbpp"]
    expected = [t["lrt"] for t in given["tests"]]
    assert p_values(herds, "period", "LRT", given["responses"]) == pytest.approx(expected, rel=CLOSE)


# -- fast paths beside their slow twins -----------------------------------------------------------------------------


def test_shared_fits_give_the_p_values_of_single_ones(sleep, herds) -> None:
    for fit, name in ((sleep, "Days"), (herds, "period2")):
        plan = plan_of(fit, "power()")
        y = plan._draw(np.random.default_rng(3))(5)
        own = [quietly(fit.refit, row) for row in y]
        for by, ddf in (("z", "asymptotic"), ("t", "Satterthwaite")) if fit is sleep else (("z", "asymptotic"),):
            expected = [
                m._coefficients(ddf).f_test(np.eye(len(m.fixef()))[[list(m.fixef()).index(name)]]).p_value for m in own
            ]
            assert p_values(fit, name, by, y) == pytest.approx(expected, rel=1e-5)


def test_a_contrast_is_tested_as_a_coefficient(cake) -> None:
    plan = plan_of(cake, "power()")
    y = plan._draw(np.random.default_rng(3))(4)
    text = "recipeC - 2*recipeB = 1"
    c = np.zeros(4)
    c[[list(cake.fixef()).index(n) for n in ("recipeC", "recipeB")]] = 1, -2
    expected = [cake.refit(row)._coefficients("Satterthwaite").f_test(c, np.array([1.0])).p_value for row in y]
    assert p_values(cake, text, "t", y) == pytest.approx(expected, rel=1e-5)


def test_dropped_columns_are_the_smaller_formula(sleep, cake) -> None:
    for fit, term in ((sleep, "Days"), (cake, "recipe")):
        y = plan_of(fit, "power()")._draw(np.random.default_rng(3))(4)
        assert p_values(fit, term, "LRT", y) == pytest.approx(p_values(fit, f"~ . - {term}", None, y), rel=1e-6)


def test_a_curve_is_power_at_its_parts(sleep) -> None:
    curve = sleep.power_curve("Days", 60, 1, along="Subject", sizes=[6, 12, 18], effect=4)
    assert np.array_equal(curve[18].p_values, sleep.power("Days", 60, 1, effect=4).p_values)
    plan = sleep.with_parameters(fixef={"Days": 4})
    y = plan._draw(np.random.default_rng(1))(3)
    few = mm.datasets.load("sleepstudy").head(60)
    own = [quietly(mm.lmer, "Reaction ~ Days + (Days | Subject)", few.assign(Reaction=row[:60])) for row in y]
    expected = [m.tidy(ddf="Satterthwaite")["p_value"][1] for m in own]
    assert curve[6].p_values[:3] == pytest.approx(expected, rel=1e-5)


# -- power beside simr's, and beside the analytic one ---------------------------------------------------------------


def near(ours: Any, theirs: int, n: int) -> bool:
    """Whether two simulated shares differ by less than four standard errors of their difference."""
    share = (ours.n_significant + theirs) / (ours.nsim + n)
    return bool(abs(ours.power - theirs / n) < 4 * np.sqrt(share * (1 - share) * (1 / ours.nsim + 1 / n)) + 1e-9)


def test_power_is_simrs(sleep) -> None:
    found, n = reference()["power"], reference()["n"]
    assert near(sleep.power("Days", 2000, 1, effect=4), found["sleep_sa"], n)
    assert near(sleep.power("Days", 2000, 1, effect=4, by="LRT"), found["sleep_lr"], n)
    assert near(sleep.power("Days", 2000, 1, effect=4, by="z"), found["sleep_z"], n)
    plan = sleep.with_parameters(fixef={"Days": 4})
    assert near(plan.extend(along="Subject", n=30).power("Days", 2000, 1), found["sleep_30"], n)
    assert near(plan.extend(within="Subject+Days", n=3).power("Days", 1000, 1), found["sleep_within_3"], n)
    curve = plan.power_curve("Days", 2000, 1, along="Subject", sizes=[6, 12, 24])
    assert all(near(p, x, n) for p, x in zip(curve.points, found["sleep_curve"], strict=True))
    grid = mm.crossing(g=list("abc"), x=range(1, 11))
    made = mm.make_lmer("y ~ x + (1 | g)", grid, fixef=[2, -0.1], VarCorr=0.5, sigma=1)
    assert near(made.power("x", 2000, 1), found["made_sa"], n)
    counts = mm.make_glmer("z ~ x + (1 | g)", grid, "poisson", fixef=[1, -0.05], VarCorr=0.3)
    assert near(counts.power("x", 1000, 1), found["made_poisson"], n)


def agrees(found: Any, extra: float = 0.0) -> bool:
    return bool(abs(found.power - found.analytic.power) < 4 * max(found.std_error, 1 / found.nsim) + extra)


def test_analytic_power_is_the_simulated_one_in_balanced_designs(sleep, cake) -> None:
    for effect in (0.0, 3.0, 5.0):
        assert agrees(sleep.power("Days", 4000, 2, effect=effect, method="both"))
    assert sleep.power("Days", method="analytic", effect=4).analytic.den_df == pytest.approx(17, abs=1e-6)
    for by in ("t", "KR"):
        found = cake.power("recipe", 400, 2, effect={"recipeB": -4, "recipeC": -5}, by=by, method="both")
        assert agrees(found)
        assert found.analytic.den_df == pytest.approx(42, abs=1e-6)
    crossed = mm.make_lmer(
        "y ~ x + (1 | s) + (1 | i)",
        mm.crossing(s=range(12), i=range(8), x=[0, 1]),
        fixef=[0, 0.4],
        sd={"s": 1, "i": 1},
        sigma=1,
    )
    assert agrees(crossed.power("x", 2000, 1, method="both"))
    line = mm.make_lm("y ~ x", mm.crossing(x=range(10)), fixef=[0, 0.3], sigma=1)
    assert agrees(line.power("x", 4000, 1, method="both"))


def test_analytic_power_of_glmer_is_near(herds) -> None:
    # working weights averaged over the random effects: an approximation, good to a few percent
    assert agrees(herds.power("period2", 400, 1, effect=-0.7, method="both"), 0.05)
    assert agrees(herds.power("period", 300, 1, effect={"period2": -0.5, "period3": -0.6}, method="both"), 0.05)
    plan = mm.make_glmer(
        "y ~ x + (x | g)", mm.crossing(g=range(20), x=range(6)), "poisson", fixef=[0.5, 0.1], sd=[0.5, 0.1]
    )
    assert agrees(plan.power("x", 300, 1, method="both"), 0.05)


def test_no_effect_gives_the_level(sleep) -> None:
    found = sleep.power("Days", 4000, 5, effect=0, alpha=0.1, method="both")
    assert found.analytic.power == pytest.approx(0.1, abs=1e-6)
    assert abs(found.power - 0.1) < 4 * found.std_error
    assert np.isnan(found.exaggeration)


def test_significant_estimates_exaggerate(sleep) -> None:
    found = sleep.power("Days", 4000, 5, effect=0.5, method="both")
    assert found.exaggeration > 3
    assert found.type_s == pytest.approx(found.analytic.type_s, abs=4 * np.sqrt(0.25 / found.n_significant))


# -- seeds, classes, prints -----------------------------------------------------------------------------------------


def test_seeds_reproduce_and_more_draws_begin_with_the_same(sleep, herds) -> None:
    few, many = (sleep.power("Days", n, 7, effect=4) for n in (100, 600))
    assert np.array_equal(few.p_values, many.p_values[:100])
    assert few.seed == 7
    unseeded = sleep.power("Days", 20, effect=4)
    assert np.array_equal(unseeded.p_values, sleep.power("Days", 20, unseeded.seed, effect=4).p_values)
    slow = [herds.power("period2", n, 7, effect=-1) for n in (5, 11)]
    assert np.array_equal(slow[0].p_values, slow[1].p_values[:5])
    assert np.array_equal(sleep.power("Days", 50, 7, effect=4, threads=1).p_values, many.p_values[:50])


def test_every_class_has_power() -> None:
    data = mm.datasets.load("sleepstudy").assign(late=lambda d: (d["Reaction"] > 300) * 1, w=np.linspace(1, 2, 180))
    data.loc[5, "Reaction"] = np.nan
    fits = [
        mm.lm("Reaction ~ Days", data, weights="w"),
        mm.lmer("Reaction ~ Days + (Days || Subject)", data, na_action="exclude", REML=False, offset=np.arange(180.0)),
        mm.lmer("log(Reaction) ~ Days + (1 | Subject)", data, subset="Days > 1"),
        mm.glm("late ~ Days", data, "binomial"),
        mm.glm("Reaction ~ Days", data, "Gamma(log)"),
        mm.glm_nb("round(Reaction) ~ Days", data.dropna()),
        mm.glmer("late ~ Days + (1 | Subject)", data, "binomial"),
        mm.glmer("late ~ Days + (1 | Subject)", data, "binomial", penalty="soft"),
    ]
    for fit in fits:
        effect = 0.4 * fit.fixef()["Days"]
        found = fit.power("Days", 12, 1, effect=effect, method="both")
        assert found.nsim == 12
        assert found.n_failed == 0
        assert found.rows == fit.nobs
        assert 0 < found.analytic.power <= 1
        own = fit.power(
            lambda m: m.tidy()["p_value"][1] if "p_value" in m.tidy() else 0.5, 2, 1, effect={"Days": effect}
        )
        assert own.n_failed == 0
    dropped = mm.lmer("log(Reaction) ~ Days + (1 | Subject)", data).with_parameters()
    assert dropped.power("Days", 3, 1, by="LRT").n_failed == 0
    with pytest.warns(mm.RankDeficientWarning):
        aliased = mm.lmer("Reaction ~ Days + I(2 * Days) + (1 | Subject)", data)
    assert aliased.power("Days", 20, 1, effect=4, by="KR").nsim == 20
    assert aliased.power("Days", 20, 1, effect=4, by="LRT").n_failed == 0


def test_functions_get_whole_models(sleep) -> None:
    seen = []

    def smaller(m):
        seen.append((m.formula, m.nobs, list(m.frame.columns)))
        return m.anova(m.update(". ~ . - Days"))["p_value"][1]

    found = sleep.power(smaller, 4, 1, effect={"Days": 4})
    assert seen[0] == ("Reaction ~ Days + (Days | Subject)", 180, ["Reaction", "Days", "Subject"])
    assert found.p_values == pytest.approx(sleep.power("Days", 4, 1, effect=4, by="LRT").p_values, rel=1e-5)
    assert found.label == "by smaller"
    nothing = sleep.power(lambda m: 1 / 0, 3, 1, effect={"Days": 4})
    assert nothing.power == 0
    assert nothing.failures() == {"ZeroDivisionError: division by zero": 3}
    assert sleep.power(lambda m: m.KRmodcomp(". ~ . - Days"), 2, 1, effect={"Days": 4}).n_failed == 0


def test_it_prints_as_simr_does(sleep) -> None:
    lines = repr(sleep.power("Days", 200, 1, effect=4, method="both")).splitlines()
    assert lines[0] == "Power for predictor 'Days', (95% confidence interval):"
    assert lines[3] == "Test: t-test with Satterthwaite degrees of freedom"
    assert lines[4] == "      Effect size for Days is 4"
    assert lines[6].startswith("Based on 200 simulations (0 failed, ")
    assert lines[-1] == "By noncentral t with 17 degrees of freedom: 68.42% (180 rows)"
    curve = sleep.power_curve("Days", 50, 1, sizes=[6, 24], effect=4, method="both")
    lines = repr(curve).splitlines()
    assert lines[1] == "by number of levels in Subject:"
    assert lines[2].startswith("      6: ")
    assert lines[3].endswith(f"240 rows - analytic {100 * curve[24].analytic.power:.2f}%")
    table = curve.to_frame()
    assert table["size"].tolist() == [6, 24]
    assert table["rows"].tolist() == [60, 240]
    assert curve.smallest(0.7) == 24
    assert curve.smallest(0.99) is None


def test_a_fits_own_effects_are_observed_power(sleep) -> None:
    with pytest.warns(MixedModelsWarning, match="own estimates"):
        found = sleep.power("Days", 20, 1)
    assert repr(found).endswith("might be an observed power calculation")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not sleep.power("Days", 20, 1, effect=4).observed
        assert not sleep.with_parameters(fixef={"Days": 4}).power(nsim=20, seed=1).observed


def test_axes_of_curves(sleep) -> None:
    curve = sleep.power_curve(nsim=10, seed=1, along="Days", sizes=[4, 10, 12], effect=4)
    assert curve.size_values == (3.0, 9.0, 11.0)
    assert [p.rows for p in curve.points] == [72, 180, 216]
    within = sleep.power_curve(nsim=10, seed=1, within="Subject+Days", sizes=[1, 3], effect=4)
    assert [p.rows for p in within.points] == [180, 540]
    assert "number of observations within Subject+Days" in repr(within)
    own = sleep.power_curve(method="analytic", effect=4)
    assert own.sizes == (3, 5, 6, 8, 10, 11, 13, 15, 16, 18)
    assert [p.nsim for p in own.points] == [0] * 10
    assert np.all(np.diff(own.to_frame()["power"]) > 0)


def test_rs_spellings(sleep) -> None:
    plan = sleep.with_parameters(fixef={"Days": 4})
    assert powerSim(plan, fixed("Days", "lr"), nsim=10, seed=1).description[0] == "Likelihood ratio"
    assert powerSim(plan, fixed("Days"), 10, 1).nsim == 10
    assert powerSim(plan, compare(". ~ . - Days"), 10, 1).label == "for model comparison"
    assert powerSim(plan, compare(". ~ . - Days", "pb"), 1, 1).nsim == 1
    assert powerCurve(plan, fixed("Days", "z"), along="Subject", breaks=[6, 9], nsim=10, seed=1).sizes == (6, 9)
    for wrong in (lambda: fixed("Days", "q"), lambda: compare("~ 1", "q")):
        with pytest.raises(DataError, match="method is 'q'"):
            wrong()


BAD = [
    ({"test": "Dayz"}, "did you mean 'Days'"),
    ({"test": 3}, "test '3' is no coefficient"),
    ({"test": "Days", "by": "q"}, "by is 'q'"),
    ({"test": "Days", "alpha": 2}, "alpha is 2"),
    ({"test": "Days", "level": 2}, "level must lie"),
    ({"test": "Days", "nsim": 0}, "nsim must be"),
    ({"test": "Days", "method": "q"}, "method is 'q'"),
    ({"test": "Days", "effect": {"x": 1}}, "no coefficient"),
    ({"test": "~ . - Days", "effect": 3}, "give a mapping by name"),
    ({"test": "Days >= 0"}, "has a direction"),
    ({"test": "Days = 3", "by": "LRT", "effect": {"Days": 4}}, "hypotheses that are 0"),
    ({"test": "~ . - Days", "by": "z"}, "does not go with"),
    ({"test": "~ . - Days", "method": "analytic"}, "no analytic power"),
    ({"test": "~ . + I(Days^2)"}, "as many parameters"),
    ({"test": len, "by": "z"}, "and a function has its own; leave it out"),
    ({"test": "Days", "seed": "x"}, "seed must be"),
]


@pytest.mark.parametrize(("how", "said"), BAD)
def test_bad_requests_are_answered(sleep, how, said: str) -> None:
    given = {"nsim": 5, "seed": 1, "effect": {"Days": 4}, **how}
    with pytest.raises(DataError, match=said):
        sleep.power(**given)


def test_other_bad_requests(sleep, herds, tmp_path) -> None:
    with pytest.raises(DataError, match="is for lmer"):
        herds.power("period2", effect=1, by="KR")
    with pytest.raises(DataError, match="do not have"):
        herds.power("period2", effect=1, by="t")
    ml = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"), REML=False)
    with pytest.raises(DataError, match="is for REML"):
        ml.power("Days", effect=1, by="KR")
    for sizes, said in (([1], "one level only"), ([0], "positive whole"), ([5, 5], "each once"), ([], "at least one")):
        with pytest.raises(DataError, match=said):
            sleep.power_curve(sizes=sizes, effect=4, nsim=5)
    sleep.save(tmp_path / "m.json")
    with pytest.raises(DataError, match="needs the rows"):
        mm.load(tmp_path / "m.json").power("Days", effect=1)
    alone = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff"))
    with pytest.raises(DataError, match="no coefficient but the intercept"):
        alone.power(nsim=5)
    assert alone.power("(Intercept)", 5, 1, effect=0).nsim == 5
    line = mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))
    with pytest.raises(DataError, match="give along=, a variable that gets more values, or within="):
        line.power_curve(effect=1, nsim=5)
    assert line.power_curve(effect=1, nsim=5, seed=1, along="Days", sizes=[3, 10]).sizes == (3, 10)


def test_interrupted_power_keeps_what_there_is(sleep) -> None:
    calls = []

    def interrupted(m):
        calls.append(1)
        if len(calls) > 20:
            raise KeyboardInterrupt
        return 0.01

    found = sleep.power(interrupted, 50, 1, effect={"Days": 4})
    assert found.nsim == 16
    assert found.asked == 50
