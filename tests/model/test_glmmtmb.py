"""`mm.glmmTMB` beside R's glmmTMB: estimates, errors, predictions, residuals, and printed texts."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import pytest
from tests.support import glmmtmb_reference as theirs
from tests.support.glmmtmb_models import comparable, fitted

import mixedmodels as mm

REFERENCE = theirs.reference()
COMPARABLE = [name for name in REFERENCE if comparable(name)]
SHOWN = [name for name in COMPARABLE if isinstance(REFERENCE[name].get("texts"), dict)]

# glmmTMB 1.1.5 divides by a variance without the dispersion, of base rather than truncated counts, or of one trial.
OTHER_VARIANCE = ("gaussian", "Gamma", "ziGamma", "beta_family", "ordbeta", "t_family", "betabinomial", "binomial")


def _numbers(values: object) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize("name", COMPARABLE)
def test_estimates_and_their_errors_are_glmmtmbs(name: str) -> None:
    model, fit = REFERENCE[name], fitted(name)
    assert fit._fit.criterion <= model["criterion"] + 1e-6
    assert (fit.nobs, fit.npar, fit.df_resid) == (model["nobs"], model["df"], model["df_residual"])
    blocks = {"cond": "beta", "zi": "betazi", "disp": "betad"}
    for component in fit.components:
        # Its gaussian dispersion is the logarithm of a variance, ours of a standard deviation.
        unit = 0.5 if component == "disp" and model["family"] == "gaussian" else 1.0
        estimates, errors = (unit * theirs.block(model, blocks[component], of) for of in ("estimates", "se"))
        ours = np.asarray(fit.fixef(component))
        assert np.max(np.abs(ours - estimates) / errors) < 1e-4
        assert np.sqrt(np.diag(np.asarray(fit.vcov(component=component)))) == pytest.approx(errors, rel=1e-3)
    if model["sigma"] is not None:
        assert fit.sigma == pytest.approx(model["sigma"], rel=1e-4)


@pytest.mark.parametrize("name", COMPARABLE)
def test_variances_of_random_effects_are_glmmtmbs(name: str) -> None:
    fit = fitted(name)
    for component, terms in REFERENCE[name]["VarCorr"].items():
        ours = fit.VarCorr(component)
        for term, sd, correlation in zip(terms, ours.stddevs, ours.correlations, strict=True):
            assert sd == pytest.approx(_numbers(term["sd"]), rel=1e-3)
            assert correlation == pytest.approx(_numbers(term["correlation"]), abs=1e-3)


@pytest.mark.parametrize("name", COMPARABLE)
def test_modes_of_random_effects_are_glmmtmbs(name: str) -> None:
    fit = fitted(name)
    for column in REFERENCE[name]["ranef"]:
        ours = fit.ranef(component=column["component"])
        place = ours.names.index(column["group"])
        levels, values = ours.levels[place], ours.modes[place][:, ours.effects[place].index(column["term"])]
        by_level = dict(zip(levels, values, strict=True))
        sd = max(column["sd"])
        for level, value in zip(column["level"], column["value"], strict=True):
            assert by_level[level] == pytest.approx(value, abs=1e-3 * sd)


@pytest.mark.parametrize("name", COMPARABLE)
def test_predictions_and_their_errors_are_glmmtmbs(name: str) -> None:
    model, fit = REFERENCE[name], fitted(name)
    if "cbind" in model["formula"] or model.get("weights") or model.get("offset"):
        rows = None  # trials, and offsets that are arguments, are those of the fit
    else:
        rows = theirs.data_of(model).head(len(model["predict"]["link"]))
    for quantity in ("link", "response", "conditional", "zprob", "disp"):
        if model["family"] == "ordbeta" and quantity in ("response", "conditional"):
            continue  # its "response" is the mean of what lies between 0 and 1
        expected = _numbers(model["predict"][quantity])
        out = fit.predict(rows, type=quantity, se_fit=True).head(len(expected))
        assert out["fit"].to_numpy() == pytest.approx(expected, rel=2e-4, abs=1e-5)
        if f"{quantity}_se" in model["predict"]:
            assert out["se_fit"].to_numpy() == pytest.approx(_numbers(model["predict"][f"{quantity}_se"]), rel=1e-3)


@pytest.mark.parametrize("name", COMPARABLE)
def test_residuals_are_glmmtmbs(name: str) -> None:
    model, fit = REFERENCE[name], fitted(name)
    for kind, values in model["residuals"].items():
        other = model["family"] in OTHER_VARIANCE or model["family"].startswith("truncated")
        if (kind == "pearson" and other) or model["family"] == "ordbeta":
            continue
        expected = _numbers(values)
        assert np.asarray(fit.residuals(kind))[: len(expected)] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("which", ["summary", "print"])
@pytest.mark.parametrize("name", SHOWN)
def test_texts_are_glmmtmbs_line_for_line(name: str, which: str) -> None:
    model, fit = REFERENCE[name], fitted(name)
    shown = type(fit)(fit._fit, fit.design, fit._source, replace(fit._request, data_name=model["data"]))
    ours, expected = _lines(str(shown.summary()) if which == "summary" else repr(shown)), _lines(model["texts"][which])
    if model["family"] == "gaussian" and "dispformula" in model:
        pytest.skip("its dispersion is that of a variance, and it shows a residual of NA")
    expected = [line.replace("lower cutoff estimate: 0.123, ", SECOND_CUTOFF) for line in expected]
    if "weights" in model:  # below R's text stands what they mean
        assert ours[-2:] == ["", "Weights multiply the log-likelihood of their rows."]
        ours = ours[:-2]
    for line, other in zip_longest(ours, expected, fillvalue=""):
        _same(line, other)


def _lines(text: str | list[str]) -> list[str]:
    whole = text if isinstance(text, str) else "\n".join(text)
    return [line.rstrip() for line in whole.replace("\u2018", "'").replace("\u2019", "'").strip().splitlines()]


# Where a family has two further shapes, R names the first alone.
SECOND_CUTOFF = "lower cutoff estimate: 0.123, upper cutoff estimate: "

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]\d+)?")


def _same(ours: str, expected: str) -> None:
    """The lines are equal, but for the last digit of a number that it computes less exactly."""
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", expected)
    for mine, other in zip(NUMBER.findall(ours), NUMBER.findall(expected), strict=True):
        digits = other.partition("e")[0]
        last = 10.0 ** -len(digits.partition(".")[2]) if "." in digits else 0.0
        unit = last * 10.0 ** int(other.partition("e")[2] or 0)
        assert float(mine) == pytest.approx(float(other), abs=2.01 * unit + 1e-12)


@pytest.mark.parametrize("arguments", [{"ziformula": "~1"}, {"map": {"log(theta)": 0.0}}])
def test_a_theta_that_is_not_large_is_not_called_infinite(arguments: dict[str, object]) -> None:
    """Its curvature stands behind the parameters of all components, and a theta that is held has none."""
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        fit = mm.glmmTMB("count ~ spp + mined + (1 | site)", theirs.table("salamanders"), "nbinom2", **arguments)
    assert fit.shapes["theta"] < 2
    assert [str(each.message) for each in issued if str(each.message).startswith("theta")] == []
