"""Every error and warning that the package raises, each with a class that one can catch or filter.

A message says what was asked, which value was seen, where it stands and what to do about it.
"""

from __future__ import annotations

import sys


def users_line() -> int:
    """The `stacklevel` with which the caller's warning points at the first line outside this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    return level


class MixedModelsError(Exception):
    """Root of every error raised by this package."""


class FormulaError(MixedModelsError, ValueError):
    """The text of a formula cannot be read; the message marks the offending characters."""


class DataError(MixedModelsError, ValueError):
    """A table, a column or one of its values cannot be used as asked."""


class UnknownColumnError(DataError, KeyError):
    """A name of the formula is not in the table; the message offers the nearest column."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which hides line breaks.
        return str(self.args[0]) if self.args else ""


class FileError(DataError, OSError):
    """A file cannot be read or written as asked; the message names it, and a file that was there is unchanged."""

    def __init__(self, message: str, errno: int | None = None) -> None:
        """The message, and the number that the system has for the error."""
        super().__init__(message)
        self.errno = errno

    def __str__(self) -> str:
        # OSError shows its number, which the message says in words.
        return str(self.args[0]) if self.args else ""


class MissingFileError(FileError, FileNotFoundError):
    """A file to read does not exist."""


class DesignError(MixedModelsError, ValueError):
    """Formula and table are both readable, but the model that they imply cannot be fitted."""


class FitError(MixedModelsError, RuntimeError):
    """The numerical engine could not finish; the message names the stage and the cause."""


class MissingLibraryError(MixedModelsError, ImportError):
    """A library that is not installed is needed for what was asked; the message says how to install it."""


class MixedModelsWarning(UserWarning):
    """Root of every warning issued by this package."""


class SingularFitWarning(MixedModelsWarning):
    """A covariance matrix of random effects lies on the boundary (a variance of 0 or a correlation of +-1)."""


class UnidentifiedWarning(MixedModelsWarning):
    """A variance has no estimate, whatever the data: fixed effects or another random term have taken its part."""


class ConvergenceWarning(MixedModelsWarning):
    """The optimiser stopped before its certificate held."""


class SeparationWarning(ConvergenceWarning):
    """Some coefficients have no finite estimate: the predictors separate the outcomes (completely or in part)."""


class PerfectFitWarning(MixedModelsWarning):
    """A linear model fits its response exactly; standard errors and tests are made of rounding error."""


class RankDeficientWarning(MixedModelsWarning):
    """Columns of the fixed-effects design are linear combinations of earlier ones and were dropped."""
