"""Generalised linear models: iteratively reweighted least squares, their checks, the negative binomial's theta."""
