"""The method by which a model is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels.errors import DataError, FitError

if TYPE_CHECKING:
    from mixedmodels.families import Family

SMALLEST_SIGMA = 1e-140  # its square is a double
DdfName = Literal["Satterthwaite", "Kenward-Roger", "normal"]  # ways to degrees of freedom of a linear mixed model
_SPELLINGS: dict[str, DdfName] = {
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward-Roger",
    "kr": "Kenward-Roger",
    "normal": "normal",
    "asymptotic": "normal",
    "lme4": "normal",
    "z": "normal",
}


def ddf_name(text: object) -> DdfName | None:
    """The way to degrees of freedom that a spelling names, None if none is called so."""
    return _SPELLINGS.get(text.lower()) if isinstance(text, str) else None


def as_ddf(text: object) -> DdfName:
    """The way to degrees of freedom that a spelling names.

    Raises
    ------
    DataError
        If none is called so.
    """
    name = ddf_name(text)
    if name is None:
        raise DataError(f"ddf is {text!r:.80}; give 'Satterthwaite', 'Kenward-Roger' or 'normal'.")
    return name


def as_role(role: object) -> Literal["cases", "precision"]:
    """What weights are: of cases, or precisions.

    Raises
    ------
    DataError
        If it is neither.
    """
    if role == "cases":
        return "cases"
    if role == "precision":
        return "precision"
    raise DataError(
        f"weights_role is {role!r:.40}; give 'cases' for weights that multiply a row's log-likelihood, or 'precision' "
        "for weights that divide its dispersion."
    )


def check_reml(ddf: str, reml: bool) -> None:
    """Refuse Kenward and Roger's method for a fit by maximum likelihood.

    Raises
    ------
    DataError
        If it is one.
    """
    if ddf == "Kenward-Roger" and not reml:
        raise DataError(
            "ddf='Kenward-Roger' is a method for REML, and REML is False; take ddf='Satterthwaite', or fit by REML."
        )


def as_sigma(sigma: object) -> float | None:
    """The residual standard deviation that a user knows; None where it is to be estimated.

    Raises
    ------
    FitError
        If it is no positive number.
    """
    if sigma is None:
        return None
    number = isinstance(sigma, Real) and not isinstance(sigma, bool)
    value = float(sigma) if isinstance(sigma, Real) and number else math.nan
    if not SMALLEST_SIGMA < value < 1 / SMALLEST_SIGMA:
        raise FitError(
            f"sigma is {sigma!r:.80}; give the residual standard deviation as a number above 0, such as sigma=1 with "
            "weights=1/variance, or leave it out to have it estimated."
        )
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Arguments of `lm`, `lmer`, `glm` or `glmer` beside formula and data that decide how to fit.

    Attributes
    ----------
    family : Family, optional
        Family; None of linear (mixed) models.
    reml : bool, default True
        See `lmer`, `glmer` and `glm`.
    nagq : int, default 1
        See `lmer`, `glmer` and `glm`.
    laplace : {"observed", "fisher"}, default "observed"
        See `lmer`, `glmer` and `glm`.
    penalty : str, optional
        See `lmer`, `glmer` and `glm`.
    ddf : {"Satterthwaite", "Kenward-Roger", "normal"}, default "Satterthwaite"
        How an `lmer` gets its degrees of freedom; other classes of models have their own.
    weights_role : {"cases", "precision"}, optional
        What the weights of a `glmmTMB` are; None of other functions.
    sigma : float, optional
        Residual standard deviation of an `lm` or `lmer` where it is known; None where it is estimated.
    """

    family: Family | None = None
    reml: bool = True
    nagq: int = 1
    laplace: Literal["observed", "fisher"] = "observed"
    penalty: Any = None
    ddf: DdfName = "Satterthwaite"
    weights_role: Literal["cases", "precision"] | None = None
    sigma: float | None = None

    @property
    def n_shapes(self) -> int:
        """Shapes beside the coefficients, the dispersion left out."""
        if self.family is None or self.family.weights_role == "precision":
            return 0
        return len(self.family.shapes)

    def title(self, mixed: bool) -> str:
        """The method in words, of a model with random effects or without."""
        if self.family is None:
            known = "" if self.sigma is None else f", sigma = {self.sigma:g} known"
            return ("least squares" if not mixed else "REML" if self.reml else "maximum likelihood") + known
        return f"maximum likelihood, {self.family}"
