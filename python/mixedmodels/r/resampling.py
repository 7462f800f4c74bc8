"""R's functions for the parametric bootstrap."""

from __future__ import annotations

__all__: list[str] = []
