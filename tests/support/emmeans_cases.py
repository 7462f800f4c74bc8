"""The models and questions of tests/reference/emmeans/make_reference.R, asked of this package."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import lru_cache
from math import log
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support.places import REFERENCE

HERE = REFERENCE / "emmeans" / "reference.json.gz"
LEVELS = {"tension": ["L", "M", "H"]}


@lru_cache
def reference() -> dict[str, Any]:
    with gzip.open(HERE, "rt") as file:
        return json.load(file)


@lru_cache
def table(name: str) -> pd.DataFrame:
    data = pd.DataFrame(reference()["tables"][name])
    for column, levels in LEVELS.items():
        if column in data:
            data[column] = pd.Categorical(data[column], levels)
    if name == "cases":
        for column in ("age", "alc"):
            data[column] = pd.Categorical(data[column], sorted(data[column].unique()), ordered=True)
    return data


MODELS: dict[str, Callable[[], Any]] = {
    "warp": lambda: mm.lm("breaks ~ wool * tension", table("warp")),
    "warp_log": lambda: mm.lm("log(breaks) ~ wool * tension", table("warp")),
    "uneven": lambda: mm.lm("breaks ~ wool * tension", table("uneven")),
    "uneven_weights": lambda: mm.lm("breaks ~ wool + tension", table("uneven"), weights="w"),
    "holes": lambda: mm.lm("breaks ~ wool * tension", table("holes")),
    "cars": lambda: mm.lm("mpg ~ factor(cyl) * hp + am", table("cars")),
    "cars_poly": lambda: mm.lm("mpg ~ poly(hp, 2) * fast + log(wt)", table("cars")),
    "cars_spline": lambda: mm.lm("sqrt(mpg) ~ ns(hp, 3) + am", table("cars")),
    "teeth": lambda: mm.lm("len ~ supp * dose", table("teeth")),
    "teeth_factor": lambda: mm.lm("len ~ supp * ordered(dose)", table("teeth")),
    "claims": lambda: mm.glm("Claims ~ District + Group + Age + offset(log(Holders))", table("claims"), "poisson"),
    "claims_argument": lambda: mm.glm("Claims ~ District + Age", table("claims"), "poisson", offset="log(Holders)"),
    "cases": lambda: mm.glm("cbind(ncases, ncontrols) ~ age + alc", table("cases"), "binomial"),
    "probit": lambda: mm.glm("cbind(ncases, ncontrols) ~ alc", table("cases"), mm.families.Binomial("probit")),
    "gamma": lambda: mm.glm("time ~ A * B + x", table("trial"), mm.families.Gamma()),
    "towns": lambda: mm.lm("y ~ state / city + dose", table("towns")),
    "towns_cells": lambda: mm.lm("y ~ city + state + dose", table("towns")),
    "trial": lambda: mm.lm("y ~ A * B * C", table("trial")),
    "trial_slopes": lambda: mm.lm("y ~ A + C * x + sqrt(z)", table("trial")),
    "trial_shift": lambda: mm.lm("log(count + 1) ~ A * C", table("trial")),
    "fields": lambda: mm.lm("yield ~ region / farm / plot + year", table("fields")),
    "fields_two": lambda: mm.lm("yield ~ region + farm %in% region + year * region", table("fields")),
    "cell_means": lambda: mm.lm("y ~ 0 + A:B", table("trial")),
    "no_intercept": lambda: mm.lm("y ~ 0 + A + B + x", table("trial")),
    "log10": lambda: mm.lm("log10(time) ~ B + A", table("trial")),
    "twice": lambda: mm.lm("2 * sqrt(count + 0.5) ~ B", table("trial")),
    "log2_offset": lambda: mm.lm("log2(time) ~ B + offset(z) + x", table("trial")),
    "counts": lambda: mm.glm("count ~ A * B + offset(z / 10)", table("trial"), "poisson"),
    "loglink": lambda: mm.glm("time ~ C + x", table("trial"), mm.families.Gaussian("log")),
    "seven": lambda: mm.lm("breaks ~ f", table("warp").assign(f=[*"abcdefg"] * 7 + [*"abcde"])),
    "oats_ml": lambda: mm.lmer("yield ~ Variety + nitro + (1 | Block / Variety)", table("oats"), REML=False),
    "oats": lambda: mm.lmer("yield ~ Variety + factor(nitro) + (1 | Block / Variety)", table("oats"), ddf="KR"),
    "oats2": lambda: mm.lmer("yield ~ Variety * factor(nitro) + (1 | Block / Variety)", table("oats2"), ddf="KR"),
    "oats3": lambda: mm.lmer("yield ~ Variety * factor(nitro) + (1 | Block / Variety)", table("oats3"), ddf="KR"),
    "sleep": lambda: mm.lmer("Reaction ~ Days + (Days | Subject)", table("sleep"), ddf="KR"),
    "cakes": lambda: mm.lmer("log(angle) ~ recipe * temperature + (1 | recipe:replicate)", table("cakes"), ddf="KR"),
    "herds": lambda: mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", table("herds"), "binomial"),
}


class Models:
    """The models by name, each fitted once."""

    def __init__(self) -> None:
        self._fits: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._fits:
            self._fits[name] = MODELS[name]()
        return self._fits[name]


TENSION = "~ tension | wool"
HP = {"hp": [80, 160, 240]}
DAYS = {"Days": [0, 5, 9]}
QUESTIONS: dict[str, Callable[[Models], Any]] = {
    "warp_cells": lambda m: m.warp.emmeans(TENSION),
    "warp_pairs": lambda m: m.warp.emmeans(TENSION).pairs(),
    "warp_tension": lambda m: m.warp.emmeans("tension"),
    "warp_both": lambda m: m.warp.emmeans("~ tension * wool"),
    "warp_both_pairs": lambda m: m.warp.emmeans("~ wool * tension").pairs(),
    "warp_eff": lambda m: m.warp.emmeans("tension").contrast("eff"),
    "warp_deleff": lambda m: m.warp.emmeans("tension").contrast("del.eff"),
    "warp_poly": lambda m: m.warp.emmeans("tension").contrast("poly"),
    "warp_ctrl": lambda m: m.warp.emmeans(TENSION).contrast("trt.vs.ctrl", ref=2),
    "warp_ctrlk": lambda m: m.warp.emmeans("tension").contrast("trt.vs.ctrlk", adjust="none"),
    "warp_consec": lambda m: m.warp.emmeans("tension").contrast("consec", adjust="bonferroni"),
    "warp_change": lambda m: m.warp.emmeans("tension").contrast("mean_chg", adjust="holm"),
    "warp_identity": lambda m: m.warp.emmeans("tension").contrast("identity"),
    "warp_custom": lambda m: m.warp.emmeans("tension").contrast(
        {"LvMH": [1, -0.5, -0.5], "MvH": [0, 1, -1]}, adjust="sidak"
    ),
    "warp_interaction": lambda m: m.warp.emmeans("~ wool * tension").contrast(interaction=["pairwise", "poly"]),
    "warp_interaction2": lambda m: m.warp.emmeans("~ tension * wool").contrast(interaction="consec"),
    "warp_revpairs": lambda m: m.warp.emmeans(TENSION).contrast("revpairwise").confint(),
    "warp_test": lambda m: m.warp.emmeans("tension").test(null=25),
    "warp_left": lambda m: m.warp.emmeans("tension").pairs().test(side="<", adjust="none"),
    "warp_left_tukey": lambda m: m.warp.emmeans("tension").pairs().test(side="<"),
    "warp_equivalence": lambda m: m.warp.emmeans("tension").pairs().test(delta=12, adjust="none"),
    "warp_bonferroni": lambda m: m.warp.emmeans("tension").confint(level=0.9, adjust="bonferroni"),
    "warp_one_sided": lambda m: m.warp.emmeans("tension").confint(side=">"),
    "warp_scheffe": lambda m: m.warp.emmeans("tension").contrast("pairwise", adjust="scheffe"),
    "warp_joint": lambda m: m.warp.joint_tests(),
    "warp_joint_by": lambda m: m.warp.joint_tests(by="wool"),
    "warp_log_link": lambda m: m.warp_log.emmeans(TENSION),
    "warp_log_response": lambda m: m.warp_log.emmeans(TENSION, type="response"),
    "warp_log_ratio": lambda m: m.warp_log.emmeans(TENSION, type="response").pairs(),
    "warp_log_ratio_confint": lambda m: m.warp_log.emmeans("~ wool", type="response").pairs().confint(),
    "warp_log_bias": lambda m: m.warp_log.emmeans("tension", type="response", bias_adjust=True, sigma=0.4),
    "warp_log_regrid": lambda m: m.warp_log.ref_grid().regrid().emmeans("tension"),
    "warp_log_regrid_pairs": lambda m: m.warp_log.emmeans("tension").regrid().pairs(),
    "uneven_equal": lambda m: m.uneven.emmeans("tension"),
    "uneven_proportional": lambda m: m.uneven.emmeans("tension", weights="proportional"),
    "uneven_cells": lambda m: m.uneven.emmeans("tension", weights="cells"),
    "uneven_flat": lambda m: m.uneven.emmeans("tension", weights="flat"),
    "uneven_own": lambda m: m.uneven.emmeans("tension", weights=[1, 3]),
    "uneven_overall": lambda m: m.uneven.emmeans("~ 1"),
    "uneven_weights": lambda m: m.uneven_weights.emmeans("wool", weights="proportional"),
    "holes_cells": lambda m: m.holes.emmeans("~ wool * tension"),
    "holes_tension": lambda m: m.holes.emmeans("tension"),
    "holes_flat": lambda m: m.holes.emmeans("wool", weights="flat"),
    "holes_pairs": lambda m: m.holes.emmeans(TENSION).pairs(),
    "holes_joint": lambda m: m.holes.joint_tests(),
    "cars_cyl": lambda m: m.cars.emmeans("cyl"),
    "cars_cyl_pairs": lambda m: m.cars.emmeans("cyl").pairs(),
    "cars_at": lambda m: m.cars.emmeans("~ hp | cyl", at={"hp": [100, 200], "cyl": [4, 8]}),
    "cars_am": lambda m: m.cars.emmeans("am"),
    "cars_median": lambda m: m.cars.emmeans("cyl", cov_reduce=np.median),
    "cars_trends": lambda m: m.cars.emtrends("~ cyl", var="hp"),
    "cars_trend_pairs": lambda m: m.cars.emtrends("~ cyl", var="hp").pairs(),
    "cars_joint": lambda m: m.cars.joint_tests(),
    "poly_fast": lambda m: m.cars_poly.emmeans("~ fast | hp", at={"hp": [90, 150]}),
    "poly_trends": lambda m: m.cars_poly.emtrends("~ fast", var="hp"),
    "poly_trends_at": lambda m: m.cars_poly.emtrends("~ fast | hp", var="hp", at={"hp": [90, 150]}),
    "poly_trends_2": lambda m: m.cars_poly.emtrends("~ fast", var="hp", max_degree=2),
    "poly_trends_wt": lambda m: m.cars_poly.emtrends("~ 1", var="wt"),
    "poly_trends_log": lambda m: m.cars_poly.emtrends("~ 1", var="log(wt)"),
    "spline_response": lambda m: m.cars_spline.emmeans("~ hp", at=HP, type="response"),
    "spline_pairs": lambda m: m.cars_spline.emmeans("~ hp", at=HP, type="response").pairs(),
    "teeth_means": lambda m: m.teeth.emmeans("supp"),
    "teeth_trends": lambda m: m.teeth.emtrends("pairwise ~ supp", var="dose").contrasts,
    "teeth_kept": lambda m: m.teeth.emmeans("~ dose * supp", cov_keep=["dose"]),
    "teeth_factor": lambda m: m.teeth_factor.emmeans("~ dose | supp"),
    "teeth_factor_poly": lambda m: m.teeth_factor.emmeans("~ dose | supp").contrast("poly"),
    "claims_age": lambda m: m.claims.emmeans("Age"),
    "claims_rate": lambda m: m.claims.emmeans("Age", type="response"),
    "claims_offset": lambda m: m.claims.emmeans("District", offset=log(1000), type="response"),
    "claims_ratio": lambda m: m.claims.emmeans("Age", type="response").pairs(),
    "claims_outer": lambda m: m.claims.emmeans("Age", weights="outer"),
    "claims_argument": lambda m: m.claims_argument.emmeans("Age", type="response"),
    "cases_prob": lambda m: m.cases.emmeans("alc", type="response"),
    "cases_test": lambda m: m.cases.emmeans("alc", type="response").test(),
    "cases_odds": lambda m: m.cases.emmeans("alc", type="response").contrast("consec", adjust="none"),
    "cases_poly": lambda m: m.cases.emmeans("age").contrast("poly"),
    "cases_joint": lambda m: m.cases.joint_tests(),
    "probit_prob": lambda m: m.probit.emmeans("alc", type="response"),
    "probit_pairs": lambda m: m.probit.emmeans("alc", type="response").pairs(adjust="none"),
    "gamma_means": lambda m: m.gamma.emmeans("~ B | A", type="response"),
    "gamma_pairs": lambda m: m.gamma.emmeans("~ B", type="response").pairs(),
    "towns_city": lambda m: m.towns.emmeans("city"),
    "towns_state": lambda m: m.towns.emmeans("state"),
    "towns_dose": lambda m: m.towns.emmeans("dose"),
    "towns_city_pairs": lambda m: m.towns.emmeans("city").pairs(),
    "towns_state_pairs": lambda m: m.towns.emmeans("state").pairs(),
    "towns_joint": lambda m: m.towns.joint_tests(),
    "towns_cells_city": lambda m: m.towns_cells.emmeans("city"),
    "trial_each": lambda m: m.trial.emmeans("~ A * B * C").contrast("consec", simple="B", adjust="none"),
    "trial_three": lambda m: m.trial.emmeans("~ A * B * C").contrast(interaction=["pairwise", "consec", "eff"]),
    "trial_by_two": lambda m: m.trial.emmeans("~ B | A + C").pairs(),
    "trial_joint": lambda m: m.trial.joint_tests(),
    "trial_joint_by": lambda m: m.trial.joint_tests(by="A"),
    "slopes_means": lambda m: m.trial_slopes.emmeans("C"),
    "slopes_trends": lambda m: m.trial_slopes.emtrends("~ C", var="x"),
    "slopes_curve": lambda m: m.trial_slopes.emtrends("~ z", var="z", at={"z": [1, 2, 3]}),
    "slopes_reduce": lambda m: m.trial_slopes.emmeans("~ x", cov_reduce=lambda x: [x.min(), x.max()]),
    "shift_response": lambda m: m.trial_shift.emmeans("C", type="response"),
    "shift_ratio": lambda m: m.trial_shift.emmeans("C", type="response").pairs(),
    "oats_variety": lambda m: m.oats.emmeans("Variety"),
    "oats_nitro": lambda m: m.oats.emmeans("nitro"),
    "oats_pairs": lambda m: m.oats.emmeans("Variety").pairs(),
    "oats_nitro_poly": lambda m: m.oats.emmeans("nitro").contrast("poly"),
    "oats_asymptotic": lambda m: m.oats.emmeans("Variety", ddf="asymptotic").pairs(),
    "oats_satterthwaite": lambda m: m.oats.emmeans("Variety", ddf="Satterthwaite").pairs(),
    "oats2_cells": lambda m: m.oats2.emmeans("~ nitro | Variety"),
    "oats2_pairs": lambda m: m.oats2.emmeans("~ Variety | nitro").pairs(),
    "oats2_joint": lambda m: m.oats2.joint_tests(),
    "oats2_joint_asymptotic": lambda m: m.oats2.joint_tests(ddf="asymptotic"),
    "oats3_cells": lambda m: m.oats3.emmeans("~ nitro | Variety", ddf="asymptotic"),
    "oats3_variety": lambda m: m.oats3.emmeans("Variety", ddf="asymptotic"),
    "sleep_days": lambda m: m.sleep.emmeans("~ Days", at=DAYS),
    "sleep_days_pairs": lambda m: m.sleep.emmeans("~ Days", at=DAYS).pairs(),
    "sleep_trend": lambda m: m.sleep.emtrends("~ 1", var="Days"),
    "cakes_response": lambda m: m.cakes.emmeans("~ recipe", type="response"),
    "cakes_ratio": lambda m: m.cakes.emmeans("~ recipe", type="response").pairs(),
    "cakes_interaction": lambda m: m.cakes.emmeans("~ recipe * temperature").contrast(
        interaction=["pairwise", "consec"]
    ),
    "fields_farm": lambda m: m.fields.emmeans("farm"),
    "fields_region": lambda m: m.fields.emmeans("region"),
    "fields_plot": lambda m: m.fields.emmeans("plot"),
    "fields_year": lambda m: m.fields.emmeans("year", weights="proportional"),
    "fields_farm_pairs": lambda m: m.fields.emmeans("~ farm | region").pairs(),
    "fields_plot_consec": lambda m: m.fields.emmeans("~ plot | farm").contrast("consec", adjust="none"),
    "fields_joint": lambda m: m.fields.joint_tests(),
    "fields_two_region": lambda m: m.fields_two.emmeans("~ region | year", weights="cells"),
    "fields_two_farm": lambda m: m.fields_two.emmeans("~ farm * year"),
    "fields_two_joint": lambda m: m.fields_two.joint_tests(),
    "towns_by_state": lambda m: m.towns.emmeans("~ city | state").pairs(adjust="holm"),
    "towns_by_tukey": lambda m: m.towns.emmeans("~ city | state").pairs(),
    "towns_eff": lambda m: m.towns.emmeans("~ city | state").contrast("eff"),
    "towns_cells_state": lambda m: m.towns.emmeans("state", weights="cells"),
    "towns_both": lambda m: m.towns.emmeans("~ city * dose"),
    "cell_means": lambda m: m.cell_means.emmeans("~ A * B"),
    "cell_means_A": lambda m: m.cell_means.emmeans("A"),
    "cell_means_joint": lambda m: m.cell_means.joint_tests(),
    "no_intercept": lambda m: m.no_intercept.emmeans("A"),
    "no_intercept_pairs": lambda m: m.no_intercept.emmeans("B").pairs(),
    "log10_response": lambda m: m.log10.emmeans("B", type="response"),
    "log10_ratio": lambda m: m.log10.emmeans("B", type="response").pairs(),
    "twice_link": lambda m: m.twice.emmeans("B"),
    "twice_response": lambda m: m.twice.emmeans("B", type="response"),
    "log2_response": lambda m: m.log2_offset.emmeans("B", type="response"),
    "log2_ratio": lambda m: m.log2_offset.emmeans("B", type="response").pairs().confint(),
    "counts_rate": lambda m: m.counts.emmeans("~ A | B", type="response"),
    "counts_regrid": lambda m: m.counts.emmeans("~ A | B").regrid().pairs(),
    "uneven_joint_means": lambda m: m.uneven.emmeans("~ wool | tension").test(joint=True, null=30),
    "loglink": lambda m: m.loglink.emmeans("C", type="response"),
    "loglink_trend": lambda m: m.loglink.emtrends("C", var="x"),
    "seven_poly": lambda m: m.seven.emmeans("f").contrast("poly"),
    "seven_hommel": lambda m: m.seven.emmeans("f").contrast("pairwise", adjust="hommel"),
    "seven_hochberg": lambda m: m.seven.emmeans("f").contrast("eff", adjust="hochberg"),
    "seven_by": lambda m: m.seven.emmeans("f").contrast("trt.vs.ctrl", adjust="BY"),
    "seven_refs": lambda m: m.seven.emmeans("f").contrast("trt.vs.ctrl", ref=[1, 3]),
    "seven_dunnett": lambda m: m.seven.emmeans("f").contrast("trt.vs.ctrl1").confint(),
    "seven_tukey_means": lambda m: m.seven.emmeans("f").confint(adjust="tukey"),
    "seven_scheffe_means": lambda m: m.seven.emmeans("f").confint(adjust="scheffe"),
    "seven_side": lambda m: m.seven.emmeans("f").pairs().confint(side="<", adjust="bonferroni"),
    "warp_joint_test": lambda m: m.warp.emmeans(TENSION).pairs().test(joint=True),
    "warp_by_null": lambda m: m.warp.emmeans(TENSION).contrast("consec", by=None, adjust="none"),
    "warp_at": lambda m: m.warp.emmeans("tension", at={"wool": "B"}),
    "warp_noninferiority": lambda m: m.warp.emmeans(TENSION).pairs().test(delta=2, side="noninferiority"),
    "warp_null_ratio": lambda m: m.warp_log.emmeans("tension", type="response").pairs().test(null=log(1.1)),
    "poly_at_fast": lambda m: m.cars_poly.emmeans("~ hp", at={"fast": True, "hp": [90, 120]}),
    "cars_reduce_list": lambda m: m.cars.emmeans("~ cyl", cov_reduce={"hp": np.max}, cov_keep=[]),
    "slopes_all": lambda m: m.trial_slopes.emmeans("~ A", cov_reduce={"x": np.median, "z": np.min}),
    "trial_spec_by": lambda m: m.trial.emmeans(["C", "B"], by="A"),
    "trial_trend_pairs": lambda m: m.trial_slopes.emtrends("~ C | A", var="x").pairs(),
    "trial_interaction_by": lambda m: m.trial.emmeans("~ B * C | A").contrast(interaction="pairwise"),
    "trial_bonferroni": lambda m: m.trial.emmeans("~ C").pairs().confint(adjust="bonferroni"),
    "oats_ml_variety": lambda m: m.oats_ml.emmeans("Variety", ddf="asymptotic"),
    "oats_ml_trend": lambda m: m.oats_ml.emtrends("Variety", var="nitro", ddf="asymptotic"),
    "oats2_satterthwaite": lambda m: m.oats2.emmeans("~ Variety", ddf="Satterthwaite"),
    "oats2_dunnett": lambda m: m.oats2.emmeans("~ Variety | nitro").contrast("trt.vs.ctrl1"),
    "oats3_joint": lambda m: m.oats3.joint_tests(ddf="asymptotic"),
    "oats3_pairs": lambda m: m.oats3.emmeans("~ nitro | Variety", ddf="asymptotic").pairs(),
    "herds_prob": lambda m: m.herds.emmeans("period", type="response"),
    "herds_odds": lambda m: m.herds.emmeans("period", type="response").pairs(),
}
