"""Adjusted predictions, partial residuals, ways of pooling."""

from __future__ import annotations


class Adjusted:
    """Adjusted predictions, partial residuals, ways of pooling."""
