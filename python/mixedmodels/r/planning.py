"""R's functions for simulated designs and power."""

from __future__ import annotations

__all__: list[str] = []
