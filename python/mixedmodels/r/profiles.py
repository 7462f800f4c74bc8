"""R's functions for profiles and confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from math import e
from typing import Any

from mixedmodels.inference.profile.record import Profile
from mixedmodels.tables.result_table import ResultTable

__all__ = ["confint", "logProf", "profile", "varianceProf"]

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


def varianceProf(x: Profile, ranef: bool = True) -> Profile:
    """A profile with variances in place of standard deviations; `ranef=False` changes sigma alone.

    Correlations stay as they are. lme4 squares them too.

    Examples
    --------
    >>> from mixedmodels.r import profile, varianceProf
    >>> varianceProf(profile(fit, "sigma", points=2)).names
    ('sigma^2',)
    """
    return x.on_scale("variance", only_sigma=not ranef)


def logProf(x: Profile, base: float = e, ranef: bool = True) -> Profile:
    """A profile with logarithms of standard deviations; `ranef=False` changes sigma alone.

    Examples
    --------
    >>> from mixedmodels.r import logProf, profile
    >>> logProf(profile(fit, "sigma", points=2)).names
    ('log_sigma',)
    """
    return x.on_scale("log", base, only_sigma=not ranef)


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
