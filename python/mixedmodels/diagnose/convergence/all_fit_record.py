"""Searches from several starts and by several methods, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels.design import Design
from mixedmodels.diagnose.convergence.optima import SAME, End
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.seeds import seed_text
from mixedmodels.tables.result_table import ResultTable, ShownAsTable

DECIMALS = 5  # of differences: less is rounding


@dataclass(frozen=True, repr=False)
class AllFit(ShownAsTable):
    """Ends of searches by several optimisers and from several starts.

    Attributes
    ----------
    ends : tuple of End
        End of each search, with `criterion`, `theta`, `beta`, `evaluations`, and `note` where it failed.
    same : int
        Number of searches that ended in the best optimum found.
    furthest : float
        The largest criterion found, less the smallest.
    table : ResultTable
        A row per search: criterion, above_best, beta_difference (largest, in standard errors), theta_1 and so on.

    Examples
    --------
    >>> searches = fit.all_fit(random_starts=0)
    >>> searches.agree
    True
    """

    ends: tuple[End, ...]
    same: int
    furthest: float
    table: ResultTable

    @property
    def seed(self) -> Any:
        """Seed of the starts drawn at random; None where there are none."""
        return self.table.seed

    @property
    def agree(self) -> bool:
        """Whether all searches ended in one optimum."""
        return self.same == len(self.ends)


def all_fit_table(
    design: Design, fit: AnyMixedFit, ends: Sequence[End], same: int, furthest: float, kind: object, seed: Any = None
) -> AllFit:
    """The record with its table; fixed effects are compared with those of the best search."""
    best = min((e for e in ends if np.isfinite(e.criterion)), key=lambda e: e.criterion)
    errors = np.sqrt(np.diag(fit.joint.vcov))
    m = len(fit.joint.theta)
    thetas = np.array([e.theta if len(e.theta) else np.full(m, np.nan) for e in ends])
    difference = [
        float(np.max(np.abs(e.beta - best.beta) / errors, initial=0.0)) if len(e.theta) else np.nan for e in ends
    ]
    criterion = np.array([e.criterion for e in ends])
    columns = {
        "criterion": criterion,
        "above_best": np.round(criterion - best.criterion, DECIMALS),
        "beta_difference": np.round(difference, DECIMALS),
        "evaluations": np.array([e.evaluations for e in ends]),
        **{f"theta_{j + 1}": thetas[:, j] for j in range(m)},
    }
    sentence = (
        f"All {len(ends)} searches ended in one optimum, to {SAME:g} of the criterion."
        if same == len(ends)
        else f"{same} of {len(ends)} searches ended in the best optimum; the others up to {furthest:.3g} above it."
    )
    failed = [f"{e.name}: {e.note}" for e in ends if e.note]
    table = ResultTable(
        columns=columns,
        names=tuple(e.name for e in ends),
        row_column="search",
        headers={"above_best": "above best", "beta_difference": "beta diff.", "evaluations": "evaluations"},
        heading=("Searches for the optimum of", design.formula, ""),
        footer=(sentence, *failed, *([] if seed is None else [f"Starts drawn at random: {seed_text(seed)}."])),
        kind=kind,
        missing="NA",
        seed=seed,
    )
    return AllFit(tuple(ends), same, furthest, table)
