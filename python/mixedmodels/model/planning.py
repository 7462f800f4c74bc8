"""Power, sample sizes, and larger designs."""

from __future__ import annotations


class Planning:
    """Power, sample sizes, and larger designs."""
