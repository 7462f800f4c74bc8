"""Estimates of labelled linear functions as a record that prints and can be summarised in other ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, Self

import numpy as np

from mixedmodels.errors import UnknownColumnError
from mixedmodels.estimates import wald
from mixedmodels.estimates.linear_functions import Basis, LinearFunctions
from mixedmodels.formula import Formula
from mixedmodels.inference.emmeans.families import as_cross_adjustment
from mixedmodels.inference.emmeans.joint_table import joint_table
from mixedmodels.inference.emmeans.joint_tests import joint_test
from mixedmodels.inference.emmeans.means_table import MeansTable
from mixedmodels.inference.emmeans.settings import Settings, with_side
from mixedmodels.inference.emmeans.specs import Names, is_response, names_of
from mixedmodels.inference.emmeans.summarise import summarise
from mixedmodels.tables.result_table import ShownAsTable


class Same(Enum):
    """Default of arguments for which None has a meaning: the setting stays as it is."""

    SAME = "as it is"


SAME = Same.SAME


@dataclass(frozen=True, repr=False, kw_only=True)
class GridSummary(ShownAsTable):
    """Linear functions of a model's coefficients with limits and tests, as a table that can be made in another way.

    Attributes
    ----------
    functions : LinearFunctions
        The linear functions of the coefficients, with labels.
    basis : Basis
        The coefficients with their covariance and degrees of freedom.
    settings : Settings
        Settings of the summary.
    formula : Formula
        Formula of the model.
    notes : tuple of str, default ()
        Notes about the computation, printed last.
    kind : str, default "pandas"
        The library of `to_frame`.
    """

    functions: LinearFunctions
    basis: Basis
    settings: Settings
    formula: Formula
    notes: tuple[str, ...] = ()
    kind: Any = "pandas"

    # -- as a table ---------------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> MeansTable:
        """Labels, `estimate`, `std_error`, `df`, and limits or tests."""
        shown, s = self.functions.without_absent(), self.settings
        made = summarise(shown, self.basis, s)
        labels = dict(shown.labels)
        if s.on_response and s.scale is not None and s.scale.ratios:
            labels = {
                k: v if k in s.by else tuple(t.replace(" - ", " / ") if isinstance(t, str) else t for t in v)
                for k, v in labels.items()
            }
        lines = (*made.lines, *self.notes)
        return MeansTable(
            labels=labels,
            columns=made.columns,
            headers=made.headers,
            by=s.by,
            lines=lines,
            kind=self.kind,
            notes=self.notes,
        )

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def levels(self) -> dict[str, tuple[Any, ...]]:
        """Factor -> its levels."""
        return dict(self.functions.levels)

    # -- summaries ----------------------------------------------------------------------------------------------

    def _with(self, **changes: Any) -> Self:
        return replace(self, settings=replace(self.settings, **changes))

    def summary(
        self,
        infer: bool | tuple[bool, bool] | None = None,
        *,
        level: float | None = None,
        adjust: str | None = None,
        cross_adjust: str | None = None,
        by: Names | Same = SAME,
        type: str | None = None,  # noqa: A002
        null: float | None = None,
        side: str | int | None = None,
        delta: float | None = None,
    ) -> Self:
        """The estimates with other settings; settings that are left out stay as they are.

        Parameters
        ----------
        infer : bool or tuple of two bool, optional
            Whether to show limits and tests, one for both or a pair.
        level : float, optional
            Confidence level, between 0 and 1.
        adjust : str, optional
            Adjustment: "none", "tukey", "sidak", "bonferroni", "holm", "hochberg", "hommel", "fdr", "BH", "BY",
            "scheffe", "dunnettx" or "mvt".
        cross_adjust : str, optional
            Adjustment of each p-value among those at the same place of the other groups of `by`, after `adjust` within
            the groups: "none", "sidak", "bonferroni", "holm", "hochberg", "hommel", "BH" ("fdr") or "BY". Limits do
            not have it.
        by : str or sequence of str, optional
            Factors whose groups are separate families of tests; None for one family.
        type : str, optional
            Scale of the estimates, "link" or "response".
        null : float, optional
            Null value of the tests, on the scale of the linear predictor.
        side : str or int, optional
            Direction of the tests: "two-sided", "<" (left) or ">" (right).
        delta : float, optional
            Threshold of tests of equivalence, noninferiority or nonsuperiority.

        Examples
        --------
        >>> logit.emmeans("period").summary(type="response").table["estimate"].round(2)
        array([0.22, 0.08, 0.07, 0.05])
        """
        changes: dict[str, Any] = {}
        if infer is not None:
            changes["limits"], changes["tests"] = (infer, infer) if isinstance(infer, bool) else infer
        if level is not None:
            wald.check_level(level)
            changes["level"] = float(level)
        if adjust is not None:
            changes["adjust"] = adjust
        if cross_adjust is not None:
            changes["cross_adjust"] = as_cross_adjustment(cross_adjust)
        if not isinstance(by, Same):
            wanted = names_of(by, self.functions.levels)
            self._check(wanted)
            changes["by"] = wanted
            if wanted != self.settings.by:
                changes |= {"pairs": False, "family_size": None}
        if type is not None:
            changes["on_response"] = is_response(type)
        if null is not None:
            changes["null"] = float(null)
        if delta is not None:
            changes["delta"] = float(delta)
        made = self._with(**changes)
        return made if side is None else replace(made, settings=with_side(made.settings, side))

    def confint(self, *, level: float | None = None, adjust: str | None = None, **more: Any) -> Self:
        """Confidence limits; arguments as of `summary`.

        Examples
        --------
        >>> lin.ref_grid().confint(level=0.9).table["conf_low"].round(1)
        array([292.6])
        """
        return self.summary((True, False), level=level, adjust=adjust, **more)

    def test(
        self,
        null: float | None = None,
        *,
        side: str | int | None = None,
        delta: float | None = None,
        adjust: str | None = None,
        joint: bool = False,
        by: Names | Same = SAME,
        **more: Any,
    ) -> Any:
        """Tests of each estimate, or with `joint` one F test for each group; arguments as of `summary`.

        Examples
        --------
        >>> lin.ref_grid().test(null=300).table["statistic"].round(2)
        array([-0.42])
        """
        if not joint:
            return self.summary((False, True), null=null, side=side, delta=delta, adjust=adjust, by=by, **more)
        groups = self.settings.by if isinstance(by, Same) else names_of(by, self.functions.levels)
        shown = self.functions.without_absent()
        value = self.settings.null if null is None else null
        tests = []
        for rows in shown.groups(groups):
            offset = np.zeros(len(rows)) if shown.offset is None else shown.offset[rows]
            against = value - offset if value or offset.any() else None
            group = tuple(shown.labels[b][rows[0]] for b in groups)
            tests.append(joint_test(shown.rows[rows], self.basis, "", group, against))
        return joint_table(tests, groups, self.kind, self.notes, blocks=False)

    def _check(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.levels:
                raise UnknownColumnError(f"there is no factor {name!r} here; there are {', '.join(self.levels)}.")
