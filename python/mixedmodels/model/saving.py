"""Write a fitted model to a JSON file, which `mixedmodels.model.loading` reads.

The file has the formula, the layout for new rows (levels, contrasts, bases), the estimates, the spherical random
effects, the optimiser's report, and the five quartiles of the summary. It has the rows only on request. Without them
there are no fitted values, residuals, objective or conditional variances, and no `refit`, `update` and `simulate`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.design import Design

FORMAT = "mixedmodels"
VERSION = 1  # without rows
WITH_ROWS = 2
NAMES = ("inf", "-inf", "nan")  # of numbers that JSON lacks

_LEFT_OUT = ("b", "run", "family", "y", "weights", "eta")  # they follow from the others, or are as long as the table


class SaveVerbs(FittedModel):
    """Writing a model to a file."""

    def save(self, path: str | Path, *, rows: bool = False) -> None:
        """Write the model to one JSON file, which `mixedmodels.load` reads.

        Parameters
        ----------
        path : str or Path
            File to write. It is replaced in one step: a full disk or a killed process leaves the old file whole.
        rows : bool, default False
            Whether to keep the rows of the columns that the model uses. A loaded model then does what this one does,
            with the same numbers. Without rows the file is small and holds no data; the loaded model predicts new rows
            and has all estimates.

        Raises
        ------
        FileError
            If the file cannot be written. The file that was there is then unchanged.
        DataError
            If `rows` are wanted and are not at hand, or an argument of the fit, such as a function in `env`, cannot be
            written.

        Examples
        --------
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/sleep.json"
        >>> fit.save(path, rows=True)
        >>> mm.load(path).residuals().equals(fit.residuals())
        True
        """
        from mixedmodels._files import write_text

        document = _document(self)
        if rows:
            from mixedmodels.model.saved_rows import rows_out

            document |= {"version": WITH_ROWS, "rows": rows_out(self)}
        text = json.dumps(plain(document), allow_nan=False, separators=(",", ":"))
        write_text(path, text, "the fit")


def _document(model: FittedModel) -> dict[str, Any]:
    from mixedmodels import __version__

    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "package": __version__,
        "kind": model._fit.function,
        "call": asdict(model.call),
        "design": _design_out(model.design),
        "fit": _fields_of(model._fit),
        "quartiles": model._quartiles,
    }
    document |= model._kept_numbers()
    if model._fit.generalized:
        document["fit"]["family"] = model.family.to_json()
    if "constraints" in document["fit"]:
        document["fit"]["constraints"] = _fields_of(document["fit"]["constraints"])
    if "further" in document["fit"]:
        document["fit"]["further"] = [_fields_of(part) for part in document["fit"]["further"]]
    return document


def _fields_of(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record) if f.name not in _LEFT_OUT}


def _design_out(design: Design) -> dict[str, Any]:
    own = _own_design_out(design)
    if design.further:
        own["further"] = [{"component": d.component, **_own_design_out(d)} for d in design.further]
    return own


def _own_design_out(design: Design) -> dict[str, Any]:
    return {
        "formula": design.formula,
        "response_name": design.response_name,
        "event": design.event,
        "fixed": {
            "names": design.fixed.names,
            "assign": design.fixed.assign,
            "terms": design.fixed.terms,
            "contrasts": dict(design.fixed.contrasts),
        },
        "random": [[t.label, t.text, t.group, t.effects, t.structure] for t in design.random],
        "n_table": design.n_table,
        "dropped": design.dropped,
        "na_action": design.na_action,
        "spec": json.loads(design.spec.to_json()),
    }


def plain(value: Any) -> Any:
    """Arrays as lists; numbers that JSON lacks, such as infinity, as their names."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    return value
