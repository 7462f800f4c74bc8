"""Predictions on old and new rows, and how uncertain they are."""

from mixedmodels.predict.rows import predict_old, predict_rows, predictor_errors

__all__ = ["predict_old", "predict_rows", "predictor_errors"]
