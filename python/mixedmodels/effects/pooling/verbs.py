"""Complete, no and partial pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._spellings import LEVEL, spelled
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixedmodels.effects.pooling.group_lines import GroupLines
    from mixedmodels.effects.pooling.record import Poolings


class PoolingVerbs(FittedModel):
    """Complete, no and partial pooling."""

    @spelled(type="scale", level=LEVEL)
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
        type: Literal["response", "link"] = "response",  # noqa: A002
        level: float = 0.95,
    ) -> GroupLines:
        """The line of each group along a number, with its conditional modes, and the typical line.

        Parameters
        ----------
        x : str
            Name of the number along the lines.
        group : str, optional
            Name of the grouping factor; needed where there are several.
        values : array_like, optional
            Values of the number; if not given `points` over each group's `span`: its "own" range, or the "common" one.
        span : {"own", "common"}, default "own"
            Range of the lines: "own" for each group's own, "common" for that of all rows.
        points : int, default 21
            Number of values along each line where `values` is not given.
        condition : mapping of str, optional
            Values of other variables, as of `ggpredict`; those that are constant within groups keep the
            value of the group.
        typical : str, callable or mapping, default "mean"
            Values of other variables, as of `ggpredict`; those that are constant within groups keep the
            value of the group.
        type : {"response", "link"}, default "response"
            Scale of the predictions: "response", or "link" for the linear predictor.
        level : float, default 0.95
            Confidence level of the typical line.

        Examples
        --------
        >>> lines = fit.group_lines("Days", points=2)
        >>> len(lines)
        38
        """
        from mixedmodels.effects.pooling.group_lines import group_lines

        return group_lines(
            self,
            x=x,
            group=group,
            values=values,
            span=span,
            points=points,
            condition=condition,
            typical=typical,
            scale=type,
            level=level,
        )

    def pooling(self, group: str | None = None) -> Poolings:
        """Complete, no and partial pooling: one regression, one for each level, and this model between them.

        A level whose rows do not determine its coefficients, or separate its responses, has NaN and a reason.

        Parameters
        ----------
        group : str, optional
            Name of the grouping factor; needed where there are several. Others are left out of the first two.

        Examples
        --------
        >>> pools = fit.pooling()
        >>> pools.coefficients("no").loc["308"].round(1).tolist()
        [244.2, 21.8]
        >>> pools.coefficients("partial").loc["308"].round(1).tolist()
        [253.7, 19.7]
        """
        from mixedmodels.effects.pooling.record import poolings

        return poolings(self, group)
