"""Numbers that users give for parameters, by name or in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixedmodels._names import by_meant
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.frame import nearest


def coefficients(values: Any, names: Sequence[str], what: str, old: Vector | None = None) -> Vector:
    """One number per name; with `old` a mapping may leave names out, which then keep those values."""
    if values is None:
        if old is not None:
            return old
        raise DataError(f"{what} is missing; give {len(names)} numbers, for {', '.join(names)}.")
    if hasattr(values, "to_dict") and not isinstance(values, Mapping):
        values = values.to_dict()
    if isinstance(values, Mapping):
        values = by_meant(values, names)
        unknown = [str(k) for k in values if k not in names]
        if unknown:
            near = nearest(unknown[0], tuple(names))
            offer = f"did you mean {near!r}?" if near else f"there are {', '.join(names)}."
            raise DataError(f"{what} names {unknown[0]!r}, which is no coefficient; {offer}")
        missing = [n for n in names if n not in values]
        if missing and old is None:
            raise DataError(f"{what} lacks {', '.join(missing)}; give a value for each coefficient.")
        before = {} if old is None else dict(zip(names, old.tolist(), strict=True))
        values = [{**before, **values}[n] for n in names]
    out = numbers(values, what)
    if out.shape != (len(names),):
        raise DataError(f"{what} has shape {out.shape}; give {len(names)} numbers, for {', '.join(names)}.")
    return out


def numbers(values: Any, what: str) -> Vector:
    """Finite numbers as an array.

    Raises
    ------
    DataError
        If some are not.
    """
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} must be numbers; got {values!r:.80}.") from error
    if not np.isfinite(out).all():
        raise DataError(f"{what} must be finite numbers; got {values!r:.80}.")
    return out
