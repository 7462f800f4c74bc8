"""DHARMa's functions. Where R takes a formula such as ``~ x``, give the column's name: ``"x"``."""
# ruff: noqa: PT028 - names are R's, these are no tests of pytest

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from mixedmodels.diagnose.residuals.tables import CategoricalTest, QuantileTest, ResidualSummary
from mixedmodels.errors import DataError
from mixedmodels.model import Model
from mixedmodels.tables.hypothesis_test import HypothesisTest

__all__ = [
    "createDHARMa",
    "getQuantile",
    "outliers",
    "recalculateResiduals",
    "simulateResiduals",
    "testCategorical",
    "testDispersion",
    "testGeneric",
    "testOutliers",
    "testQuantiles",
    "testResiduals",
    "testSpatialAutocorrelation",
    "testTemporalAutocorrelation",
    "testUniformity",
    "testZeroInflation",
]

Alternative = Literal["two.sided", "greater", "less"]
Method = Literal["PIT", "traditional"]
KEPT: dict[str, Any] = {"conditional": None, "unconditional": "~0"}
_NOT_GIVEN: Any = object()


def simulateResiduals(
    fittedModel: Model,
    n: int = 250,
    simulateREs: Literal["conditional", "unconditional", "user-specified"] = "conditional",
    refit: bool = False,
    integerResponse: bool | None = None,
    seed: Any = 123,
    method: Method = "PIT",
    rotation: Any = None,
    re_form: Any = _NOT_GIVEN,
) -> SimulatedResiduals:
    """Simulated residuals; see ``fit.simulate_residuals``.

    Parameters
    ----------
    fittedModel : Model
        Fitted model.
    n : int, default 250
        Number of simulations.
    simulateREs : {"conditional", "unconditional", "user-specified"}, default "conditional"
        Treatment of the random effects: "conditional" keeps them, "unconditional" draws them, and "user-specified" uses
        `re_form`. Without `re_form`, "user-specified" draws them, as is lme4's default.
    refit : bool, default False
        Whether to refit the model to each simulation.
    integerResponse : bool, optional
        Whether responses are counts; None decides by the family.
    seed : int, Generator or None, default 123
        Anything that ``numpy.random.default_rng`` takes.
    method : {"PIT", "traditional"}, optional
        Method for the residuals, "PIT" or "traditional".
    rotation : str or array_like, optional
        Covariance to remove from the residuals: "estimated", or a matrix.
    re_form : str, optional
        Random effects that stay at their estimates.

    Examples
    --------
    >>> from mixedmodels.r import simulateResiduals
    >>> simulated = simulateResiduals(gm)
    >>> len(simulated.residuals())
    56
    """
    if simulateREs == "user-specified":
        kept = "~0" if re_form is _NOT_GIVEN else re_form
    elif simulateREs not in KEPT:
        raise DataError(f"simulateREs is {simulateREs!r:.40}; give 'conditional', 'unconditional' or 'user-specified'.")
    elif re_form is not _NOT_GIVEN:
        raise DataError(f"re_form is for simulateREs='user-specified', and that is {simulateREs!r}.")
    else:
        kept = KEPT[simulateREs]
    return fittedModel.simulate_residuals(
        n, seed, re_form=kept, refit=refit, integer_response=integerResponse, method=method, rotation=rotation
    )


def createDHARMa(
    simulatedResponse: Any,
    observedResponse: Any,
    fittedPredictedResponse: Any = None,
    integerResponse: bool = False,
    seed: Any = 123,
    method: Method = "PIT",
    rotation: Any = None,
) -> SimulatedResiduals:
    """Residuals from your own simulated responses, shape (n, simulations).

    Examples
    --------
    >>> from mixedmodels.r import createDHARMa
    >>> rng = np.random.default_rng(1)
    >>> simulated = createDHARMa(rng.normal(size=(5, 100)), rng.normal(size=5))
    >>> len(simulated.residuals())
    5
    """
    return SimulatedResiduals.from_simulations(
        simulatedResponse,
        observedResponse,
        fittedPredictedResponse,
        integer_response=integerResponse,
        seed=seed,
        method=method,
        rotation=rotation,
    )


def getQuantile(
    simulations: Any,
    observed: Any,
    integerResponse: bool,
    method: Method = "PIT",
    rotation: Any = None,
    seed: Any = 123,
) -> Vector:
    """Scaled residuals as an array, shape (n,).

    Examples
    --------
    >>> from mixedmodels.r import getQuantile
    >>> rng = np.random.default_rng(1)
    >>> getQuantile(rng.normal(size=(3, 100)), [-9.0, 0.0, 9.0], False).round(1)
    array([0. , 0.5, 1. ])
    """
    made = createDHARMa(simulations, observed, None, integerResponse, seed, method, rotation)
    return made.numbers.residuals


def recalculateResiduals(
    simulationOutput: SimulatedResiduals,
    group: Any = None,
    aggregateBy: Callable[[Any], float] | Literal["sum"] = "sum",
    sel: Any = None,
    seed: Any = 123,
    method: Method = "PIT",
    rotation: Any = None,
) -> SimulatedResiduals:
    """Residuals of groups of rows, or of some rows.

    Examples
    --------
    >>> from mixedmodels.r import recalculateResiduals, simulateResiduals
    >>> by_herd = recalculateResiduals(simulateResiduals(gm), group=cbpp["herd"])
    >>> len(by_herd.residuals())
    15
    """
    return _simulated(simulationOutput).recalculate(
        group, aggregate=aggregateBy, sel=sel, seed=seed, method=method, rotation=rotation
    )


def outliers(
    object: SimulatedResiduals,  # noqa: A002
    lowerQuantile: float = 0.0,
    upperQuantile: float = 1.0,
) -> NDArray[np.intp]:
    """Positions, from 0, of residuals at or beyond these bounds.

    Examples
    --------
    >>> from mixedmodels.r import outliers, simulateResiduals
    >>> outliers(simulateResiduals(gm)).tolist()
    []
    """
    return _simulated(object).outliers(lowerQuantile, upperQuantile)


def testResiduals(simulationOutput: Any) -> ResidualSummary:
    """The tests of uniformity, dispersion and outliers.

    Examples
    --------
    >>> from mixedmodels.r import simulateResiduals, testResiduals
    >>> tests = testResiduals(simulateResiduals(gm))
    >>> round(tests.uniformity.p_value, 2)
    0.77
    """
    return _simulated(simulationOutput).test_residuals()


def testUniformity(simulationOutput: Any, alternative: Alternative = "two.sided") -> HypothesisTest:
    """Kolmogorov and Smirnov's test that residuals are uniform.

    Examples
    --------
    >>> from mixedmodels.r import testUniformity
    >>> round(testUniformity(gm).p_value, 2)
    0.77
    """
    return _simulated(simulationOutput).test_uniformity(alternative)


def testDispersion(
    simulationOutput: Any,
    alternative: Alternative = "two.sided",
    type: Literal["DHARMa", "PearsonChisq"] = "DHARMa",  # noqa: A002
) -> HypothesisTest:
    """Test for more or less dispersion than the model implies.

    Examples
    --------
    >>> from mixedmodels.r import testDispersion
    >>> round(testDispersion(gm).p_value, 2)
    0.04
    """
    return _simulated(simulationOutput).test_dispersion(alternative, type=type)


def testOutliers(
    simulationOutput: Any,
    alternative: Alternative = "two.sided",
    margin: Literal["both", "upper", "lower"] = "both",
    type: Literal["default", "bootstrap", "binomial"] = "default",  # noqa: A002
    nBoot: int = 100,
) -> HypothesisTest:
    """Test for more or fewer outliers than expected.

    Examples
    --------
    >>> from mixedmodels.r import testOutliers
    >>> round(testOutliers(gm).p_value, 2)
    1.0
    """
    return _simulated(simulationOutput).test_outliers(alternative, margin=margin, type=type, nsim=nBoot)


def testZeroInflation(simulationOutput: Any, alternative: Alternative = "two.sided") -> HypothesisTest:
    """Test for more or fewer zeros than the model implies.

    Examples
    --------
    >>> from mixedmodels.r import testZeroInflation
    >>> round(testZeroInflation(gm).p_value, 2)
    0.38
    """
    return _simulated(simulationOutput).test_zero_inflation(alternative)


def testGeneric(
    simulationOutput: Any,
    summary: Callable[[Any], float],
    alternative: Alternative = "two.sided",
    methodName: str = "DHARMa generic simulation test",
) -> HypothesisTest:
    """Test any summary of the response against that of the simulations.

    Examples
    --------
    >>> from mixedmodels.r import testGeneric
    >>> round(testGeneric(gm, np.max).p_value, 2)
    0.78
    """
    return _simulated(simulationOutput).test_generic(summary, alternative, method=methodName)


def testQuantiles(
    simulationOutput: Any,
    predictor: Any = None,
    rank: bool = True,
    quantiles: Sequence[float] = (0.25, 0.5, 0.75),
) -> QuantileTest:
    """Test whether quantiles of residuals depend on a predictor; not by qgam, see ``test_quantiles``.

    Examples
    --------
    >>> from mixedmodels.r import testQuantiles
    >>> type(testQuantiles(fit)).__name__
    'QuantileTest'
    """
    return _simulated(simulationOutput).test_quantiles(predictor, quantiles=quantiles, rank=rank)


def testCategorical(simulationOutput: Any, catPred: Any) -> CategoricalTest:
    """Test residuals by level of a factor.

    Examples
    --------
    >>> from mixedmodels.r import testCategorical
    >>> test = testCategorical(gm, cbpp["period"])
    >>> type(test).__name__
    'CategoricalTest'
    """
    return _simulated(simulationOutput).test_categorical(catPred)


def testTemporalAutocorrelation(
    simulationOutput: Any, time: Any, alternative: Alternative = "two.sided"
) -> HypothesisTest:
    """Durbin and Watson's test of residuals in the order of time.

    Examples
    --------
    >>> from mixedmodels.r import testTemporalAutocorrelation
    >>> round(testTemporalAutocorrelation(gm, np.arange(56)).p_value, 2)
    0.36
    """
    return _simulated(simulationOutput).test_temporal_autocorrelation(time, alternative)


def testSpatialAutocorrelation(
    simulationOutput: Any, x: Any = None, y: Any = None, distMat: Any = None, alternative: Alternative = "two.sided"
) -> HypothesisTest:
    """Moran's test of residuals with inverse distances as weights.

    Examples
    --------
    >>> from mixedmodels.r import testSpatialAutocorrelation
    >>> x, y = np.arange(56) % 8, np.arange(56) // 8
    >>> round(testSpatialAutocorrelation(gm, x, y).p_value, 2)
    0.69
    """
    return _simulated(simulationOutput).test_spatial_autocorrelation(x, y, distances=distMat, alternative=alternative)


def _simulated(output: Any) -> SimulatedResiduals:
    """Simulated residuals, or those of a model by all defaults."""
    if isinstance(output, SimulatedResiduals):
        return output
    if isinstance(output, Model):
        return output.simulate_residuals(seed=123)
    raise DataError(f"simulationOutput is {output!r:.60}; give what simulateResiduals() returned, or a model.")
