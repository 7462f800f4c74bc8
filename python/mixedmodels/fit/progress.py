"""Lines of progress on stderr: of one long fit, evaluation by evaluation, and of work over many responses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter

from mixedmodels.errors import DataError

Watch = Callable[[int, float], None]
Tell = Callable[[int], None]

PATIENCE = 2.0  # seconds without a word
PAUSE = 0.1  # seconds between two states of the line
SHORT = 2000  # rows; a fit of fewer is over before anybody has patience to lose

_SILENT: AbstractContextManager[Watch | None] = nullcontext()


def watched(verbose: int, rows: int) -> AbstractContextManager[Watch | None]:
    """A context whose value the engine calls at each evaluation; the value is None if nothing is shown.

    Parameters
    ----------
    verbose : int
        Amount shown: 1 and more print number and criterion of every evaluation; 0 shows a line of progress on a
        terminal, once the fit has taken two seconds.
    rows : int
        Number of rows of the table.
    """
    if verbose > 0 and sys.stderr is not None:
        return nullcontext(_print)
    return _line() if rows >= SHORT and on_terminal() else _SILENT


@contextmanager
def counted(total: int, what: str, progress: bool | None = None) -> Iterator[Tell]:
    """A context whose value is called with the number done so far.

    Parameters
    ----------
    total : int
        Number to be done.
    what : str
        Plural name of the things counted: "replicates".
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


def on_terminal() -> bool:
    """Whether somebody sees stderr as it is written; it may be gone, closed, or an object of another library."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _print(evaluations: int, criterion: float) -> None:
    sys.stderr.write(f"evaluation {evaluations}: criterion {criterion:.6f}\n")
    sys.stderr.flush()


@contextmanager
def _line() -> Iterator[Watch]:
    began = perf_counter()
    shown = 0.0

    def show(evaluations: int, criterion: float) -> None:
        nonlocal shown
        now = perf_counter()
        if now - began > PATIENCE and now - shown > PAUSE:
            shown = now
            state = f"{evaluations} evaluations, criterion {criterion:.4f}, {now - began:.0f} s"
            sys.stderr.write(f"\rfitting: {state} (Ctrl-C stops)\x1b[K")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
