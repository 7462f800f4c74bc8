"""Models and values of tests/reference/influence and tests/reference/checks."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np

import mixedmodels as mm
from tests.support.places import REFERENCE


@cache
def influence_values() -> dict[str, Any]:
    with gzip.open(REFERENCE / "influence" / "reference.json.gz", "rt", encoding="utf-8") as lines:
        return json.load(lines)


@cache
def check_values() -> dict[str, Any]:
    return json.loads((REFERENCE / "checks" / "reference.json").read_text())


def array(values: Any) -> np.ndarray:
    """Numbers with None, "NA", "Inf" as R wrote them."""
    return np.array(values, dtype=object).astype(float)


@cache
def data(name: str) -> Any:
    table = mm.datasets.load(name)
    if name == "cake":
        table = table.assign(
            rr=table["recipe"].astype(str) + ":" + table["replicate"].astype(str), w=table["temp"] / 200
        )
    return table


@cache
def influence_model(name: str) -> Any:
    return {
        "sleepstudy": lambda: mm.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy")),
        "cake": lambda: mm.lmer("angle ~ recipe * temperature + (1 | rr)", data("cake")),
        "sites": lambda: mm.lmer("y ~ x + (x | site)", data("sites")),
        "Penicillin": lambda: mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", data("Penicillin")),
        "Pastes": lambda: mm.lmer("strength ~ 1 + (1 | batch) + (1 | sample)", data("Pastes")),
        "cbpp": lambda: mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data("cbpp"), "binomial"),
        "lm": lambda: mm.lm("angle ~ recipe + temp", data("cake"), weights="w"),
        "binomial": lambda: mm.glm("cbind(incidence, size - incidence) ~ period", data("cbpp"), "binomial"),
        "poisson": lambda: mm.glm("TICKS ~ YEAR + cHEIGHT", data("grouseticks"), "poisson"),
        "Gamma": lambda: mm.glm("angle ~ recipe + temp", data("cake"), mm.families.Gamma(link="log")),
    }[name]()  # type: ignore[no-untyped-call]


@cache
def check_model(name: str) -> Any:
    contraception = data("Contraception")
    contraception = contraception.assign(use=(contraception["use"] == "Y").astype(int))
    cake = data("cake").assign(number=data("cake")["replicate"].astype(int))
    ticks, cows = "TICKS ~ YEAR + cHEIGHT", "cbind(incidence, size - incidence) ~ period"
    return {
        "lm": lambda: mm.lm("angle ~ recipe * temp + replicate", cake),
        "lm_weighted": lambda: mm.lm("Reaction ~ Days", data("sleepstudy"), weights="Days + 1"),
        "lm_slopes": lambda: mm.lm("angle ~ recipe + temp + number", cake),
        "lmer": lambda: mm.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy")),
        "lmer_cake": lambda: mm.lmer("angle ~ recipe * temp + (1 | recipe:replicate)", cake),
        "poisson": lambda: mm.glm(ticks, data("grouseticks"), "poisson"),
        "binomial": lambda: mm.glm(cows, data("cbpp"), "binomial"),
        "bernoulli": lambda: mm.glm("use ~ age + livch + urban", contraception, "binomial"),
        "glmer_poisson": lambda: mm.glmer(f"{ticks} + (1 | BROOD)", data("grouseticks"), "poisson"),
        "glmer_binomial": lambda: mm.glmer(f"{cows} + (1 | herd)", data("cbpp"), "binomial"),
    }[name]()  # type: ignore[no-untyped-call]
