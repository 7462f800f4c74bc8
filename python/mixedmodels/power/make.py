"""Models with given parameters: a formula, a table of predictors, and values instead of a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels.design import Design, build
from mixedmodels.errors import DataError, DesignError, UnknownColumnError
from mixedmodels.families import GAUSSIAN, resolve
from mixedmodels.fit.at_parameters import fit_at, rows_of
from mixedmodels.fit.glmm import as_laplace, as_nagq, as_penalised
from mixedmodels.fit.lmm import as_flag, kept_columns
from mixedmodels.fit.method import Method
from mixedmodels.fitted.request import Request, Source
from mixedmodels.formula.nodes import Call
from mixedmodels.power.planned_model import PlannedModel
from mixedmodels.simulate.parameters import read_parameters

if TYPE_CHECKING:
    from mixedmodels.families import Family


def make_lmer(
    formula: str,
    data: Any,
    *,
    fixef: Any,
    VarCorr: Any = None,
    sd: Any = None,
    theta: Any = None,
    sigma: float | None = None,
    REML: bool = True,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    env: Mapping[str, Any] | None = None,
) -> PlannedModel:
    """A linear mixed model whose parameters are given: to draw from, to plan with.

    Parameters
    ----------
    formula : str
        Formula as for `lmer`; the response need not be in the table, and is not looked at.
    data : table
        A table of predictors and groups, as `crossing` makes one.
    fixef : mapping or array_like
        Coefficients, a mapping by R's names or numbers in their order.
    VarCorr : VarCorr, mapping or array_like, optional
        Covariance matrix of each random term (variances, not standard deviations): a mapping such as ``{"Subject":
        [[600, 10], [10, 35]]}``, a number for a single effect, or what ``fit.VarCorr()`` returned, which also gives
        `sigma`.
    sd : mapping or array_like, optional
        Standard deviations of uncorrelated effects, in place of `VarCorr`: ``{"Subject": [25, 6]}``.
    theta : array_like, optional
        Parameters of lme4, in place of `VarCorr`: lower triangles relative to sigma, column by column.
    sigma : float, optional
        Residual standard deviation (of a row of weight 1).
    REML : bool, default True
        Whether drawn responses are fitted by REML.
    weights, offset, subset : str or array_like, optional
        See `lmer`.
    contrasts, env : mapping of str, optional
        See `lmer`.

    Returns
    -------
    PlannedModel
        Model with these parameters, whose responses are still to be drawn.

    Raises
    ------
    FormulaError, DataError, DesignError
        Where formula, table or parameters cannot be read or do not fit each other.

    Examples
    --------
    >>> table = mm.crossing(time=range(4), subject=range(10))
    >>> plan = mm.make_lmer("y ~ time + (1 | subject)", table, fixef=[0, 1], VarCorr=0.5, sigma=1)
    >>> plan.nobs, plan.ngroups
    (40, {'subject': 10})
    """
    parameters = {"fixef": fixef, "VarCorr": VarCorr, "sd": sd, "theta": theta, "sigma": sigma}
    request = Request(
        formula=formula, data=data, weights=weights, offset=offset, subset=subset, contrasts=contrasts, env=env
    )
    return _made(request, Method(reml=as_flag(REML, "REML")), "required", parameters)


def make_glmer(
    formula: str,
    data: Any,
    family: Any,
    *,
    fixef: Any,
    VarCorr: Any = None,
    sd: Any = None,
    theta: Any = None,
    sigma: float | None = None,
    shapes: Mapping[str, float] | None = None,
    nAGQ: int = 1,
    laplace: Literal["observed", "fisher"] = "observed",
    penalty: Literal["soft"] | None = None,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    env: Mapping[str, Any] | None = None,
) -> PlannedModel:
    """A generalised linear mixed model whose parameters are given.

    Parameters
    ----------
    formula : str
        See `make_lmer`; variances are on the scale of the linear predictor.
    data : table
        See `make_lmer`; variances are on the scale of the linear predictor.
    family : str or Family
        See `glmer`.
    fixef : mapping or array_like
        See `make_lmer`; variances are on the scale of the linear predictor.
    VarCorr : VarCorr, mapping or array_like, optional
        See `make_lmer`; variances are on the scale of the linear predictor.
    sd : mapping or array_like, optional
        See `make_lmer`; variances are on the scale of the linear predictor.
    theta : array_like, optional
        See `make_lmer`; variances are on the scale of the linear predictor.
    sigma : float, optional
        Root of the dispersion, of a Gamma or inverse Gaussian family.
    shapes : mapping of str to float, optional
        Free shapes of other families, as ``{"theta": 2.0}`` of a negative binomial whose theta is to be estimated.
    nAGQ : int, default 1
        Setting for the fits of drawn responses; see `glmer`.
    laplace : {"observed", "fisher"}, default "observed"
        Setting for the fits of drawn responses; see `glmer`.
    penalty : {"soft"}, optional
        Setting for the fits of drawn responses; see `glmer`.
    weights : str or array_like, optional
        Trials of a binomial response; left out, one each, or the sum of the columns of a ``cbind()`` that the table
        has.
    offset : str or array_like, optional
        A known part of the linear predictor.
    subset : str or array_like, optional
        See `make_lmer`; variances are on the scale of the linear predictor.
    contrasts, env : mapping of str, optional
        See `make_lmer`; variances are on the scale of the linear predictor.

    Returns
    -------
    PlannedModel
        Model with these parameters, whose responses are still to be drawn.

    Examples
    --------
    >>> table = mm.crossing(time=range(4), subject=range(10))
    >>> plan = mm.make_glmer("y ~ time + (1 | subject)", table, family="poisson", fixef=[0, 0.2], sd=0.5)
    >>> plan.simulate(1, seed=1).shape
    (40, 1)
    """
    chosen = resolve(family)
    if chosen == GAUSSIAN:
        raise DataError("family is gaussian with identity link; use make_lmer().")
    parameters = {"fixef": fixef, "VarCorr": VarCorr, "sd": sd, "theta": theta, "sigma": sigma, "shapes": shapes}
    request = Request(
        formula=formula, data=data, weights=weights, offset=offset, subset=subset, contrasts=contrasts, env=env
    )
    return _made(
        request,
        Method(family=chosen, reml=False, nagq=nAGQ, laplace=as_laplace(laplace), penalty=penalty),
        "required",
        parameters,
    )


def make_lm(
    formula: str,
    data: Any,
    *,
    fixef: Any,
    sigma: float,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    env: Mapping[str, Any] | None = None,
) -> PlannedModel:
    """A linear model whose parameters are given; arguments as for `make_lmer`.

    Examples
    --------
    >>> plan = mm.make_lm("y ~ x", {"x": range(20)}, fixef=[0, 0.1], sigma=1)
    >>> print(f"{plan.power('x', method='analytic').power:.2f}")
    0.68
    """
    request = Request(
        formula=formula, data=data, weights=weights, offset=offset, subset=subset, contrasts=contrasts, env=env
    )
    return _made(request, Method(), "forbidden", {"fixef": fixef, "sigma": sigma})


def make_glm(
    formula: str,
    data: Any,
    family: Any,
    *,
    fixef: Any,
    sigma: float | None = None,
    shapes: Mapping[str, float] | None = None,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    env: Mapping[str, Any] | None = None,
) -> PlannedModel:
    """A generalised linear model whose parameters are given; arguments as for `make_glmer`.

    Examples
    --------
    >>> plan = mm.make_glm("y ~ x", {"x": range(20)}, family="poisson", fixef=[0, 0.1])
    >>> plan.nobs
    20
    """
    request = Request(
        formula=formula, data=data, weights=weights, offset=offset, subset=subset, contrasts=contrasts, env=env
    )
    return _made(
        request, Method(family=resolve(family)), "forbidden", {"fixef": fixef, "sigma": sigma, "shapes": shapes}
    )


def simulate_response(
    formula: str,
    data: Any,
    family: Any = "gaussian",
    *,
    beta: Any,
    theta: Any = None,
    VarCorr: Any = None,
    sd: Any = None,
    sigma: float | None = None,
    nsim: int = 1,
    seed: Any = None,
    **arguments: Any,
) -> Any:
    """Responses drawn from a formula and parameters, as lme4's ``simulate(formula, newdata, newparams)``.

    Parameters
    ----------
    formula : str
        Formula with random terms or without; a left side is not looked at.
    data : table
        A table of predictors and groups.
    family : str or Family, default "gaussian"
        A name or an object.
    beta : mapping or array_like
        Coefficients, a mapping by name or numbers in order.
    theta : array_like, optional
        See `make_lmer` and `make_glmer`.
    VarCorr : VarCorr, mapping or array_like, optional
        See `make_lmer` and `make_glmer`.
    sd : mapping or array_like, optional
        See `make_lmer` and `make_glmer`.
    sigma : float, optional
        See `make_lmer` and `make_glmer`.
    nsim : int, default 1
        Number of responses.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    **arguments : Any
        Further arguments: `weights`, `offset`, `subset`, `contrasts`, `env`, `shapes` as for `make_glmer`.

    Returns
    -------
    table
        Columns sim_1, sim_2, ..., of the kind of `data`; of a binomial family proportions of successes.

    Examples
    --------
    >>> table = mm.crossing(time=range(4), subject=range(10))
    >>> y = mm.simulate_response("~ time + (1 | subject)", table, beta=[0, 1], theta=[0.5], sigma=1, seed=1)
    >>> y.shape
    (40, 1)
    """
    chosen = resolve(family)
    mixed = bool(formulas.parse(formula).random)
    parameters = {"fixef": beta, "sigma": sigma, **arguments}
    if mixed:
        parameters.update(VarCorr=VarCorr, sd=sd, theta=theta)
    elif theta is not None or VarCorr is not None or sd is not None:
        raise DataError(f"{formula!r} has no random term; leave theta, VarCorr and sd out.")
    if chosen == GAUSSIAN:
        maker: Any = make_lmer if mixed else make_lm
        return maker(formula, data, **parameters).simulate(nsim, seed)
    maker = make_glmer if mixed else make_glm
    return maker(formula, data, chosen, **parameters).simulate(nsim, seed)


def _made(
    request: Request, method: Method, random: Literal["required", "forbidden"], arguments: Mapping[str, Any]
) -> PlannedModel:
    table = frame.read(request.data)
    whole = formulas.parse(request.formula)
    if whole.has_dot:
        raise DesignError(f"'.' in {whole.text!r} is ambiguous in a plan; write the terms out.")
    if method.family is not None and request.weights is None:
        request = replace(request, weights=_trials(whole, table, method.family))
    design, source = _laid_out(request, whole, table, method, random)
    _check(method, design)
    n = rows_of(design)
    kept = kept_columns(design.fixed, n, design.weights)
    names = tuple(design.fixed.names[j] for j in kept)
    parameters = read_parameters(design, names, method.family, **arguments)
    return PlannedModel(fit_at(design, method, parameters), design, source, request, method)


def _laid_out(request: Request, whole: Any, table: Any, method: Method, random: Any) -> tuple[Design, Source]:
    """The design of the right side, which says the whole formula."""
    right = whole.text[whole.text.index("~") :]
    design = build(
        right,
        table,
        weights=request.weights,
        offset=request.offset,
        subset=request.subset,
        contrasts=request.contrasts,
        na_action="omit",
        env=request.env,
        random=random,
        residual=method.family is None or method.family.weights_role == "precision",
    )
    design = replace(design, formula=f"{whole.response or 'y'} {right}", response_name=whole.response or "y")
    return design, Source(table.kind, table.index)


def _trials(whole: Any, table: Any, family: Family) -> Any:
    """The sum of successes and failures, where the formula names both and the table has them."""
    left = whole.left
    if family.support != "proportion" or not isinstance(left, Call) or left.function != "cbind":
        return None
    try:
        counts = build(f"{whole.response} ~ 1", table, na_action="exclude")
    except UnknownColumnError as error:
        raise DataError(
            f"the trials of {whole.response} are not known, since the table lacks a column of it; give weights=, the "
            "number of trials of each row."
        ) from error
    assert counts.response is not None
    trials = np.full(table.n_rows, np.nan)
    trials[slice(None) if counts.positions is None else counts.positions] = counts.response.sum(axis=1)
    return trials


def _check(method: Method, design: Design) -> None:
    """Refuse ways of fitting that the design or family does not have."""
    if method.family is not None and design.random:
        as_penalised(method.penalty, method.family, as_nagq(method.nagq, design))
