"""Mistakes that a type checker must find, each on a line of its own that says so."""

import pandas as pd
import polars as pl

import mixedmodels as mm

sleep = mm.datasets.load("sleepstudy")
polars: pl.DataFrame = mm.datasets.load("sleepstudy")  # wrong: it is a pandas table
fit = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
table: pl.DataFrame = fit.tidy()  # wrong: it is a pandas table
limits: pl.Series = fit.predict(interval="prediction")  # wrong: it is a pandas table
name: str = fit.r2().marginal  # wrong: it is a number
fit.predict(sleep, levle=0.9)  # wrong: there is no such argument
nothing = fit.anova().nothing  # wrong: there is no such attribute
cattle = mm.datasets.load("cbpp", as_="polars")
herds = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cattle, "binomial")
odds: pd.DataFrame = herds.tidy()  # wrong: it is a polars table
