"""What a long fit says while it runs, on stderr: every evaluation if asked, else one line that comes and goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter

Watch = Callable[[int, float], None]

PATIENCE = 2.0  # seconds without a word
PAUSE = 0.1  # seconds between two states of the line
SHORT = 2000  # rows; a fit of fewer is over before anybody has patience to lose

_SILENT: AbstractContextManager[Watch | None] = nullcontext()


def watched(verbose: int, rows: int) -> AbstractContextManager[Watch | None]:
    """What the engine shall call at each evaluation, or None.

    Parameters
    ----------
    verbose : int
        What is shown: 1 and more print number and criterion of every evaluation; 0 shows a line of progress on a
        terminal, once the fit has taken two seconds.
    rows : int
        Number of rows of the table.
    """
    if verbose > 0 and sys.stderr is not None:
        return nullcontext(_print)
    return _line() if rows >= SHORT and on_terminal() else _SILENT


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
