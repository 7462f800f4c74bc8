"""Pictures of models, each with a twin that returns the table it draws; needs matplotlib."""

from mixedmodels.plot.residual_plots import (
    residuals,
    residuals_by_group,
    residuals_by_group_table,
    residuals_table,
    scale_location,
    scale_location_table,
)
from mixedmodels.plot.themes import PALETTE, THEME, set_theme, theme

__all__ = [
    "PALETTE",
    "THEME",
    "residuals",
    "residuals_by_group",
    "residuals_by_group_table",
    "residuals_table",
    "scale_location",
    "scale_location_table",
    "set_theme",
    "theme",
]
