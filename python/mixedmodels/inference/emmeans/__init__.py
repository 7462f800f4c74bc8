"""Estimated marginal means, their contrasts and joint tests."""
