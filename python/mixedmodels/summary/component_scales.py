"""What a summary says of the family beside its dispersion: the variance, the shapes, the weights, and the scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.fitted.labels import kept_names
from mixedmodels.tables.coefmat import estimate_texts
from mixedmodels.tables.r_numbers import pad_left, pad_right

if TYPE_CHECKING:
    from mixedmodels.design.records import Design
    from mixedmodels.families.parts import FamilyWithParts
    from mixedmodels.fit.components.record import ComponentsFit

WEIGHTS = {
    "trials": "Weights are the numbers of trials of the proportions.",
    "cases": "Weights multiply the log-likelihood of their rows.",
    "precision": "Weights w divide the dispersion of their rows.",
}
_SUFFIXES = {"cond": "", "zi": "_zi", "disp": "_disp"}
_LINKS = {"1/mu^2": "1 / mu^2", "inverse": "1 / mu", "identity": "mu"}
_SPREADS_LESS = ("shape", "lambda", "theta")  # of which a larger one means less variance; phi by family
_WITH_ZEROS = ("counts", "nonnegative", "proportion", "closed unit")
_PRECISIONS = ("beta", "betabinomial", "ordbeta")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Scales:
    """What the numbers of a model of several components stand for.

    Attributes
    ----------
    variance : str
        Formula of the variance of a response, its definitions behind semicolons; see `Family.variance_formula`.
    shapes : tuple of str
        Names of the shapes that are estimated as one number each.
    estimates : ndarray, shape (shapes, 2)
        Their estimates and standard errors.
    fixed : dict of str to float
        Shapes with fixed values, those of the family and those held by `map`.
    weights : str
        What the weights mean.
    components : dict of str to str
        For each component what its linear predictor is.
    """

    variance: str
    shapes: tuple[str, ...]
    estimates: Matrix
    fixed: dict[str, float]
    weights: str
    components: dict[str, str]

    def lines(self, digits: int) -> list[str]:
        """All of it as text, a paragraph for each."""
        out: list[str] = []
        if self.variance:
            first, *definitions = self.variance.split("; ")
            out += ["", f"Var(y) = {first}", *(f"  {text}" for text in definitions)]
        if self.shapes:
            out += ["", "Shapes:", *self._table(digits)]
        out += ["", *(f"{name} = {value:g} (fixed)" for name, value in self.fixed.items())] if self.fixed else []
        out += ["", "Scales:"]
        names = pad_right([f"{name}:" for name in self.components])
        return out + [f"  {name} {text}" for name, text in zip(names, self.components.values(), strict=True)]

    def _table(self, digits: int) -> list[str]:
        cells = list(zip(*estimate_texts(self.estimates, digits), strict=True))
        columns = [pad_left([head, *texts]) for head, texts in zip(("Estimate", "Std. Error"), cells, strict=True)]
        names = pad_right(["", *self.shapes])
        return [" ".join(row) for row in zip(names, *columns, strict=True)]


def scales_of(fit: ComponentsFit) -> Scales:
    """What the numbers of a fit stand for."""
    family = fit.family
    base = family.base
    values = family.shape_values(fit.psi)
    start = len(fit.vcov_joint) - len(fit.psi)
    errors = np.abs(family.shape_slopes(fit.psi)) * np.sqrt(np.diag(fit.vcov_joint)[start:])
    free = ~np.isin(start + np.arange(len(values)), fit.held)
    fixed = [(name, getattr(base, name)) for name in base.fixable]
    fixed += [(name, value) for name, value, is_free in zip(family.shapes, values, free, strict=True) if not is_free]
    return Scales(
        variance=family.variance_formula,
        shapes=tuple(name for name, is_free in zip(family.shapes, free, strict=True) if is_free),
        estimates=np.column_stack([values, errors])[free],
        fixed={name: float(value) for name, value in fixed if value is not None},
        weights=WEIGHTS[family.weights_role],
        components={name: _predictor(family, name) for name in family.components},
    )


def prior_texts(design: Design, fit: ComponentsFit) -> tuple[str, ...]:
    """Each prior as glmmTMB prints it: class, coefficient, density."""
    designs = design.predictors
    terms = [(own, term) for own in designs for term in own.random]
    names = [(own, name) for own, part in zip(designs, fit.predictors, strict=True) for name in kept_names(own, part)]
    out = []
    for what, first, second, density, numbers in fit.constraints.priors:
        if what == "beta":
            own, coef = names[first]
            kind = f"fixef{_SUFFIXES[own.component]}"
        elif what == "psi":
            kind, coef = "psi", fit.family.shapes[first]
        else:
            own, term = terms[first]
            kind = f"ranef{_SUFFIXES[own.component]}_{what}"
            coef = f"{term.effects[second]}|{term.label}" if what == "sd" else term.label
        out.append(f"{kind} ({coef}) ~ {density}({', '.join(f'{x:g}' for x in numbers)})")
    return tuple(out)


def _predictor(family: FamilyWithParts, component: str) -> str:
    """What the linear predictor of a component is."""
    if component == "zi":
        zero = "a structural zero" if family.base.support in _WITH_ZEROS else "a zero (a hurdle: the family has none)"
        return f"logit(pi), pi the probability of {zero}"
    if component == "disp":
        return _dispersion(family)
    link = _LINKS.get(family.base.link, f"{family.base.link}(mu)")
    return f"{link}, mu {_mean(family)}"


def _mean(family: FamilyWithParts) -> str:
    base = family.base
    if base.engine_name.startswith("truncated"):
        return "the mean of all counts, zeros included; M that of the counts above 0"
    if base.engine_name == "ordbeta":
        return "the mean of y between 0 and 1; M that of all y"
    if base.engine_name in ("binomial", "betabinomial"):
        return "the probability of a success" + (" where y is no structural zero" if family.zeros else "")
    return "the mean of y" + (" where it is no structural zero" if family.zeros else "")


def _dispersion(family: FamilyWithParts) -> str:
    name = family.base.shapes[0]
    less = name in _SPREADS_LESS or family.base.engine_name in _PRECISIONS
    return f"log({name}): a larger {name} means {'less' if less else 'more'} variance"
