"""What R's DHARMa, lmtest and ape found (tests/reference/residuals)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np

from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from tests.support.places import REFERENCE

FILE = REFERENCE / "residuals" / "reference.json.gz"
CASES = ("lm", "poisson", "gamma", "lmer", "binomial", "nb")


@cache
def reference() -> dict[str, Any]:
    with gzip.open(FILE, "rt") as lines:
        return json.load(lines)


class Given(np.random.Generator):
    """A generator whose `random` gives R's numbers, those that DHARMa drew."""

    def __init__(self, *numbers: Any) -> None:
        super().__init__(np.random.PCG64(0))
        self.numbers = [np.array(n, dtype=float) for n in numbers]

    def random(self, size: Any = None, *_: Any) -> Any:
        found = self.numbers.pop(0)
        return found[:size] if isinstance(size, int) else found


def made(name: str, **more: Any) -> SimulatedResiduals:
    """Residuals of the stored simulations of a model, with R's random numbers."""
    case = reference()["cases"][name]
    return SimulatedResiduals.from_simulations(
        case["simulated"],
        case["observed"],
        case["predicted"],
        integer_response=case["integer"],
        **{"seed": Given(case["uniforms"]), **more},
    )
