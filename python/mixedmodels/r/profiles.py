"""R's functions for profiles and confidence intervals."""

from __future__ import annotations

__all__: list[str] = []
