"""The common base of fitted generalised linear models, with random effects or without."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.fit.record import GlmFit, GlmmFit
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.families import Family
    from mixedmodels.fit.moments import ResidualType


class FamilyModel(FittedModel):
    """A model whose response has a family; to stand before other bases of `FittedModel`."""

    _fit: GlmFit | GlmmFit

    @property
    def family(self) -> Family:
        """Distribution and link of the response.

        Examples
        --------
        >>> gm.family
        Binomial(link='logit')
        """
        return self._fit.family

    @property
    def sigma(self) -> float:
        """Spread as in R's glmmTMB: the root of the dispersion, or the first shape (theta, phi), or 1.

        The documentation of the family says what the variance is by it.
        """
        return self._fit.sigma

    def family_params(self) -> dict[str, float]:
        """Shapes of the family beside `sigma`, by the names that R's glmmTMB prints.

        The power of a Tweedie model, the degrees of freedom of a t model, the slant of a skew-normal one, the cutoffs
        of an ordered beta one; no other family has any.

        Examples
        --------
        >>> gm.family_params()
        {}
        """
        return self._fit.family.params(self._fit.psi)

    @property
    def _dispersion(self) -> float:
        return (self._fit.residual_sd or 1.0) ** 2

    def residuals(self, type: ResidualType = "deviance", *, scaled: bool = False) -> Any:  # noqa: A002
        """Residuals, one per row as `fitted()`.

        Parameters
        ----------
        type : {"response", "pearson", "working", "deviance"}, default "deviance"
            Kind of residuals: "deviance", "pearson", "working" (on the scale of the linear predictor) or "response".
        scaled : bool, default False
            Whether to divide by the root of the dispersion.

        Examples
        --------
        >>> gm.residuals("pearson").head(2).round(3).tolist()
        [-1.34, 1.075]
        """
        return super().residuals(type, scaled=scaled)

    def _residuals(self, type: ResidualType = "deviance", scaled: bool = False) -> Vector:  # noqa: A002
        from mixedmodels.fit import family_moments

        fit = self._fit
        r = family_moments.residuals(fit.y, fit.weights, fit.eta, fit.family, self._psi, type)
        return r / sqrt(self._dispersion) if scaled else r

    def _fitted(self) -> Vector:
        return self._on_scale(self._fit.eta, "response")

    def _weightless_response(self, rest: Design) -> Vector:
        from mixedmodels.fit.responses import family_response

        return family_response(rest, self._fit.family).y

    def _on_scale(self, eta: Vector, type: str) -> Vector:  # noqa: A002
        return eta if type == "link" else np.asarray(self._fit.family.mean(eta))

    @property
    def _psi(self) -> Vector:
        """Free shapes on the scale on which they are estimated."""
        return self._fit.psi

    def _response(self) -> Vector:
        return self._fit.y

    def _prior_weights(self) -> Vector | None:
        return self._fit.weights

    def _with_response(self, response: Any) -> Design:
        """The design with another response, successes and failures or proportions where it had both counts."""
        counts = self.design.response
        if counts is None or counts.ndim == 1:
            return replace(self.design, response=self._rows.response(response))
        return replace(self.design, response=self._rows.binomial_response(response, counts.sum(axis=1)))
