"""Parametric bootstraps: intervals, and tests of nested models."""
