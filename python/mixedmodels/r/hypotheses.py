"""R's functions for general linear hypotheses."""

from __future__ import annotations

__all__: list[str] = []
