"""One name for one argument, over every public verb; and the names that people bring from elsewhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels._spellings import spelled, word, word_or_none

# The one name of an argument -> names that would mean the same, and where one of those stands nevertheless, and why.
CONCEPTS: dict[str, tuple[set[str], dict[str, str]]] = {
    "level": (  # of confidence
        {"conf_level", "confidence", "ci", "ci_level", "alpha", "cl", "coverage"},
        {
            "EmmGrid.cld(alpha)": "letters have a significance level",
            "GeneralHypotheses.cld(alpha)": "letters have a significance level",
            "PlanVerbs.power(alpha)": "the significance level of the test whose power it is",
            "PlanVerbs.power_curve(alpha)": "the significance level of the test whose power it is",
            "PowerTest.analytic(alpha)": "the significance level of the test whose power it is",
            "StatsmodelsSpellings.conf_int(alpha)": "statsmodels' verb",
            "ContrastTest.conf_int(alpha)": "statsmodels' verb",
            "PredictionResults.conf_int(alpha)": "statsmodels' verb",
            "PredictionResults.summary_frame(alpha)": "statsmodels' verb",
            "Picture.set(alpha)": "matplotlib's: how opaque a drawing is",
        },
    ),
    "nsim": (  # how often something is drawn
        {"n", "n_sim", "n_boot", "nboot", "draws", "reps", "n_draws", "replicates", "simulations", "samples"},
        {
            "PlanVerbs.extend(n)": "how many levels a table gets",
            "Population.sample(n)": "rows of a table",
            "Population.sample_x(n)": "rows of a table",
            "Predictor.draw(n)": "rows of a table",
            "GroupSpec.codes(n)": "rows of a table",
        },
    ),
    "seed": ({"random_state", "rng", "state", "key"}, {}),
    "newdata": (
        {"exog", "new_data", "data", "x_new", "rows_new"},
        {
            "StatsmodelsSpellings.get_prediction(exog)": "statsmodels' verb",
            "Population.compare(data)": "the sample that a model was fitted to",
        },
    ),
    "type": (  # the scale of means
        {"scale", "transform", "on"},
        {
            "AdjustedVerbs.ggpredict(scale)": "`type` is the treatment of random effects, as in R's ggeffects",
            "AdjustedVerbs.partial_residuals(scale)": "`type` is the treatment of random effects, as in `ggpredict`",
            "MarginalVerbs.predictions(transform)": "a function of the estimates, as in marginaleffects",
            "MarginalVerbs.avg_predictions(transform)": "a function of the estimates, as in marginaleffects",
            "MarginalVerbs.comparisons(transform)": "a function of the estimates, as in marginaleffects",
            "MarginalVerbs.hypotheses(transform)": "a function of the estimates, as in marginaleffects",
            "ProfileVerbs.profile(scale)": "of variance parameters",
            "IntervalVerbs.confint(scale)": "of variance parameters",
            "Profile.on_scale(scale)": "of variance parameters",
            "RobustVerbs.scores(scale)": "of variance parameters",
            "RobustVerbs.vcov_full(scale)": "of variance parameters",
            "RobustVerbs.infinitesimal_jackknife(scale)": "of variance parameters",
        },
    ),
    "ddf": (
        {"df_method", "dof", "df"},
        {
            "HypothesisVerbs.glht(df)": "multcomp's: a number of degrees of freedom",
            "MarginalEffects.for_marginaleffects(df)": "of the package marginaleffects: a number",
        },
    ),
}


def public_methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public methods of the public classes, by name; R's own functions are elsewhere."""
    left_out = ("mixedmodels.r.", "mixedmodels.cli", "mixedmodels._engine", "mixedmodels.__main__", "mixedmodels.fit.")
    for info in pkgutil.walk_packages(mm.__path__, "mixedmodels."):
        if info.name.startswith(left_out):
            continue
        for name, cls in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(cls) and cls.__module__ == info.name and not name.startswith("_"):
                for verb, value in vars(cls).items():
                    function = value.__func__ if isinstance(value, classmethod) else value
                    if not verb.startswith("_") and inspect.isfunction(function):
                        yield f"{name}.{verb}", function


METHODS = dict(public_methods())
SPELLED = {name: verb for name, verb in METHODS.items() if hasattr(verb, "_spellings")}


@pytest.mark.parametrize("name", CONCEPTS)
def test_one_name_for_one_argument(name: str) -> None:
    others, reasons = CONCEPTS[name]
    met = {
        f"{verb}({parameter})"
        for verb, function in METHODS.items()
        for parameter in inspect.signature(function).parameters
        if parameter in others
    }
    verbs = {entry for entry in met if is_verb(entry)}
    assert verbs - set(reasons) == set()
    assert set(reasons) - met == set(), "a reason without its verb"


def is_verb(entry: str) -> bool:
    """Whether a method is of a model or of what a verb returns, and not of the numerics below."""
    owner = entry.split(".")[0]
    return owner.endswith("Verbs") or owner in RESULTS


def results() -> set[str]:
    """Names of the classes in the annotations of what verbs return, and of what these return."""
    names = {name.split(".")[0] for name in METHODS}
    found = {n for n in names if n.endswith(("Verbs", "Spellings"))} | {"GeneralizedMixedModel", "MarginalEffects"}
    todo = list(found)
    while todo:
        owner = todo.pop()
        for name, verb in METHODS.items():
            if name.startswith(f"{owner}."):
                for word_ in re.findall(r"\w+", str(verb.__annotations__.get("return", ""))):
                    if word_ in names and word_ not in found:
                        found.add(word_)
                        todo.append(word_)
    return found


RESULTS = results()


def test_the_walk_meets_the_results() -> None:
    assert {"Bootstrap", "EmmGrid", "SimulatedResiduals", "Power", "ModelChecks", "ResultTable"} <= RESULTS
    assert len(METHODS) > 300


@pytest.mark.parametrize("verb", SPELLED)
def test_other_names_are_out_of_sight_and_refused_beside_the_own(verb: str) -> None:
    function: Any = SPELLED[verb]
    parameters = inspect.signature(function).parameters
    for other, name in function._spellings.items():
        assert name in parameters
        assert other not in parameters
        with pytest.raises(mm.DataError, match=f"got {name}= and {re.escape(other)}=, which are the same"):
            function(object(), **{name: 0.9, other: 0.9})


SLEEP = mm.datasets.load("sleepstudy")
FIT = mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP)
LIN = mm.lm("Reaction ~ Days", SLEEP)
BAKING = mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", mm.datasets.load("cake"))
ADDED = BAKING.update(". ~ . - recipe:temperature")
CROSSED = mm.glmer("r2 ~ Anger + (1 | id) + (1 | item)", mm.datasets.load("VerbAgg").head(600), "binomial")

SAME: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: FIT.tidy(conf_int=True, level=0.9), lambda: FIT.tidy(conf_int=True, conf_level=0.9)),
    (lambda: FIT.tidy(conf_int=True, level=0.9), lambda: FIT.tidy(conf_int=True, **{"conf.level": 0.9})),
    (lambda: FIT.confint(method="wald", level=0.9), lambda: FIT.confint(method="Wald", conf_level=0.9)),
    (lambda: FIT.confint([0]), lambda: FIT.confint([0], method="Profile")),
    (
        lambda: FIT.confint(method="boot", nsim=9, seed=1),
        lambda: FIT.confint(method="bootstrap", nsim=9, seed=1),
    ),
    (lambda: FIT.icc(level=0.9), lambda: FIT.icc(ci=0.9, method="Profile")),
    (lambda: FIT.simulate_residuals(nsim=20, seed=1), lambda: FIT.simulate_residuals(n=20, seed=1, method="pit")),
    (lambda: CROSSED.laplace_error(nsim=60, seed=1), lambda: CROSSED.laplace_error(draws=60, seed=1)),
    (lambda: BAKING.emmeans("recipe").cld(alpha=0.1), lambda: BAKING.emmeans("recipe").cld(level=0.1)),
    (
        lambda: ADDED.glht(mm.mcp(recipe="Tukey")).cld(alpha=0.1),
        lambda: ADDED.glht(mm.mcp(recipe="Tukey")).cld(level=0.1),
    ),
    (lambda: BAKING.check_collinearity(level=0.9), lambda: BAKING.check_collinearity(ci=0.9)),
    (lambda: FIT.group_lines("Days", points=2, type="link"), lambda: FIT.group_lines("Days", points=2, scale="link")),
    (
        lambda: FIT.ggpredict("Days", level=0.9),
        lambda: FIT.ggpredict("Days", ci_level=0.9, type="response"),
    ),
    (
        lambda: np.asarray(FIT.predict(interval="confidence", method="bootstrap", nsim=9, seed=1)),
        lambda: np.asarray(FIT.predict(interval="Confidence", method="boot", nsim=9, seed=1)),
    ),
    (
        lambda: FIT.predict(kind="typical", type="response").sum(),
        lambda: FIT.predict(kind="Typical", type="Response").sum(),
    ),
    (lambda: CROSSED.residuals("pearson").sum(), lambda: CROSSED.residuals("Pearson").sum()),
    (lambda: FIT.ggpredict("Days", type="fixed"), lambda: FIT.ggpredict("Days", type="Fixed")),
    (lambda: LIN.robust(type="HC3").confint(), lambda: LIN.robust(type="hc3").confint()),
    (lambda: LIN.bootstrap(50, 1).confint(type="perc"), lambda: LIN.bootstrap(50, 1).confint(type="percentile")),
    (lambda: LIN.bootstrap(50, 1).confint(type="bca"), lambda: LIN.bootstrap(50, 1).confint(type="BCa")),
    (
        lambda: ADDED.glht(["recipeB = 0"], alternative="less").summary(test="holm"),
        lambda: ADDED.glht(["recipeB = 0"], alternative="smaller").summary(test="Holm"),
    ),
    (
        lambda: ADDED.linear_hypothesis("recipeB = 0", test="Chisq"),
        lambda: ADDED.linear_hypothesis("recipeB = 0", test="chisq"),
    ),
    (
        lambda: FIT.simulate_residuals(50, 1).test_dispersion(alternative="greater"),
        lambda: FIT.simulate_residuals(50, 1).test_dispersion(alternative="larger"),
    ),
    (
        lambda: FIT.simulate_residuals(50, 1).test_uniformity(alternative="two.sided"),
        lambda: FIT.simulate_residuals(50, 1).test_uniformity(alternative="two-sided"),
    ),
    (lambda: FIT.performance(estimator="ML"), lambda: FIT.performance(estimator="ml")),
    (lambda: FIT.influence("Subject", theta="one_step"), lambda: FIT.influence("Subject", theta="One_step")),
    (
        lambda: mm.lm("Reaction ~ Days", SLEEP, na_action="exclude").summary(),
        lambda: mm.lm("Reaction ~ Days", SLEEP, na_action="na.exclude").summary(),
    ),
    (lambda: FIT.predict(interval=None).sum(), lambda: FIT.predict(interval="none").sum()),
    (
        lambda: FIT.bootstrap(5, 1).confint().to_frame(),
        lambda: FIT.bootstrap(5, 1, type="Parametric").confint().to_frame(),
    ),
]


@pytest.mark.parametrize("case", range(len(SAME)))
def test_other_spellings_give_the_same(case: int) -> None:
    own, other = (repr(call()) for call in SAME[case])
    assert own == other


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: FIT.confint(method="profil"),
        "method is 'profil'; give 'profile', 'wald' or 'boot'. Did you mean 'profile'?",
    ),
    (lambda: FIT.predict(interval="confidnce"), "give None, 'confidence' or 'prediction'. Did you mean 'confidence'?"),
    (lambda: FIT.simulate_residuals(method="TPI"), "method is 'TPI'; give 'PIT' or 'traditional'"),
    (lambda: BAKING.emmeans("recipe").cld(alpha=0.95), "alpha is 0.95; letters take a significance level"),
    (lambda: FIT.icc(level=95), "level is 95; give a confidence between 0 and 1"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_is_no_spelling_is_refused_with_the_nearest(case: int) -> None:
    call, message = REFUSED[case]
    with pytest.raises(mm.DataError) as refusal:
        call()
    assert message in str(refusal.value)


def test_a_verb_answers_to_names_of_arguments_given_by_place() -> None:
    @spelled(level=("conf_level", "ci"), nsim="n")
    def verb(level: float = 0.95, *, nsim: int = 10) -> tuple[float, int]:
        """Two arguments."""
        return level, nsim

    call: Any = verb
    assert call() == (0.95, 10)
    assert call(0.9, n=3) == (0.9, 3)
    assert call(ci=0.8) == (0.8, 10)
    assert list(inspect.signature(verb).parameters) == ["level", "nsim"]
    with pytest.raises(mm.DataError, match="got level= and ci="):
        call(0.9, ci=0.8)
    with pytest.raises(TypeError, match="confidence"):
        call(confidence=0.8)


def test_a_warning_of_a_spelled_verb_points_at_its_caller() -> None:
    data = SLEEP.assign(count=np.arange(180) % 7, w=2.0)
    model = mm.glm("count ~ Days", data, "poisson", weights="w")
    with pytest.warns(mm.MixedModelsWarning, match="as if all weights were 1") as told:
        model.simulate_residuals(20, 1)
    assert told[0].filename == __file__


def test_words() -> None:
    assert word("method", "KR", ("Kenward-Roger",), {"kr": "Kenward-Roger"}) == "Kenward-Roger"
    assert word_or_none("interval", "None", ("confidence",)) is None
    with pytest.raises(mm.DataError, match="method is 3; give 'a'"):
        word("method", 3, ("a",))
