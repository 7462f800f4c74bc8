"""Predictions, comparisons and slopes of rows or averaged over them, with standard errors by the delta method."""
