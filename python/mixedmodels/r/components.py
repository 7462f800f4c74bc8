"""R's glmmTMB, and what is of its models alone."""

from __future__ import annotations

from typing import Any

from mixedmodels import families
from mixedmodels.fit.method import as_role
from mixedmodels.model.build import build_glmmtmb
from mixedmodels.model.components import ComponentsModel
from mixedmodels.r.models import _request

__all__ = ["family_params", "glmmTMB"]


def glmmTMB(
    formula: str,
    data: Any,
    family: Any = "gaussian",
    ziformula: str = "~0",
    dispformula: str = "~1",
    weights: Any = None,
    offset: Any = None,
    REML: bool = False,
    **arguments: Any,
) -> ComponentsModel[Any]:
    """Fit a model whose mean, zero inflation and dispersion have formulas of their own.

    Parameters
    ----------
    formula : str
        Formula of the conditional mean.
    data : table
        Table with the columns of all formulas.
    family : str, Family or function, default "gaussian"
        Distribution and link: "nbinom2", ``nbinom2()`` or ``nbinom2``.
    ziformula, dispformula : str
        Formulas of the log-odds of a structural zero and of the logarithm of the dispersion.
    weights, offset : str or array_like, optional
        Weights of rows, and a known part of the conditional linear predictor.
    REML : bool, default False
        Whether to integrate the coefficients of the conditional mean out of the likelihood.
    **arguments : Any
        Further arguments as in `mixedmodels.glmmTMB`.

    Examples
    --------
    >>> from mixedmodels.r import fixef, glmmTMB, nbinom2
    >>> ticks = mm.datasets.load("grouseticks")
    >>> zi = glmmTMB("TICKS ~ cHEIGHT + (1 | BROOD)", ticks, nbinom2, ziformula="~1")
    >>> list(fixef(zi, "zi"))
    ['(Intercept)']
    """
    chosen = family if isinstance(family, type) or not callable(family) else family()
    role = as_role(arguments.pop("weights_role", "cases"))
    arguments |= {"ziformula": ziformula, "dispformula": dispformula, "weights": weights, "offset": offset}
    method = {"family": families.resolve(chosen), "weights_role": role, "reml": REML}
    return build_glmmtmb(_request(formula, data, arguments, **method), stacklevel=3)


def family_params(object: ComponentsModel[Any]) -> dict[str, float]:  # noqa: A002
    """Shapes of the family beside its dispersion, by the names that glmmTMB prints.

    Examples
    --------
    >>> from mixedmodels.r import family_params, glmmTMB, tweedie
    >>> cover = mm.datasets.load("Salamanders")
    >>> list(family_params(glmmTMB("count ~ mined", cover, tweedie)))
    ['Tweedie power']
    """
    return object.family_params()
