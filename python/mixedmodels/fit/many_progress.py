"""What long work over many responses says while it runs: one line on stderr that comes and goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from mixedmodels.errors import DataError
from mixedmodels.fit.progress import PATIENCE, PAUSE, on_terminal

Tell = Callable[[int], None]


@contextmanager
def counted(total: int, what: str, progress: bool | None = None) -> Iterator[Tell]:
    """What is called with the number done so far.

    Parameters
    ----------
    total : int
        Number of what is to be done.
    what : str
        What is counted, in words: "replicates".
    progress : bool, optional
        When the line is shown: True at once, None on a terminal and once two seconds have passed, False never.
    """
    if progress is not None and not isinstance(progress, bool):
        raise DataError(f"progress is {progress!r:.40}; give True, False, or None for terminals only.")
    shown = on_terminal() if progress is None else progress and sys.stderr is not None
    began, last = perf_counter(), 0.0

    def tell(done: int) -> None:
        nonlocal last
        now = perf_counter()
        if shown and now - last > PAUSE and (progress or now - began > PATIENCE):
            last = now
            left = (now - began) / max(done, 1) * (total - done)
            sys.stderr.write(f"\r{done:,} of {total:,} {what}, {left:.0f} s left (Ctrl-C stops)\x1b[K")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
