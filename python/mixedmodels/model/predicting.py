"""Predictions with their uncertainty."""

from __future__ import annotations


class Predictions:
    """Predictions with their uncertainty."""
