"""R's functions for singular fits, ICC, R2 and conditional AIC."""

from __future__ import annotations

__all__: list[str] = []
