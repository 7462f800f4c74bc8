"""R's functions for estimated marginal means; as in emmeans, an lmer has Kenward and Roger's degrees of freedom."""

from __future__ import annotations

from typing import Any

from mixedmodels.inference.emmeans.emm_grid import EmmGrid
from mixedmodels.model import Model
from mixedmodels.r.small_samples import emmeans as emmeans_ddf

__all__ = ["contrast", "emmeans", "emtrends", "joint_tests", "pairs", "ref_grid", "regrid"]


def _as_emmeans(object: Model | EmmGrid, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
    """Arguments with the degrees of freedom that emmeans takes for a model."""
    return arguments if isinstance(object, EmmGrid) else {**arguments, "ddf": emmeans_ddf(object, arguments.get("ddf"))}


def ref_grid(object: Model, at: Any = None, **arguments: Any) -> EmmGrid:  # noqa: A002
    """Reference grid of a model; arguments as in its `ref_grid`.

    Examples
    --------
    >>> from mixedmodels.r import ref_grid
    >>> len(ref_grid(baking).summary())
    18
    """
    return object.ref_grid(at, **_as_emmeans(object, arguments))


def emmeans(object: Model | EmmGrid, specs: Any, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Estimated marginal means of a model or of a reference grid; arguments as in their `emmeans`.

    Examples
    --------
    >>> from mixedmodels.r import emmeans
    >>> emmeans(baking, "recipe").summary()["estimate"].round(2)
    array([33.12, 31.64, 31.6 ])
    """
    return object.emmeans(specs, by, **_as_emmeans(object, arguments))


def emtrends(object: Model, specs: Any, var: str, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Marginal means of slopes; arguments as in a model's `emtrends`.

    Examples
    --------
    >>> from mixedmodels.r import emtrends
    >>> slopes = emtrends(fit, "~ 1", "Days").summary()
    >>> slopes["estimate"].round(2)
    array([10.47])
    """
    return object.emtrends(specs, var, by, **_as_emmeans(object, arguments))


def contrast(object: EmmGrid, method: Any = "eff", **arguments: Any) -> Any:  # noqa: A002
    """Contrasts of means; arguments as in `EmmGrid.contrast`.

    Examples
    --------
    >>> from mixedmodels.r import contrast, emmeans
    >>> contrast(emmeans(baking, "recipe"), "eff").summary()["estimate"].round(2)
    array([ 1.  , -0.48, -0.52])
    """
    return object.contrast(method, **arguments)


def pairs(x: EmmGrid, reverse: bool = False, **arguments: Any) -> Any:
    """Pairwise differences of means; arguments as in `EmmGrid.contrast`.

    Examples
    --------
    >>> from mixedmodels.r import emmeans, pairs
    >>> pairs(emmeans(baking, "recipe")).summary()["estimate"].round(2)
    array([1.48, 1.52, 0.04])
    """
    return x.pairs(reverse=reverse, **arguments)


def joint_tests(object: Model | EmmGrid, by: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """F tests of all terms from contrasts of marginal means; arguments as in a model's `joint_tests`.

    Examples
    --------
    >>> from mixedmodels.r import joint_tests
    >>> len(joint_tests(baking))
    3
    """
    return object.joint_tests(by, **_as_emmeans(object, arguments))


def regrid(object: EmmGrid) -> EmmGrid:  # noqa: A002
    """Transform the estimates to the scale of the response.

    Examples
    --------
    >>> from mixedmodels.r import emmeans, regrid
    >>> regrid(emmeans(gm, "period")).summary()["estimate"].round(3)
    array([0.198, 0.084, 0.074, 0.048])
    """
    return object.regrid()
