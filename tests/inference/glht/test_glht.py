"""General linear hypotheses against multcomp and car."""

import numpy as np
import pytest
from tests.support.glht_reference import fitted, more_models, reference, table, texts

import mixedmodels as mm
from mixedmodels.errors import DataError, FormulaError, MixedModelsWarning
from mixedmodels.estimates import wald
from mixedmodels.r import cld, contrMat, glht, linearHypothesis, mcp, pmvt, qmvt

MODELS = reference()["models"] + more_models()
# What pmvt's randomised integration leaves, many digits above ours; the deterministic methods agree to MODELS' digits.
MONTE_CARLO = {"single-step", "Westfall", "free"}


def hypotheses_of(case):
    fit = fitted(case["call"])
    spec = case["spec"]
    wanted = mcp(**spec["mcp"]) if "mcp" in spec else spec["text"]
    direction = case["alternative"] if case["alternative"] != "two.sided" and "mcp" in spec else None
    return glht(fit, wanted, alternative=direction)


@pytest.mark.parametrize("case", MODELS, ids=[case["name"] for case in MODELS])
def test_agrees_with_multcomp(case):
    g = hypotheses_of(case)
    h = g.hypotheses
    glmer = case["call"]["f"] == "glmer"  # whose standard errors come from differences in lme4
    loose = 5e-3 if glmer else 2e-6
    assert h.alternative == case["alternative"]
    np.testing.assert_allclose(h.rhs, case["rhs"])
    np.testing.assert_allclose(h.estimate, case["estimate"], rtol=loose, atol=1e-7)
    np.testing.assert_allclose(h.std_error, case["se"], rtol=2e-2 if glmer else loose)
    assert [n.replace(" ", "") for n in h.names] == [n.replace(" ", "") for n in case["rows"]]
    for method, wanted in case["p"].items():
        tolerance = 2e-2 if glmer else 4e-5 if method in MONTE_CARLO else 2e-7
        np.testing.assert_allclose(h.p_values(method), np.atleast_1d(wanted), atol=tolerance, err_msg=method)
    test = g.chisq().row("1")
    assert test["df"] == case["chisq_df"]
    assert test["chisq"] == pytest.approx(case["chisq"], rel=4e-2 if glmer else 1e-5)
    ours = g.confint(calpha="univariate")
    ends = (-np.inf, np.inf)
    wanted = np.array([[end if v is None else v for v, end in zip(row, ends, strict=True)] for row in case["limits"]])
    np.testing.assert_allclose(ours["conf_low"], wanted[:, 0], rtol=2e-2 if glmer else 1e-5, atol=1e-6)
    np.testing.assert_allclose(ours["conf_high"], wanted[:, 1], rtol=2e-2 if glmer else 1e-5, atol=1e-6)


@pytest.mark.parametrize("case", reference()["linear_hypothesis"], ids=lambda c: c["test"])
def test_joint_tests_agree_with_car(case):
    row = linearHypothesis(fitted(case["call"]), case["text"], test=case["test"]).row("1")
    assert row["f_value" if case["test"] == "F" else "chisq"] == pytest.approx(case["statistic"], rel=1e-5)
    assert row["p_value"] == pytest.approx(case["p"], rel=1e-4, abs=1e-9)


def test_prints_as_multcomp():
    three = table("three")
    w = table("uneven")
    linear = mm.lm("angle ~ temperature", three)
    m = mm.lmer("angle ~ recipe + temp + (1 | replicate)", w)
    tukey = linear.glht(mcp(temperature="Tukey"))
    ours = {
        "plain": tukey,
        "summary": tukey.summary("holm"),
        "univariate": glht(m, mcp(recipe="Tukey")).summary("none"),
        "less": glht(m, ["recipeB >= 1", "recipeC >= 0.5"]).summary("bonferroni"),
        "confint": tukey.confint(calpha="univariate"),
        "greater": linear.glht(mcp(temperature="Dunnett"), alternative="greater").confint(calpha="univariate"),
    }
    for case in texts():
        wanted = [line.rstrip() for line in case["lines"]]
        got = [line.rstrip() for line in repr(ours[case["name"]]).split("\n")]
        while wanted and not wanted[-1]:
            wanted.pop()
        while got and not got[-1]:
            got.pop()
        assert got == wanted, case["name"]


def test_degrees_of_freedom_on_request():
    fit = fitted({"f": "lmer", "formula": "angle ~ recipe + temp + (1 | replicate)", "data": "uneven"})
    plain = glht(fit, mcp(recipe="Tukey"))
    assert np.isinf(plain.hypotheses.df).all()
    small = fit.glht(mcp(recipe="Tukey"), df="Satterthwaite")
    assert np.isfinite(small.hypotheses.df).all()
    own = fit.glht(mcp(recipe="Tukey"))
    np.testing.assert_array_equal(own.hypotheses.df, small.hypotheses.df)
    for table_ in (own.summary(), own.confint(), own.ftest(), own.chisq()):
        assert "Degrees-of-freedom method: Satterthwaite" in repr(table_)
    assert np.all(small.summary()["p_value"] > plain.summary()["p_value"])
    fixed = glht(fit, mcp(recipe="Tukey"), df=7).hypotheses
    assert np.all(fixed.df == 7)
    assert np.isinf(fit.glht("recipeB = 0", df=0).hypotheses.df).all()
    assert np.isfinite(small.ftest().row("1")["den_df"])


def test_letters_and_matrices():
    fit = fitted({"f": "lm", "formula": "angle ~ temperature", "data": "five"})
    g = fit.glht(mcp(temperature="Tukey"))
    p = g.hypotheses.p_values()
    marks = cld(g)
    levels = list(marks)
    pairs = [(levels[j], levels[i]) for i in range(len(levels)) for j in range(i + 1, len(levels))]
    for (a, b), value in zip(pairs, p, strict=True):
        assert bool(set(marks[a]) & set(marks[b])) == (value >= 0.05)
    k = contrMat(dict.fromkeys(levels, 1), "Tukey")
    by_matrix = fit.glht(mcp(temperature=k)).hypotheses
    np.testing.assert_allclose(by_matrix.estimate, g.hypotheses.estimate)
    by_name = fit.glht(mcp(temperature={"first": {levels[1]: 1, levels[0]: -1}})).hypotheses
    assert by_name.names == ("first",)
    assert by_name.estimate[0] == pytest.approx(g.hypotheses.estimate[0])
    with pytest.raises(DataError, match="all pairwise"):
        fit.glht(mcp(temperature="Dunnett")).cld()


def test_single_step_is_the_studentized_range_when_balanced():
    from mixedmodels.inference.multiplicity.studentized_range import ptukey_tail

    case = next(c for c in MODELS if c["name"] == "lmer balanced")
    h = hypotheses_of(case).hypotheses
    wanted = [ptukey_tail(np.sqrt(2) * abs(t), 4) for t in h.statistic]
    np.testing.assert_allclose(h.p_values(), wanted, atol=1e-12)


def test_errors_say_where():
    fit = fitted({"f": "lm", "formula": "angle ~ recipe + temperature", "data": "uneven"})
    with pytest.raises(FormulaError, match=r"no coefficient 'recipB'; near ones are 'recipeB'"):
        fit.glht("recipB = 0")
    with pytest.raises(DataError, match=r"'recip' is not a factor.*recipe"):
        fit.glht(mcp(recip="Tukey"))
    with pytest.raises(FormulaError, match="no level of recipe 'D'"):
        fit.glht(mcp(recipe="D - A = 0"))
    with pytest.raises(DataError, match=r"sum to 1"):
        fit.glht(mcp(recipe=[[1, 0, 0]]))
    with pytest.raises(DataError, match="the model has 8 fixed effects"):
        fit.glht(np.eye(2))
    with pytest.raises(DataError, match="rhs"):
        fit.glht("recipeB = 0", rhs=[1, 2])
    with pytest.raises(DataError, match="none of"):
        fit.glht("recipeB = 0").summary("tuckey")
    with pytest.raises(DataError, match="contradict"):
        fit.linear_hypothesis(["recipeB = 0", "2 * recipeB = 1"])
    with pytest.raises(DataError, match="leave one out"):
        fit.glht("recipeB >= 0", alternative="greater")


def test_interactions_warn():
    fit = mm.lm("angle ~ recipe * temp", table("uneven"))
    with pytest.warns(MixedModelsWarning, match="recipe also occurs in recipe:temp"):
        fit.glht(mcp(recipe="Tukey"))


def test_statsmodels_constraints():
    fit = fitted({"f": "lmer", "formula": "Reaction ~ Days + (Days | Subject)", "data": "sleepstudy"})
    test = fit.t_test("Days = 10", ddf="normal")
    beta, se = fit.params["Days"], fit.bse["Days"]
    assert test.tvalue[0] == pytest.approx((beta - 10) / se)
    same = fit.t_test((np.array([[0.0, 1.0]]), [10.0]))
    assert same.tvalue[0] == pytest.approx(test.tvalue[0])
    joint = fit.wald_test("Days = 10, Intercept = 250", ddf="normal")
    d = np.asarray(fit.params) - [250, 10]
    assert joint.statistic == pytest.approx(d @ np.linalg.solve(np.asarray(fit.cov_params()), d))
    assert joint.df_num == 2
    assert "chi2" in repr(joint)
    small = fit.wald_test("Days = 10, Intercept = 250")
    assert small.statistic == pytest.approx(joint.statistic / 2)
    assert small.df_denom == pytest.approx(17, rel=1e-6)
    assert small.pvalue == pytest.approx(wald.f_p_value(small.statistic, 2, small.df_denom))
    assert repr(small).endswith("df_denom=17>\nDegrees-of-freedom method: Satterthwaite")
    linear = fitted({"f": "lm", "formula": "angle ~ recipe + temperature", "data": "uneven"})
    f = linear.wald_test("recipeB = 0, recipeC = 0")
    assert f.statistic == pytest.approx(linear.linear_hypothesis(["recipeB", "recipeC"]).row("1")["f_value"])
    assert f.df_denom == linear.df_resid


def test_averages_over_what_interacts():
    """Values by multcomp."""
    w = table("uneven")
    w["grade"] = [f"g{t}" for t in w["temp"]]
    ours = mm.lm("angle ~ recipe * grade", w).glht(mcp(recipe="Tukey", interaction_average=True)).hypotheses
    np.testing.assert_allclose(ours.estimate, [-0.544316794317, -0.963730713731, -0.419413919414], rtol=1e-9)
    np.testing.assert_allclose(ours.std_error, [1.27176664925, 1.26799573485, 1.23400932762], rtol=1e-9)
    number = mm.lm("angle ~ recipe * temp", w).glht(mcp(recipe="Tukey", covariate_average=True)).hypotheses
    np.testing.assert_allclose(number.estimate, [-0.530199097369, -0.969952066986, -0.439752969617], rtol=1e-9)
    np.testing.assert_allclose(number.std_error, [1.25226662977, 1.24871184460, 1.21605212574], rtol=1e-9)
    with pytest.warns(MixedModelsWarning, match="also occurs in recipe:temp"):
        mm.lm("angle ~ recipe * temp", w).glht(mcp(recipe="Tukey", interaction_average=True))


def test_kinds_of_trends():
    """Some rows by contrMat."""
    n = dict(zip("abcde", (10, 8, 12, 9, 11), strict=True))
    marcus = contrMat(n, "Marcus")
    assert marcus.shape == (10, 5)
    np.testing.assert_allclose(marcus[2], [-0.5556, -0.4444, 0.3750, 0.2812, 0.3438], atol=5e-5)
    np.testing.assert_allclose(marcus[8], [-0.3333, -0.2667, -0.4, 0, 1], atol=5e-5)
    np.testing.assert_allclose(contrMat(n, "McDermott")[2], [-0.3333, -0.2667, -0.4, 1, 0], atol=5e-5)
    umbrella = contrMat(n, "UmbrellaWilliams")
    assert umbrella.shape == (10, 5)
    np.testing.assert_allclose(umbrella[6], [-1, 0.2759, 0.4138, 0.3103, 0], atol=5e-5)
    np.testing.assert_allclose(umbrella[8], [-1, 0.4, 0.6, 0, 0], atol=5e-5)


def test_joint_tests_print_as_car():
    linear = mm.lm("angle ~ recipe + temp", table("uneven"))
    assert repr(linear.linear_hypothesis(["recipeB = 0", "recipeC = 1"])).rstrip().split("\n") == [
        "Linear hypothesis test",
        "",
        "Hypothesis:",
        "recipeB = 0",
        "recipeC = 1",
        "",
        "Model 1: restricted model",
        "Model 2: angle ~ recipe + temp",
        "",
        "  Res.Df   RSS Df Sum of Sq      F Pr(>F)",
        "1    237 14393                           ",
        "2    235 14228  2    165.31 1.3652 0.2573",
    ]


def test_pmvt_and_qmvt():
    corr = [[1, 0.5], [0.5, 1]]
    assert pmvt(-1, 2, 7, corr) == pytest.approx(0.654868038409, abs=1e-6)
    assert pmvt(upper=[1, 2, 3]) == pytest.approx(0.821094150464, abs=1e-12)
    assert qmvt(0.95, "upper.tail", 7, corr) == -qmvt(0.95, "lower.tail", 7, corr)
    both = qmvt(0.95, "both.tails", 7, corr)
    assert pmvt(-both, both, 7, corr) == pytest.approx(0.95, abs=1e-6)
    with pytest.raises(DataError, match="bounds"):
        pmvt([0, 0, 0], 1, corr=corr)
    with pytest.raises(DataError, match="correlation matrix"):
        pmvt(0, 1, corr=[[2, 0], [0, 1]])
