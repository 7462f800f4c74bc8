"""R's functions that fit models and ask them for their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels.api import call_names
from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from mixedmodels.errors import DataError
from mixedmodels.families import resolve
from mixedmodels.fit.covariance import SINGULAR
from mixedmodels.fit.covariance import is_singular as _is_singular
from mixedmodels.fit.method import Method
from mixedmodels.model import (
    GeneralizedLinearModel,
    GeneralizedMixedModel,
    LinearModel,
    MixedModel,
    Request,
    build_glm,
    build_glmer,
    build_lm,
    build_lmer,
)
from mixedmodels.power.make import simulate_response
from mixedmodels.tables.vectors import LogLik

__all__ = [
    "AIC",
    "BIC",
    "REMLcrit",
    "VarCorr",
    "coef",
    "deviance",
    "df_residual",
    "family",
    "fitted",
    "fixef",
    "formula",
    "getME",
    "glm",
    "glm_nb",
    "glmer",
    "glmer_nb",
    "isREML",
    "isSingular",
    "lm",
    "lmer",
    "logLik",
    "model_frame",
    "model_matrix",
    "ngrps",
    "nobs",
    "predict",
    "ranef",
    "rePCA",
    "refit",
    "refitML",
    "resid",
    "residuals",
    "sigma",
    "simulate",
    "summary",
    "update",
    "vcov",
    "weights",
]

AnyMixed = MixedModel | GeneralizedMixedModel
Model = LinearModel | GeneralizedLinearModel | AnyMixed


def lmer(formula: str, data: Any, REML: bool = True, **arguments: Any) -> MixedModel:
    """Fit a linear mixed model; further arguments as of `mixedmodels.lmer`."""
    return build_lmer(_request(formula, data, arguments, reml=REML), stacklevel=3)


def lm(formula: str, data: Any, **arguments: Any) -> LinearModel:
    """Fit a linear model; further arguments as of `mixedmodels.lm`."""
    return build_lm(_request(formula, data, arguments))


def glm(formula: str, family: Any = "gaussian", data: Any = None, **arguments: Any) -> GeneralizedLinearModel:
    """Fit a generalised linear model; arguments in R's order, further ones as of `mixedmodels.glm`."""
    if data is None:
        raise DataError("glm() needs a table: glm(formula, family, data), or glm(formula, data=..., family=...).")
    return build_glm(_request(formula, data, arguments, family=resolve(family)))


def glm_nb(formula: str, data: Any, link: str = "log", **arguments: Any) -> GeneralizedLinearModel:
    """Fit a negative binomial model, MASS's ``glm.nb``; further arguments as of `mixedmodels.glm_nb`."""
    from mixedmodels.families import NegativeBinomial

    family = NegativeBinomial(link=link)
    return build_glm(_request(formula, data, arguments, family=resolve(family)))


def glmer(formula: str, data: Any, family: Any = "gaussian", nAGQ: int = 1, **arguments: Any) -> AnyMixed:
    """Fit a generalised linear mixed model; further arguments as of `mixedmodels.glmer`."""
    return build_glmer(_request(formula, data, arguments, family=resolve(family), nagq=nAGQ), stacklevel=3)


def glmer_nb(formula: str, data: Any, nAGQ: int = 1, **arguments: Any) -> AnyMixed:
    """Fit a negative binomial mixed model, lme4's ``glmer.nb``; further arguments as of `mixedmodels.glmer_nb`."""
    return build_glmer(_request(formula, data, arguments, family=resolve("negative_binomial"), nagq=nAGQ), stacklevel=3)


def _request(formula: str, data: Any, arguments: dict[str, Any], **method: Any) -> Request:
    weights, offset, subset = (arguments.get(name) for name in ("weights", "offset", "subset"))
    names = call_names(data, weights, offset, subset, depth=3)
    method |= {name: arguments[name] for name in Method.__dataclass_fields__ if name in arguments}
    others = {name: value for name, value in arguments.items() if name not in method}
    return Request(formula=formula, data=data, method=Method(**method), **others, **names)


def summary(object: Model, **arguments: Any) -> Any:  # noqa: A002
    """The summary, which prints as R prints it; of an lmer `ddf` adds tests, as lmerTest prints them."""
    return object.summary(**arguments)


def fixef(object: AnyMixed) -> Any:  # noqa: A002
    """Fixed effects by name."""
    return object.fixef()


def ranef(object: AnyMixed, condVar: bool = True) -> Any:  # noqa: A002
    """Conditional modes of the random effects; as in lme4 with their conditional variances."""
    return object.ranef(cond_var=condVar)


def VarCorr(x: AnyMixed) -> Any:
    """Standard deviations and correlations of the random effects."""
    return x.VarCorr()


def coef(object: Model) -> Any:  # noqa: A002
    """Coefficients; of a mixed model by level of each grouping factor."""
    return object.coef()


def vcov(object: Model) -> Any:  # noqa: A002
    """Covariance matrix of the fixed effects."""
    return object.vcov()


def sigma(object: Model) -> float:  # noqa: A002
    """Residual standard deviation."""
    return object.sigma


def logLik(object: Model, REML: bool | None = None) -> LogLik:  # noqa: A002
    """Log-likelihood, with `df` and `nobs`; `REML` chooses the criterion, by default that of the fit."""
    if REML is None or not isinstance(object, MixedModel):
        return object.logLik()
    value = object.reml_criterion if REML else object.deviance
    return LogLik(-value / 2, object.npar, object.nobs)


def AIC(*objects: Model) -> Any:
    """Akaike's criterion of a model; of several a table with columns df and AIC."""
    return objects[0].aic if len(objects) == 1 else _criteria("AIC", [m.aic for m in objects], objects)


def BIC(*objects: Model) -> Any:
    """Schwarz's criterion of a model; of several a table with columns df and BIC."""
    return objects[0].bic if len(objects) == 1 else _criteria("BIC", [m.bic for m in objects], objects)


def _criteria(name: str, values: list[float], objects: tuple[Model, ...]) -> Any:
    if not objects:
        raise DataError(f"{name}() needs a model.")
    return frame.to_kind({"df": [m.npar for m in objects], name: values}, "pandas")


def deviance(object: Model, REML: bool | None = None) -> float:  # noqa: A002
    """Of an lm the residual sum of squares, of an lmer -2 log-likelihood (with ``REML=True`` its REML criterion).

    Of a glmer the sum of squared deviance residuals given the conditional modes.
    """
    return object.reml_criterion if REML and isinstance(object, MixedModel) else object.deviance


def REMLcrit(object: MixedModel) -> float:  # noqa: A002
    """-2 restricted log-likelihood."""
    return object.reml_criterion


def isREML(x: AnyMixed) -> bool:
    """Whether the restricted likelihood was maximised."""
    return x._fit.reml


def df_residual(object: Model) -> int:  # noqa: A002
    """Residual degrees of freedom."""
    return object.df_resid


def nobs(object: Model) -> int:  # noqa: A002
    """Rows used."""
    return object.nobs


def ngrps(object: AnyMixed) -> dict[str, int]:  # noqa: A002
    """Levels of each grouping factor."""
    return object.ngroups


def formula(x: Model) -> str:
    """The formula."""
    return x.formula


def family(object: Model) -> Any:  # noqa: A002
    """Distribution and link."""
    return object.family


def fitted(object: Model) -> Any:  # noqa: A002
    """Fitted values."""
    return object.fitted()


def residuals(object: Any, type: Any = None, scaled: bool = False, **arguments: Any) -> Any:  # noqa: A002
    """Residuals of a type: by default "response", of a model with a family "deviance".

    Of simulated residuals themselves, on the scale of `quantileFunction`, with `outlierValues` for infinite ones.
    """
    if isinstance(object, SimulatedResiduals):
        return object.residuals(arguments.get("quantileFunction"), arguments.get("outlierValues"))
    return object.residuals(scaled=scaled) if type is None else object.residuals(type, scaled=scaled)


resid = residuals


def weights(object: Model) -> NDArray[np.float64] | None:  # noqa: A002
    """Prior weights of the rows used (trials of a binomial model); None for an lm without, else ones."""
    prior = object._prior_weights()
    if prior is not None:
        return prior.copy()
    return None if isinstance(object, LinearModel) else np.ones(object.nobs)


def predict(object: Model, newdata: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Predictions; arguments as of the model's method."""
    return object.predict(newdata, **arguments)


def simulate(object: Model | str, nsim: int = 1, seed: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """New responses of a model, or of a formula with ``newdata`` and ``newparams`` as lme4 has it.

    Parameters
    ----------
    object : LinearModel, GeneralizedLinearModel, MixedModel, GeneralizedMixedModel or str
        A model, or a formula such as ``"~ x + (1 | g)"``.
    nsim : int, default 1
        Number of responses.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    **arguments : Any
        Arguments of the model's method; of a formula `newdata`, `newparams` (a mapping with beta, theta and sigma), and
        `family`, `weights`, `offset`.
    """
    if not isinstance(object, str):
        return object.simulate(nsim, seed, **arguments)
    newdata, newparams = (arguments.pop(name, None) for name in ("newdata", "newparams"))
    if newdata is None or newparams is None:
        raise DataError("simulate() of a formula needs newdata and newparams, a mapping with beta, theta and sigma.")
    family = arguments.pop("family", "gaussian")
    return simulate_response(object, newdata, family, nsim=nsim, seed=seed, **dict(newparams), **arguments)


def update(object: Model, formula: str | None = None, **changes: Any) -> Any:  # noqa: A002
    """The model fitted again with a changed formula or changed arguments."""
    return object.update(formula, **changes)


def refit(object: Model, newresp: Any) -> Any:  # noqa: A002
    """The model fitted to another response."""
    return object.refit(newresp)


def refitML(x: MixedModel) -> MixedModel:
    """The model fitted by maximum likelihood."""
    return x.update(REML=False) if x.is_reml else x


def model_matrix(object: Model, type: Any = "fixed") -> Any:  # noqa: A002
    """X ("fixed") or Z ("random")."""
    names = {"fixed": "X", "random": "Z"}
    return object.model_matrix(names.get(type, type))


def model_frame(formula: Model) -> Any:
    """The rows used of the columns in the formula."""
    return formula.frame


def getME(object: AnyMixed, name: Any) -> Any:  # noqa: A002
    """A component by lme4's name."""
    return object.getME(name)


def isSingular(x: AnyMixed, tol: float = SINGULAR) -> bool:
    """Whether a diagonal element of a relative covariance factor is below `tol`."""
    return _is_singular(x._fit.theta, x._fit.sizes, tol)


def rePCA(x: AnyMixed) -> Any:
    """Principal components of the random effects."""
    return x.rePCA()
