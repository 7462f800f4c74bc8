"""The calibration studies: what their shares have to be, and that docs/calibration.md shows them.

Bounds are on the true share; a study may miss them by three standard errors of its own, which `holds` adds.
"""

from __future__ import annotations

import pytest

from tests.studies.shares import Shares, assert_is_on_the_page, error, on_the_page
from tests.studies.studies import STUDIES, study


def holds(shares: Shares, row: str, column: str, low: float, high: float) -> None:
    share = shares[row][column]
    assert low - 3 * error(low, shares.runs) <= share <= high + 3 * error(high, shares.runs), (row, column, share)


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_has_a_table_of_every_study(name: str) -> None:
    assert len(on_the_page(name)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_page_shows_the_shares_of_the_study(name: str) -> None:
    assert_is_on_the_page(name, study(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["errors-intercepts", "errors-slopes"])
def test_t_tests_hold_their_level_between_groups_where_asymptotic_ones_do_not(name: str) -> None:
    """Eight or ten groups leave at most as many degrees of freedom, which normal and chi-squared tests ignore."""
    found = study(name)
    for test in ("Wald, z", "likelihood ratio, chi-squared"):
        assert found[test]["treated, 5 %"] > 0.08
    # Singular fits have too many degrees of freedom by Satterthwaite, and are cautious by Kenward and Roger.
    holds(found, "t, Satterthwaite", "treated, 5 %", 0.04, 0.085)
    holds(found, "t, Kenward-Roger", "treated, 5 %", 0.02, 0.05)
    # The null is drawn from an estimate by maximum likelihood, whose variances are too small.
    holds(found, "parametric bootstrap", "treated, 5 %", 0.05, 0.075)
    assert found["t, Kenward-Roger"]["treated, 5 %"] < found["t, Satterthwaite"]["treated, 5 %"]


@pytest.mark.slow
def test_where_most_fits_are_singular_no_t_test_keeps_the_level() -> None:
    found = study("errors-faint-slopes")
    for column in ("treated, 5 %", "x, 5 %"):
        assert found["t, Kenward-Roger"][column] < 0.03
        holds(found, "parametric bootstrap", column, 0.05, 0.08)
    assert found["t, Satterthwaite"]["treated, 5 %"] > 0.08


@pytest.mark.slow
def test_the_sandwich_between_groups() -> None:
    """It builds on estimated variances too, which are poor where slopes vary in ten small groups."""
    holds(study("errors-intercepts"), "robust, CR2", "treated, 5 %", 0.03, 0.065)
    holds(study("errors-slopes"), "robust, CR2", "treated, 5 %", 0.06, 0.11)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.01, 0.05, 0.1])
def test_within_groups_all_small_sample_tests_hold_their_level(level: float) -> None:
    """There are 30 degrees of freedom and more; the sandwich knows of eight groups only, and errs on the safe side."""
    found, column = study("errors-intercepts"), f"x, {100 * level:.0f} %"
    for test in ("t, Satterthwaite", "t, Kenward-Roger", "parametric bootstrap"):
        holds(found, test, column, 0.85 * level, 1.15 * level)
    holds(found, "robust, CR2", column, 0.3 * level, level)


@pytest.mark.slow
def test_a_treatment_of_herds_needs_the_bootstrap() -> None:
    """No other test of a generalised model knows that there are twelve herds."""
    found = study("errors-herds")
    for test in ("Wald, z", "likelihood ratio, chi-squared", "robust, CR1"):
        assert found[test]["treated, 5 %"] > 0.08
    for column, level in (("5 %", 0.05), ("10 %", 0.1)):
        holds(found, "parametric bootstrap", f"treated, {column}", level, 1.3 * level)
        holds(found, "parametric bootstrap", f"visit, {column}", level, 1.3 * level)
        holds(found, "likelihood ratio, chi-squared", f"visit, {column}", level, 1.3 * level)


@pytest.mark.slow
def test_robust_tests_hold_their_level_where_the_model_does_not() -> None:
    found = study("errors-wrong-model")
    assert found["the model's, z"]["5 %"] > 0.2
    assert found["CR0, z"]["5 %"] > 0.12
    holds(found, "CR2, Satterthwaite", "5 %", 0.04, 0.065)
    assert (
        found["CR3, Satterthwaite"]["5 %"] <= found["CR2, Satterthwaite"]["5 %"] <= found["CR1, Satterthwaite"]["5 %"]
    )


@pytest.mark.slow
def test_kenward_and_roger_keep_the_level_in_weighted_models_with_weights_throughout() -> None:
    found = study("errors-weights")
    for column in ("treated, 5 %", "x, 5 %"):
        holds(found, "Kenward-Roger, residual W^-1", column, 0.03, 0.05)
    assert found["Kenward-Roger, residual I (pbkrtest)"]["treated, 5 %"] > 0.075
    assert found["Wald, z"]["treated, 5 %"] > 0.08


@pytest.mark.slow
def test_mixtures_are_right_in_large_samples_and_safe_in_small_ones() -> None:
    found = study("errors-variances")
    for tested in found.cells:
        holds(found, tested, "2,000 groups, mixture", 0.05, 0.05)
        holds(found, tested, "15 groups, mixture", 0.025, 0.05)
        for groups in ("15", "300", "2,000"):
            row = found[tested]
            assert row[f"{groups} groups, chi-squared"] < row[f"{groups} groups, mixture"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coverage-intercepts", "coverage-slopes"])
def test_coverage_of_fixed_effects(name: str) -> None:
    found = study(name)
    # Between groups, limits by the normal distribution, profile and bootstrap know nothing of degrees of freedom.
    for interval in found.cells:
        if interval in ("profile, REML", "t, Satterthwaite", "t, Kenward-Roger"):
            continue
        holds(found, interval, "treated", 0.87, 0.93)
        holds(found, interval, "x", 0.90, 0.95)
    holds(found, "t, Satterthwaite", "treated", 0.92, 0.96)
    holds(found, "t, Satterthwaite", "x", 0.94, 0.96)
    holds(found, "t, Kenward-Roger", "treated", 0.95, 0.975)
    holds(found, "t, Kenward-Roger", "x", 0.94, 0.98)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coverage-intercepts", "coverage-slopes"])
def test_coverage_of_standard_deviations(name: str) -> None:
    """Profiles of the deviance fall short, as maximum likelihood takes variances for too small; REML's do so less."""
    found = study(name)
    holds(found, "profile, REML", "sd_(Intercept)|g", 0.91, 0.96)
    holds(found, "profile", "sd_(Intercept)|g", 0.84, 0.90)
    holds(found, "bootstrap, percentile", "sd_(Intercept)|g", 0.87, 0.91)
    for interval in ("profile", "profile, REML"):
        holds(found, interval, "sigma", 0.94, 0.96)
    for interval in ("percentile", "basic", "normal", "BCa"):
        holds(found, f"bootstrap, {interval}", "sigma", 0.91, 0.95)


@pytest.mark.slow
def test_coverage_of_a_generalised_model() -> None:
    found = study("coverage-herds")
    for interval in found.cells:
        holds(found, interval, "treated", 0.87, 0.95)
        holds(found, interval, "visit", 0.92, 0.97)


@pytest.mark.slow
def test_coverage_of_intraclass_correlations() -> None:
    found = study("coverage-icc")
    for design in ("intercepts", "slopes"):
        holds(found, "profile, REML", design, 0.94, 0.96)
        holds(found, "bootstrap, percentile", design, 0.91, 0.96)
    holds(found, "profile", "intercepts", 0.85, 0.90)
    assert found["rows drawn, percentile"]["slopes"] < 0.80


@pytest.mark.slow
def test_tests_of_simulated_residuals_do_not_reject_true_models() -> None:
    found = study("residuals-true")
    spread = "quantiles of distances, along x"
    for test, row in found.cells.items():
        for model in row:
            if not (test == spread and model in ("Poisson, given", "binomial, given")):
                holds(found, test, model, 0.0, 0.06)
    # Where the mean is large the random effects fit more closely, so that given these residuals spread less there.
    assert found[spread]["Poisson, given"] > 0.08
    for model in found.columns:
        holds(found, "temporal autocorrelation", model, 0.04, 0.06)
        holds(found, "spatial autocorrelation", model, 0.04, 0.06)


@pytest.mark.slow
def test_dispersion_shows_where_random_effects_are_given() -> None:
    found = study("residuals-wrong")
    assert found["dispersion"]["overdispersed, given"] > 0.6
    assert found["dispersion"]["overdispersed, drawn"] < 0.1
    assert found["zero inflation"]["zeros, given"] > 0.9
    assert found["quantiles, along x"]["curved, given"] > 0.6
    assert found["quantiles, along x"]["funnel, given"] > 0.1


@pytest.mark.slow
def test_scores_of_quantiles_hold_their_level() -> None:
    found = study("residuals-quantiles")
    for test in ("level", "shape", "all quantiles"):
        for n in ("120", "2,000"):
            holds(found, test, f"{n} rows, 5 %", 0.035, 0.06)
            holds(found, test, f"{n} rows, 1 %", 0.004, 0.014)
        holds(found, test, "30 rows, 5 %", 0.02, 0.07)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["predictions-intercepts", "predictions-slopes"])
def test_coverage_of_predictions_of_linear_models(name: str) -> None:
    found = study(name)
    default = found["delta, all (the default)"]
    holds(found, "delta, all (the default)", "mean, old group", 0.92, 0.96)
    holds(found, "delta, all (the default)", "mean, new group", 0.94, 0.99)
    for groups in ("old", "new"):
        holds(found, "delta, all (the default)", f"observation, {groups} group", 0.93, 0.97)
    # Theta counts for groups that were seen, degrees of freedom for all.
    assert found["delta, given theta, z"]["mean, old group"] < found["delta, all, z"]["mean, old group"]
    for column in ("mean, old group", "mean, new group"):
        assert found["delta, all, z"][column] < default[column]
        assert found["bootstrap"][column] < default[column]
    assert found["merTools' predictInterval"]["observation, new group"] < default["observation, new group"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["predictions-counts", "predictions-proportions"])
def test_coverage_of_predictions_of_generalised_models(name: str) -> None:
    found = study(name)
    for groups in ("old", "new"):
        holds(found, "delta, all (the default)", f"mean, {groups} group", 0.92, 0.96)
        # Limits of counts cannot leave out exactly 5 %.
        holds(found, "delta, all (the default)", f"observation, {groups} group", 0.94, 0.99)
    assert found["delta, all, z"]["mean, new group"] < found["delta, all (the default)"]["mean, new group"]
