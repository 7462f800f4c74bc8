"""The rows of a fitted model, and how it was asked for, as values that JSON has.

With them a loaded model is laid out again as at the fit and takes the estimates from the file, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.families import Family
from mixedmodels.fit.method import Method
from mixedmodels.fit.record import Control
from mixedmodels.fitted.layout import laid_out
from mixedmodels.fitted.request import Request
from mixedmodels.fitted.rows import named_columns
from mixedmodels.frame import stored

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.request import Source

OF_THE_FIT = ("y", "weights", "eta")  # arrays of a generalised fit, one number for each row
_APART = ("data", "formula")


def rows_out(model: FittedModel) -> dict[str, Any]:
    """What `model_rows` reads: columns of the table, the arguments of the fit, and arrays of its record.

    Raises
    ------
    DataError
        If an argument cannot be written, or the model does not follow from its table and arguments.
    """
    model._need_rows("save(rows=True)")
    request, design = model._request, model.design
    assert request is not None
    table = frame.read(request.data)
    texts = [
        design.formula,
        *(own.formula for own in design.further),
        *(t for t in (request.weights, request.offset, request.subset) if isinstance(t, str)),
    ]
    named = named_columns(texts)
    names = [part for name in named for part in table.matrices.get(name, (name,)) if part in table]
    out: dict[str, Any] = {
        "kind": str(table.kind),
        "n": table.n_rows,
        "index": stored.index_out(table.index),
        "columns": stored.columns_out(request.data, names),
        "matrices": {name: parts for name, parts in table.matrices.items() if name in named},
        "arguments": {f.name: _out(getattr(request, f.name), f.name) for f in fields(request) if f.name not in _APART},
        "response": design.response,
        "fit": {name: getattr(model._fit, name) for name in OF_THE_FIT if model._fit.generalized},
    }
    if model._fit.mixed:
        out["fit"]["b"] = model._fit.b
    if design.further:
        out["fit"]["further"] = [{"eta": part.eta, "b": part.b} for part in model._fit.further]
    _check(model, out)
    return out


def model_rows(rows: Mapping[str, Any], formula: str, mixed: bool) -> tuple[Design, Source, Request]:
    """Design, source and request from what `rows_out` made."""
    kind = rows["kind"]
    table = stored.table_in(rows["columns"], kind, stored.index_in(rows["index"]))
    if rows.get("matrices"):
        table = stored.with_matrices(table, rows["matrices"])
    arguments = {name: _in(value) for name, value in rows["arguments"].items()}
    request = Request(formula=formula, data=table, **arguments)
    random: Literal["allowed", "required", "forbidden"] = "required" if mixed else "forbidden"
    if request.ziformula is not None:  # a model of components, with or without random effects
        random = "allowed"
    design, source = laid_out(request, random, request.method.family)
    return replace(design, response=np.array(rows["response"], dtype=float)), source, request


def _check(model: FittedModel, rows: Mapping[str, Any]) -> None:
    """Refuse a model that would not come back, such as one whose design another verb made."""
    again, _, _ = model_rows(rows, model.design.formula, bool(model.design.random))
    if not _alike(model.design, again):
        raise DataError(
            "the rows of this model cannot be saved: its design does not follow from its table and arguments (another "
            "verb made it, or the table was changed in place since the fit); save it without rows, or fit it anew."
        )


def _alike(a: Design, b: Design) -> bool:
    """Whether two designs are the same numbers."""
    if (a.formula, a.fixed.names, a.n_table) != (b.formula, b.fixed.names, b.n_table) or len(a.random) != len(b.random):
        return False
    pairs: list[tuple[Any, Any]] = [
        (a.weights, b.weights),
        (a.offset, b.offset),
        (a.positions, b.positions),
        *zip(a.fixed.columns, b.fixed.columns, strict=True),
        *((x.codes, y.codes) for x, y in zip(a.groups, b.groups, strict=True)),
        *(two for x, y in zip(a.random, b.random, strict=True) for two in zip(x.columns, y.columns, strict=True)),
    ]
    same = all((x is None and y is None) or np.array_equal(x, y) for x, y in pairs)
    return same and len(a.further) == len(b.further) and all(map(_alike, a.further, b.further))


# -- arguments --------------------------------------------------------------------------------------------------------


def _out(value: Any, name: str) -> Any:
    """An argument as values that JSON has; what is not plain is a mapping of one name, which says what it is."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Family):
        return {"family": value.to_json()}
    if isinstance(value, (Method, Control)):
        parts = {f.name: getattr(value, f.name) for f in fields(value)}
        return {type(value).__name__.lower(): {k: _out(v, k) for k, v in parts.items()}}
    if isinstance(value, Mapping):
        return {"mapping": {str(k): _out(v, f"{name}[{k!r}]") for k, v in value.items()}}
    if callable(value) or is_dataclass(value):
        raise _unwritable(name, value)
    array = np.asarray(value)
    if array.ndim == 2 and array.dtype.kind in "biuf":
        labels = getattr(value, "columns", None)
        return {"matrix": array.astype(float), "labels": None if labels is None else [str(c) for c in labels]}
    if array.ndim != 1 or not len(array):
        raise _unwritable(name, value)
    return {"array": stored.array_out(name, getattr(value, "array", value))}


def _unwritable(name: str, value: Any) -> DataError:
    return DataError(
        f"{name} is a {type(value).__name__}, {value!r:.60}, and only texts, numbers and arrays can be saved with the "
        "rows; make it a column of the table, or save without rows."
    )


def _in(value: Any) -> Any:
    """The inverse of `_out`."""
    if not isinstance(value, dict):
        return value
    ((kind, inner), *more) = value.items()
    if kind == "family":
        return Family.from_json(inner)
    if kind == "method":
        return Method(**{k: _in(v) for k, v in inner.items()})
    if kind == "control":
        return Control(**inner)
    if kind == "mapping":
        return {k: _in(v) for k, v in inner.items()}
    if kind == "array":
        return stored.array_in(inner)
    matrix, labels = np.array(inner, dtype=float), more[0][1]
    if labels is None:
        return matrix
    return frame.labelled(matrix, None, labels)
