"""The calibration studies, whose shares docs/calibration.md shows."""
