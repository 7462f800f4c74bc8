"""R's functions that compare models."""

from __future__ import annotations

__all__: list[str] = []
