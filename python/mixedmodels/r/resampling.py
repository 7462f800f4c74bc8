"""R's functions for the bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.inference.bootstrap.pbmodcomp_record import PBModComp
from mixedmodels.inference.bootstrap.record import Bootstrap
from mixedmodels.model import Model

__all__ = ["PBmodcomp", "PBrefdist", "bootMer", "seqPBmodcomp"]

_NOT_GIVEN: Any = object()


def bootMer(
    x: Model,
    FUN: Callable[[Any], Any] | None = None,
    nsim: int = 1,
    seed: Any = None,
    use_u: bool = False,
    re_form: Any = _NOT_GIVEN,
    type: Literal["parametric", "semiparametric"] = "parametric",  # noqa: A002
) -> Bootstrap:
    """As lme4's ``bootMer``: `FUN` of the model after refits to responses drawn from it (see ``fit.bootstrap``).

    Parameters
    ----------
    x : Model
        Fitted model.
    FUN : callable, optional
        Function of a model that returns a number, an array or a mapping. None returns all parameters, which is much
        faster.
    nsim : int, default 1
        Number of replicates.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    use_u : bool, default False
        Whether the random effects stay at their conditional modes.
    re_form : str, optional
        Random effects that stay at their modes, instead of `use_u`.
    type : {"parametric", "semiparametric"}, default "parametric"
        Kind of bootstrap, "parametric" or "semiparametric".

    Examples
    --------
    >>> from mixedmodels.r import bootMer
    >>> bootMer(fit, nsim=20, seed=1).t.shape
    (20, 6)
    """
    if re_form is _NOT_GIVEN:
        re_form = None if use_u else "~0"
    elif type == "semiparametric":
        raise DataError("re_form cannot be used with the semiparametric bootstrap; give use_u=True.")
    return x.bootstrap(nsim, seed, type=type, re_form=re_form, statistic=FUN)


def PBmodcomp(largeModel: Model, smallModel: Any, nsim: int = 1000, ref: Any = None, seed: Any = None) -> PBModComp:
    """Compare as pbkrtest's ``PBmodcomp`` (see ``fit.pbmodcomp``); `ref` is a result of `PBrefdist`.

    Examples
    --------
    >>> from mixedmodels.r import PBmodcomp
    >>> test = PBmodcomp(fit, ". ~ . - Days", nsim=20, seed=1)
    >>> type(test).__name__
    'PBModComp'
    """
    return largeModel.pbmodcomp(smallModel, nsim, seed, reference=ref)


def seqPBmodcomp(largeModel: Model, smallModel: Any, h: int = 20, nsim: int = 1000, seed: Any = None) -> PBModComp:
    """As `PBmodcomp`, but stop when `h` simulated likelihood ratios exceed the observed one.

    Examples
    --------
    >>> from mixedmodels.r import seqPBmodcomp
    >>> test = seqPBmodcomp(fit, ". ~ . - Days", nsim=20, seed=1)
    >>> type(test).__name__
    'PBModComp'
    """
    return largeModel.pbmodcomp(smallModel, nsim, seed, extremes=h)


def PBrefdist(largeModel: Model, smallModel: Any, nsim: int = 1000, seed: Any = None) -> NDArray[np.float64]:
    """Likelihood ratios of responses drawn from the smaller model, shape (nsim,).

    Examples
    --------
    >>> from mixedmodels.r import PBrefdist
    >>> PBrefdist(fit, ". ~ . - Days", nsim=20, seed=1).shape
    (20,)
    """
    from mixedmodels.inference.bootstrap.pbmodcomp import reference_distribution

    return reference_distribution(largeModel, smallModel, nsim, seed)
