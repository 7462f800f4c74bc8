"""R's functions that test terms and contrasts of one model."""

from __future__ import annotations

__all__: list[str] = []
