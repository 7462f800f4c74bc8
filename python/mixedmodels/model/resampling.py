"""The parametric bootstrap."""

from __future__ import annotations


class Resampling:
    """The parametric bootstrap."""
