"""Populations that do not exist: predictors, groups and responses drawn from a plan."""
