"""R's functions for influence and other checks."""

from __future__ import annotations

__all__: list[str] = []
