"""R's functions for simulated designs and power, those of the package simr among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.frame import Numeric
from mixedmodels.power.make import make_glmer, make_lmer
from mixedmodels.power.planned_model import PlannedModel
from mixedmodels.power.record import Power, PowerCurve
from mixedmodels.simulate.crossing import crossing
from mixedmodels.simulate.expressions import by_level
from mixedmodels.simulate.outcomes import response
from mixedmodels.simulate.population import population
from mixedmodels.simulate.predictors import predictor

__all__ = [
    "by_level",
    "compare",
    "crossing",
    "extend",
    "fixed",
    "makeGlmer",
    "makeLmer",
    "population",
    "powerCurve",
    "powerSim",
    "predictor",
    "response",
    "sample_x",
    "sample_y",
]

_METHODS = {"t": "t", "sa": "t", "f": "t", "anova": "t", "z": "z", "chisq": "z", "lr": "LRT", "kr": "Kenward-Roger"}


@dataclass(frozen=True)
class PlannedTest:
    """What `fixed` and `compare` return: a test and the way to it, as ``fit.power`` takes them."""

    test: str | Callable[[Any], Any]
    by: str | None = None


def fixed(xname: str, method: str | None = None) -> PlannedTest:
    """A test of a coefficient or term, as simr's ``fixed``.

    Parameters
    ----------
    xname : str
        Name of the coefficient or term.
    method : str, optional
        Test: "t" or "sa" (Satterthwaite), "kr", "z", "chisq", "f", "lr", "anova", "pb". None is the default of the
        model's class. For `lmer` that is Satterthwaite's, while simr uses Kenward and Roger's.

    Examples
    --------
    >>> from mixedmodels.r import fixed
    >>> fixed("Days", "z")
    PlannedTest(test='Days', by='z')
    """
    if method == "pb":
        return PlannedTest(lambda fit: fit.pbmodcomp(f". ~ . - {xname}"))
    if method is not None and method not in _METHODS:
        raise DataError(f"method is {method!r:.40}; it is one of {', '.join([*_METHODS, 'pb'])}.")
    return PlannedTest(xname.lstrip("~ "), None if method is None else _METHODS[method])


def compare(model: str, method: str = "lr") -> PlannedTest:
    """A test against a smaller model, as simr's ``compare``; in its formula ``.`` is the old part.

    Parameters
    ----------
    model : str
        Formula of the smaller model.
    method : str, default "lr"
        Test: "lr", or "pb" for the parametric bootstrap.

    Examples
    --------
    >>> from mixedmodels.r import compare
    >>> compare(". ~ . - Days").test
    '. ~ . - Days'
    """
    if method == "lr":
        return PlannedTest(model)
    if method != "pb":
        raise DataError(f"method is {method!r:.40}; it is 'lr' or 'pb'.")
    return PlannedTest(lambda fit: fit.pbmodcomp(model))


def makeLmer(formula: str, fixef: Any, VarCorr: Any, sigma: float, data: Any) -> PlannedModel:
    """As simr's ``makeLmer``: a linear mixed model with your parameters (see `mixedmodels.make_lmer`).

    Examples
    --------
    >>> from mixedmodels.r import makeLmer
    >>> rows = pd.DataFrame({"x": [0, 1] * 4, "g": list("aabbccdd")})
    >>> plan = makeLmer("y ~ x + (1 | g)", [1, 2], 0.5, 1.0, rows)
    >>> plan.sigma
    1.0
    """
    return make_lmer(formula, data, fixef=fixef, VarCorr=VarCorr, sigma=sigma)


def makeGlmer(formula: str, family: Any, fixef: Any, VarCorr: Any, data: Any) -> PlannedModel:
    """As simr's ``makeGlmer``: a generalised linear mixed model with your parameters (see `make_glmer`).

    Examples
    --------
    >>> from mixedmodels.r import makeGlmer
    >>> rows = pd.DataFrame({"x": [0, 1] * 4, "g": list("aabbccdd")})
    >>> plan = makeGlmer("y ~ x + (1 | g)", "poisson", [1, 0.2], 0.5, rows)
    >>> plan.family.name
    'poisson'
    """
    return make_glmer(formula, data, family, fixef=fixef, VarCorr=VarCorr)


def powerSim(fit: Any, test: Any = None, nsim: int = 1000, seed: Any = None, alpha: float = 0.05, **more: Any) -> Power:
    """As simr's ``powerSim``; `test` is as in ``fit.power``, or by `fixed`; `more` has its further arguments.

    Examples
    --------
    >>> from mixedmodels.r import fixed, powerSim
    >>> power = powerSim(fit, fixed("Days", "z"), nsim=20, seed=1)
    >>> type(power).__name__
    'Power'
    """
    planned = test if isinstance(test, PlannedTest) else PlannedTest(test)
    power: Power = fit.power(planned.test, nsim, seed, alpha=alpha, **_by(planned, more))
    return power


def powerCurve(
    fit: Any,
    test: Any = None,
    along: str | None = None,
    within: str | None = None,
    breaks: Any = None,
    nsim: int = 1000,
    seed: Any = None,
    alpha: float = 0.05,
    **more: Any,
) -> PowerCurve:
    """As simr's ``powerCurve`` (see ``fit.power_curve``); `breaks` are its sizes.

    Examples
    --------
    >>> from mixedmodels.r import fixed, powerCurve
    >>> curve = powerCurve(fit, fixed("Days", "z"), along="Subject", breaks=[4, 8], nsim=10, seed=1)
    >>> type(curve).__name__
    'PowerCurve'
    """
    planned = test if isinstance(test, PlannedTest) else PlannedTest(test)
    arguments = {"along": along, "within": within, "sizes": breaks, "alpha": alpha, **_by(planned, more)}
    curve: PowerCurve = fit.power_curve(planned.test, nsim, seed, **arguments)
    return curve


def extend(
    object: Any,  # noqa: A002
    along: str | None = None,
    within: str | None = None,
    n: int | None = None,
    values: Any = None,
) -> PlannedModel:
    """As simr's ``extend``: numbers become 1, 2, ..., n and factors a, b, ...; ``fit.extend`` continues the old labels.

    Examples
    --------
    >>> from mixedmodels.r import extend
    >>> plan = extend(fit, along="Subject", n=20)
    >>> plan.nobs
    200
    """
    if along is not None and values is None and n is not None:
        column = frame.read(object._request.data).column(along)
        values = list(range(1, n + 1)) if isinstance(column, Numeric) else _letters(n)
    extended: PlannedModel = object.extend(along, within=within, n=None if values is not None else n, values=values)
    return extended


def sample_x(population: Any, n: int | None = None, seed: Any = None) -> Any:
    """The R package regressinator's ``sample_x`` (see ``population.sample_x``).

    Examples
    --------
    >>> from mixedmodels.r import population, predictor, response, sample_x
    >>> people = population(x=predictor("normal"), y=response("1 + 2 * x", error_scale=1.0))
    >>> len(sample_x(people, 5, seed=1))
    5
    """
    return population.sample_x(n, seed)


def sample_y(xs: Any, seed: Any = None) -> Any:
    """The R package regressinator's ``sample_y``: responses for a result of `sample_x`.

    Examples
    --------
    >>> from mixedmodels.r import population, predictor, response, sample_x, sample_y
    >>> people = population(x=predictor("normal"), y=response("1 + 2 * x", error_scale=1.0))
    >>> sample_y(sample_x(people, 5, seed=1), seed=2).shape
    (5, 2)
    """
    return xs.sample_y(seed)


def _by(test: PlannedTest, more: dict[str, Any]) -> dict[str, Any]:
    return more if test.by is None else {**more, "by": test.by}


def _letters(n: int) -> list[str]:
    """A to z, then a.1 to z.1, ..., as R's ``make.unique(rep(letters, ...))`` writes them."""
    alphabet = [chr(ord("a") + i) for i in range(26)]
    turns = np.arange(n) // 26
    return [alphabet[i % 26] + (f".{t}" if t else "") for i, t in enumerate(turns.tolist())]
