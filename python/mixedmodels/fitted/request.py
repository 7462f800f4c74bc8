"""What the user asked for: enough to ask again with a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mixedmodels.fit.record import Control

NaAction = Literal["omit", "exclude", "fail"]


@dataclass(frozen=True, slots=True)
class Request:
    """Arguments of ``lm``, ``lmer``, ``glm`` or ``glmer`` as they were given.

    Attributes
    ----------
    data_name, weights_name, offset_name, subset_name : how the arguments are shown in print, None if they have no name.
    """

    formula: Any
    data: Any
    weights: Any = None
    offset: Any = None
    subset: Any = None
    contrasts: Any = None
    na_action: NaAction = "omit"
    env: Any = None
    reml: bool = True
    start: Any = None
    control: Control | Mapping[str, Any] | None = None
    verbose: int = 0
    data_name: str | None = None
    weights_name: str | None = None
    offset_name: str | None = None
    subset_name: str | None = None
    family: Any = None
    nagq: int = 1
    laplace: Literal["observed", "fisher"] = "observed"
    penalty: Any = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows came from: the library, and the pandas index of the whole table or None."""

    kind: Any = "pandas"
    index: Any = None
