"""Points at which an optimiser starts or a criterion is evaluated, checked before the engine sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector
from mixedmodels.errors import FitError
from mixedmodels.fit.lmm import checked_start

Start = ArrayLike | Mapping[str, ArrayLike]

NAMES = {"theta": "theta", "beta": "beta", "fixef": "beta", "psi": "psi"}  # lme4 says fixef


def checked_point(start: Start, sizes: tuple[int, ...], p: int, shapes: Sequence[str]) -> dict[str, Vector]:
    """A start for theta, beta and psi, each of the right length and finite.

    Parameters
    ----------
    start : array_like or mapping of str to array_like
        Theta alone, or a mapping with any of "theta", "beta" (or "fixef") and "psi" (logarithms of the shapes).
    sizes : tuple of int
        Number of columns of each random term.
    p : int
        Number of fixed effects that are estimated.
    shapes : sequence of str
        Names of the family's free shapes.

    Raises
    ------
    FitError
        If a name, a length or a number is wrong.
    """
    if not isinstance(start, Mapping):
        return {"theta": checked_start(start, sizes)}
    point: dict[str, Vector] = {}
    for name, values in start.items():
        if name not in NAMES:
            raise FitError(f"start has no part {name!r}; it has 'theta', 'beta' and 'psi'.")
        part = NAMES[name]
        if part == "theta":
            point[part] = checked_start(values, sizes)
        elif part == "beta":
            point[part] = _vector(values, p, f"start[{name!r}]", f"there are {p} fixed effects")
        else:
            what = f"the family has {len(shapes)} free shapes{''.join(f' ({s})' for s in shapes)}"
            point[part] = _vector(values, len(shapes), f"start[{name!r}]", what)
    return point


def _vector(values: Any, length: int, name: str, why: str) -> Vector:
    try:
        out = np.ascontiguousarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise FitError(f"{name} must be numbers; got {values!r:.80}.") from error
    if out.shape != (length,):
        raise FitError(f"{name} has shape {out.shape}, but {why}.")
    if not np.isfinite(out).all():
        bad = int(np.flatnonzero(~np.isfinite(out))[0])
        raise FitError(f"{name} holds {out[bad]} at position {bad}; give finite numbers.")
    return out
