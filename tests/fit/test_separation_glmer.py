"""Separation in mixed models: found, named, and looked for only where something is wrong."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.fit.separation import fixed_effects, random_effects


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Twenty levels of ten rows; half of each has t = 1; thresholds differ between levels."""
    rng = np.random.default_rng(3)
    g, t, x = np.repeat(np.arange(20), 10), np.tile([0, 1], 100), rng.normal(size=200)
    effect = rng.normal(size=20)[g]
    some = rng.random(200) < 1 / (1 + np.exp(-effect))
    kind = rng.choice(["p", "q", "r"], size=200)
    return pd.DataFrame(
        {
            "g": g,
            "t": t,
            "x": x,
            "kind": kind,
            "never": np.where(t == 1, 0, some).astype(int),
            "always": np.where(kind == "q", 1, some).astype(int),
            "cell": np.where((kind == "q") & (t == 1), 1, some).astype(int),
            "count": np.where(t == 1, 0, rng.poisson(np.exp(0.5 + effect))),
            "beyond": (x > effect).astype(int),
            "level": g % 2,
        }
    )


def said(formula: str, data: pd.DataFrame, family: Any, **options: Any) -> tuple[Any, list[str]]:
    """The fit, None where there is none, and what was said of separation."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = mm.glmer(formula, data, family, **options)
        except mm.FitError as error:  # where the search ran too far out for any number
            return None, [str(error)]
    return fit, [str(w.message) for w in caught if w.category is mm.SeparationWarning]


FIXED = {
    "a level of zeros": (
        "never ~ factor(t) + (1 | g)",
        "binomial",
        {},
        ["factor(t)1 (-Inf)", "'never' is 0 in all 100"],
    ),
    "a level of ones": ("always ~ kind + (1 | g)", "binomial", {}, ["kindq (+Inf)", "kind = 'q', 'always' is 1"]),
    "a cell": ("cell ~ kind * t + (1 | g)", "binomial", {}, ["kindq:t (+Inf)", "'cell' is 1"]),
    "probit": ("cell ~ kind * t + (1 | g)", "binomial(probit)", {}, ["kindq:t (+Inf)"]),
    "cloglog": ("cell ~ kind * t + (1 | g)", "binomial(cloglog)", {}, ["kindq:t (+Inf)"]),
    "expected": ("cell ~ kind * t + (1 | g)", "binomial(probit)", {"laplace": "fisher"}, ["kindq:t (+Inf)"]),
    "quadrature": ("cell ~ kind * t + (1 | g)", "binomial", {"nAGQ": 9}, ["kindq:t (+Inf)"]),
    "a random slope": ("never ~ t + (t | g)", "binomial", {}, ["t (-Inf)", "t = 1, 'never' is 0"]),
    "counts": ("count ~ t + (1 | g)", "poisson", {}, ["t (-Inf)", "'count' is 0 in all 100 rows"]),
    "counts, a slope": ("count ~ t + (t | g)", "poisson", {}, ["t (-Inf)"]),
    "counts, theta": ("count ~ t + (1 | g)", mm.families.NegativeBinomial(theta=2), {}, ["t (-Inf)"]),
    "counts, theta free": ("count ~ t + (1 | g)", "negative_binomial", {}, ["t (-Inf)"]),
}


@pytest.mark.parametrize("case", FIXED)
def test_coefficients(case: str, rows: pd.DataFrame) -> None:
    formula, family, options, parts = FIXED[case]
    fit, (message,) = said(formula, rows, family, **options)
    for part in [*parts, "quasi-complete separation", "Use penalty='soft'"]:
        assert part in message
    assert fit is None or fit._fit.separated == message
    soft, none = said(formula, rows, family, penalty="soft", **options)
    assert not none
    assert np.abs(soft.params).max() < 12
    assert soft.converged


def test_at_the_joint_mode(rows: pd.DataFrame) -> None:
    _, (message,) = said("cell ~ kind * t + (1 | g)", rows, "binomial", nAGQ=0)
    assert "quasi-complete separation" in message
    assert "kindq:t (+Inf)" in message


RANDOM = {
    "thresholds": ("beyond ~ x + (1 | g)", {}, "(Intercept) and x tell outcomes of 'beyond' apart without error"),
    "slopes": ("beyond ~ x + (x | g)", {}, "variances of (x | g)"),
    "quadrature": ("beyond ~ x + (1 | g)", {"nAGQ": 15}, "within all levels of 'g'"),
    "one outcome a level": ("level ~ x + (1 | g)", {}, "'level' does not vary within any of the 20 levels of 'g'"),
    "one outcome a slope": ("never ~ 1 + (0 + t | g)", {}, "variances of (0 + t | g)"),
}


@pytest.mark.parametrize("case", RANDOM)
def test_variances(case: str, rows: pd.DataFrame) -> None:
    formula, options, part = RANDOM[case]
    fit, (message,) = said(formula, rows, "binomial", **options)
    assert message.startswith("separation given the random effects: ")
    assert part in message
    assert message in " ".join(str(fit.summary()).split())


def test_large_variances_that_are_real() -> None:
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(60), 20), rng.normal(size=1200)
    eta = 18 * rng.normal(size=60)[g] + 4 * x
    data = pd.DataFrame({"g": g, "x": x, "y": (rng.random(1200) < 1 / (1 + np.exp(-eta))).astype(int)})
    fit, none = said("y ~ x + (1 | g)", data, "binomial")
    assert fit.theta[0] > random_effects.ABSURD
    assert not none


@pytest.mark.parametrize(
    ("formula", "name", "family"),
    [
        ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", "binomial"),
        ("use ~ age + I(age^2) + urban + livch + (1 | district)", "contraception", "binomial"),
        ("TICKS ~ cHEIGHT + (1 | BROOD) + (1 | INDEX)", "grouseticks", "poisson"),
    ],
)
def test_healthy_fits_are_not_looked_into(
    formula: str, name: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No linear programme is solved where nothing is wrong."""

    def never(*arguments: Any) -> None:
        raise AssertionError("looked for separation")

    monkeypatch.setattr(fixed_effects, "find", never)
    monkeypatch.setattr(random_effects, "_separated", never)
    try:
        data = mm.datasets.load(name)
    except mm.MixedModelsError:
        pytest.skip(f"{name} is not there")
    _, none = said(formula, data, family)
    assert not none
