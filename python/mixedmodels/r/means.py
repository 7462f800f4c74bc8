"""R's functions for estimated marginal means."""

from __future__ import annotations

from typing import Any

from mixedmodels.inference.emmeans.emm_grid import EmmGrid
from mixedmodels.model import Model

__all__ = ["contrast", "emmeans", "emtrends", "joint_tests", "pairs", "ref_grid", "regrid"]


def ref_grid(object: Model, at: Any = None, **arguments: Any) -> EmmGrid:  # noqa: A002
    """Reference grid of a model; arguments as of its `ref_grid`."""
    return object.ref_grid(at, **arguments)


def emmeans(object: Model | EmmGrid, specs: Any, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Estimated marginal means of a model or of a reference grid; arguments as of their `emmeans`."""
    return object.emmeans(specs, by, **arguments)


def emtrends(object: Model, specs: Any, var: str, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Marginal means of slopes; arguments as of a model's `emtrends`."""
    return object.emtrends(specs, var, by, **arguments)


def contrast(object: EmmGrid, method: Any = "eff", **arguments: Any) -> Any:  # noqa: A002
    """Contrasts of means; arguments as of `EmmGrid.contrast`."""
    return object.contrast(method, **arguments)


def pairs(x: EmmGrid, reverse: bool = False, **arguments: Any) -> Any:
    """Pairwise differences of means; arguments as of `EmmGrid.contrast`."""
    return x.pairs(reverse=reverse, **arguments)


def joint_tests(object: Model | EmmGrid, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """F tests of all terms from contrasts of marginal means; arguments as of a model's `joint_tests`."""
    return object.joint_tests(by, **arguments)


def regrid(object: EmmGrid) -> EmmGrid:  # noqa: A002
    """Estimates on the scale of the response from here on."""
    return object.regrid()
