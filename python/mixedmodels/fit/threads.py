"""The number of threads that the engine may use."""

from __future__ import annotations

import os

from mixedmodels import _engine
from mixedmodels.errors import DataError

FEWEST_ALLOWED = 64  # threads, on any machine
PER_PROCESSOR = 4


def set_threads(n: int) -> None:
    """Bound the engine to `n` threads; results do not depend on it.

    Raises
    ------
    DataError
        If `n` is not a whole number of at least 1, or far more than this machine has processors for.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise DataError(f"set_threads() needs a whole number of at least 1; got {n!r}.")
    processors = os.cpu_count() or 1
    if n > max(FEWEST_ALLOWED, PER_PROCESSOR * processors):
        raise DataError(f"set_threads({n}) is more than this machine can use; it has {processors} processors.")
    _engine.set_threads(n)


def threads() -> int:
    """Threads that the engine may use.

    Examples
    --------
    >>> from mixedmodels.fit.threads import threads
    >>> threads() >= 0
    True
    """
    return int(_engine.threads())
