"""The methods that give the coefficients of a linear mixed model their degrees of freedom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedmodels.design.records import Design
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Asymptotic, Coefficients, Ddf, check_ddf
from mixedmodels.estimates.kenward_roger import KenwardRoger, adjustment
from mixedmodels.estimates.satterthwaite import Satterthwaite
from mixedmodels.estimates.theta_information import theta_information
from mixedmodels.fit.lmm import fit_lmm
from mixedmodels.fit.record import MixedFit

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Lmm

METHODS = ("Satterthwaite", "Kenward-Roger", "asymptotic")
_SPELLINGS = {
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward-Roger",
    "kr": "Kenward-Roger",
    "asymptotic": "asymptotic",
    "lme4": "asymptotic",
    "z": "asymptotic",
}


def method_name(ddf: str | None) -> str:
    """The method that a user's spelling names; None is Satterthwaite.

    Raises
    ------
    DataError
        If no method is called so.
    """
    if ddf is None:
        return "Satterthwaite"
    method = _SPELLINGS.get(ddf.lower()) if isinstance(ddf, str) else None
    if method is None:
        check_ddf(ddf, METHODS)
    assert method is not None
    return method


def is_asymptotic(ddf: Ddf) -> bool:
    """Whether a name is that of the normal distribution, for which lme4 prints no degrees of freedom or p-values."""
    return not isinstance(ddf, Coefficients) and method_name(ddf) == "asymptotic"


def coefficients(
    method: str, names: tuple[str, ...], design: Design, fit: MixedFit, engine: Lmm | None
) -> Coefficients:
    """Coefficients with degrees of freedom by one of `METHODS`.

    Kenward and Roger's method is one for REML: a model that was fitted by maximum likelihood is fitted again, and
    estimates, covariance and tests are those of the new fit (`refitted` is then true).

    Raises
    ------
    FitError
        If the random effects are too many for the method.
    """
    if method == "asymptotic":
        return Asymptotic(names, fit.beta, fit.vcov)
    if not names:
        raise DataError(f"{design.formula!r} has no fixed effects, so there is nothing to test by {method}'s method.")
    if method == "Satterthwaite":
        assert engine is not None
        return Satterthwaite(names, fit, theta_information(engine, fit))
    refitted = not fit.reml
    if refitted:
        fit, _ = fit_lmm(design, reml=True, start=fit.theta)
    return KenwardRoger(names, fit, adjustment(design, fit), refitted=refitted)
