"""A model whose parameters are given: nothing was fitted, and no response is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.design import Design, model_matrix, on_new_data, z_matrix
from mixedmodels.design.row_subset import part_of
from mixedmodels.errors import DataError
from mixedmodels.families import GAUSSIAN, Family
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.at_parameters import ParameterValues, fit_at, placeholder_response, rows_of
from mixedmodels.fit.method import Method
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.seeds import drawn_seed, generator, with_seed
from mixedmodels.fit.simulated_responses import simulate_fit
from mixedmodels.fitted import registry
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.request import Request, Source
from mixedmodels.fitted.rows import Rows, predictions
from mixedmodels.fitted.varcorr import VarCorr, varcorr
from mixedmodels.power.verbs import PlanVerbs
from mixedmodels.tables.vectors import NamedVector


class PlannedModel(PlanVerbs):
    """A design with parameters that were given, as `make_lmer`, `make_glmer`, `extend` and `with_parameters` return it.

    It can be drawn from (`simulate`, `draw_and_fit`), asked for its power (`power`, `power_curve`), extended and
    changed; what needs a response, such as residuals or a likelihood, it does not have. Immutable.

    Attributes
    ----------
    design : Design
        Everything that formula and table say about the model.

    Examples
    --------
    >>> plan = fit.with_parameters(sigma=20)
    >>> plan.sigma, plan.simulate(2, seed=1).shape
    (20.0, (180, 2))
    """

    def __init__(
        self, fit: AnyFit, design: Design, source: Source, request: Request, method: Method, *, observed: bool = False
    ) -> None:
        self._fit: Any = fit
        self.design = design
        self._source = source
        self._request = request
        self._method = method
        self._observed = observed  # whether the parameters are estimates as they came

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def formula(self) -> str:
        """The formula as R deparses it."""
        return self.design.formula

    @property
    def family(self) -> Family:
        """Distribution and link of the response."""
        return self._method.family or GAUSSIAN

    @property
    def nobs(self) -> int:
        """Rows of the design."""
        return int(self._fit.n)

    @property
    def ngroups(self) -> dict[str, int]:
        """Levels of each grouping factor."""
        return {g.name: g.n_levels for g in self.design.groups}

    @property
    def theta(self) -> Vector:
        """Covariance parameters (of a linear mixed model relative to sigma)."""
        return self._fit.theta.copy() if self.design.random else np.empty(0)

    @property
    def sigma(self) -> float:
        """Residual standard deviation; the root of a dispersion; theta of a negative binomial; 1 of other families."""
        return float(self._fit.sigma)

    def fixef(self) -> NamedVector:
        """The coefficients by R's names."""
        return NamedVector(self._names, self._fit.beta, self._source.kind)

    def vcov(self) -> Any:
        """Covariance matrix that the estimates will have at these parameters, labelled.

        Of a generalised mixed model it is approximate (see the page on simulation).
        """
        return frame.matrix(self._fit.vcov, self._names, self._names, self._source.kind)

    def VarCorr(self) -> VarCorr:
        """Standard deviations and correlations of the random effects, and of the residual where there is one."""
        self._need_random("VarCorr()")
        return varcorr(self.design, self._fit, self._source.kind)

    def tidy(self) -> Any:
        """A row per coefficient: term, estimate (the given value), std_error that the design promises, statistic."""
        se = np.sqrt(np.diag(self._fit.vcov))
        columns = {"term": list(self._names), "estimate": self._fit.beta, "std_error": se}
        return frame.to_kind({**columns, "statistic": self._fit.beta / se}, self._source.kind)

    @property
    def _names(self) -> tuple[str, ...]:
        return kept_names(self.design, self._fit)

    @property
    def _fit_is_mixed(self) -> bool:
        return bool(self._fit.mixed)

    @property
    def _parameters(self) -> ParameterValues:
        return parameters_of(self._fit)

    # -- rows ---------------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Any:
        """The rows of the design, with the columns that the formula names, in the caller's kind of table."""
        return self._rows.model_frame(self._request)

    def model_matrix(self, which: Literal["X", "Z"] = "X") -> Any:
        """The fixed-effects matrix X (a labelled table) or the random-effects matrix Z (scipy.sparse, n x q)."""
        if which == "Z":
            self._need_random("Z")
            return z_matrix(self.design)
        if which != "X":
            raise DataError(f"model_matrix() has 'X' and 'Z', not {which!r}.")
        x = model_matrix(self.design.fixed, self.nobs)[:, list(self._fit.kept)]
        return frame.matrix(x, None, self._names, self._source.kind)

    def simulate(self, nsim: int = 1, seed: Any = None) -> Any:
        """A table of `nsim` responses drawn from the model, columns sim_1, sim_2, ...; proportions if binomial.

        Parameters
        ----------
        nsim : int, default 1
            Number of responses.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.
        """
        seed = drawn_seed(seed)
        y = self._draw(generator(seed))(nsim)
        return with_seed(self._rows.table({f"sim_{i + 1}": row for i, row in enumerate(y)}), seed)

    def predict(self, newdata: Any = None, *, type: Literal["link", "response"] = "link", offset: Any = None) -> Any:  # noqa: A002
        """Predictions with all random effects 0, on the rows of the design or on new ones.

        Parameters
        ----------
        newdata : table, optional
            A table with the formula's columns, or None.
        type : {"link", "response"}, default "link"
            Scale of the predictions: "link" for the linear predictor, "response" for the mean of a unit whose random
            effects are 0.
        offset : str or array_like, optional
            Offset of the new rows, in place of the `offset` argument (needed where that was an array).
        """
        if type not in ("link", "response"):
            raise DataError(f"type must be 'link' or 'response', not {type!r}.")
        if newdata is None:
            eta = fixed_part(self.design, self._fit.kept, self._fit.beta, self.nobs)
        else:
            table = frame.read(newdata)
            new = on_new_data(self.design.spec, table, random=(), offset=offset)
            eta = fixed_part(new, self._fit.kept, self._fit.beta, table.n_rows)
        values = eta if type == "link" else np.asarray(self.family.mean(eta))
        return self._rows.predictions(values) if newdata is None else predictions(values, table.kind, table.index)

    def draw_and_fit(self, seed: Any = None) -> Any:
        """A fitted model of one response drawn from this one."""
        from mixedmodels.power.fit_drawn import model_of

        return model_of(self, self._draw(generator(seed))(1)[0])

    def _draw(self, rng: np.random.Generator) -> Any:
        """Draws that many more responses, shape (count, n)."""
        chosen = chosen_effects(self.design, "~0")
        return lambda count: simulate_fit(self.design, self._fit, count, rng, chosen).T

    @property
    def _rows(self) -> Rows:
        return Rows(self._source, self.design)

    # -- other parameters, other rows ------------------------------------------------------------------------------

    def _planned(self, what: str) -> PlannedModel:
        return self

    def _with(self, parameters: ParameterValues) -> PlannedModel:
        """The design at other parameters."""
        fit = fit_at(self.design, self._method, parameters)
        return PlannedModel(fit, self.design, self._source, self._request, self._method)

    def _part(self, rows: Any) -> PlannedModel:
        """The model of some of the rows, by position among those used.

        Raises
        ------
        DataError
            If other coefficients can be estimated from them, or a group has fewer than two levels.
        """
        design = part_of(self.design, rows)
        few = [g for g in design.groups if g.n_levels < 2]
        if few:
            raise DataError(f"with {len(rows)} rows {few[0].name!r} has one level only; ask for larger sizes.")
        fit = fit_of_part(design, self._method, self._parameters, self._fit.kept)
        positions = self._rows.numbers[rows]
        request = replace(self._request, subset=positions)
        return PlannedModel(fit, design, self._source, request, self._method, observed=self._observed)

    def _with_placeholder_response(self) -> Design:
        """The design with a response that any engine takes."""
        return replace(self.design, response=placeholder_response(self.nobs, self._method.family))

    # -- errors ---------------------------------------------------------------------------------------------------

    def _need_random(self, what: str) -> None:
        if not self.design.random:
            raise DataError(f"{self.formula!r} has no random term, and so no {what}.")

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and any(hasattr(model, name) for model in registry.all_classes()):
            raise AttributeError(
                f"{name!r} needs a response, and this model has parameters that were given; draw_and_fit(seed=...) "
                "draws a response and fits the model to it."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        from mixedmodels.power.planned_text import planned_text

        return planned_text(self.design, self._fit)


def parameters_of(fit: AnyFit) -> ParameterValues:
    """The parameters of a record."""
    scale = np.nan if fit.residual_sd is None else fit.residual_sd
    theta = None if fit.mixed or not fit.generalized else fit.estimated_theta
    psi = fit.psi if theta is None else np.log([theta])
    return ParameterValues(fit.beta, fit.theta, scale, psi)


def plan_of(model: Any, what: str) -> PlannedModel:
    """A fitted model as a plan: its design, with its estimates for parameters."""
    from mixedmodels.fit.many_responses.other_classes import family_design

    model._need_rows(what)
    model._need_one_predictor(what, "draw with simulate() and fit with refit()")
    fit = model._fit
    role = fit.method.weights_role
    if role is not None and fit.weights is not None and fit.method.family.weights_role not in ("trials", role):
        raise DataError(f"{what} of a glmmTMB with weights_role={role!r} has no plan; draw with simulate().")
    design = model.design if not fit.generalized else family_design(model.design, fit)
    method = fit.method
    assert model._request is not None
    planned = fit_at(design, method, parameters_of(fit))
    return PlannedModel(planned, design, model._source, model._request, method, observed=True)


def fit_of_part(design: Design, method: Method, parameters: ParameterValues, kept: Sequence[int]) -> AnyFit:
    """The record of part of a design, whose rows must identify the same coefficients."""
    from mixedmodels.fit.lmm import kept_columns

    n = rows_of(design)
    if tuple(kept_columns(design.fixed, n, design.weights)) != tuple(kept):
        raise DataError(f"{n} rows do not identify all coefficients of {design.formula!r}; ask for larger sizes.")
    return fit_at(design, method, parameters)
