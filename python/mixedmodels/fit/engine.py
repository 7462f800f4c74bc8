"""The engine's handles and failures, for the rooms above: only `fit` and `families` import the compiled module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedmodels._engine import EngineError, Glmm, Lmm

if TYPE_CHECKING:
    from mixedmodels._engine import ProfileCurve

__all__ = ["EngineError", "Glmm", "Lmm", "ProfileCurve"]
