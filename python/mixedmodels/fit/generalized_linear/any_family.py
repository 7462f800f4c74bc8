"""A model without random effects of any family: by the method that is right for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from mixedmodels.fit.generalized_linear.by_likelihood import fit_by_likelihood
from mixedmodels.fit.generalized_linear.glm import fit_glm
from mixedmodels.fit.generalized_linear.negative_binomial import fit_glm_nb

if TYPE_CHECKING:
    from mixedmodels.design.records import Design
    from mixedmodels.families import Family
    from mixedmodels.fit.record import Control, GlmFit


def fit_without_random(
    design: Design,
    family: Family,
    *,
    penalty: Any = None,
    start: ArrayLike | None = None,
    control: Control | None = None,
) -> GlmFit:
    """Fit a generalised linear model: R's families as ``glm`` and ``glm.nb`` do, others by maximum likelihood.

    Parameters
    ----------
    start : array_like, optional
        Coefficients of the columns of X to start from; a negative binomial whose theta is estimated takes none.
    """
    if not family.least_squares:
        return fit_by_likelihood(design, family, penalty=penalty, start=start, control=control)
    if family.weights_role == "cases" and family.shapes:
        return fit_glm_nb(design, family.link, penalty=penalty, control=control)
    return fit_glm(design, family, penalty=penalty, start=start, control=control)
