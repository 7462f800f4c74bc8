"""R's functions that fit models and return their estimates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._spellings import word
from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from mixedmodels.errors import DataError
from mixedmodels.families import resolve
from mixedmodels.fit import family_moments
from mixedmodels.fit.covariance import SINGULAR
from mixedmodels.fit.covariance import is_singular as _is_singular
from mixedmodels.fit.method import Method, as_ddf
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
from mixedmodels.model.components import ComponentsModel
from mixedmodels.power.make import simulate_response
from mixedmodels.tables.caller_names import call_names
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
    """Fit a linear mixed model; further arguments as in `mixedmodels.lmer`.

    Examples
    --------
    >>> from mixedmodels.r import lmer
    >>> round(lmer("Reaction ~ Days + (Days | Subject)", sleep, REML=False).sigma, 2)
    25.59
    """
    return build_lmer(_request(formula, data, arguments, reml=REML), stacklevel=3)


def lm(formula: str, data: Any, **arguments: Any) -> LinearModel:
    """Fit a linear model; further arguments as in `mixedmodels.lm`.

    Examples
    --------
    >>> from mixedmodels.r import lm
    >>> round(lm("Reaction ~ Days", sleep).sigma, 2)
    47.71
    """
    return build_lm(_request(formula, data, arguments))


def glm(formula: str, family: Any = "gaussian", data: Any = None, **arguments: Any) -> GeneralizedLinearModel:
    """Fit a generalised linear model; arguments in R's order, further ones as in `mixedmodels.glm`.

    Examples
    --------
    >>> from mixedmodels.r import glm
    >>> model = glm("cbind(incidence, size - incidence) ~ period", "binomial", cbpp)
    >>> round(model.deviance, 2)
    114.1
    """
    if data is None:
        raise DataError("glm() needs a table: glm(formula, family, data), or glm(formula, data=..., family=...).")
    return build_glm(_request(formula, data, arguments, family=resolve(family)))


def glm_nb(formula: str, data: Any, link: str = "log", **arguments: Any) -> GeneralizedLinearModel:
    """Fit a negative binomial model, MASS's ``glm.nb``; further arguments as in `mixedmodels.glm_nb`.

    Examples
    --------
    >>> from mixedmodels.r import glm_nb
    >>> ticks = mm.datasets.load("grouseticks")
    >>> round(glm_nb("TICKS ~ cHEIGHT", ticks).theta, 2)
    0.5
    """
    from mixedmodels.families import NegativeBinomial

    family = NegativeBinomial(link=link)
    return build_glm(_request(formula, data, arguments, family=resolve(family)))


def glmer(formula: str, data: Any, family: Any = "gaussian", nAGQ: int = 1, **arguments: Any) -> AnyMixed:
    """Fit a generalised linear mixed model; further arguments as in `mixedmodels.glmer`.

    Examples
    --------
    >>> from mixedmodels.r import glmer
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> round(glmer(formula, cbpp, "binomial").loglik, 2)
    -92.03
    """
    return build_glmer(_request(formula, data, arguments, family=resolve(family), nagq=nAGQ), stacklevel=3)


def glmer_nb(formula: str, data: Any, nAGQ: int = 1, **arguments: Any) -> AnyMixed:
    """Fit a negative binomial mixed model, lme4's ``glmer.nb``; further arguments as in `mixedmodels.glmer_nb`.

    Examples
    --------
    >>> from mixedmodels.r import glmer_nb
    >>> ticks = mm.datasets.load("grouseticks")
    >>> round(glmer_nb("TICKS ~ YEAR + (1 | BROOD)", ticks).sigma, 1)
    3.3
    """
    return build_glmer(_request(formula, data, arguments, family=resolve("negative_binomial"), nagq=nAGQ), stacklevel=3)


def _request(formula: str, data: Any, arguments: dict[str, Any], **method: Any) -> Request:
    weights, offset, subset = (arguments.get(name) for name in ("weights", "offset", "subset"))
    names = call_names(data, weights, offset, subset, depth=3)
    fields = {*Method.__dataclass_fields__} - (set() if "reml" in method else {"ddf"})
    method |= {name: arguments[name] for name in fields if name in arguments}
    if "ddf" in method:
        method["ddf"] = as_ddf(method["ddf"])
    others = {name: value for name, value in arguments.items() if name not in method}
    return Request(formula=formula, data=data, method=Method(**method), **others, **names)


def _of(object: Model, component: str) -> dict[str, Any]:  # noqa: A002
    """The component as an argument of a verb, which models of one component do not have."""
    if isinstance(object, ComponentsModel):
        return {"component": component}
    if component != "cond":
        raise DataError(f"component is {component!r:.40}, and the model {object.formula!r} is not one of glmmTMB's.")
    return {}


def summary(object: Model, **arguments: Any) -> Any:  # noqa: A002
    """The summary, which prints as in R; for an lmer, `ddf` adds tests, printed as in lmerTest.

    Examples
    --------
    >>> from mixedmodels.r import summary
    >>> print(summary(lin).text().splitlines()[2])
    lm(formula = Reaction ~ Days, data = ...)
    """
    return object.summary(**arguments)


def fixef(object: AnyMixed, component: str = "cond") -> Any:  # noqa: A002
    """Fixed effects by name; of a glmmTMB fit those of a component, where R writes ``fixef(m)$zi``.

    Examples
    --------
    >>> from mixedmodels.r import fixef
    >>> round(fixef(fit)["Days"], 2)
    10.47
    """
    return object.fixef(**_of(object, component))


def ranef(object: AnyMixed, condVar: bool = True, component: str = "cond") -> Any:  # noqa: A002
    """Conditional modes of the random effects with their conditional variances, as in lme4.

    Of a glmmTMB fit they are those of a `component`, where R writes ``ranef(m)$zi``.

    Examples
    --------
    >>> from mixedmodels.r import ranef
    >>> ranef(fit)["Subject"].loc["308"].round(2).tolist()
    [2.26, 9.2]
    """
    return object.ranef(cond_var=condVar, **_of(object, component))


def VarCorr(x: AnyMixed, component: str = "cond") -> Any:
    """Standard deviations and correlations of the random effects; of a glmmTMB fit those of a component.

    Examples
    --------
    >>> from mixedmodels.r import VarCorr
    >>> VarCorr(fit)["Subject"].round(1).values.tolist()
    [[612.1, 9.6], [9.6, 35.1]]
    """
    return x.VarCorr(**_of(x, component))


def coef(object: Model, component: str = "cond") -> Any:  # noqa: A002
    """Coefficients; for a mixed model by level of each grouping factor, of a glmmTMB fit those of a component.

    Examples
    --------
    >>> from mixedmodels.r import coef
    >>> round(coef(lin)["Days"], 2)
    10.47
    """
    return object.coef(**_of(object, component))


def vcov(object: Model, component: str = "cond") -> Any:  # noqa: A002
    """Covariance matrix of the fixed effects; of a glmmTMB fit those of a component, where R writes ``vcov(m)$zi``.

    Examples
    --------
    >>> from mixedmodels.r import vcov
    >>> vcov(fit).shape
    (2, 2)
    """
    return object.vcov(**_of(object, component))


def sigma(object: Model) -> float:  # noqa: A002
    """Residual standard deviation; of a glmmTMB fit its dispersion, NaN where that has a formula (R: NA).

    Examples
    --------
    >>> from mixedmodels.r import sigma
    >>> round(sigma(fit), 2)
    25.59
    """
    return object.sigma


def logLik(object: Model, REML: bool | None = None) -> LogLik:  # noqa: A002
    """Log-likelihood, with `df` and `nobs`; `REML` chooses the criterion, by default that of the fit.

    Examples
    --------
    >>> from mixedmodels.r import logLik
    >>> round(float(logLik(fit, REML=False)), 2)
    -875.99
    """
    if REML is None or not isinstance(object, MixedModel):
        return object.logLik()
    value = object.reml_criterion if REML else object.deviance
    return LogLik(-value / 2, object.npar, object.nobs)


def AIC(*objects: Model) -> Any:
    """Akaike's criterion of a model; for several models a table with columns df and AIC.

    Examples
    --------
    >>> from mixedmodels.r import AIC
    >>> round(AIC(fit), 2)
    1755.63
    >>> AIC(fit, lin)["df"].tolist()
    [6, 3]
    """
    return objects[0].aic if len(objects) == 1 else _criteria("AIC", [m.aic for m in objects], objects)


def BIC(*objects: Model) -> Any:
    """Schwarz's criterion of a model; for several models a table with columns df and BIC.

    Examples
    --------
    >>> from mixedmodels.r import BIC
    >>> round(BIC(fit), 2)
    1774.79
    """
    return objects[0].bic if len(objects) == 1 else _criteria("BIC", [m.bic for m in objects], objects)


def _criteria(name: str, values: list[float], objects: tuple[Model, ...]) -> Any:
    if not objects:
        raise DataError(f"{name}() needs a model.")
    return frame.to_kind({"df": [m.npar for m in objects], name: values}, "pandas")


def deviance(object: Model, REML: bool | None = None) -> float:  # noqa: A002
    """The residual sum of squares of an lm, or -2 log-likelihood of an lmer (``REML=True``: REML criterion).

    For a glmer it is the sum of squared deviance residuals at the conditional modes.

    Examples
    --------
    >>> from mixedmodels.r import deviance
    >>> round(deviance(gm), 2)
    73.47
    """
    return object.reml_criterion if REML and isinstance(object, MixedModel) else object.deviance


def REMLcrit(object: MixedModel) -> float:  # noqa: A002
    """-2 restricted log-likelihood.

    Examples
    --------
    >>> from mixedmodels.r import REMLcrit
    >>> round(REMLcrit(fit), 2)
    1743.63
    """
    return object.reml_criterion


def isREML(x: AnyMixed) -> bool:
    """Whether the restricted likelihood was maximised.

    Examples
    --------
    >>> from mixedmodels.r import isREML
    >>> isREML(fit), isREML(gm)
    (True, False)
    """
    return x._fit.reml


def df_residual(object: Model) -> int:  # noqa: A002
    """Residual degrees of freedom.

    Examples
    --------
    >>> from mixedmodels.r import df_residual
    >>> df_residual(lin)
    178
    """
    return object.df_resid


def nobs(object: Model) -> int:  # noqa: A002
    """Rows used.

    Examples
    --------
    >>> from mixedmodels.r import nobs
    >>> nobs(fit)
    180
    """
    return object.nobs


def ngrps(object: AnyMixed) -> dict[str, int]:  # noqa: A002
    """Levels of each grouping factor.

    Examples
    --------
    >>> from mixedmodels.r import ngrps
    >>> ngrps(fit)
    {'Subject': 18}
    """
    return object.ngroups


def formula(x: Model) -> str:
    """The formula.

    Examples
    --------
    >>> from mixedmodels.r import formula
    >>> formula(fit)
    'Reaction ~ Days + (Days | Subject)'
    """
    return x.formula


def family(object: Model) -> Any:  # noqa: A002
    """Distribution and link.

    Examples
    --------
    >>> from mixedmodels.r import family
    >>> family(gm).name
    'binomial'
    """
    return object.family


def fitted(object: Model) -> Any:  # noqa: A002
    """Fitted values.

    Examples
    --------
    >>> from mixedmodels.r import fitted
    >>> fitted(fit).round(1).tolist()[:2]
    [253.7, 273.3]
    """
    return object.fitted()


def residuals(object: Any, type: Any = None, scaled: bool = False, **arguments: Any) -> Any:  # noqa: A002
    """Residuals of a type: by default "response", for a model with a family "deviance".

    Simulated residuals are returned on the scale of `quantileFunction`, with `outlierValues` for infinite ones.

    Examples
    --------
    >>> from mixedmodels.r import residuals
    >>> residuals(fit).round(1).tolist()[:2]
    [-4.1, -14.6]
    """
    if isinstance(object, SimulatedResiduals):
        return object.residuals(arguments.get("quantileFunction"), arguments.get("outlierValues"))
    return object.residuals(scaled=scaled) if type is None else object.residuals(type, scaled=scaled)


resid = residuals


def weights(object: Model, type: str = "prior") -> NDArray[np.float64] | None:  # noqa: A002
    """Weights of the rows; NaN at rows that ``na_action="exclude"`` left out.

    Parameters
    ----------
    object : model
        Fitted model.
    type : {"prior", "working"}, default "prior"
        Kind of weights: "prior" as given (trials of a binomial model; None for an lm without weights, else ones), or
        "working", those of the last iteration of Fisher's scoring, which are the prior ones of a linear model.

    Examples
    --------
    >>> from mixedmodels.r import weights
    >>> weights(gm)[:3]
    array([14., 12.,  9.])
    >>> weights(gm, "working")[:3].round(2)
    array([2.99, 1.46, 0.99])
    """
    kind, prior = word("type", type, ("prior", "working")), object._prior_weights()
    if isinstance(object, LinearModel) and prior is None:
        return None
    values = np.ones(object.nobs) if prior is None else prior.copy()
    if kind == "working" and object._fit.generalized:
        object._need_rows("the working weights")
        values *= family_moments.working_weights(object._fit)
    return np.asarray(object._rows.expand(values))


def predict(object: Model, newdata: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Predictions; arguments as in the model's method.

    Examples
    --------
    >>> from mixedmodels.r import predict
    >>> predict(fit, pd.DataFrame({"Days": [10]}), re_form="~0").round(1).tolist()
    [356.1]
    """
    return object.predict(newdata, **arguments)


def simulate(object: Model | str, nsim: int = 1, seed: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Simulate responses of a model, or of a formula with ``newdata`` and ``newparams`` as in lme4.

    Parameters
    ----------
    object : LinearModel, GeneralizedLinearModel, MixedModel, GeneralizedMixedModel or str
        A model, or a formula such as ``"~ x + (1 | g)"``.
    nsim : int, default 1
        Number of responses.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    **arguments : Any
        Arguments of the model's method. A formula takes `newdata`, `newparams` (a mapping with beta, theta and sigma),
        `family`, `weights` and `offset`.

    Examples
    --------
    >>> from mixedmodels.r import simulate
    >>> simulate(fit, 2, seed=1).shape
    (180, 2)
    """
    if not isinstance(object, str):
        return object.simulate(nsim, seed, **arguments)
    newdata, newparams = (arguments.pop(name, None) for name in ("newdata", "newparams"))
    if newdata is None or newparams is None:
        raise DataError("simulate() of a formula needs newdata and newparams, a mapping with beta, theta and sigma.")
    family = arguments.pop("family", "gaussian")
    return simulate_response(object, newdata, family, nsim=nsim, seed=seed, **dict(newparams), **arguments)


def update(object: Model, formula: str | None = None, **changes: Any) -> Any:  # noqa: A002
    """Fit the model again with a changed formula or changed arguments.

    Examples
    --------
    >>> from mixedmodels.r import update
    >>> update(fit, ". ~ . - Days").formula
    'Reaction ~ (Days | Subject)'
    """
    return object.update(formula, **changes)


def refit(object: Model, newresp: Any) -> Any:  # noqa: A002
    """Fit the model to another response.

    Examples
    --------
    >>> from mixedmodels.r import refit
    >>> round(refit(fit, 2 * sleep["Reaction"]).sigma, 2)
    51.18
    """
    return object.refit(newresp)


def refitML(x: MixedModel) -> MixedModel:
    """Fit the model by maximum likelihood.

    Examples
    --------
    >>> from mixedmodels.r import refitML
    >>> refitML(fit).is_reml
    False
    """
    return x.update(REML=False) if x.is_reml else x


def model_matrix(object: Model, type: Any = "fixed") -> Any:  # noqa: A002
    """X ("fixed") or Z ("random").

    Examples
    --------
    >>> from mixedmodels.r import model_matrix
    >>> model_matrix(fit).shape, model_matrix(fit, "random").shape
    ((180, 2), (180, 36))
    """
    names = {"fixed": "X", "random": "Z"}
    return object.model_matrix(names.get(type, type))


def model_frame(formula: Model) -> Any:
    """The formula's columns in the rows used.

    Examples
    --------
    >>> from mixedmodels.r import model_frame
    >>> model_frame(fit).columns.tolist()
    ['Reaction', 'Days', 'Subject']
    """
    return formula.frame


def getME(object: AnyMixed, name: Any) -> Any:  # noqa: A002
    """A component by lme4's name.

    Examples
    --------
    >>> from mixedmodels.r import getME
    >>> getME(fit, "q")
    36
    """
    return object.getME(name)


def isSingular(x: AnyMixed, tol: float = SINGULAR) -> bool:
    """Whether random effects have in some direction a standard deviation below `tol`.

    It is in units of sigma and of columns divided by their standard deviation, so that the unit of a slope does not
    matter; lme4 looks at the diagonal of theta as it is.

    Examples
    --------
    >>> from mixedmodels.r import isSingular
    >>> isSingular(fit)
    False
    """
    return _is_singular(x._fit.theta, x._fit.sizes, x._fit.standards, tol)


def rePCA(x: AnyMixed) -> Any:
    """Principal components of the random effects.

    Examples
    --------
    >>> from mixedmodels.r import rePCA
    >>> rePCA(fit)["Subject"].sdev.round(2)
    array([0.97, 0.23])
    """
    return x.rePCA()
