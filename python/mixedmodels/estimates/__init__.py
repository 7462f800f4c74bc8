"""Estimates of a fit that all tests share: coefficients, degrees of freedom, linear functions, variances."""
