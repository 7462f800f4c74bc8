"""R's functions for profiles and confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mixedmodels.inference.profile.record import Profile
from mixedmodels.tables.result_table import ResultTable

__all__ = ["confint", "profile"]

_METHODS = {"profile": "profile", "wald": "wald", "Wald": "wald", "boot": "boot"}


def profile(fitted: Any, which: str | int | Sequence[str | int] | None = None, **more: Any) -> Profile:
    """Profile likelihoods of a mixed model; arguments as in the method ``profile``.

    Examples
    --------
    >>> from mixedmodels.r import profile
    >>> curves = profile(fit, "Days")
    >>> type(curves).__name__
    'Profile'
    """
    profiles: Profile = fitted.profile(which, **more)
    return profiles


def confint(
    object: Any,  # noqa: A002
    parm: str | int | Sequence[str | int] | None = None,
    level: float = 0.95,
    method: str = "profile",
    **more: Any,
) -> ResultTable:
    """Confidence intervals of a model or of a profile; arguments as in the method ``confint``.

    Examples
    --------
    >>> from mixedmodels.r import confint
    >>> confint(fit, method="wald")["conf_low"][-2:].round(2)
    array([238.03,   7.44])
    """
    if isinstance(object, Profile):
        return object.confint(level, parm)
    method = _METHODS.get(method, method)
    if method == "wald" and object._fit.function != "lm":
        more.setdefault("ddf", "normal")  # as R has them of all models but an lm
    limits: ResultTable = object.confint(parm, level, method, **more)
    return limits
