"""Pictures and the report."""

from __future__ import annotations


class Pictures:
    """Pictures and the report."""
