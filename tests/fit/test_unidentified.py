"""Variances that fixed effects or another term leave nothing of: named in the warning, the summary and the checks."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.errors import MixedModelsWarning, UnidentifiedWarning

SLEEP = mm.datasets.load("sleepstudy").assign(
    Subject=lambda t: t.Subject.astype(str), same=lambda t: "s" + t.Subject, part=lambda t: np.arange(180) // 5
)
SLEEP["part"] = SLEEP["part"].astype(str)
CBPP = mm.datasets.load("cbpp")

FLAT = [
    ("Reaction ~ Subject + Days + (1 | Subject)", r"the variance of \(Intercept\) in \(1 \| Subject\)"),
    ("Reaction ~ 0 + Subject + (1 | Subject)", r"the variance of \(Intercept\) in \(1 \| Subject\)"),
    ("Reaction ~ Subject + Days + (Days | Subject)", r"the variance of \(Intercept\) in \(Days \| Subject\)"),
    ("Reaction ~ Subject * Days + (Days | Subject)", r"the variances of \(Intercept\) and Days in \(Days \| Subject\)"),
    ("Reaction ~ Subject:Days + (0 + Days | Subject)", r"the variance of Days in \(0 \+ Days \| Subject\)"),
    ("Reaction ~ Subject * Days + (1 | Subject)", r"the variance of \(Intercept\) in \(1 \| Subject\)"),
    ("Reaction ~ Days + part + (1 | Subject)", r"the variance of \(Intercept\) in \(1 \| Subject\)"),
    ("Reaction ~ Days + Subject + (1 | Subject/part)", r"the variance of \(Intercept\) in \(1 \| Subject\)"),
    ("Reaction ~ Days + (1 | Subject) + (1 | same)", r"\(1 \| Subject\) and \(1 \| same\) are not identified"),
]


def _fitted(formula, table=SLEEP, fit=mm.lmer, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        return fit(formula, table, **options)


@pytest.mark.parametrize(("formula", "what"), FLAT)
def test_a_flat_restricted_likelihood_is_said_everywhere(formula, what):
    with pytest.warns(UnidentifiedWarning, match=f"(?i){what}") as seen:
        model = mm.lmer(formula, SLEEP)
    assert [w.category for w in seen if w.category is not mm.SingularFitWarning] == [UnidentifiedWarning]
    # It is flat: another theta in that direction has the same criterion.
    assert not model.converged
    assert not model.engine.certificate["holds"]
    for shown in (model.summary(), model.engine, model.singularity(fit=False)):
        assert "not identified" in " ".join(str(shown).split())
    assert "criterion is flat" in str(model.engine)


def test_the_criterion_is_flat_indeed():
    model = _fitted(FLAT[0][0])
    values = [model._engine.criterion(np.array([theta])) for theta in (0.0, 0.1, 1.0, 30.0)]
    np.testing.assert_allclose(values, values[0], atol=1e-6)
    slope = _fitted(FLAT[2][0])
    others = [slope._engine.criterion(np.array([t, 0.0, 0.23])) for t in (0.0, 1.0, 30.0)]
    np.testing.assert_allclose(others, others[0], atol=1e-6)
    # What is identified is where it would be without the term.
    assert model.sigma == pytest.approx(mm.lm("Reaction ~ Subject + Days", SLEEP).sigma, rel=1e-6)


def test_the_likelihood_has_its_optimum_at_zero_and_says_why():
    with pytest.warns(UnidentifiedWarning, match="The estimate is 0, whatever the data"):
        model = _silent_singular("Reaction ~ Subject + Days + (1 | Subject)")
    assert model.theta == [0.0]
    assert model.engine.certificate["holds"]


def _silent_singular(formula):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        return mm.lmer(formula, SLEEP, REML=False)


@pytest.mark.parametrize("nagq", [1, 5])
def test_a_generalised_model_says_it_too(nagq):
    formula = "cbind(incidence, size - incidence) ~ herd + period + (1 | herd)"
    model = _fitted(formula, CBPP, mm.glmer, family="binomial", nAGQ=nagq)
    assert "the variance of (Intercept) in (1 | herd)" in model._fit.unidentified[0]
    assert "not identified" in " ".join(str(model.summary()).split())


def test_the_checks_name_it_first():
    checks = _fitted(FLAT[0][0]).check_model(seed=1).checks
    assert (checks[0].title, checks[0].suspicious) == ("identification", True)
    assert "identification" not in [
        c.title for c in mm.lmer("Reaction ~ Days + (1 | Subject)", SLEEP).check_model(1).checks
    ]


def test_a_report_says_it(tmp_path):
    text = _fitted(FLAT[0][0]).report(tmp_path / "page.html")
    assert "is not identified" in (tmp_path / "page.html").read_text() if text is None or text else False


def test_a_file_keeps_it(tmp_path):
    model = _fitted(FLAT[0][0])
    model.save(tmp_path / "model.json")
    assert str(mm.load(tmp_path / "model.json").summary()) == str(model.summary())


@pytest.mark.parametrize(
    "formula",
    [
        "Reaction ~ Days + (Days | Subject)",
        "Reaction ~ Subject + Days + (0 + Days | Subject)",  # intercepts are fixed, slopes random
        "Reaction ~ poly(Days, 2) + (1 | Subject) + (1 | part)",
        "Reaction ~ factor(Days) + (1 | Subject)",
    ],
)
def test_what_is_identified_is_not_accused(formula):
    model = _fitted(formula)
    assert model._fit.unidentified == ()
    assert model.converged


def test_weights_do_not_hide_it():
    rng = np.random.default_rng(1)
    model = _fitted(FLAT[2][0], weights=rng.uniform(0.5, 2, 180))
    assert "(Intercept) in (Days | Subject)" in model._fit.unidentified[0]


def test_units_do_not_hide_it():
    moved = SLEEP.assign(Days=SLEEP.Days * 1e9 + 3e9)
    assert _fitted(FLAT[3][0], moved)._fit.unidentified == _fitted(FLAT[3][0])._fit.unidentified


def test_a_small_design_by_hand():
    """Two groups of two rows, both told apart by f: nothing is left between them."""
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0, 6.0, 3.0, 1.0], "f": list("aabbcc"), "g": list("aabbcc")})
    assert len(_fitted("y ~ f + (1 | g)", data)._fit.unidentified) == 1
