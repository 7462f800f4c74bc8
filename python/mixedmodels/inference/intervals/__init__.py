"""Confidence intervals of the parameters, by profiles, Wald or the bootstrap."""
