"""A verb answers or raises an error of the package: models and arguments at which numpy's or Python's own came out."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.diagnose.checks.vif import inflation
from mixedmodels.diagnose.convergence.optima import End, agreement
from mixedmodels.diagnose.quality.effective_df import trace_at_theta
from mixedmodels.fit import family_moments
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.generalized_linear.glm import inverse_root
from mixedmodels.fit.henderson import Henderson
from mixedmodels.inference.anova.contrast_matrices import term_layout
from mixedmodels.inference.anova.term_tests import sequential_squares
from mixedmodels.inference.comparison.chi_bar_squared import mixture
from mixedmodels.inference.comparison.cone import draws

CAKE = mm.datasets.load("cake")
CBPP = mm.datasets.load("cbpp")


@pytest.fixture(scope="module")
def saturated():
    """As many coefficients as rows."""
    return mm.lm("angle ~ recipe + temp", CAKE.iloc[[0, 50, 100, 150]])


@pytest.fixture(scope="module")
def herds():
    return mm.glmer("incidence ~ period + (1 | herd)", CBPP, "poisson")


def test_a_restriction_without_residual_degrees_of_freedom_has_no_f(saturated):
    test = saturated.linear_hypothesis("temp = 0")
    assert np.isnan([test.statistic, test.p_value]).all()
    assert "temp = 0" in str(test)


def test_variance_inflation_needs_standard_errors(saturated):
    for verb in (saturated.vif, saturated.check_collinearity):
        with pytest.raises(mm.DataError, match="needs standard errors"):
            verb()


def test_a_grid_without_predictors_has_one_row():
    fit = mm.lm("angle ~ 0", CAKE)
    assert fit.predictions(newdata="mean")["estimate"].tolist() == [0.0]
    with pytest.raises(mm.DataError, match="no variables"):
        fit.slopes(newdata="mean")


def test_levels_are_written_once():
    fit = mm.lm("angle ~ recipe + temp", CAKE)
    with pytest.raises(mm.DataError, match=r"at has 180\.0 twice for 'temp'"):
        fit.emmeans("temp", at={"temp": [180, 180, 200]})
    with pytest.raises(mm.DataError, match="at has 'A' twice for 'recipe'"):
        fit.emmeans("recipe", at={"recipe": ["A", "A"]})


def test_joint_tests_of_a_number_so_large_that_a_step_of_one_is_rounding():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.integers(2**62, 2**63 - 1, 60), "f": np.array(list("abc"))[rng.integers(0, 3, 60)]})
    data["z"], data["y"] = rng.normal(size=60), rng.normal(size=60)
    tests = mm.lm("y ~ z + bs(x, df=4) + x:f", data).joint_tests()
    assert "z" in str(tests)


def test_sums_of_squares_of_a_fit_without_standard_errors_are_missing(herds):
    p = len(herds.fixef())
    layout = term_layout(herds.design, herds._fit.kept)
    columns, names = sequential_squares(layout, np.ones(p), np.full((p, p), np.nan), 1.0)
    assert names == ("period",)
    assert np.isnan(columns["sum_sq"]).all()


def test_equations_that_cannot_be_solved_say_so(herds):
    weights = np.full(len(CBPP), np.nan)
    with pytest.raises(mm.FitError, match="cannot be solved at its estimates"):
        Henderson(herds.design, herds._fit, weights)


def test_degrees_of_freedom_that_the_engine_has_not(herds):
    class Failing:
        def at(self, theta: np.ndarray) -> dict[str, float]:
            raise EngineError("the weights are too uneven")

    with pytest.raises(mm.FitError, match="no degrees of freedom"):
        trace_at_theta(herds.design, herds._fit.theta, herds._fit.kept, Failing())


def test_parameters_so_extreme_that_rows_say_nothing():
    fit = mm.glmer("incidence ~ period + size + (1 | herd)", CBPP, "poisson")
    with pytest.raises(mm.FitError, match="no standard errors at these parameters"):
        fit.with_parameters(fixef=[1.0, -45.0, -45.0, -45.0, 0.0])


def test_failures_of_the_engine_are_errors_of_the_package():
    assert issubclass(EngineError, mm.FitError)
    assert issubclass(EngineError, ValueError)


@pytest.mark.parametrize("information", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.ones((3, 3)), np.eye(2)])
def test_no_null_distribution_without_information(information):
    with pytest.raises(mm.FitError, match="not identified there"):
        draws(information, (2,), 10, np.random.default_rng(0))


def test_a_term_of_more_effects_does_not_lie_within():
    data = mm.datasets.load("sleepstudy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = mm.lmer("Reaction ~ Days + (Days | Subject) + (0 + Days | Subject)", data, REML=False)
        large = mm.lmer("Reaction ~ Days + (Days | Subject)", data, REML=False)
    with pytest.raises(mm.DataError, match="does not lie within"):
        mixture((small.design, small._fit), (large.design, large._fit))


def test_searches_of_which_none_came_to_an_end():
    lost = End(
        method="Newton",
        start="identity",
        criterion=np.nan,
        theta=np.empty(0),
        beta=np.empty(0),
        evaluations=0,
        note="the criterion is inf",
    )
    with pytest.raises(mm.FitError, match="no search came to an end; the first says: the criterion is inf"):
        agreement([lost])


def test_a_perfect_fit_has_no_f_values():
    x = np.arange(12.0)
    with pytest.warns(mm.PerfectFitWarning):
        fit = mm.lm("y ~ x", {"x": x, "y": np.zeros(12)})
    assert np.isnan(fit.anova()["f_value"]).all()


def test_joint_tests_where_a_factor_has_one_level_and_the_number_one_value():
    rng = np.random.default_rng(5)
    data = {"x": rng.normal(size=60), "f": np.array(["only"] * 60), "g": np.repeat(list("abcdef"), 10)}
    data["y"] = data["x"] + np.repeat(rng.normal(size=6), 10) + rng.normal(size=60)
    fit = mm.lmer("y ~ x:f + (1 | g)", data)
    (f_value,) = fit.joint_tests()["f_value"]
    slope = fit.tidy().set_index("term")["statistic"]["x:fonly"]
    assert f_value == pytest.approx(slope**2, rel=1e-6)


@pytest.mark.parametrize(
    ("verb", "formula", "family"),
    [(mm.glm, "y ~ f + x", "gaussian"), (mm.glm, "n ~ f + x", "poisson"), (mm.glmer, "n ~ f + x + (1 | g)", "poisson")],
)
def test_a_column_whose_squares_are_infinite_is_refused_and_not_dropped(verb, formula, family):
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": 1e200 * rng.normal(size=40), "f": np.repeat(list("ab"), 20), "g": list("abcde") * 8})
    data["y"], data["n"] = rng.normal(size=40), rng.poisson(3, 40)
    with pytest.raises(mm.DataError, match=r"the column 'x' of the fixed effects has values up to 2\.55e\+200"):
        verb(formula, data, family)


@pytest.mark.parametrize(("verb", "response", "more"), [(mm.lmer, "y", ()), (mm.glmer, "n", ("poisson",))])
def test_a_column_of_a_random_term_whose_squares_are_infinite_is_refused(verb, response, more):
    rng = np.random.default_rng(7)
    data = pd.DataFrame({"x": 1e200 * rng.normal(size=60), "g": list("abcdef") * 10})
    data["y"], data["n"] = rng.normal(size=60), rng.poisson(3, 60)
    with pytest.raises(mm.DataError, match=r"the column 'x' of the random term \(0 \+ x \| g\).*too large"):
        verb(f"{response} ~ 1 + (1 | g) + (0 + x | g)", data, *more)


def test_a_glm_that_stops_where_rows_say_nothing():
    """Responses around 0 with a logarithmic link: cells without a positive mean run to minus infinity."""
    rng = np.random.default_rng(1)
    cells = np.array([f"{a}{b}" for a in "uvwx" for b in "rst"])[rng.integers(0, 12, 60)]
    fit = mm.lm("y ~ f", {"y": rng.normal(size=60), "f": cells})
    with pytest.raises(mm.FitError, match="no standard errors: where the iterations stopped"):
        inverse_root(np.diag([1.0, 0.0]), fit.design)


def test_pearson_residuals_of_a_mean_at_its_bound_are_0_where_the_response_is():
    eta = np.array([-800.0, 0.0, -800.0])
    residuals = family_moments.residuals(np.array([0.0, 2.0, 1.0]), None, eta, mm.families.Poisson(), (), "pearson")
    assert residuals.tolist() == [0.0, 1.0, np.inf]


def test_variance_inflation_within_a_term_that_is_not_determined():
    vcov = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    with pytest.raises(mm.DataError, match=r"'f' with the other terms.*singular"):
        inflation(vcov, [0, 0, 1], ["f", "x"])
