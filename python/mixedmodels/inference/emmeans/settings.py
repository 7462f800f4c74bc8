"""Settings of a summary of estimates of linear functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mixedmodels.errors import DataError
from mixedmodels.estimates.response_scale import ResponseScale

SIDES = {
    "two-sided": 0, "both": 0, "!=": 0, "equivalence": 0, "left": -1, "<": -1, "nonsuperiority": -1,
    "inferiority": -1, "right": 1, ">": 1, "noninferiority": 1, "superiority": 1,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a summary of estimates.

    Attributes
    ----------
    estimate : str
        Header of the estimates on the scale of the linear predictor.
    by : tuple of str, default ()
        Factors whose combinations are groups, adjusted for one by one.
    limits : bool, default True
        Whether confidence limits are wanted.
    tests : bool, default False
        Whether tests are wanted.
    level : float, default 0.95
        Confidence level.
    adjust : str, default "none"
        Method of adjustment.
    cross_adjust : str, default "none"
        Method of adjustment of each p-value among the groups, after `adjust` within them.
    pairs : bool, default False
        Whether all are pairwise differences within each group, so that Tukey's method fits.
    family_size : int, optional
        Number of means compared in a group; None where groups differ.
    null : float, default 0.0
        Null value of the tests.
    side : str, default "two-sided"
        Direction of the tests, a key of `SIDES`.
    delta : float, default 0.0
        Threshold of tests of (non-)equivalence.
    on_response : bool, default False
        Whether estimates come back to the scale of the response.
    scale : ResponseScale, optional
        Transformation back to the scale of the response, or None.
    sigma : float, optional
        Spread that means are corrected for when they come back, None for no correction.
    averaged : tuple of str, default ()
        Factors averaged over.
    some : bool, default False
        Whether they are averaged over different levels from group to group.
    method : str, optional
        Method of degrees of freedom, where it is printed.
    messages : tuple of str, default ()
        Lines to print among those below the table.
    """

    estimate: str
    by: tuple[str, ...] = ()
    limits: bool = True
    tests: bool = False
    level: float = 0.95
    adjust: str = "none"
    cross_adjust: str = "none"
    pairs: bool = False
    family_size: int | None = None
    null: float = 0.0
    side: str = "two-sided"
    delta: float = 0.0
    on_response: bool = False
    scale: ResponseScale | None = None
    sigma: float | None = None
    averaged: tuple[str, ...] = ()
    some: bool = False
    method: str | None = None
    messages: tuple[str, ...] = ()


def with_side(s: Settings, side: str | int) -> Settings:
    """Settings with another direction of the tests."""
    text = {-1: "<", 0: "two-sided", 1: ">"}.get(side) if isinstance(side, int) else side
    if text not in SIDES:
        raise DataError(f"side is {side!r}; it is one of {', '.join(map(repr, SIDES))}.")
    return replace(s, side=text)
