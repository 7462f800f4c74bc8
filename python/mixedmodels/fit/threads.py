"""Threads: how many the engine may use, and one beside Python for what cannot be interrupted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from mixedmodels import _engine
from mixedmodels.errors import DataError

ResultT = TypeVar("ResultT")

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


def aside(function: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """A call in a thread of its own, so that Ctrl-C ends the wait for it.

    For a factorisation of a large matrix: Python sees a signal only when LAPACK returns. After Ctrl-C the thread goes
    on until then, and what it computed is dropped.

    Examples
    --------
    >>> from mixedmodels.fit.threads import aside
    >>> aside(np.linalg.eigvalsh, np.eye(2)).tolist()
    [1.0, 1.0]
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)  # signals come to the main thread only
    results: list[ResultT] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def call() -> None:
        try:
            results.append(function(*arguments))
        except BaseException as error:
            errors.append(error)
        finally:
            ended.set()

    threading.Thread(target=call, name="aside", daemon=True).start()
    ended.wait()
    if errors:
        raise errors[0]
    return results[0]
