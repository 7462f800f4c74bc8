"""Arguments in, exit code out: 0 for success, 2 for an error that the user can fix."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from mixedmodels.cli import commands
from mixedmodels.errors import MixedModelsError, MixedModelsWarning

_EXAMPLES = """\
examples:
  mixedmodels demo
  mixedmodels datasets sleepstudy --csv > sleepstudy.csv
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --report sleepstudy.html
  mixedmodels fit "TICKS ~ cHEIGHT + (1 | LOCATION)" grouseticks.csv --family poisson
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after ``mixedmodels`` on the command line; by default those of the process.

    Returns
    -------
    int
        0 for success, 2 if the arguments, the file or the model cannot be used. The message on standard error says
        what to do.
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", MixedModelsWarning)
            warnings.showwarning = _say
            options.command(options)
            sys.stdout.flush()
    except MixedModelsError as error:
        print(f"mixedmodels: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has gone (as `head` does); the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _say(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as a line for the user instead of a line of our source."""
    print(f"mixedmodels: warning: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mixedmodels",
        description="Mixed-effects models from the command line.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands_ = parser.add_subparsers(title="commands", required=True, metavar="demo | fit | datasets")

    demo = commands_.add_parser("demo", help="fit the sleep study and print its summary")
    demo.set_defaults(command=commands.demo)

    fit = commands_.add_parser(
        "fit",
        help="fit a model to a file and print its summary",
        description="Fit a linear mixed model, or a linear model where the formula has no random term; with --family "
        "a generalised one.",
    )
    fit.add_argument("formula", metavar="FORMULA", help='as in R: "y ~ x + (x | group)"')
    fit.add_argument("file", metavar="FILE", help="CSV or TSV (also .gz), Parquet, Arrow or Feather; - reads CSV")
    fit.add_argument("--ml", action="store_true", help="maximum likelihood; REML by default")
    fit.add_argument(
        "--family",
        metavar="NAME",
        help='binomial, poisson, negative_binomial, Gamma, ...; with a link "binomial(probit)"',
    )
    fit.add_argument(
        "--nagq",
        metavar="N",
        type=int,
        help="quadrature points for each random effect, 0 to 25; 1, Laplace, by default",
    )
    fit.add_argument("--weights", metavar="COLUMN", help="column of prior weights (of a proportion: its trials)")
    fit.add_argument("--offset", metavar="COLUMN", help="column to add to the linear predictor")
    fit.add_argument(
        "--na-action", choices=["omit", "exclude", "fail"], default="omit", help="what to do with missing values"
    )
    fit.add_argument("--json", action="store_true", help="print estimates as JSON instead of the summary")
    fit.add_argument("--out", metavar="FILE", help="save the fit to a file that mixedmodels.load reads")
    fit.add_argument("--report", metavar="FILE", help="write a page with tables, checks and pictures: report.html")
    fit.set_defaults(command=commands.fit)

    datasets = commands_.add_parser("datasets", help="list the data sets, or show one")
    datasets.add_argument("name", nargs="?", metavar="NAME", help="the data set to describe")
    datasets.add_argument("--csv", action="store_true", help="print its rows as CSV instead")
    datasets.set_defaults(command=commands.datasets)
    return parser
