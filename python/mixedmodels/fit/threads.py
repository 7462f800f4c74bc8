"""The number of threads that the engine may use."""

from __future__ import annotations

from mixedmodels import _engine
from mixedmodels.errors import DataError


def set_threads(n: int) -> None:
    """Bound the engine to `n` threads; results do not depend on it.

    Raises
    ------
    DataError
        If `n` is not a whole number of at least 1.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise DataError(f"set_threads() needs a whole number of at least 1; got {n!r}.")
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
