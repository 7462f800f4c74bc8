"""Tests of a model's terms and contrasts, each with the degrees of freedom that suit it."""

from __future__ import annotations


class TermTests:
    """Tests of a model's terms and contrasts, each with the degrees of freedom that suit it."""
