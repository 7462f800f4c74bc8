"""Fitting: a formula and a table in, a model out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from numpy.typing import ArrayLike

from mixedmodels._typing import Data
from mixedmodels.fit.method import Method, as_ddf, as_role, as_sigma
from mixedmodels.fit.record import Control
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
from mixedmodels.tables.caller_names import call_names

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from mixedmodels.families import Binomial, Family, Gamma, InverseGaussian, NegativeBinomial, Poisson
    from mixedmodels.many.record import FitMany
    from mixedmodels.model.components import ComponentsModel
    from mixedmodels.model.lm_list_record import LmList

    NotGaussian = (
        Literal["binomial", "poisson", "Gamma", "inverse.gaussian", "negative_binomial"]
        | Binomial
        | Poisson
        | Gamma
        | InverseGaussian
        | NegativeBinomial
    )

    class GlmerOptions(TypedDict, total=False):
        """Arguments of `glmer` on which the class of the model does not depend."""

        nAGQ: int
        weights: Any
        offset: Any
        subset: Any
        contrasts: Mapping[str, Any] | None
        na_action: Literal["omit", "exclude", "fail"]
        env: Mapping[str, Any] | None
        start: ArrayLike | Mapping[str, ArrayLike] | None
        control: Control | Mapping[str, Any] | None
        verbose: int
        laplace: Literal["observed", "fisher"]
        penalty: Literal["soft"] | None


def lmer(
    formula: str,
    data: Data,
    *,
    REML: bool = True,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    ddf: str = "Satterthwaite",
    sigma: float | None = None,
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control | Mapping[str, Any] | None = None,
    verbose: int = 0,
) -> MixedModel[Data]:
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : str
        Formula in R's language, as ``"Reaction ~ Days + (Days | Subject)"``.
    data : table
        A pandas or polars table, Arrow table, DuckDB relation, or mapping of names to arrays.
    REML : bool, default True
        Whether to maximise the restricted likelihood (the default) or the likelihood.
    weights : str or array_like, optional
        Precision weights: the residual variance of a row is sigma^2 / weight. A column name, an expression or an array.
    offset : str or array_like, optional
        A known part of the mean, added to ``offset()`` terms. A column name, an expression or an array.
    subset : str or array_like, optional
        Rows to use: an expression such as ``"Days > 1"``, or an array of truth values or positions.
    contrasts : mapping of str, optional
        Mapping from factor to "treatment", "sum", "helmert", "poly" or a matrix.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        Rows with missing values are left out ("omit"), left out but shown as NaN in `fitted()` and `residuals()`
        ("exclude"), or refused ("fail").
    env : mapping of str, optional
        Names that the table does not have, and what they stand for.
    ddf : {"Satterthwaite", "Kenward-Roger", "normal"}, default "Satterthwaite"
        Degrees of freedom of every test and every Wald interval of this model, unless a verb is told otherwise:
        Satterthwaite's; Kenward and Roger's, with their standard errors (for REML); or "normal" for none, as in lme4.
    sigma : float, optional
        Residual standard deviation where it is known, that of a row of weight 1; None estimates it. With
        ``weights=1 / v, sigma=1`` the v are the known sampling variances of a meta-analysis. It is no parameter then:
        not counted in `npar`, AIC and BIC, and neither profiled nor simulated anew. A grouping factor may
        have a level for each row.
    start : array_like or mapping of str to array_like, optional
        Theta to start from, or a mapping ``{"theta": ...}``.
    control : Control or mapping of str, optional
        Settings of the optimiser, `max_evaluations` and `tolerance`.
    verbose : int, default 0
        1 prints number and criterion of every evaluation to stderr; 0 shows one line of progress there, on a terminal
        only and once a fit has taken two seconds. Ctrl-C stops a fit.

    Returns
    -------
    MixedModel
        Fitted model.

    Raises
    ------
    FormulaError, DataError, DesignError, FitError
        Each says where, which value, and the cure.

    Warns
    -----
    SingularFitWarning
        If a covariance matrix of random effects lies on the boundary.
    ConvergenceWarning
        If the optimiser's certificate does not hold.
    RankDeficientWarning
        If columns of the fixed effects were dropped.

    Examples
    --------
    >>> sleep = mm.datasets.load("sleepstudy")
    >>> fit = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    >>> round(fit.sigma, 2)
    25.59
    """
    names = call_names(data, weights, offset, subset)
    return build_lmer(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            start=start,
            control=control,
            verbose=verbose,
            method=Method(reml=REML, ddf=as_ddf(ddf), sigma=as_sigma(sigma)),
            **names,
        ),
        stacklevel=3,
    )


@overload
def glmer(
    formula: str, data: Data, family: NotGaussian, **options: Unpack[GlmerOptions]
) -> GeneralizedMixedModel[Data]: ...
@overload
def glmer(
    formula: str, data: Data, family: Any, **options: Unpack[GlmerOptions]
) -> GeneralizedMixedModel[Data] | MixedModel[Data]: ...
def glmer(
    formula: str,
    data: Data,
    family: Any,
    *,
    nAGQ: int = 1,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control | Mapping[str, Any] | None = None,
    verbose: int = 0,
    laplace: Literal["observed", "fisher"] = "observed",
    penalty: Literal["soft"] | None = None,
) -> GeneralizedMixedModel[Data] | MixedModel[Data]:
    """Fit a generalised linear mixed model by maximum likelihood.

    Parameters
    ----------
    formula : str
        Formula in R's language, as ``"cbind(incidence, size - incidence) ~ period + (1 | herd)"``. A binomial response
        may be 0/1, boolean, a factor of two levels, failure first, ``cbind(successes, failures)``, or a proportion
        with its trials as `weights`.
    data : table
        See `lmer`.
    family : str or Family
        A name such as "binomial" or "poisson", R's text such as ``'binomial(link = "probit")'``, or an object such as
        ``mm.families.Binomial(link="probit")``. Gaussian with identity link is left to `lmer`.
    nAGQ : int, default 1
        1 is Laplace's approximation of the likelihood; 2 to 100 are points of adaptive Gauss-Hermite quadrature for
        each random effect, with one grouping factor only; 0 takes the fixed effects at the joint mode, a quicker and
        cruder estimator.
    weights : str or array_like, optional
        Trials of a binomial proportion; else prior weights, as in R.
    offset : str or array_like, optional
        A known part of the linear predictor, added to ``offset()`` terms.
    subset : str or array_like, optional
        See `lmer`.
    contrasts : mapping of str, optional
        See `lmer`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lmer`.
    env : mapping of str, optional
        See `lmer`.
    start : array_like or mapping of str to array_like, optional
        Theta to start from, or a mapping with any of "theta", "beta" (or "fixef") and "psi", the logarithms of the
        family's free shapes.
    control : Control or mapping of str, optional
        See `lmer`.
    verbose : int, default 0
        See `lmer`.
    laplace : {"observed", "fisher"}, default "observed"
        The determinant in Laplace's approximation is of the "observed" information, or of the expected one ("fisher"),
        which is lme4's definition; they differ where the link is not canonical.
    penalty : {"soft"}, optional
        "soft" maximises the softly penalised likelihood of Sterzinger and Kosmidis (2023), for binomial, Poisson and
        negative binomial families: the log-likelihood + c {log|X'WX| / 2 + sum h(log l_ii) + sum h(l_ij)}. W are the
        weights of the model without random effects, l the elements of the Cholesky factor of each term's covariance
        matrix, h(x) is -x^2 / 2 and beyond |x| = 1 linear, and c = 2 sqrt(p / n), n counting trials. Estimates are
        finite where the outcomes are separated, covariance matrices are never singular, and with growing n the penalty
        fades. It depends on the units of columns with random slopes.

    Returns
    -------
    GeneralizedMixedModel
        Its log-likelihood has all constants for every `nAGQ`, so that it can be compared among them and with `glm`.

    Raises
    ------
    FormulaError, DataError, DesignError, FitError
        Each says where, which value, and the cure.

    Warns
    -----
    SeparationWarning
        If fixed effects have no finite estimate; it names terms and levels.
    SingularFitWarning, ConvergenceWarning, RankDeficientWarning
        As `lmer`.

    Examples
    --------
    >>> cbpp = mm.datasets.load("cbpp")
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> gm = mm.glmer(formula, cbpp, "binomial")
    >>> round(gm.loglik, 2)
    -92.03
    """
    from mixedmodels.families import resolve

    names = call_names(data, weights, offset, subset)
    return build_glmer(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            start=start,
            control=control,
            verbose=verbose,
            method=Method(family=resolve(family), nagq=nAGQ, laplace=laplace, penalty=penalty),
            **names,
        ),
        stacklevel=3,
    )


def glmer_nb(
    formula: str,
    data: Data,
    *,
    nAGQ: int = 1,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control | Mapping[str, Any] | None = None,
    verbose: int = 0,
    laplace: Literal["observed", "fisher"] = "observed",
    penalty: Literal["soft"] | None = None,
) -> GeneralizedMixedModel[Data]:
    """Fit a negative binomial mixed model with log link, its theta estimated jointly with everything else.

    The variance is mu + mu^2 / theta. For another link or a known theta call `glmer` with
    ``mm.families.NegativeBinomial(theta=..., link=...)``.

    Parameters
    ----------
    formula : str
        Formula in R's language, as ``"y ~ x + (x | site)"``.
    data : table
        See `glmer`.
    nAGQ : int, default 1
        See `glmer`.
    weights, offset, subset : str or array_like, optional
        See `glmer`.
    contrasts : mapping of str, optional
        See `glmer`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `glmer`.
    env : mapping of str, optional
        See `glmer`.
    start : array_like or mapping of str to array_like, optional
        See `glmer`.
    control : Control or mapping of str, optional
        See `glmer`.
    verbose : int, default 0
        See `glmer`.
    laplace : {"observed", "fisher"}, default "observed"
        See `glmer`; theta is not penalised.
    penalty : {"soft"}, optional
        See `glmer`; theta is not penalised.

    Returns
    -------
    GeneralizedMixedModel
        With theta as `sigma` and in `shapes`.

    Examples
    --------
    >>> ticks = mm.datasets.load("grouseticks")
    >>> nb = mm.glmer_nb("TICKS ~ YEAR + (1 | BROOD)", ticks)
    >>> round(nb.sigma, 1)
    3.3
    """
    from mixedmodels.families import resolve

    names = call_names(data, weights, offset, subset)
    model = build_glmer(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            start=start,
            control=control,
            verbose=verbose,
            method=Method(family=resolve("negative_binomial"), nagq=nAGQ, laplace=laplace, penalty=penalty),
            **names,
        ),
        stacklevel=3,
    )
    assert isinstance(model, GeneralizedMixedModel)
    return model


def lm(
    formula: str,
    data: Data,
    *,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    sigma: float | None = None,
) -> LinearModel[Data]:
    """Fit a linear model by (weighted) least squares.

    Parameters
    ----------
    formula : str
        See `lmer`; without random terms.
    data : table
        See `lmer`.
    weights, offset, subset : str or array_like, optional
        See `lmer`.
    contrasts : mapping of str, optional
        See `lmer`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lmer`.
    env : mapping of str, optional
        See `lmer`.
    sigma : float, optional
        Residual standard deviation where it is known; see `lmer`. Tests of coefficients are then normal.

    Returns
    -------
    LinearModel
        Coefficients of columns that are combinations of earlier ones are NaN, as in R.

    Raises
    ------
    FormulaError, DataError, DesignError
        Each says where, which value, and the cure.

    Warns
    -----
    PerfectFitWarning
        If the residuals are rounding error only.

    Examples
    --------
    >>> lin = mm.lm("Reaction ~ Days", sleep)
    >>> round(lin.coef()["Days"], 2)
    10.47
    """
    names = call_names(data, weights, offset, subset)
    return build_lm(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            method=Method(sigma=as_sigma(sigma)),
            **names,
        )
    )


def glmmTMB(
    formula: str,
    data: Data,
    family: str | Family | type[Family] = "gaussian",
    *,
    ziformula: str = "~0",
    dispformula: str = "~1",
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    REML: bool = False,
    priors: Any = None,
    map: Mapping[str, float | str] | None = None,  # noqa: A002
    start: ArrayLike | Mapping[str, ArrayLike] | None = None,
    control: Control | Mapping[str, Any] | None = None,
    weights_role: Literal["cases", "precision"] = "cases",
    verbose: int = 0,
) -> ComponentsModel[Data]:
    """Fit a model whose mean, zero inflation and dispersion have formulas of their own, as R's glmmTMB.

    Each formula may have fixed effects, random effects and offsets. Without random effects anywhere the model is one of
    fixed effects, fitted by maximum likelihood.

    Parameters
    ----------
    formula : str
        Formula of the conditional mean: of the response where it is no structural zero.
    data : table
        See `lmer`.
    family : str or Family, default "gaussian"
        Distribution and link, such as "nbinom2", "truncated_poisson", ``"beta_family(probit)"`` or
        ``mm.families.NegativeBinomial()``.
    ziformula : str, default "~0"
        Formula of the log-odds of a structural zero. ``"~0"`` is for none, and ``"~."`` repeats the right side of
        `formula` without its offsets. With a family that has no zeros, such as "truncated_nbinom2" or "Gamma", it makes
        a hurdle model.
    dispformula : str, default "~1"
        Formula of the logarithm of the dispersion, the first shape of the family.
    weights : str or array_like, optional
        Trials of a proportion; else see `weights_role`.
    offset : str or array_like, optional
        A known part of the conditional linear predictor, added to ``offset()`` terms of `formula`.
    subset : str or array_like, optional
        See `lmer`.
    contrasts : mapping of str, optional
        Contrasts of factors, of all formulas.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lmer`. A row is used where the variables of all formulas have values.
    env : mapping of str, optional
        See `lmer`.
    REML : bool, default False
        Whether to integrate the coefficients of the conditional mean out of the likelihood, as glmmTMB does. For a
        gaussian model it is REML; for other families it is defined by Laplace's approximation.
    priors : sequence of mapping or table, optional
        Rows with "prior" (``normal(mean, sd)``, ``t(mean, sd, df)``, ``cauchy(location, scale)``, ``gamma(mean,
        shape)``, ``lkj(eta)``), "class" ("fixef", "fixef_zi", "fixef_disp", "ranef_sd", "ranef_cor", "ranef_zi_sd",
        ..., "psi") and "coef", a name; without a name all of the class, of coefficients all but the intercept.
        Log-likelihood, AIC and BIC are without the priors.
    map : mapping of str, optional
        Parameters, by their names in ``vcov(full=True)``, that are held at a number, or share a text and are equal.
    start : array_like or mapping of str, optional
        Parameters to start from, "theta", "beta" and "psi" of all components.
    control : Control or mapping of str, optional
        See `lmer`.
    weights_role : {"cases", "precision"}, default "cases"
        What weights mean: "cases" multiply a row's log-likelihood, as in glmmTMB; "precision" divide its dispersion, as
        in `lmer`.
    verbose : int, default 0
        See `lmer`.

    Returns
    -------
    ComponentsModel
        The fit, with the verbs of a `GeneralizedMixedModel`; verbs about coefficients take a component.

    Raises
    ------
    FormulaError, DataError, DesignError, FitError
        Each says where, which value, and the cure.

    Examples
    --------
    >>> ticks = mm.datasets.load("grouseticks")
    >>> zi = mm.glmmTMB("TICKS ~ cHEIGHT + (1 | BROOD)", ticks, "nbinom2", ziformula="~1")
    >>> zi.fixef("zi").names
    ('(Intercept)',)
    """
    from mixedmodels.families import resolve
    from mixedmodels.model.build import build_glmmtmb

    names = call_names(data, weights, offset, subset)
    return build_glmmtmb(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            start=start,
            control=control,
            ziformula=ziformula,
            dispformula=dispformula,
            priors=priors,
            map=map,
            method=Method(family=resolve(family), reml=REML, weights_role=as_role(weights_role)),
            verbose=verbose,
            **names,
        ),
        stacklevel=3,
    )


def glm(
    formula: str,
    data: Data,
    family: Any = "gaussian",
    *,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    start: ArrayLike | None = None,
    control: Control | Mapping[str, Any] | None = None,
    penalty: Literal["jeffreys"] | None = None,
) -> GeneralizedLinearModel[Data]:
    """Fit a generalised linear model by maximum likelihood.

    Parameters
    ----------
    formula : str
        Formula in R's language, as ``"cbind(incidence, size - incidence) ~ period"``. A binomial response may be 0/1,
        boolean, a factor of two levels, failure first, ``cbind(successes, failures)``, or a proportion with its
        trials as `weights`.
    data : table
        See `lmer`.
    family : str or Family, default "gaussian"
        A name such as "binomial" or "poisson", R's text such as ``'binomial(link = "probit")'``, or an object such as
        ``mm.families.Binomial(link="probit")``. "negative_binomial" estimates theta, as `glm_nb`.
    weights : str or array_like, optional
        Trials of a binomial proportion; else prior weights, as in R. Rows of weight 0 have fitted values only.
    offset : str or array_like, optional
        A known part of the linear predictor, added to ``offset()`` terms.
    subset : str or array_like, optional
        See `lmer`.
    contrasts : mapping of str, optional
        See `lmer`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lmer`.
    env : mapping of str, optional
        See `lmer`.
    start : array_like, optional
        A coefficient for each column of X to start from.
    control : Control or mapping of str, optional
        Settings of the iterations, `max_evaluations`.
    penalty : {"jeffreys"}, optional
        "jeffreys" adds half the log-determinant of the information to the log-likelihood (with the logit link Firth's
        reduction of bias): estimates are finite even where the outcomes are separated.

    Returns
    -------
    GeneralizedLinearModel
        Coefficients of columns that are combinations of earlier ones are NaN, as in R.

    Raises
    ------
    FormulaError, DataError, DesignError, FitError
        Each says where, which value, and the cure.

    Warns
    -----
    SeparationWarning
        If coefficients have no finite estimate; it names terms and levels.
    ConvergenceWarning
        If the iterations did not end at an optimum.
    PerfectFitWarning
        If the response is constant or fitted exactly.

    Examples
    --------
    >>> logit = mm.glm("cbind(incidence, size - incidence) ~ period", cbpp, "binomial")
    >>> round(logit.deviance, 2)
    114.1
    """
    from mixedmodels.families import resolve

    names = call_names(data, weights, offset, subset)
    return build_glm(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            start=start,
            control=control,
            method=Method(family=resolve(family), penalty=penalty),
            **names,
        ),
        stacklevel=3,
    )


def glm_nb(
    formula: str,
    data: Data,
    *,
    link: Literal["log", "sqrt", "identity"] = "log",
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    control: Control | Mapping[str, Any] | None = None,
) -> GeneralizedLinearModel[Data]:
    """Fit a negative binomial model with theta estimated, as ``glm.nb`` of R's MASS; Var(y) = mu + mu^2 / theta.

    Parameters
    ----------
    formula : str
        See `glm`.
    data : table
        See `glm`.
    link : {"log", "sqrt", "identity"}, default "log"
        Link between the mean and the linear predictor.
    weights, offset, subset : str or array_like, optional
        See `glm`.
    contrasts : mapping of str, optional
        See `glm`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `glm`.
    env : mapping of str, optional
        See `glm`.
    control : Control or mapping of str, optional
        See `glm`.

    Returns
    -------
    GeneralizedLinearModel
        With `theta` and `theta_se`; standard errors of coefficients take theta as known, as in R.

    Raises
    ------
    FitError
        If the counts vary no more than Poisson's, so that theta is infinite.

    Examples
    --------
    >>> ticks = mm.datasets.load("grouseticks")
    >>> nb = mm.glm_nb("TICKS ~ cHEIGHT", ticks)
    >>> round(nb.theta, 2)
    0.5
    """
    from mixedmodels.families import NegativeBinomial

    names = call_names(data, weights, offset, subset)
    return build_glm(
        Request(
            formula=formula,
            data=data,
            weights=weights,
            offset=offset,
            subset=subset,
            contrasts=contrasts,
            na_action=na_action,
            env=env,
            control=control,
            method=Method(family=NegativeBinomial(link=link)),
            **names,
        ),
        stacklevel=3,
    )


def fit_many(
    formula: str,
    data: Any,
    responses: Any,
    *,
    REML: bool = True,
    ddf: str | bool = "Satterthwaite",
    family: Any = None,
    nAGQ: int = 1,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
    control: Control | Mapping[str, Any] | None = None,
    penalty: Any = None,
    progress: bool | None = None,
) -> FitMany:
    """Fit one design to many responses: genes, voxels, simulated data.

    Computations that do not depend on the response are made once. With random terms the models are those of `lmer` (or
    of `glmer` with a `family`), without any those of `lm` or `glm`.

    Parameters
    ----------
    formula : str
        Formula as for `lmer`; its left side, if there is one, is ignored: ``"~ Days + (Days | Subject)"``.
    data : table
        See `lmer`; a row in which a predictor is missing is left out for every response.
    responses : table, array_like or sequence of str
        A table with a column per response, an array of shape (rows, responses), or names of columns of `data`. A
        response with missing values is fitted to the rows that it has; infinite values are refused.
    REML : bool, default True
        Whether linear mixed models are fitted by REML.
    ddf : str or bool, default "Satterthwaite"
        Method for degrees of freedom and p-values of linear mixed models: "Satterthwaite" (True) or "normal"; False
        for none.
    family : str or Family, optional
        See `glmer` and `glm`; these models are fitted one after the other.
    nAGQ : int, default 1
        See `glmer` and `glm`; these models are fitted one after the other.
    weights, offset, subset : str or array_like, optional
        See `lmer`.
    contrasts : mapping of str, optional
        See `lmer`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lmer`.
    env : mapping of str, optional
        See `lmer`.
    control : Control or mapping of str, optional
        See `lmer`.
    penalty : str, optional
        See `glmer` and `glm`; these models are fitted one after the other.
    progress : bool, optional
        Whether a line of progress is shown on stderr: True at once, None on a terminal after two seconds, False never.
        Ctrl-C stops and returns the fits so far.

    Returns
    -------
    FitMany
        With `to_frame()`, a row for each parameter of each response, and `failures`. A response that cannot be fitted
        has missing estimates and a reason; it does not stop the others.

    Raises
    ------
    FormulaError, DataError, DesignError
        About the design, or about the shape of the responses.

    Examples
    --------
    >>> responses = sleep[["Reaction"]].assign(log=np.log(sleep["Reaction"]))
    >>> fits = mm.fit_many("~ Days + (Days | Subject)", sleep, responses)
    >>> len(fits.responses), fits.failures
    (2, {})
    """
    from mixedmodels.families import resolve
    from mixedmodels.many.fit_many import fit_many as fit

    request = Request(
        formula=formula,
        data=data,
        weights=weights,
        offset=offset,
        subset=subset,
        contrasts=contrasts,
        na_action=na_action,
        env=env,
        control=control,
        method=Method(reml=REML, family=None if family is None else resolve(family), nagq=nAGQ, penalty=penalty),
    )
    return fit(request, responses, ddf, progress)


def lm_list(
    formula: str,
    data: Any,
    *,
    family: Any = None,
    pool: bool = True,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: Literal["omit", "exclude", "fail"] = "omit",
    env: Mapping[str, Any] | None = None,
) -> LmList:
    """Fit a separate linear model to each level of a grouping factor (no pooling), as lme4's ``lmList``.

    Parameters
    ----------
    formula : str
        Model and its grouping factor, as ``"Reaction ~ Days | Subject"``.
    data : table
        See `lm`.
    family : str or Family, optional
        Family of generalised linear models, as for `glm`.
    pool : bool, default True
        Whether standard errors and intervals are made with one residual standard deviation for all groups.
    weights, offset, subset : str or array_like, optional
        See `lm`.
    contrasts : mapping of str, optional
        See `lm`.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        See `lm`.
    env : mapping of str, optional
        See `lm`.

    Returns
    -------
    LmList
        A mapping of levels to models, with `coef()`, `summary()`, `confint()`, `tidy()`, `pooled_sd`, `df_residual`.

    Raises
    ------
    FormulaError, DataError, DesignError
        About the formula or the data. A group that cannot be fitted has no model, and a reason in `failures`.

    Warns
    -----
    MixedModelsWarning
        If groups could not be fitted.

    Examples
    --------
    >>> separate = mm.lm_list("Reaction ~ Days | Subject", sleep)
    >>> len(separate), separate.df_residual
    (18, 144)
    """
    from mixedmodels.families import resolve
    from mixedmodels.model.lm_list import build_lm_list

    request = Request(
        formula=formula,
        data=data,
        weights=weights,
        offset=offset,
        subset=subset,
        contrasts=contrasts,
        na_action=na_action,
        env=env,
        method=Method(family=None if family is None else resolve(family)),
    )
    return build_lm_list(request, pool)
