"""How estimates of linear functions are to be summarised."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mixedmodels.errors import DataError
from mixedmodels.estimates.response_scale import ResponseScale

SIDES = {
    "two-sided": 0, "both": 0, "!=": 0, "equivalence": 0, "left": -1, "<": -1, "nonsuperiority": -1,
    "inferiority": -1, "right": 1, ">": 1, "noninferiority": 1, "superiority": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """How estimates are to be summarised.

    Attributes
    ----------
    estimate : header of the estimates on the scale of the linear predictor.
    by : factors whose combinations are groups, adjusted for one by one.
    limits, tests : which of the two are wanted.
    level : confidence level.
    adjust : method of adjustment.
    pairs : whether all are pairwise differences within each group, so that Tukey's method fits.
    family_size : number of means compared in a group; None where groups differ.
    null, side, delta : of the tests: null value, direction (a key of `SIDES`) and threshold of (non-)equivalence.
    on_response : whether estimates come back to the scale of the response.
    scale : how, or None.
    sigma : spread that means are corrected for when they come back, None for no correction.
    averaged, some : factors averaged over, and whether over different levels from group to group.
    method : of degrees of freedom, where it is printed.
    messages : to print among the lines below the table.
    """

    estimate: str
    by: tuple[str, ...] = ()
    limits: bool = True
    tests: bool = False
    level: float = 0.95
    adjust: str = "none"
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
