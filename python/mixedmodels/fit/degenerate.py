"""Why a model cannot be fitted in double precision: asked once a fit has failed, so that others pay nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mixedmodels.design.records import Design, Vector
from mixedmodels.errors import DataError, DesignError, FitError, MixedModelsError
from mixedmodels.fit.record import MixedFit

LARGEST, SMALLEST = 1e150, 1e-150  # beyond these a square overflows, or loses digits
EXACT = 1e-13  # residual over total variance that rounding alone leaves
NEARLY_EXACT = 1e-9  # the same, if the optimiser found no optimum there either
STEEP = 1e4  # elements of theta below this are no sign of an exact fit


def diagnosis(design: Design, y: Vector, cause: str) -> MixedModelsError:
    """The error that says best why the engine gave up.

    Parameters
    ----------
    y : ndarray
        Response less the offset.
    cause : str
        Engine's own account of the failure.
    """
    return (
        out_of_scale(design, y)
        or constant(design, y)
        or constant_within(design, y)
        or FitError(
            f"{design.formula!r} cannot be fitted: {cause}. Leave out terms, or look for columns that determine the "
            f"response {design.response_name!r} exactly."
        )
    )


def out_of_scale(design: Design, y: Vector) -> DataError | None:
    """Whether a column's squares do not fit into a double."""
    for what, values in _columns(design, y):
        largest = float(np.abs(values).max(initial=0.0))
        if largest > LARGEST or 0 < largest < SMALLEST:
            end = "large" if largest > 1 else "small"
            return DataError(
                f"{what} has values up to {largest:.3g}, too {end} to be squared in double precision; divide it by "
                f"1e{int(np.floor(np.log10(largest))):+03d} and fit again, in that unit."
            )
    w = design.weights
    if w is not None and (w.max() > LARGEST or w.min() < SMALLEST):
        return DataError(
            f"the weights run from {w.min():.3g} to {w.max():.3g}, too far for double precision; divide them by a "
            "constant (which changes sigma only), or drop rows that have almost no weight."
        )
    return None


def _columns(design: Design, y: Vector) -> Iterator[tuple[str, Vector]]:
    yield f"the response {design.response_name!r}" + ("" if design.offset is None else " less the offset"), y
    for name, column in zip(design.fixed.names, design.fixed.columns, strict=True):
        if column is not None:
            yield f"the column {name!r} of the fixed effects", column
    for term in design.random:
        for name, column in zip(term.effects, term.columns, strict=True):
            if column is not None:
                yield f"the column {name!r} of the random term ({term.text})", column


def constant(design: Design, y: Vector) -> DesignError | None:
    """Whether the response is one number."""
    if not len(y) or not bool((y == y[0]).all()):
        return None
    less = "" if design.offset is None else " less the offset"
    return DesignError(
        f"the response {design.response_name!r}{less} is {y[0]:g} in all {len(y)} rows used; there is nothing to "
        "explain: look whether it is the right column."
    )


def constant_within(design: Design, y: Vector) -> FitError | None:
    """Whether a grouping factor determines the response, so that nothing is left for a residual variance."""
    for group in design.groups:
        one = np.zeros(group.n_levels)
        one[group.codes] = y
        if bool((one[group.codes] == y).all()):
            return FitError(
                f"the response {design.response_name!r} has one value in each level of {group.name!r} (such as "
                f"{one[0]:g} in {group.levels.labels[0]!r}), so that no residual variance is left to estimate; use "
                f"one row per level and lm(), or a coarser grouping factor than {group.name!r}."
            )
    return None


def exact_fit(design: Design, y: Vector, fit: MixedFit) -> FitError | None:
    """Whether what is called a residual variance is rounding error only.

    Then random effects are infinitely larger than the residual, theta has no optimum, and no number of the fit means
    anything.
    """
    if not len(fit.theta) or float(np.abs(fit.theta).max()) < STEEP:
        return None
    share = fit.sigma**2 / float(np.var(y))
    if not (share < EXACT or (share < NEARLY_EXACT and not fit.run.converged)):
        return None
    return constant_within(design, y) or FitError(
        f"{design.formula!r} fits the response exactly: the residual standard deviation, {fit.sigma:.3g}, is rounding "
        "error, so that covariance parameters relative to it have no estimate. Leave out random or fixed effects that "
        f"determine {design.response_name!r}, or fit by lm()."
    )
