"""Influence, leverage, collinearity, and the page of checks."""

from __future__ import annotations


class Checking:
    """Influence, leverage, collinearity, and the page of checks."""
