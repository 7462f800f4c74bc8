"""Fits with several linear predictors: the record, constraints, moments of a response, and what cannot be known."""
