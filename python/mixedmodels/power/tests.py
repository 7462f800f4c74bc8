"""Tests whose power is computed: their hypotheses and their methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import formula as formulas
from mixedmodels._names import meant
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError, FormulaError
from mixedmodels.estimates.symbolic_hypotheses import parse_hypotheses
from mixedmodels.frame import nearest
from mixedmodels.inference.anova.contrast_matrices import term_layout
from mixedmodels.power import engines
from mixedmodels.power.engines import Outcomes
from mixedmodels.power.noncentral import AnalyticPower, analytic_power, planned_coefficients

if TYPE_CHECKING:
    from mixedmodels.power.planned_model import PlannedModel

Run = Callable[[Matrix], Outcomes]

_METHODS = {
    "t": "t", "f": "t", "satterthwaite": "t", "residual": "t", "kr": "kr", "kenward-roger": "kr", "z": "z",
    "chisq": "z", "wald": "z", "asymptotic": "z", "lrt": "lrt", "lr": "lrt",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PowerTest:
    """A test to be repeated.

    Attributes
    ----------
    label : str
        Label of what is tested, as ``Power`` prints it.
    description : tuple of str
        Lines that say which test it is.
    method : str
        Method of the p-value: "t", "kr", "z", "lrt", or "own" for a function of the user's.
    c : ndarray, shape (r, p), optional
        Matrix of the hypothesis ``c @ beta = rhs``; None where it is no hypothesis about beta.
    rhs : ndarray, shape (r,), optional
        Right sides of the hypothesis, or None.
    smaller : str, optional
        Formula of the smaller model, or None.
    own : callable, optional
        Function of the user's, or None.
    """

    label: str
    description: tuple[str, ...]
    method: str
    c: Matrix | None = None
    rhs: Vector | None = None
    smaller: str | None = None
    own: Callable[[Any], Any] | None = None

    @property
    def slow(self) -> bool:
        """Whether every response is fitted by itself."""
        many = self.c is not None and len(self.c) > 1
        return self.method in ("kr", "own") or (self.method == "t" and many)

    def effect(self, plan: PlannedModel) -> float:
        """The true difference from the hypothesis; NaN of several rows."""
        if self.c is None or self.rhs is None or len(self.c) != 1:
            return float("nan")
        return float((self.c @ plan._fit.beta)[0] - self.rhs[0])

    def run(self, plan: PlannedModel) -> Run:
        """The function that tests responses of a plan, shape (B, n)."""
        if self.method == "own":
            assert self.own is not None
            return engines.by_function(plan, self.own)
        if self.method == "lrt":
            return engines.by_likelihood(plan, self.c, self.rhs, self.smaller)
        assert self.c is not None
        assert self.rhs is not None
        if self.method == "kr" or (self.method == "t" and engines.is_lmer(plan) and len(self.c) > 1):
            return engines.by_model(plan, self.c, self.rhs, "Kenward-Roger" if self.method == "kr" else "Satterthwaite")
        return engines.by_wald(plan, self.c, self.rhs, self.method == "t")

    def analytic(self, plan: PlannedModel, alpha: float) -> AnalyticPower | None:
        """Power by a noncentral distribution; None where there is none."""
        if self.c is None or self.rhs is None:
            return None
        method = "z" if self.method == "lrt" else self.method
        coefficients = planned_coefficients(plan.design, plan._fit, plan._names, method)
        if self.method == "lrt" and len(self.c) == 1:
            power = analytic_power(coefficients, self.c, self.rhs, alpha)
            return replace(power, law="chi-squared", noncentrality=power.noncentrality**2)
        return analytic_power(coefficients, self.c, self.rhs, alpha)


def read_test(plan: PlannedModel, test: Any, by: str | None) -> PowerTest:
    """The test that is meant.

    Parameters
    ----------
    test : str, callable or None
        The test: None for the first coefficient that is no intercept; a coefficient; a term; a hypothesis such as
        "dose2 - dose1 = 0"; a formula with ``~`` of a smaller model, in which ``.`` stands for what is there; or a
        function of the fitted model that gives a p-value.
    by : str or None
        Test: "t" ("Satterthwaite"), "Kenward-Roger", "z", "LRT", or None for the class's own.

    Raises
    ------
    DataError, FormulaError
        If there is no such coefficient, term or method.
    """
    names = plan._names
    if callable(test):
        if by is not None:
            raise DataError(f"by={by!r} is for tests of coefficients, and a function has its own; leave it out.")
        name = getattr(test, "__name__", "a function")
        shown = "a function of your own" if name == "<lambda>" else name
        return PowerTest(
            label=f"by {shown}", description=("p-value that the function returns",), method="own", own=test
        )
    if test is None:
        test = _first(names)
    test = meant(test, (*names, *plan.design.fixed.terms))
    if not isinstance(test, str):
        raise DataError(f"test is {test!r:.60}; give a coefficient, a term, a hypothesis, a formula, or a function.")
    if "~" in test:
        return _comparison(plan, test, by)
    method = _method_of(plan, by)
    if test in names:
        return _of_rows(plan, f"for predictor '{test}'", np.eye(len(names))[[names.index(test)]], method, test)
    layout = term_layout(plan.design, plan._fit.kept)
    if test in layout.labels:
        columns = layout.columns(layout.labels.index(test))
        if not len(columns):
            raise DataError(f"no coefficient of the term {test!r} can be estimated in this design.")
        return _of_rows(plan, f"for predictor '{test}'", np.eye(len(names))[columns], method, None)
    return _hypothesis(plan, test, method, (*names, *layout.labels))


def _first(names: tuple[str, ...]) -> str:
    name = next((n for n in names if n != "(Intercept)"), None)
    if name is None:
        raise DataError("the model has no coefficient but the intercept; give the test as test=.")
    return name


def _hypothesis(plan: PlannedModel, text: str, method: str, possible: tuple[str, ...]) -> PowerTest:
    try:
        read = parse_hypotheses(text, plan._names)
    except FormulaError as error:
        near = nearest(text, possible)
        offer = f"did you mean {near!r}?" if near else f"there are {', '.join(dict.fromkeys(possible))}."
        # What is wrong with it as a hypothesis matters only where it was meant as one.
        why = f" {error}" if "=" in text else ""
        raise DataError(f"test {text!r} is no coefficient, term or hypothesis; {offer}{why}") from error
    if read.alternative not in (None, "two.sided"):
        raise DataError(f"test {text!r} has a direction; tests here are two-sided, write it with '='.")
    label = f"for hypothesis '{text}'"
    return _of_rows(plan, label, read.matrix, method, None, read.rhs)


def _of_rows(
    plan: PlannedModel, label: str, c: NDArray[np.float64], method: str, name: str | None, rhs: Vector | None = None
) -> PowerTest:
    rhs = np.zeros(len(c)) if rhs is None else rhs
    lines = [_words(plan, method, len(c))]
    if len(c) == 1:
        effect = float((c @ plan._fit.beta)[0] - rhs[0])
        lines.append(f"Effect size{f' for {name}' if name else ''} is {effect:.4g}")
    return PowerTest(label=label, description=tuple(lines), method=method, c=c, rhs=rhs)


def _words(plan: PlannedModel, method: str, rows: int) -> str:
    if method == "lrt":
        return "Likelihood ratio"
    if method == "kr":
        return f"{'t-test' if rows == 1 else 'F-test'} by Kenward-Roger"
    if method == "z" or (method == "t" and not engines.has_df(plan)):
        return "z-test" if rows == 1 else f"Wald's chi-squared test, {rows} degrees of freedom"
    statistic = "t-test" if rows == 1 else "F-test"
    return f"{statistic} with {'Satterthwaite' if engines.is_lmer(plan) else 'residual'} degrees of freedom"


def _method_of(plan: PlannedModel, by: str | None) -> str:
    if by is None:
        return "t" if engines.has_df(plan) else "z"
    method = _METHODS.get(by.lower()) if isinstance(by, str) else None
    if method is None:
        raise DataError(f"by is {by!r:.40}; it is 't' (Satterthwaite), 'Kenward-Roger', 'z' or 'LRT'.")
    if method == "kr" and not engines.is_lmer(plan):
        raise DataError(f"by={by!r} is for lmer; this model takes 't', 'z' or 'LRT'.")
    if method == "kr" and not plan._method.reml:
        raise DataError("Kenward-Roger's test is for REML, and these responses are fitted by maximum likelihood.")
    if method == "t" and not engines.has_df(plan):
        raise DataError(
            f"by={by!r} needs degrees of freedom, which {plan.family} models do not have; use 'z' or 'LRT'."
        )
    return method


def _comparison(plan: PlannedModel, text: str, by: str | None) -> PowerTest:
    if by is not None and _METHODS.get(str(by).lower()) != "lrt":
        raise DataError(f"a smaller model is compared by its likelihood ratio; by={by!r} does not go with {text!r}.")
    smaller = formulas.update(plan.formula, text)
    lines = ("Likelihood ratio", f"Comparison to {smaller.text}")
    return PowerTest(label="for model comparison", description=lines, method="lrt", smaller=smaller.text)
