"""R's functions for predictions with intervals."""

from __future__ import annotations

__all__: list[str] = []
