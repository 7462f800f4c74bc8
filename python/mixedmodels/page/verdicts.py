"""Verdicts of all checks on the page, worst first, for the banner at its top and for the section of checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.options import Options
from mixedmodels.tables.check import Check, p_text

DOUBTFUL = 0.05
ASSUMPTIONS, SIMULATED = "assumptions", "simulated"  # anchors of the two tables of checks
UNTESTED = 0.01  # the rank, among p-values, of a finding that has none

Tests = list[tuple[str, str, Callable[[], Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A check that deserves a closer look.

    Attributes
    ----------
    sentence : str
        The result of the check.
    anchor : str
        Where the page has it.
    p_value : float
        Its p-value, or what ranks it among those that have one.
    """

    sentence: str
    anchor: str
    p_value: float


def assumption_checks(model: Any, options: Options) -> Sequence[Check]:
    """The checks of the assumptions, made once for a page.

    Raises
    ------
    MixedModelsError
        If the model has none.
    """
    checks: Sequence[Check] = model._once(f"checks {options.seed}", lambda: model.check_model(seed=options.seed).checks)
    return checks


def simulated_residuals(model: Any, options: Options) -> Any:
    """The simulated residuals, made once for a page.

    Raises
    ------
    MixedModelsError
        If the model has none.
    """
    return model._once(f"residuals {options.seed}", lambda: model.simulate_residuals(seed=options.seed))


def tests_of(residuals: Any) -> Tests:
    """Name, question and function of each test."""
    tests: Tests = [
        ("uniformity", "Is the distribution right as a whole?", residuals.test_uniformity),
        ("dispersion", "Is there as much scatter as expected?", residuals.test_dispersion),
        ("outliers", "Are there more rows outside all simulations than expected?", residuals.test_outliers),
        ("quantiles", "Do quartiles stay level along the fitted values?", residuals.test_quantiles),
    ]
    if residuals.integer_response:
        tests.append(("zeros", "Are there as many zeros as expected?", residuals.test_zero_inflation))
    return tests


def doubts(model: Any, options: Options) -> list[Doubt]:
    """Checks that deserve a closer look, the smallest p-values first."""
    found = [*_of_assumptions(model, options), *_of_simulated(model, options)]
    return sorted(found, key=lambda doubt: doubt.p_value)


def _of_assumptions(model: Any, options: Options) -> list[Doubt]:
    try:
        checks = assumption_checks(model, options)
    except MixedModelsError:
        return []  # the section of checks says why
    return [
        Doubt(sentence=f"{check.title}: {check.sentence}", anchor=ASSUMPTIONS, p_value=_rank(check))
        for check in checks
        if check.suspicious
    ]


def _rank(check: Check) -> float:
    p = float(check.values.get("p_value", float("nan")))
    return UNTESTED if isnan(p) else p


def _of_simulated(model: Any, options: Options) -> list[Doubt]:
    out = []
    try:
        tests = tests_of(simulated_residuals(model, options))
    except MixedModelsError:
        return []
    for name, question, test in tests:
        try:
            p = float(test().p_value)
        except MixedModelsError:
            continue
        if p < DOUBTFUL:
            sentence = f"simulated residuals, {name}: evidence against the model ({p_text(p)}). {question}"
            out.append(Doubt(sentence=sentence, anchor=SIMULATED, p_value=p))
    return out
