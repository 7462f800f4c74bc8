"""Reference grids, estimated marginal means and trends."""

from __future__ import annotations


class Means:
    """Reference grids, estimated marginal means and trends."""
