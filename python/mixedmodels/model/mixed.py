"""A fitted linear mixed model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels.design import Design, on_new_data, z_matrix
from mixedmodels.errors import DataError
from mixedmodels.fit import likelihood
from mixedmodels.fit.lmm import as_control, conditional_covariances, new_engine, refit_lmm
from mixedmodels.fit.moments import residuals
from mixedmodels.fit.objective import Objective
from mixedmodels.fit.record import MixedFit, Vector
from mixedmodels.fit.selection import chosen_effects, wanted_terms
from mixedmodels.model.base import Model
from mixedmodels.model.engine import EngineReport
from mixedmodels.model.request import Request, Source
from mixedmodels.predict import predict_old, predict_rows
from mixedmodels.report.effects import coefficients_by_group, random_effects
from mixedmodels.report.mixed_summary import MixedSummary, short_text
from mixedmodels.report.ranef import RanEf
from mixedmodels.report.repca import RePCA, repca
from mixedmodels.report.summaries import mixed_summary
from mixedmodels.report.tables import Effects, glance_mixed, tidy_mixed
from mixedmodels.report.varcorr import VarCorr, varcorr
from mixedmodels.simulate import generator, simulate_mixed

if TYPE_CHECKING:
    import pandas


class MixedModel(Model):
    """A linear mixed model fitted by `lmer`; immutable, every verb computes from the record or makes a new model."""

    _fit: MixedFit

    def __init__(
        self,
        fit: MixedFit,
        design: Design,
        source: Source,
        request: Request | None,
        engine: Any = None,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(fit, design, source, request, stored)
        self._handle = engine

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def theta(self) -> Vector:
        """Relative covariance parameters: per term the lower triangle of its factor, column by column."""
        return self._fit.theta.copy()

    @property
    def ngroups(self) -> dict[str, int]:
        """Levels of each grouping factor."""
        return {g.name: g.n_levels for g in self.design.groups}

    @property
    def is_reml(self) -> bool:
        """Whether the restricted likelihood was maximised."""
        return self._fit.reml

    @property
    def deviance(self) -> float:
        """-2 log-likelihood; of a REML fit that at the REML estimate of theta."""
        return likelihood.ml_deviance(self._fit)

    @property
    def reml_criterion(self) -> float:
        """-2 restricted log-likelihood; of an ML fit that at the ML estimate of theta."""
        return likelihood.reml_criterion(self._fit)

    @property
    def converged(self) -> bool:
        """Whether the optimiser's certificate holds (see ``engine.certificate``)."""
        return self._fit.run.converged

    @property
    def is_singular(self) -> bool:
        """Whether a covariance matrix lies on the boundary: a diagonal element of a relative factor is below 1e-4."""
        return self._fit.singular

    @property
    def engine(self) -> EngineReport:
        """What the engine did, and why in this way."""
        groups = tuple(g.name for g in self.design.groups)
        return EngineReport(self._fit.run, self._described, groups, self._fit.criterion_error)

    def _described(self) -> Mapping[str, Any]:
        return dict(self._engine.describe() if self._stored is None else self._stored["engine"])

    @property
    def _engine(self) -> Any:
        self._need_rows("the objective")
        if self._handle is None:  # a model that was pickled
            self._handle = new_engine(self.design, self._fit.reml)
        return self._handle

    @property
    def objective(self) -> Objective:
        """The criterion as a function of theta, with its derivatives."""
        return Objective(self._engine, self._fit.sizes)

    # -- random effects -----------------------------------------------------------------------------------------

    def ranef(self, cond_var: bool = False) -> RanEf:
        """Conditional modes of the random effects, a table per grouping factor.

        Parameters
        ----------
        cond_var : also the conditional covariance matrix of each level's effects given theta; a FitError where the
            engine could not factorise the model (its path is "estimated").
        """
        blocks = conditional_covariances(self._engine, self._fit) if cond_var else None
        return random_effects(self.design, self._fit, blocks)

    def coef(self) -> RanEf:
        """Fixed plus random effects by level, a table per grouping factor."""
        return coefficients_by_group(self.design, self._fit)

    def VarCorr(self) -> VarCorr:
        """Standard deviations and correlations of the random effects and the residual."""
        return varcorr(self.design, self._fit)

    def rePCA(self) -> RePCA:
        """Principal components of the relative covariance factor of each grouping factor."""
        return repca(self.design, self._fit)

    @property
    def random_effects(self) -> dict[str, pandas.Series[float]]:
        """Level -> its effects, for a model with one grouping factor (statsmodels' spelling)."""
        (name,) = self._one_group("random_effects")
        return {str(level): row for level, row in self.ranef()[name].iterrows()}

    @property
    def cov_re(self) -> pandas.DataFrame:
        """Covariance of the random effects, for a model with one random term (statsmodels' spelling)."""
        self._one_group("cov_re")
        return self.VarCorr()[self.design.random[0].label]

    def _one_group(self, what: str) -> tuple[str]:
        if len(self.design.random) != 1:
            raise DataError(
                f"{what} is for one random term and this model has {len(self.design.random)}; use ranef() or VarCorr()."
            )
        return (self.design.groups[0].name,)

    # -- matrices -----------------------------------------------------------------------------------------------

    def model_matrix(self, which: Literal["X", "Z"] = "X") -> Any:
        """The fixed-effects matrix X (a labelled table) or the random-effects matrix Z (scipy.sparse, n x q)."""
        if which == "Z":
            self._need_rows("the model matrix")
            return z_matrix(self.design)
        if which != "X":
            raise DataError(f"model_matrix() has 'X' and 'Z', not {which!r}.")
        return self._labelled_x()

    def getME(self, name: str | Sequence[str]) -> Any:
        """A component of the model by lme4's name ("ALL" lists them all)."""
        from mixedmodels.model.getme import get

        return get(self, name)

    # -- reports ------------------------------------------------------------------------------------------------

    @cached_property
    def _summary(self) -> MixedSummary:
        return mixed_summary(self.design, self._fit, self.call, self._quartiles)

    def summary(self) -> MixedSummary:
        """The summary, which prints as lme4 prints it; ``summary().text(correlation=False)`` has options."""
        return self._summary

    def _summary_residuals(self) -> Vector:
        return residuals(self.design, self._fit, "pearson", scaled=True)

    def tidy(
        self, effects: Effects | Sequence[Effects] = "fixed", *, conf_int: bool = False, conf_level: float = 0.95
    ) -> Any:
        """A row per parameter.

        Parameters
        ----------
        effects : "fixed", "ran_pars" (standard deviations, correlations), "ran_vals" (conditional modes), or several.
        conf_int : add Wald limits `conf_low`, `conf_high` (of the fixed effects, and of the modes given theta).
        """
        wanted = (effects,) if isinstance(effects, str) else tuple(effects)
        level = conf_level if conf_int else None
        return frame.to_kind(tidy_mixed(self.design, self._fit, wanted, level, self.ranef), self._source.kind)

    def glance(self) -> Any:
        """One row of figures about the whole fit."""
        return frame.to_kind(glance_mixed(self._fit), self._source.kind)

    def augment(self) -> Any:
        """The rows used, with columns `fitted`, `resid`, and `fixed` (the prediction without random effects)."""
        none = chosen_effects(self.design, "~0")
        return self._augmented({"fixed": predict_old(self._fit, self.design, none)})

    # -- other rows, other responses ----------------------------------------------------------------------------

    def predict(
        self,
        newdata: Any = None,
        *,
        re_form: Any = None,
        type: Literal["link", "response"] = "link",  # noqa: A002
        allow_new_levels: bool = False,
        offset: Any = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones.

        Parameters
        ----------
        newdata : a table with the formula's columns, or None.
        re_form : None uses every random effect, "~0" none, "~ (1 | g)" some.
        type : the same for a Gaussian response.
        allow_new_levels : predict levels that the model has not seen with random effects of 0.
        offset : of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        """
        self._check_type(type)
        chosen = chosen_effects(self.design, re_form)
        if newdata is None:
            self._need_rows("predict() without newdata")
            return self._rows.label(predict_old(self._fit, self.design, chosen))
        table = frame.read(newdata)
        new = on_new_data(self.design.spec, table, random=wanted_terms(chosen), offset=offset)
        return self._new_rows(table, predict_rows(self._fit, new, chosen, allow_new_levels))

    def simulate(self, nsim: int = 1, seed: Any = None, *, re_form: Any = "~0") -> Any:
        """A table of `nsim` new responses, columns sim_1, sim_2, ...

        Parameters
        ----------
        seed : anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.
        re_form : random effects that stay at their estimates; the others are drawn. "~0" draws all, None none.
        """
        self._need_rows("simulate()")
        chosen = chosen_effects(self.design, re_form)
        return self._simulated(simulate_mixed(self.design, self._fit, nsim, generator(seed), chosen))

    def update(self, formula: str | None = None, **changes: Any) -> MixedModel:
        """A new model with a changed formula, where ``.`` stands for what was there, or changed arguments of `lmer`."""
        from mixedmodels.model.build import build_lmer

        return build_lmer(self._updated(formula, changes))

    def refit(self, response: Any, *, start: Any = None) -> MixedModel:
        """The same model for another response, one value per row used or per row of the table."""
        from mixedmodels.model.build import warn

        self._need_rows("refit()")
        design = replace(self.design, response=self._rows.response(response))
        control = as_control(self._request.control if self._request else None)
        verbose = self._request.verbose if self._request else 0
        fit, engine = refit_lmm(self._engine, design, self._fit, start=start, control=control, verbose=verbose)
        warn(design, fit, stacklevel=3)
        return MixedModel(fit, design, self._source, self._request, engine)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_handle": None}

    def __repr__(self) -> str:
        return short_text(mixed_summary(self.design, self._fit, self.call, (np.nan,) * 5))

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
