"""The commands; each prints to standard output and raises an error that the user can fix."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import mixedmodels as mm
from mixedmodels.cli.files import check_outputs
from mixedmodels.cli.models import fitted
from mixedmodels.cli.records import records
from mixedmodels.errors import DataError

_DEMO = "Reaction ~ Days + (Days | Subject)"
_METHODS = {"profile": "Profile", "wald": "Wald", "boot": "Bootstrap"}


def demo(options: argparse.Namespace) -> None:
    """Fit the sleep study and print its summary."""
    print(f'>>> sleep = mm.datasets.load("sleepstudy")\n>>> print(mm.lmer("{_DEMO}", sleep).summary())\n')
    print(mm.lmer(_DEMO, mm.datasets.load("sleepstudy")).summary())


def fit(options: argparse.Namespace) -> None:
    """Fit the model and print its summary and what else was asked for, as text or as JSON."""
    _check(options)
    outputs = {"--out": ("the fit", options.out), "--report": ("the report", options.report)}
    check_outputs([options.file], outputs)
    model, _ = fitted(options.formula, options.file, options)
    if options.ddf is not None and (not model._fit.mixed or model._fit.generalized):
        raise DataError("--ddf is for linear mixed models; the tests of this one have no choice of degrees of freedom")
    how = {} if options.ddf is None else {"ddf": options.ddf}
    summary = model.summary(**how)
    terms = model.anova(**how) if options.anova else None
    limits = _limits(model, options) if options.confint else None
    if options.out is not None:
        model.save(options.out, rows=options.rows)
    if options.report is not None:
        model.report(options.report)
    if options.json:
        estimates = model.tidy(exponentiate=options.exponentiate, **how)
        print(json.dumps(_document(model, estimates, terms, limits, options.confint), indent=2, ensure_ascii=False))
        return
    if options.tidy:
        level = 0.95 if options.level is None else options.level
        model.tidy(conf_int=True, level=level, exponentiate=options.exponentiate, **how).to_csv(sys.stdout, index=False)
        return
    print(summary)
    if terms is not None:
        print(f"\n{terms!r}")
    if limits is not None:
        level = 0.95 if options.level is None else options.level
        print(f"\n{_METHODS[options.confint]} confidence intervals, level {level:g}:\n{limits!r}")


def datasets(options: argparse.Namespace) -> None:
    """List the data sets, describe one, or print its rows."""
    if options.name is None and options.csv:
        raise DataError("--csv prints one data set: name it, as in 'mixedmodels datasets sleepstudy --csv'")
    if options.name is None:
        width = max(map(len, mm.datasets.names()))
        for name in mm.datasets.names():
            print(f"{name:<{width}}  {mm.datasets.describe(name).title}")
    elif options.csv:
        mm.datasets.load(options.name).to_csv(sys.stdout, index=False)
    else:
        print(mm.datasets.describe(options.name))


def _check(options: argparse.Namespace) -> None:
    """Refuse options that would have no use, before any work."""
    for word, value in (("level", options.level), ("nsim", options.nsim), ("seed", options.seed)):
        if value is not None and options.confint is None and not (word == "level" and options.tidy):
            raise DataError(f"--{word} is of confidence intervals: add --confint")
    if options.exponentiate and not (options.tidy or options.json):
        raise DataError("--exponentiate is of the table of coefficients: add --tidy or --json")
    if options.rows and options.out is None:
        raise DataError("--rows keeps the rows in the saved fit: add --out fit.json")
    if options.tidy and (options.anova or options.confint is not None):
        raise DataError(
            "--tidy prints one table, the coefficients; --json has those of --anova and --confint beside it"
        )
    if options.confint != "boot" and (options.nsim is not None or options.seed is not None):
        raise DataError("--nsim and --seed are for --confint boot; the other methods draw nothing")


def _limits(model: Any, options: argparse.Namespace) -> Any:
    wanted = {"level": options.level, "nsim": options.nsim, "seed": options.seed}
    return model.confint(method=options.confint, **{name: value for name, value in wanted.items() if value is not None})


def _document(model: Any, estimates: Any, terms: Any, limits: Any, method: str | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "formula": str(model.formula),
        "fit": records(model.glance())[0],
        "estimates": records(estimates),
    }
    if terms is not None:
        document["anova"] = records(terms.to_frame("pandas"))
    if limits is not None:
        seed = {} if limits.seed is None else {"seed": limits.seed}
        document["confint"] = {"method": method, **seed, "limits": records(limits.to_frame("pandas"))}
    return document
