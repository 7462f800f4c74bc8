"""Covariance matrices that hold when the model's own does not."""

from __future__ import annotations


class Robust:
    """Covariance matrices that hold when the model's own does not."""
