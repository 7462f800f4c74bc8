"""Singular fits explained, and figures of merit: ICC, R2, variance shares, conditional AIC."""

from __future__ import annotations


class Merits:
    """Singular fits explained, and figures of merit: ICC, R2, variance shares, conditional AIC."""
