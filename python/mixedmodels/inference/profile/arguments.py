"""Types and defaults of the arguments that profiles and intervals share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Parm = str | int | Sequence[str | int] | None
Derived = Mapping[str, Callable[[Mapping[str, float]], float] | str]

STEPS = 6  # of zeta from the estimate to the cutoff
