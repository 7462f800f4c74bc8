"""Estimates of labelled linear functions with limits and tests, adjusted for how many there are, on either scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.frame import label
from mixedmodels.inference import multiplicity
from mixedmodels.inference.linear_functions import Basis, LinearFunctions, Matrix, Vector
from mixedmodels.inference.response_scale import ResponseScale

SIDES = {
    "two-sided": 0, "both": 0, "!=": 0, "equivalence": 0, "left": -1, "<": -1, "nonsuperiority": -1,
    "inferiority": -1, "right": 1, ">": 1, "noninferiority": 1, "superiority": 1,
}  # fmt: skip
STEPWISE = ("holm", "hochberg", "hommel", "bonferroni", "BH", "BY", "fdr")  # work on a group's p-values alone
FOR_LIMITS = ("none", "sidak", "tukey", "scheffe", "dunnettx", "mvt", "bonferroni")
ALTERNATIVES = {0: "two.sided", -1: "less", 1: "greater"}


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


@dataclass(frozen=True)
class Summary:
    """Columns of a summary, their headers in R, and the lines below."""

    columns: dict[str, Any]
    headers: dict[str, str]
    lines: tuple[str, ...]


def summarise(functions: LinearFunctions, basis: Basis, s: Settings) -> Summary:
    """Estimates with limits, tests or both."""
    estimate, error, df = basis.estimates(functions)
    known = df[~np.isnan(df)]
    normal = bool(np.isinf(known).all())
    groups = functions.groups(s.by)
    scale = s.scale if s.on_response and s.scale is not None and s.scale.inverse is not None else None
    if scale is not None and s.sigma is not None:
        scale = scale.corrected(s.sigma)
    lines = [*s.messages]
    if s.averaged:
        qualifier = " some or all of" if s.some else ""
        lines.insert(0, f"Results are averaged over{qualifier} the levels of: {', '.join(s.averaged)}")
    if s.method is not None:
        lines.append(f"Degrees-of-freedom method: {s.method}")
    if s.scale is not None and not s.on_response:
        lines.append(f"Results are given on the {s.scale.name} (not the response) scale.")
    elif s.on_response and s.scale is not None and s.scale.inverse is None:
        lines.append(f'Unknown transformation "{s.scale.name}": no transformation done')
    header = s.scale.label if scale is not None and s.scale is not None else s.estimate
    columns: dict[str, Any] = {"estimate": estimate, "std_error": error, "df": df}
    headers = {"estimate": header, "std_error": "SE", "df": "df"}
    correlation = basis.covariance(functions.rows) if s.adjust in ("mvt", "single-step", "free") else None
    side = SIDES[s.side]
    family = _Family(functions, groups, s, df, correlation, basis)

    if s.limits:
        low, high, said = family.limits(estimate, error, side)
        lines += [f"Confidence level used: {label(s.level)}", *said]
        if scale is not None and scale.inverse is not None:
            low, high = scale.inverse(low), scale.inverse(high)
            if np.nansum(high - low) < 0 or not _ordered(low, high):
                low, high = high, low
            lines.append(f"Intervals are back-transformed from the {scale.name} scale")
        columns |= {"conf_low": low, "conf_high": high}
        headers |= (
            {"conf_low": "asymp.LCL", "conf_high": "asymp.UCL"}
            if normal
            else {"conf_low": "lower.CL", "conf_high": "upper.CL"}
        )
    if s.tests:
        null = scale.inverse(np.full(len(estimate), float(s.null))) if scale is not None and scale.inverse else s.null
        if np.any(np.asarray(null) != 0):
            columns["null"] = np.broadcast_to(np.asarray(null, dtype=float), estimate.shape).copy()
            headers["null"] = "null"
        with np.errstate(divide="ignore", invalid="ignore"):
            if side == 0:
                t = (estimate - s.null if s.delta == 0 else np.abs(estimate - s.null) - abs(s.delta)) / error
            else:
                t = (estimate - s.null + side * abs(s.delta)) / error
        tail = side if side else (-1 if s.delta else 0)
        p, said = family.p_values(t, tail)
        columns |= {"statistic": t, "p_value": p}
        headers |= {"statistic": "z.ratio" if normal else "t.ratio", "p_value": "p.value"}
        lines += said
        if s.delta:
            kind = {-1: "nonsuperiority", 0: "equivalence", 1: "noninferiority"}[side]
            lines.append(f"Statistics are tests of {kind} with a threshold of {abs(s.delta):.5g}")
        if tail:
            lines.append(f"P values are {'left' if tail < 0 else 'right'}-tailed")
        if scale is not None:
            lines.append(f"Tests are performed on the {scale.name} scale")
    if scale is not None and scale.inverse is not None and scale.slope is not None:
        columns["std_error"] = np.abs(scale.slope(estimate) * error)
        columns["estimate"] = scale.inverse(estimate)
        if s.sigma is not None:
            lines.append(f"Bias adjustment applied based on sigma = {s.sigma:.5g}")
    return Summary(columns, headers, tuple(dict.fromkeys([*lines, *family.notes])))


def _ordered(low: Vector, high: Vector) -> bool:
    both = ~(np.isnan(low) | np.isnan(high))
    return bool((low[both] <= high[both]).all())


class _Family:
    """The comparisons of a table, group by group."""

    def __init__(
        self,
        functions: LinearFunctions,
        groups: Sequence[NDArray[np.intp]],
        s: Settings,
        df: Vector,
        covariance: Matrix | None,
        basis: Basis,
    ) -> None:
        self.functions, self.groups, self.s, self.df = functions, groups, s, df
        self.covariance, self.basis = covariance, basis
        self.sizes = [len(g) for g in groups]
        self.ragged = len(set(self.sizes)) > 1
        self.notes: list[str] = []

    def _method(self, side: int, known: Sequence[str] | None) -> str:
        """The method that fits: none for one comparison, Sidak's where Tukey's does not apply."""
        method = _canonical(self.s.adjust)
        if max(self.sizes) == 1 and method != "scheffe":
            return "none"
        if known is not None and method not in known:
            method = "bonferroni"
        if side and method in ("tukey", "scheffe", "dunnettx"):
            return self._changed(method, "not appropriate for one-sided inferences")
        if method == "tukey" and not self.s.pairs:
            return self._changed(method, "only appropriate for one set of pairwise comparisons")
        return method

    def _changed(self, method: str, reason: str) -> str:
        self.notes.append(f'Note: adjust = "{method}" was changed to "sidak" because "{method}" is {reason}')
        return "sidak"

    def _means(self, k: int) -> int:
        """Number of means of which k comparisons are all pairs."""
        if self.s.family_size is not None and not self.ragged:
            return self.s.family_size
        return round((1 + math.sqrt(1 + 8 * k)) / 2)

    def _said(self, method: str, what: str) -> list[str]:
        k = max(self.sizes)
        if method == "none" or (method == "tukey" and self._means(k) < 3):
            return []
        if method == "tukey":
            more = f"for comparing a family of {self._means(k)} estimates"
        elif method == "scheffe":
            ranks = {self._rank(g) for g in self.groups}
            more = f"with rank {ranks.pop() if len(ranks) == 1 else '(varies)'}"
        else:
            more = f"for {k} {what}"
        return [f"{method} method {more}"]

    def _rank(self, rows: NDArray[np.intp]) -> int:
        good = self.basis.estimable(self.functions.rows[rows])
        return int(np.linalg.matrix_rank(self.functions.rows[rows][good])) if good.any() else 0

    def _dimension(self, method: str, rows: NDArray[np.intp]) -> int | None:
        """What "scheffe", "tukey" and "dunnettx" need to know beside the number of tests."""
        if method == "scheffe":
            return self._rank(rows)
        return self._means(len(rows)) if method == "tukey" else None

    def _correlation(self, rows: NDArray[np.intp]) -> Matrix | None:
        if self.covariance is None:
            return None
        v = self.covariance[np.ix_(rows, rows)]
        sd = np.sqrt(np.diag(v))
        return np.asarray(v / np.outer(sd, sd))

    def p_values(self, t: Vector, tail: int) -> tuple[Vector, list[str]]:
        """Adjusted p-values and what to say about them."""
        method = self._method(tail, None)
        p = np.full(len(t), np.nan)
        for rows in self.groups:
            good = rows[~np.isnan(t[rows])]
            if not len(good):
                continue
            # A method of several steps counts the tests there are; one that knows its family counts all of them.
            k = len(good) if method in STEPWISE else len(rows)
            p[good] = multiplicity.adjusted_p(
                t[good], self.df[good], self._correlation(good), method,
                family_size=k, alternative=ALTERNATIVES[tail], n_means=self._dimension(method, rows),
            )  # fmt: skip
        return p, [f"P value adjustment: {text}" for text in self._said(method, "tests")]

    def limits(self, estimate: Vector, error: Vector, side: int) -> tuple[Vector, Vector, list[str]]:
        """Simultaneous limits and what to say about them."""
        method = self._method(side, FOR_LIMITS)
        c = np.full(len(estimate), np.nan)
        for rows in self.groups:
            good = rows[error[rows] > 0]
            c[rows[error[rows] == 0]] = 0.0
            if len(good):
                c[good] = multiplicity.critical_value(
                    self.df[good], self._correlation(good), method, self.s.level,
                    len(rows), n_means=self._dimension(method, rows), alternative=ALTERNATIVES[side],
                )  # fmt: skip
        low, high = estimate - c * error, estimate + c * error
        if side < 0:
            low = np.where(np.isnan(high), np.nan, -np.inf)
        if side > 0:
            high = np.where(np.isnan(low), np.nan, np.inf)
        return low, high, [f"Conf-level adjustment: {text}" for text in self._said(method, "estimates")]


def _canonical(adjust: str) -> str:
    names = {"bh": "BH", "by": "BY", "single-step": "mvt", "dunnett": "dunnettx"}
    return names.get(adjust.lower(), adjust)


def with_side(s: Settings, side: str | int) -> Settings:
    """Settings with another direction of the tests."""
    text = {-1: "<", 0: "two-sided", 1: ">"}.get(side) if isinstance(side, int) else side
    if text not in SIDES:
        raise DataError(f"side is {side!r}; it is one of {', '.join(map(repr, SIDES))}.")
    return replace(s, side=text)
