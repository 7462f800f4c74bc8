"""Predictions on old and new rows, and how uncertain they are."""

from mixedmodels.predict.rows import predict_old, predict_rows

__all__ = ["predict_old", "predict_rows"]
