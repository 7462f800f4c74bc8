"""Random small tables (tests/reference/glm/make_random.R): never a deviance above R's, and as many iterations."""

from __future__ import annotations

import gzip
import json
import warnings
from collections import Counter
from typing import Any

import numpy as np
from tests.support.glm_reference import REFERENCE

import mixedmodels as mm
from mixedmodels import MixedModelsWarning, SeparationWarning

CASES = json.loads(gzip.decompress(REFERENCE.with_name("random.json.gz").read_bytes()))


def fitted(case: dict[str, Any]) -> tuple[mm.GeneralizedLinearModel, set[type]]:
    table = {name: np.array(values) for name, values in case["data"].items()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mm.glm(case["formula"], table, f"{case['family']}({case['link']})", weights="w")
    return fit, {w.category for w in caught}


def test_no_deviance_above_r() -> None:
    seen: Counter[str] = Counter()
    for case in CASES:
        fit, said = fitted(case)
        assert all(issubclass(kind, MixedModelsWarning) for kind in said)
        if "error" in case:  # R found no valid start
            seen["only ours"] += fit.converged
            continue
        assert fit.deviance <= case["deviance"] + 1e-7 * (1 + case["deviance"])
        seen["converged"] += fit.converged
        seen["separated"] += SeparationWarning in said
        if case["converged"] and fit.converged:
            seen["same iterations"] += fit.iterations == case["iterations"]
            seen["other iterations"] += fit.iterations != case["iterations"]
    assert seen["only ours"] >= 5
    assert seen["separated"] >= 10
    assert seen["other iterations"] <= 3  # where a step of R's goes uphill
    assert seen["same iterations"] > 200
    assert seen["converged"] >= 220
