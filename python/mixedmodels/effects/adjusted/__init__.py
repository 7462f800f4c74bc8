"""Adjusted predictions over a grid of predictors, with partial residuals."""
