"""Joint tests as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels.inference.emmeans.joint_tests import JointTest
from mixedmodels.inference.emmeans.means_table import MeansTable


def joint_table(
    tests: Sequence[JointTest], by: tuple[str, ...], kind: Any, notes: tuple[str, ...] = (), *, blocks: bool = True
) -> MeansTable:
    """A row for each test, in groups of the levels of `by`, with notes where degrees of freedom were lost."""
    labels: dict[str, tuple[Any, ...]] = {b: tuple(t.group[i] for t in tests) for i, b in enumerate(by)}
    if any(t.term for t in tests):
        labels["model term"] = tuple(t.term for t in tests)
    columns: dict[str, Any] = {
        "num_df": np.array([t.num_df for t in tests]),
        "den_df": np.array([t.den_df for t in tests]),
        "f_value": np.array([t.f_value for t in tests]),
        "p_value": np.array([t.p_value for t in tests]),
    }
    headers = {"num_df": "df1", "den_df": "df2", "f_value": "F.ratio", "p_value": "p.value", "note": "note"}
    lines = []
    if any(t.dependent or t.lost for t in tests):
        columns["note"] = [(" d" if t.dependent else "  ") + (" e" if t.lost else "  ") for t in tests]
    if any(t.dependent for t in tests):
        lines.append("d: df1 reduced due to linear dependence")
    if any(t.lost for t in tests):
        lines.append("e: df1 reduced due to non-estimability")
    return MeansTable(
        labels=labels,
        columns=columns,
        headers=headers,
        by=by if blocks else (),
        lines=(*lines, *notes),
        kind=kind,
        notes=notes,
    )
