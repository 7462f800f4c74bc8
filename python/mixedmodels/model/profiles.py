"""Profile likelihoods and confidence intervals."""

from __future__ import annotations


class Profiles:
    """Profile likelihoods and confidence intervals."""
