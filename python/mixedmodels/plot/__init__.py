"""Pictures of models. Each has a twin that returns the table it draws. Pictures need matplotlib."""

from mixedmodels.plot.adjusted_effects import effects, effects_table
from mixedmodels.plot.bootstraps import bootstrap, bootstrap_table
from mixedmodels.plot.caterpillars import caterpillar, caterpillar_table, qq_random_effects, qq_random_effects_table
from mixedmodels.plot.check_page import check_model, check_model_table
from mixedmodels.plot.coefficient_plot import coefficients, coefficients_table
from mixedmodels.plot.ellipses import (
    covariance_ellipses,
    covariance_ellipses_table,
    fixed_ellipses,
    fixed_ellipses_table,
)
from mixedmodels.plot.group_lines import groups, groups_table
from mixedmodels.plot.influence_plots import influence, influence_table
from mixedmodels.plot.likelihood import likelihood_surface, likelihood_surface_table
from mixedmodels.plot.matrices import design_matrix, design_matrix_table, factor_pattern, factor_pattern_table
from mixedmodels.plot.power import power_curve, power_curve_table
from mixedmodels.plot.profile_curves import profile_density, profile_density_table, profile_zeta, profile_zeta_table
from mixedmodels.plot.profile_matrix import profile_pairs, profile_pairs_table
from mixedmodels.plot.qq import qq_residuals, qq_residuals_table
from mixedmodels.plot.residual_plots import (
    residuals,
    residuals_by_group,
    residuals_by_group_table,
    residuals_table,
    scale_location,
    scale_location_table,
)
from mixedmodels.plot.scaled_panels import residual_panels, residual_panels_table
from mixedmodels.plot.shrinkage_arrows import shrinkage, shrinkage_table
from mixedmodels.plot.simulated_tests import simulated_test, simulated_test_table
from mixedmodels.plot.themes import PALETTE, THEME, set_theme, theme

__all__ = [
    "PALETTE",
    "THEME",
    "bootstrap",
    "bootstrap_table",
    "caterpillar",
    "caterpillar_table",
    "check_model",
    "check_model_table",
    "coefficients",
    "coefficients_table",
    "covariance_ellipses",
    "covariance_ellipses_table",
    "design_matrix",
    "design_matrix_table",
    "effects",
    "effects_table",
    "factor_pattern",
    "factor_pattern_table",
    "fixed_ellipses",
    "fixed_ellipses_table",
    "groups",
    "groups_table",
    "influence",
    "influence_table",
    "likelihood_surface",
    "likelihood_surface_table",
    "power_curve",
    "power_curve_table",
    "profile_density",
    "profile_density_table",
    "profile_pairs",
    "profile_pairs_table",
    "profile_zeta",
    "profile_zeta_table",
    "qq_random_effects",
    "qq_random_effects_table",
    "qq_residuals",
    "qq_residuals_table",
    "residual_panels",
    "residual_panels_table",
    "residuals",
    "residuals_by_group",
    "residuals_by_group_table",
    "residuals_table",
    "scale_location",
    "scale_location_table",
    "set_theme",
    "shrinkage",
    "shrinkage_table",
    "simulated_test",
    "simulated_test_table",
    "theme",
]
