"""Models that many tests ask, each fitted once: fits are immutable, so that tests may share them."""

from __future__ import annotations

from functools import cache

import mixedmodels as mm
from tests.support.model_tables import tables


@cache
def sleep_slopes() -> mm.MixedModel:
    """The sleep study, with intercepts and slopes that vary between subjects."""
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@cache
def sleep_slopes_of_more_columns() -> mm.MixedModel:
    """The same model of the table with weights and an offset, for tests that go on to use these."""
    return mm.lmer("Reaction ~ Days + (Days | Subject)", tables()["sleep"])


@cache
def herds() -> mm.GeneralizedMixedModel:
    """Shares of sick cattle in herds: binomial, with an intercept for each herd."""
    return mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
