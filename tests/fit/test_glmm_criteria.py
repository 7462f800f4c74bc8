"""Criteria beside the plain likelihood: REML beside glmmTMB's, priors and held parameters beside a minimiser that knows
values alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import gamma, norm, t

from mixedmodels import _engine, frame
from mixedmodels.design import build

HERE = Path(__file__).resolve().parents[1] / "reference" / "restricted"
MODELS: list[dict[str, Any]] = json.loads((HERE / "models.json").read_text())
ROWS = pd.read_csv(HERE / "rows.csv")


def parts(model: dict[str, Any]) -> tuple[_engine.Family, _engine.Rows]:
    """Family and rows of a model in up to three linear predictors."""
    response, condition = (side.strip() for side in model["formula"].split("~"))
    formulas = [condition, *(model[name][1:] for name, empty in (("zi", "~0"), ("disp", "~1")) if model[name] != empty)]
    designs = [build(f"{response} ~ {formula}", frame.read(ROWS), response="number") for formula in formulas]
    groups: dict[str, tuple[int, Any]] = {}
    x, x_predictor, terms, term_predictor = [], [], [], []
    for predictor, design in enumerate(designs):
        x += list(design.fixed.columns)
        x_predictor += [predictor] * len(design.fixed.columns)
        for term in design.random:
            factor = design.groups[term.group]
            number, _ = groups.setdefault(factor.name, (len(groups), (factor.codes, factor.n_levels)))
            terms.append((number, list(term.columns)))
            term_predictor.append(predictor)
    codes = [code for _, code in groups.values()]
    offsets: list[None] = [None] * (len(designs) - 1)
    y = np.asarray(ROWS[response], dtype=float)
    rows = _engine.Rows(y, x, codes, terms, None, None, x_predictor, term_predictor, offsets)
    family = _engine.Family(model["family"], None, None, model["zi"] != "~0", model["disp"] != "~1", "cases")
    return family, rows


def fitted(name: str, **how: Any) -> tuple[_engine.Glmm, _engine.GlmmOptimum]:
    """The engine's model of that name, and its optimum."""
    family, rows = parts(next(model for model in MODELS if model["name"] == name))
    engine = _engine.Glmm(family, rows, False, **how)
    return engine, engine.fit()


def deviations(theta: NDArray[np.float64], log: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard deviations of ours, a triangle row by row or one number a term, and of glmmTMB's logarithms."""
    if len(log) == 3:  # one term of two effects
        return np.array([abs(theta[0]), np.hypot(theta[1], theta[2])]), np.exp(log[:2])
    return np.abs(theta), np.exp(log)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["name"])
def test_reml_is_glmmtmbs(model: dict[str, Any]) -> None:
    engine, found = fitted(model["name"], reml=True)
    assert found["certificate"]["holds"]
    assert found["criterion"] <= model["criterion"] + 1e-6
    assert found["criterion"] == pytest.approx(model["criterion"], abs=1e-6)
    cond, zero, disp, log = (np.atleast_1d(model[name]) for name in ("beta", "betazi", "betad", "theta"))
    if model["family"] == "gaussian":  # 1.1.5 has the logarithm of a variance
        disp = disp / 2
    beta = np.concatenate([cond, zero, disp if model["disp"] != "~1" else []])
    first, count = engine.n_theta, len(cond)
    errors = np.sqrt(np.diag(found["vcov"]))[first : first + len(beta)]
    np.testing.assert_array_less(np.abs(found["beta"] - beta), 1e-3 * errors)
    own, scale = slice(first, first + count), np.outer(errors[:count], errors[:count])
    np.testing.assert_allclose(found["vcov"][own, own] / scale, np.array(model["vcov"]) / scale, atol=2e-3)
    ours, theirs = deviations(found["theta"], np.concatenate([log, np.atleast_1d(model["thetazi"])]))
    np.testing.assert_allclose(ours, theirs, rtol=5e-4, atol=1e-5)  # glmmTMB cannot reach zero


def least(engine: _engine.Glmm, added: Any, start: NDArray[np.float64], free: NDArray[np.bool_]) -> float:
    """The lowest criterion + added that a minimiser without derivatives meets when it moves what is free."""
    cuts = np.cumsum([engine.n_theta, engine.p])

    def value(moving: NDArray[np.float64]) -> float:
        at = start.copy()
        at[free] = moving
        theta, beta, psi = np.split(at, cuts)
        return float(engine.evaluate(theta, beta, psi)["criterion"] + added(at))

    options = {"xatol": 1e-7, "fatol": 1e-11, "maxiter": 4000, "maxfev": 4000, "adaptive": True}
    found = minimize(value, start[free] + 0.02, method="Nelder-Mead", options=options)
    return float(found.fun)


def everything(found: _engine.GlmmSolution) -> NDArray[np.float64]:
    return np.concatenate([found["theta"], found["beta"], found["psi"]])


def test_priors_are_what_a_plain_minimiser_finds() -> None:
    priors = [
        ("beta", 1, 0, "normal", [0.0, 0.2]),
        ("beta", 2, 0, "t", [0.0, 0.5, 3.0]),
        ("beta", 3, 0, "cauchy", [1.0, 0.3]),
        ("sd", 0, 0, "gamma", [0.3, 2.5]),
    ]
    engine, found = fitted("poisson, zeros", priors=priors)
    plain, without = fitted("poisson, zeros")

    def added(at: NDArray[np.float64]) -> float:
        sd, beta = abs(at[0]), at[1:]
        log_density = norm(0, 0.2).logpdf(beta[1]) + t(3, 0, 0.5).logpdf(beta[2]) + t(1, 1, 0.3).logpdf(beta[3])
        return -2 * float(log_density + gamma(2.5, scale=0.3 / 2.5).logpdf(sd))

    assert found["penalised"] - found["criterion"] == pytest.approx(added(everything(found)), abs=1e-8)
    assert found["criterion"] > without["criterion"] + 1e-3
    everywhere = np.ones(5, dtype=bool)
    assert least(plain, added, everything(found), everywhere) == pytest.approx(found["penalised"], abs=1e-6)
    assert engine.with_response(parts(MODELS[3])[1]).fit()["penalised"] == pytest.approx(found["penalised"], abs=1e-9)


def test_correlations_have_a_prior() -> None:
    priors = [("cor", 0, 0, "lkj", [3.0]), ("psi", 0, 0, "gamma", [1.0, 4.0]), ("sd", 0, 1, "normal", [-1.0, 0.3])]
    _, found = fitted("nbinom2, slopes", priors=priors)
    plain, _ = fitted("nbinom2, slopes")

    def added(at: NDArray[np.float64]) -> float:
        one, two, three = at[:3]
        slope = np.hypot(two, three)
        density = norm(-1, 0.3).logpdf(np.log(slope)) + gamma(4, scale=0.25).logpdf(np.exp(at[-1]))
        return -2 * float(density + 2 * np.log(1 - (np.sign(one) * two / slope) ** 2))

    assert found["penalised"] - found["criterion"] == pytest.approx(added(everything(found)), abs=1e-8)
    everywhere = np.ones(6, dtype=bool)
    assert least(plain, added, everything(found), everywhere) == pytest.approx(found["penalised"], abs=1e-6)


def test_what_is_held_does_not_move() -> None:
    held = np.array([0.5, np.nan, np.nan, np.nan, 0.25])
    engine, found = fitted("poisson, zeros", held=held)
    plain, _ = fitted("poisson, zeros")
    at, free = everything(found), np.isnan(held)
    np.testing.assert_allclose(at[~free], held[~free], rtol=1e-12)
    assert least(plain, lambda at: 0.0, at, free) == pytest.approx(found["criterion"], abs=1e-7)
    np.testing.assert_array_equal(np.isnan(np.diag(found["vcov"])), ~free)
    assert np.isfinite(found["vcov"][np.ix_(free, free)]).all()
    assert engine.at(found["theta"], found["beta"], found["psi"])["certificate"]["holds"]


def test_tied_coefficients_are_one() -> None:
    _, found = fitted("beta, dispersion", ties=[[2, 4]])
    assert found["beta"][1] == pytest.approx(found["beta"][3], rel=1e-12)
    assert found["vcov"][2, 2] == pytest.approx(found["vcov"][2, 4], rel=1e-9)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"priors": [("beta", 0, 0, "gumbel", [1.0])]}, "no prior gumbel"),
        ({"priors": [("beta", 0, 0, "normal", [1.0])]}, "no prior normal of 1 numbers"),
        ({"priors": [("sigma", 0, 0, "normal", [0.0, 1.0])]}, "one of sigma"),
        ({"priors": [("beta", 7, 0, "normal", [0.0, 1.0])]}, "not there"),
        ({"priors": [("sd", 0, 0, "gamma", [1.0, 0.5])]}, "shape above 1"),
        ({"priors": [("beta", 0, 0, "normal", [0.0, 1.0])], "reml": True}, "flat prior"),
        ({"held": np.array([0.5])}, "elements"),
        ({"held": np.array([-0.5, np.nan, np.nan, np.nan, np.nan])}, "cannot have"),
        ({"ties": [[0, 1]]}, "one kind"),
    ],
)
def test_what_is_refused(how: dict[str, Any], words: str) -> None:
    family, rows = parts(MODELS[3])
    with pytest.raises((ValueError, _engine.EngineError), match=words):
        _engine.Glmm(family, rows, False, **how)
