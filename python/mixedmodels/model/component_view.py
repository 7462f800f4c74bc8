"""One component of a model as a model of its own, for verbs about its coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.families.parts import link_family
from mixedmodels.fit.record import GlmmFit
from mixedmodels.model.glmer import GeneralizedMixedModel

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.fit.components.record import ComponentsFit, PredictorFit
    from mixedmodels.model.components import ComponentsModel

QUANTITIES = {"zi": "Probability of a structural zero", "disp": "Dispersion"}


class ComponentView(GeneralizedMixedModel):
    """Zero inflation or the dispersion of a model: coefficients, their covariance, and all that follows from these.

    Its response is no number of the data, so that fitted values, residuals, simulations and refits are of the whole
    model.
    """

    @classmethod
    def of(cls, model: ComponentsModel, design: Design, part: PredictorFit) -> ComponentView:
        """The view of a component."""
        return cls(_record(model._fit, part), design, model._source, model._request)

    @property
    def outcome_label(self) -> str:
        """What the mean of the component is."""
        return QUANTITIES[self.design.component]

    def _refuse(self, what: str) -> NoReturn:
        raise DataError(
            f"{what} of the {self.design.component} component alone do not exist; ask the whole model, of which "
            "predict() has types for each component."
        )

    def _fitted(self) -> Vector:
        self._refuse("fitted values")

    def _residuals(self, type: Any = "deviance", scaled: bool = False) -> Vector:  # noqa: A002
        self._refuse("residuals")

    def _response(self) -> Vector:
        self._refuse("responses")

    def _heights(self) -> Vector:
        return self._fit.eta

    def _call_text(self) -> str:
        return f"{self.call.fit_text('glmmTMB', self)}, component {self.design.component}"

    def summary(self, ddf: Any = None) -> Any:
        """Refused: the summary of the whole model has a table for each component."""
        self._refuse("summaries")

    @property
    def _engine(self) -> Any:
        self._refuse("likelihoods")


def _record(fit: ComponentsFit, part: PredictorFit) -> GlmmFit:
    """The estimates of a component in the form of a model's."""
    m, p = len(part.theta), len(part.beta)
    parts = fit.predictors
    theta = sum(len(other.theta) for other in parts[: parts.index(part)])
    beta = sum(len(other.theta) for other in parts) + fit.first_coefficient(part.component)
    places = [*range(theta, theta + m), *range(beta, beta + p)]
    square = np.ix_(places, places)
    beside = fit.first_coefficient(part.component)
    conditional = fit.vcov_conditional[beside : beside + p, beside : beside + p]
    return GlmmFit(
        n=fit.n,
        family=link_family(part.component),
        nagq=fit.nagq,
        laplace=fit.laplace,
        kept=part.kept,
        sizes=part.sizes,
        theta=part.theta,
        beta=part.beta,
        psi=np.empty(0),
        criterion=fit.criterion,
        u=part.u,
        b=part.b,
        eta=part.eta,
        vcov_joint=fit.vcov_joint[square],
        vcov_conditional=conditional,
        gradient=fit.gradient[places],
        hessian=fit.hessian[square],
        logdet_u=np.nan,
        penalty=np.nan,
        conditional_loglik=np.nan,
        y=np.full(fit.n, np.nan),
        weights=None,
        singular=fit.singular,
        standards=part.standards,
        inner=0,
        run=fit.run,
    )
