"""General linear hypotheses, and what other packages' tools ask of a model."""

from __future__ import annotations


class Hypotheses:
    """General linear hypotheses, and what other packages' tools ask of a model."""
