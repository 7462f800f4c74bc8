"""Models of tests/reference/glmmtmb, fitted by `mm.glmmTMB`, each once."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import mixedmodels as mm
from tests.support import glmmtmb_reference as theirs

FAMILIES = {"ziGamma": "Gamma"}  # with a ziformula a Gamma model is a hurdle
ARGUMENTS = ("ziformula", "dispformula", "weights", "offset")


def family_of(model: dict[str, Any]) -> str:
    """The family in R's words."""
    name = FAMILIES.get(model["family"], model["family"])
    return f"{name}(link={model['link']})" if "link" in model else name


@cache
def fitted(name: str) -> Any:
    """The model of this name; warnings about limits are other tests' affair."""
    model = theirs.reference()[name]
    arguments = {argument: model[argument] for argument in ARGUMENTS if argument in model}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mm.glmmTMB(model["formula"], theirs.data_of(model), family_of(model), **arguments)


def comparable(name: str) -> bool:
    """Whether both end in the same interior optimum of the same model."""
    model = theirs.reference()[name]
    return not {"REML", "map", "degenerate", "local", "slow"} & set(model) and not model["limits"] and model["pdHess"]
