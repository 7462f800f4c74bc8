"""Influence, leverage and standardised residuals against lme4, HLMdiag and stats (tests/reference/influence)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.support.influence_reference import array, influence_model, influence_values

from mixedmodels import r

GROUPS = [
    (name, group)
    for name, found in influence_values().items()
    for group in found.get("groups", ())
    if name != "versions"
]
HLM = [(name, group) for name, group in GROUPS if name != "cbpp"]
FIXED = ["lm", "binomial", "poisson", "Gamma"]
# HLMdiag inverts V densely at lme4's optimum, which differs from ours by the tolerance of its optimiser.
DENSE = 2e-4
# lme4's own refits stop at a relative change of 1e-8 of the criterion: parameters are off by some 1e-4 of themselves.
REFIT = 2e-4


def order(labels, wanted):
    places = {label: i for i, label in enumerate(labels)}
    return [places[label] for label in wanted]


@pytest.mark.parametrize(("name", "group"), HLM)
def test_groups_at_kept_variances_are_those_of_hlmdiag(name, group):
    reference = influence_values()[name]["groups"][group]
    ours = influence_model(name).influence(group)
    # HLMdiag goes by first appearance, as lme4's influence() does
    places = order(ours.labels, reference["refit"]["labels"])
    for what, values in [
        ("cooks", ours.cooks_distance()),
        ("mdffits", ours.mdffits()),
        ("covratio", ours.cov_ratio()),
        ("covtrace", ours.cov_trace()),
    ]:
        theirs = array(reference["kept"][what])
        np.testing.assert_allclose(np.asarray(values)[places], theirs, rtol=DENSE, atol=DENSE * np.abs(theirs).max())


@pytest.mark.parametrize("name", ["sleepstudy", "cake", "sites", "Penicillin", "Pastes"])
def test_rows_at_kept_variances_are_those_of_hlmdiag(name):
    reference = influence_values()[name]["rows"]
    ours = influence_model(name).influence()
    for what, values in [
        ("cooks", ours.cooks_distance()),
        ("mdffits", ours.mdffits()),
        ("covratio", ours.cov_ratio()),
        ("covtrace", ours.cov_trace()),
    ]:
        theirs = array(reference[what])
        np.testing.assert_allclose(np.asarray(values), theirs, rtol=DENSE, atol=DENSE * np.abs(theirs).max())


@pytest.mark.parametrize(("name", "group"), GROUPS)
def test_refits_are_those_of_lme4(name, group):
    reference = influence_values()[name]["groups"][group]["refit"]
    model = influence_model(name)
    ours = model.influence(group, "refit")
    places = order(ours.labels, reference["labels"])
    assert not ours.failures
    errors = np.sqrt(np.diag(model.vcov()))
    fixed = ours.fixed_effects().drop(columns=group).to_numpy()[places]
    # in standard errors of the coefficients
    assert (np.abs(fixed - array(reference["fixed"]).reshape(fixed.shape)) / errors).max() < 30 * REFIT
    dfbeta = np.asarray(r.dfbeta(ours).drop(columns=group))[places]
    assert (np.abs(dfbeta - array(reference["dfbeta"]).reshape(dfbeta.shape)) / errors).max() < 30 * REFIT
    np.testing.assert_allclose(
        np.asarray(r.cooks_distance(ours))[places], array(reference["cooks"]), rtol=0.02, atol=1e-3
    )
    if (
        reference["dfbetas"] is not None and name != "cbpp"
    ):  # lme4's standard errors of a glmer are by finite differences
        np.testing.assert_allclose(
            np.asarray(r.dfbetas(ours).drop(columns=group))[places], array(reference["dfbetas"]), atol=30 * REFIT
        )
    theirs = array(reference["variances"])
    variances = ours.variances().drop(columns=group).to_numpy()[places]
    # of an lmer the residual variance comes last here, of a glmer it is 1 there
    theirs = theirs[:, 1:] if name == "cbpp" else np.roll(theirs, -1, axis=1)
    scale = np.abs(theirs).max(axis=0)
    np.testing.assert_allclose(variances / scale, theirs / scale, atol=20 * REFIT)


@pytest.mark.parametrize("name", ["sleepstudy", "cake", "sites"])
def test_leverage_is_that_of_hlmdiag(name):
    reference = influence_values()[name]["leverage"]
    ours = influence_model(name).leverage()
    for ours_name, theirs in [
        ("total", "overall"), ("fixed", "fixef"), ("random", "ranef"), ("unconfounded", "ranef.uc")
    ]:  # fmt: skip
        values = array(reference[theirs])
        np.testing.assert_allclose(ours[ours_name], values, rtol=DENSE, atol=DENSE * values.max())


@pytest.mark.parametrize("name", ["sleepstudy", "cake", "sites", "Penicillin", "Pastes", "cbpp"])
def test_rows_of_mixed_models_are_those_of_lme4(name):
    reference, model = influence_values()[name]["row"], influence_model(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the hat matrix may not make sense for a glmer
        hat, rstudent, cooks = r.hatvalues(model), r.rstudent(model), r.cooks_distance(model)
    for ours, what in [(hat, "hat"), (rstudent, "rstudent"), (cooks, "cooks")]:
        theirs = array(reference[what])
        # with lme4's leverages near 1, of a glmer, (1 - h)^-2 magnifies what the optimisers differ by
        rtol = 1e-2 if name == "cbpp" else 1e-3
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=rtol, atol=DENSE * np.nanmax(np.abs(theirs)))


@pytest.mark.parametrize("name", FIXED)
def test_rows_without_random_effects_are_those_of_r(name):
    reference, model = influence_values()[name], influence_model(name)
    # Gamma's iterations end in R at a relative change of the deviance of 1e-8
    tolerance = {"rtol": 1e-8 if name == "lm" else 1e-4, "atol": 1e-8}
    for ours, what in [
        (model.hat_values(), "hat"),
        (model.rstandard(), "rstandard"),
        (model.rstudent(), "rstudent"),
        (model.cooks_distance(), "cooks"),
        (r.cooks_distance(model), "cooks"),
        (r.covratio(model), "covratio"),
        (r.dfbeta(model), "dfbeta"),
        (r.dfbetas(model), "dfbetas"),
        *([] if name == "lm" else [(model.rstandard("pearson"), "rstandard_pearson")]),
        *([(model.cov_ratio(), "covratio"), (model.dfbeta(), "dfbeta")] if name == "lm" else []),
        *([(model.dfbetas(), "dfbetas")] if name == "lm" else []),
    ]:
        np.testing.assert_allclose(np.asarray(ours), array(reference[what]), **tolerance)
