"""Arguments in, exit code out: 0 for success, 2 for an error that the user can fix, 1 for one of the package."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import TextIO

from mixedmodels.cli.arguments import parser
from mixedmodels.cli.wording import in_options
from mixedmodels.errors import MixedModelsError, MixedModelsWarning

SUCCESS, OUR_FAULT, YOUR_TURN, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after ``mixedmodels`` on the command line; by default those of the process.

    Returns
    -------
    int
        0 for success; 2 if the arguments, the file or the model cannot be used (the message on standard error says what
        to do); 1 for an error of the package itself; 130 if it was interrupted.
    """
    options = parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", MixedModelsWarning)
            warnings.showwarning = _Teller(options)
            options.command(options)
            sys.stdout.flush()
    except MixedModelsError as error:
        print(f"mixedmodels: error: {in_options(str(error), options)}", file=sys.stderr)
        return YOUR_TURN
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        _close_output()
        return SUCCESS
    except OSError as error:  # files have messages of their own, so this is standard output, on a full disk
        _close_output()
        print(f"mixedmodels: error: cannot write the output: {error.strerror or error}", file=sys.stderr)
        return YOUR_TURN
    except KeyboardInterrupt:
        print("mixedmodels: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        _own_fault(error, options.traceback)
        return OUR_FAULT
    return SUCCESS


def _close_output() -> None:
    """Let the interpreter not complain at exit about an output that cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _own_fault(error: Exception, with_traceback: bool) -> None:
    """Report an error that no message was written for."""
    if with_traceback:
        traceback.print_exception(error)
    advice = "" if with_traceback else "; 'mixedmodels --traceback ...' shows where"
    print(
        f"mixedmodels: error in the package itself, please report it: {type(error).__name__}: {error}{advice}",
        file=sys.stderr,
    )


class _Teller:
    """Shows a warning as a line for the user instead of a line of our source."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Warnings of a command with these options."""
        self._options = options

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print(f"mixedmodels: warning: {in_options(str(message), self._options)}", file=sys.stderr)
