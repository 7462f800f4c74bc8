"""Backward elimination of terms."""
