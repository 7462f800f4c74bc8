"""ICC, R2 and measures of performance as R made them (tests/reference/quality), and the models they are of."""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "quality"
FITS = {"lm": mm.lm, "glm": mm.glm, "lmer": mm.lmer, "glmer": mm.glmer, "glmer_nb": mm.glmer_nb}


@cache
def reference(file: str = "reference.json") -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def cases(*, mixed: bool | None = None) -> list[str]:
    """Names of the cases, with random effects or without."""
    found = reference()["cases"]
    return [name for name, case in found.items() if mixed is None or ("icc" in case) == mixed]


@cache
def table(name: str) -> Any:
    """The package's table with the columns that make_reference.R added."""
    whole = mm.datasets.load(name)
    if name == "sleepstudy":
        return whole.assign(w=1 + whole["Days"] % 4 / 2)
    if name == "grouseticks":
        return whole.assign(exposure=1 + (whole["INDEX"].cat.codes + 1) % 5)
    return whole.assign(used=(whole["use"] == "Y").astype(int)) if name == "Contraception" else whole


@cache
def fitted(name: str) -> Any:
    case = reference()["cases"][name]
    more = {key: case[key] for key in ("REML", "family", "weights") if key in case}
    if case["kind"] == "glmer":
        more["laplace"] = "observed" if case["family"] == "Gamma(log)" else "fisher"  # glmmTMB's and lme4's definitions
    formula = case["formula"].replace("((1 | Subject) + (0 + Days | Subject))", "(Days || Subject)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        return FITS[case["kind"]](formula, table(case["data"]), **more)
