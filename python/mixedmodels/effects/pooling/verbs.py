"""Complete, no and partial pooling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.effects.pooling.group_lines import GroupLines
    from mixedmodels.effects.pooling.record import Poolings


class PoolingVerbs(FittedModel):
    """Complete, no and partial pooling."""

    def group_lines(
        self,
        x: str,
        *,
        group: str | None = None,
        values: Any = None,
        span: Literal["own", "common"] = "own",
        points: int = 21,
        condition: Mapping[str, Any] | None = None,
        typical: Any = "mean",
        scale: Literal["response", "link"] = "response",
        level: float = 0.95,
    ) -> GroupLines:
        """The line of each group along a number, with its conditional modes, and the typical line.

        Parameters
        ----------
        x : the number.
        group : grouping factor; needed where there are several.
        values : of the number; if not given `points` over each group's `span`: its "own" range, or the "common" one.
        condition, typical : of other variables, as of `ggpredict`; what is constant within groups stands at the group's
            own value.
        scale : "response", or "link" for the linear predictor.
        level : confidence level of the typical line.
        """
        from mixedmodels.effects.pooling.group_lines import group_lines

        return group_lines(self, x, group, values, span, points, condition, typical, scale, level)

    def pooling(self, group: str | None = None) -> Poolings:
        """Complete, no and partial pooling: one regression, one for each level, and this model between them.

        A level whose rows do not determine its coefficients, or separate its responses, has NaN and a reason.

        Parameters
        ----------
        group : grouping factor; needed where there are several. Others are left out of the first two.
        """
        from mixedmodels.effects.pooling.record import poolings

        return poolings(self, group)
