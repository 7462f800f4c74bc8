"""The command ``predict``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from mixedmodels import frame
from mixedmodels.cli.dialect import PLAIN, Dialect
from mixedmodels.cli.files import check_outputs, read_table, write_table, writer
from mixedmodels.cli.models import fitted, reading_of, saved
from mixedmodels.cli.records import records
from mixedmodels.errors import DataError


def predict(options: argparse.Namespace) -> None:
    """Predict for the rows of a file and write them with their predictions."""
    source, new = _sources(options)
    _check(options)
    check_outputs([source[-1], new], {"--out": ("the table", options.out)})
    model, marks = (saved(source[0], options), PLAIN) if len(source) == 1 else fitted(source[0], source[1], options)
    rows, dialect = read_table(new, reading_of(options))
    predictions = _predictions(model, rows, options)
    table = predictions if options.only else _beside(rows, predictions)
    if options.json:
        print(json.dumps(records(table), indent=2, ensure_ascii=False))
    else:
        write_table(table, options.out, _written(dialect, marks))


def _written(rows: Dialect, data: Dialect) -> Dialect:
    """The marks of the output: those of the new rows, which may have no decimals themselves, and then of the data."""
    comma = rows.sep != "," and "," in (rows.decimal, data.decimal)
    return Dialect(sep=rows.sep, decimal="," if comma else ".")


def _sources(options: argparse.Namespace) -> tuple[list[str], str]:
    """Formula and file, or a saved model; and the file of new rows."""
    *source, new = options.source
    if len(source) not in (1, 2):
        raise DataError(
            "predict takes a formula, a file to fit it to and a file of new rows, or a saved model and a file of new "
            f"rows; it got {len(options.source)}: {' '.join(map(repr, options.source))}"
        )
    if len(source) == 1 and "~" in source[0]:
        raise DataError(
            f"a formula needs two files: the data to fit, and the new rows; it got {new!r} alone. To predict for the "
            f"rows of the fit themselves, give {new!r} twice"
        )
    if len(source) == 2 and source[1] == new == "-":
        raise DataError("standard input can be the data or the new rows, not both; give a file for one of them")
    return source, new


def _check(options: argparse.Namespace) -> None:
    """Refuse options that would have no use, before any work."""
    if options.json and options.out is not None:
        raise DataError("--json prints, --out writes; for a file of JSON give --out with a name that ends in .json")
    if options.out is not None:
        writer(options.out, PLAIN)
    if options.level is not None and options.interval is None:
        raise DataError("--level is of limits: add --interval confidence or --interval prediction")
    for word in ("method", "ddf", "uncertainty"):
        if getattr(options, word) is not None and options.interval is None and not options.se:
            raise DataError(f"--{word} is of standard errors and limits: add --se or --interval")
    if options.new_weights is not None and options.interval != "prediction":
        raise DataError("--new-weights are of new observations: add --interval prediction")


def _predictions(model: Any, rows: Any, options: argparse.Namespace) -> Any:
    """A table of predictions and what else was asked for."""
    wanted = {
        "kind": options.kind,
        "level": options.level,
        "method": options.method,
        "ddf": options.ddf,
        "nsim": options.nsim,
        "seed": options.seed,
        "weights": options.new_weights,
        "interval": options.interval,
    }
    if model._fit.mixed:
        wanted |= {"allow_new_levels": options.allow_new_levels, "uncertainty": options.uncertainty}
    elif options.allow_new_levels or options.uncertainty is not None:
        raise DataError("--allow-new-levels and --uncertainty are for mixed models; this model has no groups")
    settings = {name: value for name, value in wanted.items() if value is not None}
    value = model.predict(rows, type=options.type, se_fit=options.se, **settings)
    if options.seed is None and "seed" in value.attrs:
        print(
            f"mixedmodels: note: drawn with --seed {value.attrs['seed']}, which gives the same again", file=sys.stderr
        )
    return value if hasattr(value, "columns") else value.rename("fit").to_frame()


def _beside(rows: Any, predictions: Any) -> Any:
    """New rows with their predictions as further columns."""
    if taken := [str(name) for name in predictions.columns if name in rows.columns]:
        raise DataError(
            f"the file of new rows has a column {taken[0]!r} already; rename it, or leave the columns of the file out "
            "of the output with --only"
        )
    return frame.with_columns(rows, {str(name): predictions[name].to_numpy() for name in predictions.columns})
