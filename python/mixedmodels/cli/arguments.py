"""Arguments of the command line, and their help."""

from __future__ import annotations

import argparse

import mixedmodels
from mixedmodels.cli import commands, predictions
from mixedmodels.cli.dialect import separator_named

_START = """\
A model is a formula as in R. What varies between groups stands in brackets: "y ~ x + (x | g)" lets
the intercept and the effect of x differ between the groups of column g.

examples:
  mixedmodels demo
  mixedmodels datasets sleepstudy --csv > sleepstudy.csv
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --anova --confint
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --report sleepstudy.html
  mixedmodels fit "TICKS ~ cHEIGHT + (1 | LOCATION)" grouseticks.csv --family poisson
  mixedmodels predict "Reaction ~ Days + (Days | Subject)" sleepstudy.csv new.csv --interval prediction

'mixedmodels COMMAND --help' explains a command.
"""

_FIT = """\
examples:
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --ddf Kenward-Roger --anova
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --confint boot --nsim 1000 --seed 1
  mixedmodels fit "y ~ x + (1 | g)" german.csv --sep ';' --decimal ','
  mixedmodels fit "incidence / size ~ period + (1 | herd)" cbpp.csv --family binomial --weights size --json

The summary goes to standard output; notes, warnings and errors go to standard error. The exit code is 0
for success and 2 if arguments, file or model cannot be used.
"""

_PREDICT = """\
examples:
  mixedmodels predict "Reaction ~ Days + (Days | Subject)" sleepstudy.csv new.csv
  mixedmodels predict "Reaction ~ Days + (Days | Subject)" sleepstudy.csv new.csv --population --interval confidence
  mixedmodels fit "Reaction ~ Days + (Days | Subject)" sleepstudy.csv --out sleep.json
  mixedmodels predict sleep.json new.csv --allow-new-levels --out predicted.parquet

The output is the table of new rows with the columns fit, se_fit, conf_low and conf_high as they are asked for.
A row that misses a predictor has an empty prediction.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = argparse.ArgumentParser(
        prog="mixedmodels",
        description="Mixed-effects models from the command line.",
        epilog=_START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"mixedmodels {mixedmodels.__version__}")
    top.add_argument("--traceback", action="store_true", help="show where in the source an error of the package arose")
    commands_ = top.add_subparsers(title="commands", required=True, metavar="demo | fit | predict | datasets")
    _demo(commands_)
    _fit(commands_)
    _predict(commands_)
    _datasets(commands_)
    return top


def _demo(commands_: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands_.add_parser("demo", help="fit the sleep study and print its summary; needs no file")
    demo.set_defaults(command=commands.demo)


def _fit(commands_: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fit = commands_.add_parser(
        "fit",
        help="fit a model to a file and print its summary",
        description="Fit a linear mixed model, or a linear model where the formula has no random term; with --family "
        "a generalised one.",
        epilog=_FIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fit.add_argument("formula", metavar="FORMULA", help='as in R: "y ~ x + (x | group)"')
    fit.add_argument("file", metavar="FILE", help="CSV or TSV (also .gz), Parquet, Arrow or Feather; - reads CSV")
    _model_options(fit)
    printed = fit.add_argument_group("what is printed")
    printed.add_argument(
        "--ddf", metavar="METHOD", help="degrees of freedom of the tests: Satterthwaite, Kenward-Roger"
    )
    printed.add_argument("--anova", action="store_true", help="add the table of tests of the terms")
    printed.add_argument(
        "--confint",
        metavar="METHOD",
        nargs="?",
        const="profile",
        type=_interval_method,
        help="add confidence intervals: profile (if no METHOD follows), wald or boot",
    )
    printed.add_argument("--level", metavar="L", type=float, help="confidence of the intervals, 0.95 by default")
    printed.add_argument("--nsim", metavar="N", type=int, help="replicates of --confint boot, 500 by default")
    printed.add_argument("--seed", metavar="S", type=int, help="seed of --confint boot; by default one is drawn")
    written = printed.add_mutually_exclusive_group()
    written.add_argument("--json", action="store_true", help="print all of it as JSON instead")
    written.add_argument("--tidy", action="store_true", help="print the coefficients with limits as CSV instead")
    printed.add_argument(
        "--exponentiate",
        action="store_true",
        help="odds ratios and rate ratios, in --tidy, and in the --json estimates",
    )
    kept = fit.add_argument_group("what is kept")
    kept.add_argument("--out", metavar="FILE", help="save the fit to a file that mixedmodels.load reads: fit.json")
    kept.add_argument(
        "--rows", action="store_true", help="keep the rows in that file too, so that it can do what the fit can"
    )
    kept.add_argument("--report", metavar="FILE", help="write a page with tables, checks and pictures: report.html")
    _text_options(fit)
    fit.set_defaults(command=commands.fit)


def _predict(commands_: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    predict = commands_.add_parser(
        "predict",
        help="predict for the rows of a file, by a model fitted now or saved before",
        usage="mixedmodels predict [options] FORMULA FILE NEW\n       mixedmodels predict [options] SAVED NEW",
        description="Predict for the rows of NEW, by a model that is fitted to FILE now or that "
        "'mixedmodels fit ... --out SAVED' saved.",
        epilog=_PREDICT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    predict.add_argument(
        "source",
        metavar="FORMULA FILE NEW | SAVED NEW",
        nargs="+",
        help="the model, and the file of new rows; - reads CSV",
    )
    wanted = predict.add_argument_group("predictions")
    wanted.add_argument(
        "--type",
        choices=["response", "link"],
        default="response",
        help="scale: the mean of the response (by default), or the linear predictor (log odds, logarithm)",
    )
    kind = wanted.add_mutually_exclusive_group()
    kind.add_argument(
        "--kind",
        choices=["conditional", "typical", "marginal"],
        help="conditional: each row by its own groups (by default); typical: for a group whose random effects are 0; "
        "marginal: the mean over all groups",
    )
    kind.add_argument(
        "--population",
        dest="kind",
        action="store_const",
        const="typical",
        help="at the level of the population; another word for --kind typical",
    )
    wanted.add_argument(
        "--allow-new-levels", action="store_true", help="predict for groups that the model has not seen, too"
    )
    wanted.add_argument("--only", action="store_true", help="leave the columns of NEW out of the output")
    unsure = predict.add_argument_group("uncertainty")
    unsure.add_argument("--se", action="store_true", help="add standard errors")
    unsure.add_argument(
        "--interval",
        choices=["confidence", "prediction"],
        help="add limits: confidence of the mean, prediction of a new observation",
    )
    unsure.add_argument("--level", metavar="L", type=float, help="confidence of the limits, 0.95 by default")
    unsure.add_argument(
        "--method",
        choices=["delta", "simulation", "bootstrap"],
        help="how standard errors and limits are made; delta by default",
    )
    unsure.add_argument(
        "--uncertainty",
        choices=["all", "given_theta"],
        help="all, or as if the variances of the random effects were known; all by default",
    )
    unsure.add_argument("--ddf", metavar="METHOD", help="degrees of freedom: Satterthwaite, Kenward-Roger, asymptotic")
    unsure.add_argument("--nsim", metavar="N", type=int, help="draws of a simulation or replicates of a bootstrap")
    unsure.add_argument(
        "--seed", metavar="S", type=int, help="seed of what is drawn; by default one is drawn and shown"
    )
    unsure.add_argument(
        "--new-weights", metavar="COLUMN", help="column of NEW: weights (trials) of new observations, for prediction"
    )
    written = predict.add_argument_group("output")
    written.add_argument(
        "--out", metavar="FILE", help="write .csv, .tsv, .json, .parquet, .arrow or .feather; else CSV is printed"
    )
    written.add_argument("--json", action="store_true", help="print JSON instead of CSV")
    _model_options(predict)
    _text_options(predict)
    predict.set_defaults(command=predictions.predict)


def _datasets(commands_: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    datasets = commands_.add_parser("datasets", help="list the data sets, or show one")
    datasets.add_argument("name", nargs="?", metavar="NAME", help="the data set to describe")
    datasets.add_argument("--csv", action="store_true", help="print its rows as CSV instead")
    datasets.set_defaults(command=commands.datasets)


def _model_options(command: argparse.ArgumentParser) -> None:
    """The options by which a model is fitted."""
    model = command.add_argument_group("the model")
    model.add_argument("--ml", action="store_true", help="maximum likelihood; REML by default")
    model.add_argument(
        "--family",
        metavar="NAME",
        help='binomial, poisson, negative_binomial, Gamma, ...; with a link "binomial(probit)"',
    )
    model.add_argument(
        "--nagq",
        metavar="N",
        type=int,
        help="quadrature points for each random effect, 0 to 100; 1, Laplace, by default",
    )
    model.add_argument("--weights", metavar="COLUMN", help="column of prior weights (of a proportion: its trials)")
    model.add_argument("--offset", metavar="COLUMN", help="column to add to the linear predictor")
    model.add_argument(
        "--na-action", choices=["omit", "exclude", "fail"], help="what to do with missing values; omit by default"
    )


def _interval_method(text: str) -> str:
    """The method of confidence intervals under its name in the package."""
    method = {"bootstrap": "boot"}.get(text.lower(), text.lower())
    if method not in ("profile", "wald", "boot"):
        raise argparse.ArgumentTypeError(f"{text!r} is no method: profile, wald or boot (formula and file go before)")
    return method


def _text_options(command: argparse.ArgumentParser) -> None:
    """The options by which a text file is read."""
    text = command.add_argument_group("text files", "without these the file itself shows how to read it")
    text.add_argument("--sep", metavar="C", type=separator_named, help="between columns: ',' ';' tab space")
    text.add_argument("--decimal", metavar="C", choices=[".", ","], help="before decimals: '.' ','")
    text.add_argument("--encoding", metavar="NAME", default="utf-8", help="utf-8 by default; of Windows often cp1252")
