"""Coefficients that are ready (a robust covariance) wherever a test may be told its method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Asymptotic

CAKE = mm.lmer("angle ~ temp + recipe + (1 | replicate)", mm.datasets.load("cake"))
ROBUST = CAKE.robust("CR2")
CLASSES = {
    "lm": mm.lm("angle ~ temp + recipe", mm.datasets.load("cake")),
    "glm": mm.glm("incidence ~ period + offset(log(size))", mm.datasets.load("cbpp"), "poisson"),
    "lmer": CAKE,
    "glmer": mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial"),
}


@pytest.fixture(params=CLASSES)
def model(request):
    return CLASSES[request.param]


def expected(coefficients, c):
    """Estimate, standard error, t and p of a contrast, from the matrices alone."""
    b, se = c @ coefficients.beta, np.sqrt(c @ coefficients.vcov @ c)
    df = coefficients.df(c[None])[0]
    return b, se, df, 2 * stats.t.sf(abs(b / se), df)


def test_contrasts_of_every_class_take_them(model):
    robust = model.robust()
    c = np.zeros(len(robust.beta))
    c[[1, 2]] = 1, -1
    b, se, df, p = expected(robust, c)
    row = model.contest(c, joint=False, ddf=robust)
    assert [row[k][0] for k in ("estimate", "std_error", "df", "p_value")] == pytest.approx([b, se, df, p])
    tested = model.glht([c], df=robust)
    assert tested.summary("none")["p_value"][0] == pytest.approx(p)
    assert model.linear_hypothesis([c], ddf=robust, test="F")["p_value"][0] == pytest.approx(p)
    tidy = model.tidy(ddf=robust)
    np.testing.assert_allclose(tidy["std_error"], np.sqrt(np.diag(robust.vcov)))
    np.testing.assert_allclose(tidy["df"], robust.df(np.eye(len(c))))
    np.testing.assert_allclose(model.get_vcov(robust), robust.vcov)


def test_means_and_their_contrasts():
    c = np.array([0.0, 0.0, 1.0, 0.0])  # B - A
    b, se, df, p = expected(ROBUST, c)
    means = CAKE.emmeans("recipe", ddf=ROBUST)
    row = means.contrast({"a": [-1, 1, 0]})
    assert [row[k][0] for k in ("estimate", "std_error", "df", "p_value")] == pytest.approx([b, se, df, p])
    assert "Degrees-of-freedom method: cluster-robust CR2" in repr(means)
    at = np.array([1, CAKE.frame["temp"].mean(), 0, 0])
    assert means["std_error"][0] == pytest.approx(np.sqrt(at @ ROBUST.vcov @ at))
    trend = CAKE.emtrends("~ 1", "temp", ddf=ROBUST)
    assert trend["std_error"][0] == pytest.approx(np.sqrt(ROBUST.vcov[1, 1]))
    assert CAKE.joint_tests(ddf=ROBUST)["f_value"][0] == pytest.approx(ROBUST.beta[1] ** 2 / ROBUST.vcov[1, 1])


def test_summary_of_a_mixed_model():
    shown = CAKE.summary(ddf=ROBUST)
    np.testing.assert_allclose(shown.coefficients[:, 1], np.sqrt(np.diag(ROBUST.vcov)))
    np.testing.assert_allclose(shown.coefficients[:, 2], ROBUST.df(np.eye(4)))
    assert "t-tests use cluster-robust CR2 covariance [\nlmerMod]" in repr(shown)
    np.testing.assert_array_equal(shown.vcov, ROBUST.vcov)  # of the correlations below


@pytest.mark.parametrize("number", [1, 2, 3])
def test_terms_of_a_mixed_model(number):
    table = CAKE.anova(type=number, ddf=ROBUST)
    test = ROBUST.f_test(np.eye(4)[2:])
    row = table.row("recipe")
    assert (row["f_value"], row["den_df"], row["p_value"]) == pytest.approx((test.f_value, test.den_df, test.p_value))
    assert "sum_sq" not in table.columns  # a robust covariance has no sums of squares
    assert CAKE.drop1("F", ddf=ROBUST).row("recipe")["f_value"] == pytest.approx(test.f_value)


def test_terms_of_every_class(model):
    robust = model.robust()
    rows = [i for i, term in enumerate(model.design.fixed.assign) if term == model.design.fixed.assign[-1]]
    c = np.eye(len(robust.beta))[rows]
    test, (chisq, basis) = robust.f_test(c), robust.wald_statistic(c)
    last = model.design.fixed.terms[-1]
    assert model.car_anova(test="F", ddf=robust).row(last)["p_value"] == pytest.approx(test.p_value)
    assert repr(r.Anova(model, vcov=robust)) == repr(model.car_anova(ddf=robust))
    row = model.car_anova(3, test="Chisq", ddf=robust).row(last)
    assert (row["chisq"], row["df"]) == pytest.approx((chisq, len(basis)))


@pytest.mark.parametrize("name", ["lm", "glm", "glmer"])
def test_what_uses_no_covariance_says_so(name):
    model = CLASSES[name]
    robust = model.robust()
    with pytest.raises(DataError, match="uses no covariance; give type=2 or 3"):
        model.anova(ddf=robust)
    assert model.anova(type=2, ddf=robust)["p_value"] == pytest.approx(model.car_anova(ddf=robust)["p_value"])
    with pytest.raises(DataError, match="compare fits"):
        model.drop1(ddf=robust)


def test_coefficients_of_something_else_are_refused(model):
    robust = model.robust()
    other = Asymptotic((*robust.names[:-1], "z"), robust.beta, robust.vcov)
    moved = Asymptotic(robust.names, robust.beta + 1, robust.vcov)
    for verb in (model.contest, model.glht):
        with pytest.raises(DataError, match="are of another model"):
            verb(np.eye(len(robust.beta)), **{"ddf" if verb == model.contest else "df": other})
    with pytest.raises(DataError, match="are of another fit"):
        model.emmeans("~ 1", ddf=moved)
    for verb in (model.tidy, model.anova, model.car_anova, model.emmeans):
        with pytest.raises(DataError, match=r"(?s)ddf .*robust\(\) return"):
            verb(*["~ 1"] * (verb == model.emmeans), ddf=robust.vcov)


def test_a_refit_by_reml_is_said_wherever_its_coefficients_are_shown():
    ml = CAKE.update(REML=False)
    reml = ml._coefficients("Kenward-Roger")
    assert reml.refitted.sigma == pytest.approx(CAKE.sigma)
    table = ml.anova(ddf=reml)
    assert table["sum_sq"] == pytest.approx(CAKE.anova(ddf="KR")["sum_sq"])
    for shown in (table, ml.summary(ddf=reml), ml.emmeans("recipe", ddf=reml), ml.contest(np.eye(4), ddf=reml)):
        assert "from a refit by REML" in repr(shown)


@pytest.mark.parametrize("method", ["asymptotic", "Satterthwaite", "Kenward-Roger", "robust"])
def test_right_sides(method):
    found = ROBUST if method == "robust" else CAKE._coefficients(method)
    c = np.array([[0.0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0]])
    point = np.array([1.0, 50, 4, 0])
    shifted = found.beta - point
    test = found.f_test(c, c @ point)
    wald = shifted[1:3] @ np.linalg.solve(found.vcov[1:3, 1:3], shifted[1:3]) / 2
    assert test.f_value / test.scale == pytest.approx(wald)
    assert test.num_df == 2
    assert test.den_df == pytest.approx(found.f_test(c).den_df)
    assert found.f_test(c, c @ found.beta).f_value == pytest.approx(0, abs=1e-12)
    with pytest.raises(DataError, match="contradict each other"):
        found.f_test(c, c @ point + [0, 0, 1])


def test_squares_of_dropped_terms_are_those_of_the_fit_that_is_tested():
    ml, reml = CAKE.update(REML=False), CAKE.anova(type=2, ddf="Kenward-Roger")
    for model in (CAKE, ml):
        dropped = model.drop1("F", ddf="Kenward-Roger")
        for column in ("sum_sq", "mean_sq", "num_df", "den_df", "f_value", "p_value"):
            assert dropped.row("recipe")[column] == pytest.approx(reml.row("recipe")[column], rel=1e-5)
    assert CAKE.drop1("F", scope=["temp"], ddf="KR").names == ("temp",)


@pytest.mark.parametrize("name", ["lm", "glm", "glmer"])
def test_a_summary_without_other_tests_says_where_they_are(name):
    fit = CLASSES[name]
    with pytest.raises(DataError, match="tidy"):
        fit.summary(ddf=fit.robust())
    with pytest.raises(DataError, match="not for this model"):
        fit.summary(ddf="Kenward-Roger")
    own = fit._coefficients().method
    assert str(fit.summary(ddf=own)) == str(fit.summary())
