"""One rule for all that draws: a seed gives the same result again, and None draws one, which the result tells."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.diagnose.residuals.record import SimulatedResiduals

SLEEP = mm.datasets.load("sleepstudy")
FIT = mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP)
ONE = mm.lmer("Reaction ~ Days + (1 | Subject)", SLEEP)
LIN = mm.lm("Reaction ~ Days", SLEEP)
GM = mm.glmer("incidence / size ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial", weights="size")
CROSSED = mm.glmer("r2 ~ Anger + (1 | id) + (1 | item)", mm.datasets.load("VerbAgg").head(600), "binomial")
PLAN = mm.make_lmer("y ~ x + (1 | g)", mm.crossing(g=range(8), x=[0, 1, 2]), fixef=[0, 1], sd={"g": 0.5}, sigma=1.0)
POPULATION = mm.population(x=mm.predictor("normal"), y=mm.response("1 + 2 * x", error_scale=0.5))
DRAWN = [[1, 2], [1, 1], [0, 3]]  # counts, two simulations of each
BY_DRAWS = {"method": "simulation", "interval": "confidence", "nsim": 20}

Case = tuple[Callable[[Any], Any], Callable[[Any], Any]]

# Verb -> a call with a seed, and the numbers of its result.
CASES: dict[str, Case] = {
    "bootstrap": (lambda s: FIT.bootstrap(5, s), lambda r: r.t),
    "Bootstrap.confint": (lambda s: LIN.bootstrap(20, s).confint(), lambda r: r["conf_low"]),
    "confint": (lambda s: LIN.confint(method="boot", nsim=20, seed=s), lambda r: r["conf_low"]),
    "pbmodcomp": (lambda s: LIN.pbmodcomp("~ . - Days", 5, s), lambda r: r.reference),
    "rlrt": (lambda s: ONE.rlrt(100, s), lambda r: r["p_value"]),
    "Singularity.rlrt": (lambda s: ONE.singularity().rlrt(100, s), lambda r: r["p_value"]),
    "simulate": (lambda s: FIT.simulate(2, s), np.asarray),
    "simulate of an lm": (lambda s: LIN.simulate(2, s, newdata=SLEEP.head(3)), np.asarray),
    "predict": (lambda s: FIT.predict(SLEEP.head(3), seed=s, **BY_DRAWS), np.asarray),
    "predict of an lm": (lambda s: LIN.predict(seed=s, **BY_DRAWS), np.asarray),
    "predict by the bootstrap": (lambda s: LIN.predict(seed=s, **BY_DRAWS | {"method": "bootstrap"}), np.asarray),
    "predict new observations": (lambda s: GM.predict(type="response", interval="prediction", seed=s), np.asarray),
    "simulate_residuals": (lambda s: GM.simulate_residuals(20, s), lambda r: r.scaled_residuals),
    "SimulatedResiduals.recalculate": (
        lambda s: GM.simulate_residuals(20, 1).recalculate("herd", seed=s),
        lambda r: r.scaled_residuals,
    ),
    "SimulatedResiduals.from_simulations": (
        lambda s: SimulatedResiduals.from_simulations(
            [[1, 2], [1, 1], [0, 3]], [1, 1, 1], integer_response=True, seed=s
        ),
        lambda r: r.scaled_residuals,
    ),
    "power": (lambda s: FIT.power("Days", effect={"Days": 3}, nsim=5, seed=s), lambda r: r.estimates),
    "power_curve": (
        lambda s: FIT.power_curve("Days", effect={"Days": 3}, along="Subject", sizes=[4, 6], nsim=5, seed=s),
        lambda r: np.concatenate([p.estimates for p in r.points]),
    ),
    "check_model": (lambda s: LIN.check_model(s), lambda r: np.asarray(r.posterior_predictive_table(3))),
    "check_autocorrelation": (lambda s: LIN.check_autocorrelation(50, s), lambda r: r["p_value"]),
    "icc": (lambda s: ONE.icc(ci=0.9, method="boot", nsim=20, seed=s), lambda r: r.table["conf_low"]),
    "r2": (lambda s: ONE.r2(ci=0.9, nsim=20, seed=s), lambda r: r.table["conf_low"]),
    "caic": (lambda s: ONE.caic("bootstrap", nsim=20, seed=s), lambda r: r.df),
    "ggpredict": (lambda s: ONE.ggpredict("Days", type="simulate", nsim=20, seed=s), lambda r: r.predicted),
    "ggpredict at sampled values": (lambda s: FIT.ggpredict("Days [sample=3]", seed=s), lambda r: r.predicted),
    "cross_validate": (lambda s: LIN.cross_validate(k=5, seed=s), lambda r: r.predictions()["predicted"]),
    "laplace_error": (lambda s: CROSSED.laplace_error(100, s), lambda r: r.error),
    "all_fit": (lambda s: ONE.all_fit(2, s), lambda r: r.table["evaluations"]),
    "exactRLRT": (lambda s: mm.r.exactRLRT(ONE, nsim=100, seed=s), lambda r: list(r.quantiles.values())),
    "PlannedModel.simulate": (lambda s: PLAN.simulate(2, s), np.asarray),
    "Population.sample": (lambda s: POPULATION.sample(5, s), np.asarray),
    "Population.sample_x": (lambda s: POPULATION.sample_x(5, s), np.asarray),
    "Population.sample_y": (lambda s: POPULATION.sample_y(pd.DataFrame({"x": [1.0, 2.0]}), s), np.asarray),
    "Sample.sample_y": (lambda s: POPULATION.sample_x(5, 1).sample_y(s), np.asarray),
}


def seed_of(result: Any) -> Any:
    """The seed that a result tells."""
    if isinstance(result, pd.DataFrame):
        return result.attrs["seed"]
    return result.seed


@pytest.mark.parametrize("verb", CASES)
def test_the_same_seed_gives_the_same_result(verb: str) -> None:
    call, numbers = CASES[verb]
    first = call(7)
    np.testing.assert_array_equal(numbers(first), numbers(call(7)))
    assert seed_of(first) == 7


@pytest.mark.parametrize("verb", CASES)
def test_none_draws_a_seed_that_the_result_tells(verb: str) -> None:
    call, numbers = CASES[verb]
    first, second = call(None), call(None)
    seed = seed_of(first)
    assert isinstance(seed, int)
    assert seed != seed_of(second)
    np.testing.assert_array_equal(numbers(first), numbers(call(seed)))
    if not isinstance(first, pd.DataFrame) and verb != "exactRLRT":  # which R prints without one
        assert f"seed {seed}" in repr(first)


@pytest.mark.parametrize("verb", ["bootstrap", "simulate", "rlrt", "predict", "simulate_residuals", "power"])
def test_other_seeds_of_numpy_serve(verb: str) -> None:
    call, numbers = CASES[verb]
    sequence = np.random.SeedSequence(5)
    np.testing.assert_array_equal(numbers(call(sequence)), numbers(call(5)))
    np.testing.assert_array_equal(numbers(call(np.random.default_rng(5))), numbers(call(5)))
    np.testing.assert_array_equal(numbers(call(np.int64(5))), numbers(call(5)))


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_tables_of_other_libraries_tell_their_seed(kind: str) -> None:
    data = mm.datasets.load("sleepstudy", as_=kind)
    fit = mm.lm("Reaction ~ Days", data)

    def seed_in(table: Any) -> int:
        return int(table.schema.metadata[b"seed"]) if kind == "pyarrow" else int(table.seed)

    drawn = fit.simulate(1)
    assert fit.simulate(1, seed=seed_in(drawn)).equals(drawn)
    limits = fit.predict(data, **BY_DRAWS)
    assert fit.predict(data, seed=seed_in(limits), **BY_DRAWS).equals(limits)


@pytest.mark.parametrize("verb", ["bootstrap", "simulate", "rlrt", "check_autocorrelation"])
def test_what_is_no_seed_is_refused(verb: str) -> None:
    with pytest.raises(mm.DataError, match="seed must be a whole number or a numpy Generator"):
        CASES[verb][0]("tomorrow")


# -- none is forgotten ------------------------------------------------------------------------------------------------

# A file that is to be the same again: the report's seed is 1 unless one is given, and stands in the page.
FIXED = {"ReportVerbs.report"}
# They end in one of the cases above, or return a fitted model.
ELSEWHERE = {"ModelChecks.posterior_predictive_table", "PlannedModel.draw_and_fit"}


def seeded() -> Iterator[tuple[str, inspect.Parameter]]:
    """Every public method with a seed."""
    for info in pkgutil.walk_packages(mm.__path__, "mixedmodels."):
        if info.name.startswith(("mixedmodels.r.", "mixedmodels.cli", "mixedmodels._engine", "mixedmodels.__main__")):
            continue
        for name, cls in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(cls) and cls.__module__ == info.name and not name.startswith("_"):
                for verb, value in vars(cls).items():
                    function = value.__func__ if isinstance(value, classmethod) else value
                    if not verb.startswith("_") and inspect.isfunction(function):
                        seed = inspect.signature(function).parameters.get("seed")
                        if seed is not None:
                            yield f"{name}.{verb}", seed


def test_every_verb_with_a_seed_draws_one_by_default_and_is_tested_here() -> None:
    verbs = dict(seeded())
    assert len(verbs) > 25
    assert {name for name, seed in verbs.items() if seed.default is not None} == FIXED
    tested = {verb.split(" ")[0].split(".")[-1] for verb in CASES}
    assert {name for name in verbs if name.split(".")[-1] not in tested} == FIXED | ELSEWHERE
