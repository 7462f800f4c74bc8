"""Predictions on old and new rows, and how uncertain they are."""
