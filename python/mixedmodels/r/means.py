"""R's functions for estimated marginal means."""

from __future__ import annotations

__all__: list[str] = []
