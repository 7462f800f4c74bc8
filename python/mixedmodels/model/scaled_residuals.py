"""Simulated residuals."""

from __future__ import annotations


class ScaledResiduals:
    """Simulated residuals."""
