"""Families of comparisons, group by group: the adjustment that applies, p-values, limits, and the notes below them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixedmodels._spellings import recased
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Basis, LinearFunctions
from mixedmodels.inference.emmeans.settings import Settings
from mixedmodels.inference.multiplicity.adjust import adjusted_p, critical_value
from mixedmodels.inference.multiplicity.p_adjust import adjust

STEPWISE = ("holm", "hochberg", "hommel", "bonferroni", "BH", "BY", "fdr")  # work on a group's p-values alone
FOR_LIMITS = ("none", "sidak", "tukey", "scheffe", "dunnettx", "mvt", "bonferroni")
ALTERNATIVES = {0: "two.sided", -1: "less", 1: "greater"}


class ComparisonFamily:
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

    def _method(self, side: int, available: Sequence[str] | None) -> str:
        """The method that applies: none for one comparison, Sidak's where Tukey's is not valid."""
        method = _canonical(self.s.adjust)
        if max(self.sizes) == 1 and method != "scheffe":
            return "none"
        if available is not None and method not in available:
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
        """Number of means that have k pairwise comparisons."""
        if self.s.family_size is not None and not self.ragged:
            return self.s.family_size
        return round((1 + math.sqrt(1 + 8 * k)) / 2)

    def _description(self, method: str, what: str) -> list[str]:
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
        """The rank or number of means that "scheffe" and "tukey" need beside the number of tests."""
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
        """Adjusted p-values, and the notes about the adjustment."""
        method = self._method(tail, None)
        p = np.full(len(t), np.nan)
        for rows in self.groups:
            good = rows[~np.isnan(t[rows])]
            if not len(good):
                continue
            # A method of several steps counts the tests there are; one that knows its family counts all of them.
            k = len(good) if method in STEPWISE else len(rows)
            p[good] = adjusted_p(
                t[good], self.df[good], self._correlation(good), method,
                family_size=k, alternative=ALTERNATIVES[tail], n_means=self._dimension(method, rows),
            )  # fmt: skip
        return p, [f"P value adjustment: {text}" for text in self._description(method, "tests")]

    def limits(self, estimate: Vector, error: Vector, side: int) -> tuple[Vector, Vector, list[str]]:
        """Simultaneous limits, and the notes about the adjustment."""
        method = self._method(side, FOR_LIMITS)
        c = np.full(len(estimate), np.nan)
        for rows in self.groups:
            good = rows[error[rows] > 0]
            c[rows[error[rows] == 0]] = 0.0
            if len(good):
                c[good] = critical_value(
                    self.df[good], self._correlation(good), method, self.s.level,
                    len(rows), n_means=self._dimension(method, rows), alternative=ALTERNATIVES[side],
                )  # fmt: skip
        low, high = estimate - c * error, estimate + c * error
        if side < 0:
            low = np.where(np.isnan(high), np.nan, -np.inf)
        if side > 0:
            high = np.where(np.isnan(low), np.nan, np.inf)
        return low, high, [f"Conf-level adjustment: {text}" for text in self._description(method, "estimates")]


def _canonical(adjust: str) -> str:
    names = {"bh": "BH", "by": "BY", "single-step": "mvt", "dunnett": "dunnettx"}
    return names.get(adjust.lower(), adjust)


def as_cross_adjustment(method: str) -> str:
    """The name of a way to adjust p-values among groups.

    Raises
    ------
    DataError
        If it is none that goes by p-values alone.
    """
    names = ("none", "sidak", *STEPWISE)
    name = str(recased(method, names))
    if name not in names:
        raise DataError(f"cross_adjust is {method!r}; it goes by p-values alone: one of {', '.join(names)}.")
    return name


def across_groups(p: Vector, groups: Sequence[NDArray[np.intp]], method: str) -> Vector:
    """p-values adjusted once more, each among those at its place in the other groups, as emmeans' ``cross.adjust``.

    Raises
    ------
    DataError
        If the groups differ in their number of rows.
    """
    sizes = {len(rows) for rows in groups}
    if len(sizes) > 1:
        raise DataError(
            f"cross_adjust compares rows at the same place of the groups, which have {min(sizes)} to {max(sizes)} rows."
        )
    out = p.copy()
    for rows in np.array(groups).T:
        out[rows] = 1 - (1 - p[rows]) ** len(rows) if method == "sidak" else adjust(p[rows], method)
    return out
