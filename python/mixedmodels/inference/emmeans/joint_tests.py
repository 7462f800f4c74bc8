"""Joint tests of interaction contrasts of marginal means: type III tests that need no model comparison.

The row of a set of factors tests that all their interaction contrasts are 0; what cannot be estimated is left out, with
fewer degrees of freedom and a note (Lenth, R package emmeans, `joint_tests`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.linear_functions import Basis, Level, LinearFunctions
from mixedmodels.formula import Formula
from mixedmodels.formula.nodes import column_names
from mixedmodels.inference.emmeans.contrasts import contrasts, interaction_contrasts
from mixedmodels.inference.emmeans.marginal_means import Weights, marginal_means

SMALL = 1e-7  # coefficients below are rounding errors of zeros


@dataclass(frozen=True, kw_only=True)
class JointTest:
    """One joint test.

    Attributes
    ----------
    term : str
        Factors joined by ":".
    group : tuple of Level
        Levels of the factors that tests are made by.
    num_df : int
        F test: degrees of freedom, statistic and p-value; `den_df` is infinite where the test is asymptotic.
    den_df, f_value, p_value : float
        F test: degrees of freedom, statistic and p-value; `den_df` is infinite where the test is asymptotic.
    dependent, lost : bool
        Whether rows were linearly dependent, and whether some could not be estimated.
    functions : ndarray, shape (num_df, P)
        Linear functions tested, orthonormal.
    """

    term: str
    group: tuple[Level, ...]
    num_df: int
    den_df: float
    f_value: float
    p_value: float
    dependent: bool
    lost: bool
    functions: Matrix


def _quadratic(covariance: Matrix, z: Vector) -> float:
    """Z in the metric of its covariance; NaN where that is singular or has no numbers."""
    try:
        return float(z @ np.linalg.solve(covariance, z))
    except np.linalg.LinAlgError:
        return float("nan")


def joint_test(
    rows: Matrix, basis: Basis, term: str = "", group: tuple[Level, ...] = (), null: Vector | None = None
) -> JointTest:
    """F test that linear functions are all 0 (or all `null`).

    The denominator degrees of freedom are the least of the functions made orthonormal one after the other.
    """
    bad = ~np.isfinite(rows).all(axis=1)
    empty = ~bad & (np.abs(rows) < SMALL).all(axis=1)
    used = np.where(np.abs(rows) < SMALL, 0.0, rows)[~bad & ~empty]
    lost = bool((bad | empty).any())
    against = None if null is None else np.asarray(null, dtype=float)[~bad & ~empty]
    estimable = basis.estimable(used)
    if not estimable.all():
        lost = True
        # A combination of functions has no null value of its own, so that with null values whole rows go.
        used, against = (basis.estimable_part(used), None) if against is None else (used[estimable], against[estimable])
    q, triangle = _orthonormal(used)
    rank = len(q)
    if rank == 0:
        return JointTest(
            term=term,
            group=group,
            num_df=0,
            den_df=np.nan,
            f_value=np.nan,
            p_value=np.nan,
            dependent=True,
            lost=True,
            functions=q,
        )
    c = q[:, list(basis.kept)]
    z = c @ basis.coefficients.beta
    if against is not None:
        z = z - _coordinates(triangle, against)
    f = _quadratic(c @ basis.coefficients.vcov @ c.T, z) / rank
    df = float(np.min(basis.coefficients.df(c)))
    return JointTest(
        term=term,
        group=group,
        num_df=rank,
        den_df=df,
        f_value=f,
        p_value=wald.f_p_value(f, rank, df),
        dependent=rank < len(used),
        lost=lost,
        functions=q,
    )


def _coordinates(triangle: Matrix, null: Vector) -> Vector:
    """Values of the orthonormal functions where all functions have their null values."""
    solution = np.linalg.lstsq(triangle.T, null, rcond=None)[0]
    if np.abs(triangle.T @ solution - null).max() > SMALL * max(1.0, np.abs(null).max()):
        raise DataError(
            "the functions are linearly dependent and cannot all have these null values at once; test fewer of them, "
            "or against 0."
        )
    return np.asarray(solution)


def _orthonormal(rows: Matrix) -> tuple[Matrix, Matrix]:
    """Rows made orthonormal one after the other, dependent ones left out; and R with ``rows.T = q.T @ R``."""
    kept: list[Vector] = []
    for row in rows:
        rest = row.copy()
        for _ in range(2):
            for q in kept:
                rest -= (q @ rest) * q
        size = float(np.linalg.norm(rest))
        if size > SMALL * float(np.linalg.norm(row)):
            kept.append(rest / size)
    q = np.array(kept).reshape(len(kept), rows.shape[1])
    return q, q @ rows.T


def joint_tests(
    grid: LinearFunctions, basis: Basis, formula: Formula | None, by: Sequence[str] = (), *, weights: Weights = "equal"
) -> list[JointTest]:
    """Tests of all sets of factors that some term of the model has together, small sets first.

    Parameters
    ----------
    formula : Formula or None
        Formula of the model; None tests every set.
    by : sequence of str, default ()
        Factors for each combination of which the tests are made.
    """
    tests: list[JointTest] = []
    factors = [f for f in grid.levels if f not in by]
    for chosen in _together(factors, formula, grid):
        hosts = [h for f in chosen for h in grid.nesting.get(f, ())]
        if any(h not in chosen and h not in by for h in hosts):
            continue
        means = marginal_means(grid, [*chosen, *by], weights).functions
        groups = list(dict.fromkeys([*by, *hosts]))
        within = _within(means, groups) if hosts else interaction_contrasts(means, "consec", groups).functions
        term = ":".join(chosen)
        for rows in within.groups(by):
            group = tuple(within.labels[b][rows[0]] for b in by)
            tests.append(joint_test(within.rows[rows], basis, term, group))
    tests = [t for t in tests if t.num_df > 0]
    return tests + _confounded(grid, basis, tests, by)


def _together(factors: Sequence[str], formula: Formula | None, grid: LinearFunctions) -> Iterator[tuple[str, ...]]:
    sets: list[set[str]] = []
    if formula is not None:
        names = [column_names(node) for node in formula.fixed.variables]
        sets = [{n for v in term for n in names[v]} for term in formula.fixed.terms]
        sets += [{f, *hosts} for f, hosts in grid.nesting.items()]
    for k in range(1, len(factors) + 1):
        for chosen in combinations(factors, k):
            if formula is None or any(set(chosen) <= s for s in sets):
                yield chosen


def _within(means: LinearFunctions, groups: Sequence[str]) -> LinearFunctions:
    """Interaction contrasts within each group of nested factors, whose levels differ from group to group."""
    present = means.without_absent()
    parts = []
    for rows in present.groups(groups):
        part = present.take(rows)
        means_ = LinearFunctions(
            levels=part.levels, labels=part.labels, rows=part.rows, offset=part.offset, weights=part.weights
        )
        parts.append(interaction_contrasts(means_, "consec", groups).functions)
    labels = {g: tuple(v for p in parts for v in p.labels[g]) for g in groups}
    rows_ = np.vstack([p.rows for p in parts])
    return LinearFunctions(
        levels={g: present.levels[g] for g in groups},
        labels=labels,
        rows=rows_,
        offset=None,
        weights=np.ones(len(rows_)),
    )


def _confounded(grid: LinearFunctions, basis: Basis, tests: Sequence[JointTest], by: Sequence[str]) -> list[JointTest]:
    """The joint test of all contrasts among the cells that the other tests leave out."""
    plain = grid.without_absent()
    everything = contrasts(
        LinearFunctions(levels=plain.levels, labels=plain.labels, rows=plain.rows, offset=None, weights=plain.weights),
        "consec",
        by,
    )
    more = []
    for rows in everything.functions.groups(by):
        group = tuple(everything.functions.labels[b][rows[0]] for b in by)
        whole = joint_test(everything.functions.rows[rows], basis)
        mine = [t.functions for t in tests if t.group == group]
        if not mine or whole.num_df == 0:
            continue
        part = joint_test(np.vstack(mine), basis)
        rest = whole.num_df - part.num_df
        if rest > 0:
            f = (whole.num_df * whole.f_value - part.num_df * part.f_value) / rest
            p = wald.f_p_value(f, rest, whole.den_df)
            more.append(
                JointTest(
                    term="(confounded)",
                    group=group,
                    num_df=rest,
                    den_df=whole.den_df,
                    f_value=f,
                    p_value=p,
                    dependent=False,
                    lost=False,
                    functions=np.empty((0, 0)),
                )
            )
    return more
