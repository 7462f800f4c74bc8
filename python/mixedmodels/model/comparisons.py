"""Comparisons of a model with others: likelihood ratios, dropped and added terms, variances on their boundary."""

from __future__ import annotations


class Comparisons:
    """Comparisons of a model with others: likelihood ratios, dropped and added terms, variances on their boundary."""
