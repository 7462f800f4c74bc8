"""A script as users write it, with every result annotated; `test_typing.py` runs it and has type checkers read it."""

import pandas as pd
import polars as pl

import mixedmodels as mm
from mixedmodels.tables.result_table import ResultTable

sleep: pd.DataFrame = mm.datasets.load("sleepstudy")
fit = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
smaller = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, REML=True)
coefficients: pd.DataFrame = fit.tidy(conf_int=True, conf_level=0.9)
spreads: pd.DataFrame = fit.tidy("ran_pars")
by_row: pd.DataFrame = fit.augment()
means: list[float] = fit.predict(sleep.head(3), allow_new_levels=True).to_list()
limits: pd.DataFrame = fit.predict(interval="prediction", level=0.9)
errors: pd.DataFrame = fit.predict(sleep.head(3), se_fit=True)
comparison: ResultTable = fit.anova(smaller, refit=False)
terms: ResultTable = fit.anova()
marginal: float = fit.r2().marginal
adjusted: float = fit.icc().adjusted
shares: ResultTable = fit.icc(by_group=True)
error: float = fit.cross_validate("Subject", k=3, seed=1).pooled["rmse"]
slope: float = fit.fixef()["Days"]

cbpp: pl.DataFrame = mm.datasets.load("cbpp", as_="polars")
herds = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp, "binomial", nAGQ=5)
points: int = herds.nAGQ
odds: pl.DataFrame = herds.tidy()
chances: pl.Series = herds.predict(cbpp, type="response")
line: mm.LinearModel = mm.lm("Reaction ~ Days", sleep)
r_squared: float = line.rsquared
print(coefficients.shape, chances.len(), round(marginal, 3), points)
