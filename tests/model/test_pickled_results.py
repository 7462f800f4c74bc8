"""Every result is a value: pickled and back it prints the same and holds the same numbers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.inference.glht.mcp import mcp

CAKE = mm.datasets.load("cake")
CBPP = mm.datasets.load("cbpp")
MIXED = mm.lmer("angle ~ recipe + temp + (1 | replicate)", CAKE)
SMALL = mm.lmer("angle ~ recipe + (1 | replicate)", CAKE)
LOGGED = mm.lmer("log(angle) ~ recipe + temp + (1 | replicate)", CAKE)
LOGIT = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", CBPP, "binomial")
LINEAR = mm.lm("angle ~ recipe + temp", CAKE)
COUNTS = mm.glm("incidence ~ period", CBPP, "poisson")

RESULTS = {
    "anova": lambda: MIXED.anova(ddf="Kenward-Roger"),
    "anova of a glm": lambda: COUNTS.anova(),
    "anova of several models": lambda: SMALL.anova(MIXED, names=["small", "mixed"]),
    "anova with a mixture": lambda: LINEAR.anova(MIXED, test="mixture", names=["linear", "mixed"]),
    "car_anova": lambda: LOGIT.car_anova(),
    "drop1": lambda: MIXED.drop1("Chisq"),
    "drop1 with F": lambda: MIXED.drop1("F"),
    "add1": lambda: SMALL.add1("~ . + temp", "Chisq"),
    "ranova": lambda: MIXED.ranova(),
    "rlrt": lambda: MIXED.rlrt(200, 1),
    "contest": lambda: MIXED.contest(np.eye(4)[1:]),
    "contest1D": lambda: MIXED.contest1D([0, 1, 0, 0]),
    "KRmodcomp": lambda: MIXED.KRmodcomp(SMALL),
    "SATmodcomp": lambda: MIXED.SATmodcomp(". ~ . - temp"),
    "summary": lambda: MIXED.summary(ddf="Satterthwaite"),
    "ref_grid": lambda: LOGIT.ref_grid(),
    "emmeans": lambda: MIXED.emmeans("recipe"),
    "emmeans on a response scale": lambda: LOGIT.emmeans("period", type="response"),
    "emmeans of a transformed response": lambda: LOGGED.emmeans("recipe", type="response", bias_adjust=True),
    "emmeans with contrasts": lambda: LOGIT.emmeans("pairwise ~ period", type="response"),
    "emmeans with a robust covariance": lambda: MIXED.emmeans("recipe", ddf=MIXED.robust()),
    "regrid": lambda: LOGGED.ref_grid().regrid(),
    "emtrends": lambda: MIXED.emtrends("~ recipe", "temp"),
    "contrast": lambda: LOGIT.emmeans("period").contrast("trt.vs.ctrl", adjust="mvt"),
    "pairs": lambda: LOGGED.emmeans("recipe").pairs().summary(type="response"),
    "joint_tests": lambda: MIXED.joint_tests(),
    "cld of means": lambda: MIXED.emmeans("recipe").cld(),
    "glht": lambda: MIXED.glht(mcp(recipe="Tukey")),
    "summary of glht": lambda: MIXED.glht(mcp(recipe="Tukey"), df="Satterthwaite").summary(),
    "confint of glht": lambda: MIXED.glht(["recipeB = 0", "recipeC = 0"]).confint(),
    "ftest of glht": lambda: MIXED.glht("recipeB - recipeC").ftest(),
    "linear_hypothesis": lambda: MIXED.linear_hypothesis("recipeB = recipeC"),
    "robust": lambda: MIXED.robust(),
    "robust of a glmer": lambda: LOGIT.robust(),
    "robust of an lm": lambda: LINEAR.robust("HC3"),
    "wald_test": lambda: MIXED.robust().wald_test(),
    "scores": lambda: LOGIT.scores(),
    "infinitesimal_jackknife": lambda: MIXED.infinitesimal_jackknife(),
    "coef_test": lambda: r.coef_test(MIXED),
    "t_test": lambda: MIXED.t_test("recipeB = recipeC"),
    "statsmodels' wald_test": lambda: MIXED.wald_test("recipeB = recipeC"),
    "bootstrap": lambda: MIXED.bootstrap(20, seed=1),
    "pbmodcomp": lambda: MIXED.pbmodcomp(SMALL, nsim=20, seed=1),
}


@pytest.mark.parametrize("verb", RESULTS)
def test_results_survive_pickling(verb):
    found = RESULTS[verb]()
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is type(found)
    assert repr(again) == repr(found)
    if hasattr(found, "to_frame"):
        assert again.to_frame().equals(found.to_frame())


def test_pickled_means_answer_further_questions():
    means = LOGIT.emmeans("period", type="response")
    again = pickle.loads(pickle.dumps(means))
    assert repr(again.pairs()) == repr(means.pairs())
    tested = pickle.loads(pickle.dumps(MIXED.glht(mcp(recipe="Tukey"))))
    assert tested.cld() == MIXED.glht(mcp(recipe="Tukey")).cld()
    robust = pickle.loads(pickle.dumps(MIXED.robust()))
    assert repr(MIXED.anova(ddf=robust)) == repr(MIXED.anova(ddf=MIXED.robust()))
