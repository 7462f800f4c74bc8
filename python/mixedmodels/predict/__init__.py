"""Predictions on old and new rows, and their uncertainty."""
