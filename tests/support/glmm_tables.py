"""Models made of lme4's own numbers, and the tables of tests/reference/summary/make_reference.R."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from mixedmodels.families import NegativeBinomial, resolve
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.glmm import engine_input
from mixedmodels.fit.method import Method
from mixedmodels.fit.record import GlmmFit, Run
from mixedmodels.fit.responses import family_response
from mixedmodels.fitted.layout import laid_out
from mixedmodels.model import GeneralizedMixedModel, Request
from tests.support.places import REFERENCE


@cache
def cases() -> list[dict[str, Any]]:
    with gzip.open(REFERENCE / "summary" / "summaries.json.gz") as packed:
        return json.load(packed)


def case(formula: str, **more: Any) -> dict[str, Any]:
    (found,) = (c for c in cases() if c["formula"] == formula and all(c.get(k) == v for k, v in more.items()))
    return found


@cache
def tables() -> dict[str, pd.DataFrame]:
    load = mm.datasets.load
    herds = load("cbpp")
    row = np.arange(1, len(herds) + 1)
    herds["gap"] = np.where(row % 10 == 0, np.nan, herds["size"])
    herds["twice"] = 2.0 * (herds["period"] == "2")
    ticks = load("grouseticks")
    ticks["o"] = 0.25 * (np.arange(1, len(ticks) + 1) % 3)
    sleep = load("sleepstudy")
    sleep["aboveAve"] = (sleep["Reaction"] > sleep["Reaction"].mean()).astype(float)
    i = np.arange(100)
    people = pd.DataFrame(
        {"x1": (1.2 * np.sin(1.7 * i)).round(3), "x2": (1.1 * np.cos(2.3 * i)).round(3), "g1": i % 12 + 1}
    )
    eta = 0.2 + 0.5 * people["x1"] - 1.5 * people["x2"] + 2 * np.sin(5 * people["g1"])
    people["bin"] = ((i * 0.6180339887) % 1 < 1 / (1 + np.exp(-eta))).astype(int)
    return {
        "herds": herds,
        "ticks": ticks,
        "sleep": sleep,
        "pbDat": people,
        "women": load("Contraception"),
        "verbs": load("VerbAgg"),
        "dat2": load("sites"),
    }


def options(c: dict[str, Any]) -> dict[str, Any]:
    return {k: c[k] for k in ("weights", "offset", "subset") if k in c}


def family_of(c: dict[str, Any]) -> Any:
    return NegativeBinomial() if c["family"] == "nb" else resolve(c["family"])


def fitted(c: dict[str, Any]) -> Any:
    """The model of a case, fitted here, its table under R's name."""
    scope = {"fit": mm.glmer, "formula": c["formula"], "family": family_of(c), "options": options(c), **tables()}
    return eval(f"fit(formula, {c['data']}, family, nAGQ={c.get('nAGQ', 1)}, **options)", scope)


def as_lme4_has_it(c: dict[str, Any]) -> GeneralizedMixedModel:
    """A model that holds lme4's estimates, so that what is printed can be compared apart from the optimum."""
    named = tables()
    data = named[c["data"]]
    shown = options(c)
    names = {f"{k}_name": v for k, v in shown.items()}
    request = Request(
        formula=c["formula"], data=data, **shown, method=Method(family=family_of(c)), data_name=c["data"], **names
    )
    family = request.method.family
    design, source = laid_out(request, "required", family)
    response, given = family_response(design, family), engine_input(design)
    beta, theta = (np.atleast_1d(np.array(c[k], dtype=float)) for k in ("beta", "theta"))
    m, p = len(theta), len(beta)
    spread = {"Gamma": c["sigma"] ** -2, "gaussian": c["sigma"]}
    psi = np.log([c["shape"]]) if c["family"] == "nb" else np.log([spread[f] for f in spread if family.name == f])
    joint = np.zeros((m + p + len(psi),) * 2)
    joint[m : m + p, m : m + p] = np.array(c["vcov"], dtype=float).reshape(p, p)
    zero = np.zeros(len(joint))
    u = [np.zeros((design.groups[t.group].n_levels, len(t.columns))) for t in design.random]
    fit = GlmmFit(
        n=len(response.y), family=family, nagq=c.get("nAGQ", 1), laplace="observed", kept=given.kept,
        sizes=given.sizes, theta=theta, beta=beta, psi=psi, criterion=-2 * c["loglik"],
        u=tuple(u), b=tuple(a @ t.T for a, t in zip(u, factors(theta, given.sizes), strict=True)),
        eta=np.array(c["eta"]), vcov_joint=joint, vcov_conditional=joint[m : m + p, m : m + p], gradient=zero,
        hessian=joint, logdet_u=0.0, penalty=0.0, conditional_loglik=0.0, y=response.y, weights=response.weights,
        singular=c["singular"], standards=tuple(map(np.eye, given.sizes)), inner=0,
        run=Run(
            status="converged", message="", evaluations=0, seconds=0.0,
            certificate={"holds": True, "predicted_decrease": 0.0, "escape_gain": 0.0}, trace=(),
        ),
    )  # fmt: skip
    return GeneralizedMixedModel(fit, design, source, request)
