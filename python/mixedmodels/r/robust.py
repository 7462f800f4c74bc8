"""R's functions for covariance matrices that hold when the model does not."""

from __future__ import annotations

__all__: list[str] = []
