"""What linear and generalised linear mixed models have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels import frame
from mixedmodels.design import Design, z_matrix
from mixedmodels.diagnose.convergence.engine_account import EngineReport
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.re_form import Chosen, chosen_effects
from mixedmodels.fit.record import Matrix, MixedFit, Vector
from mixedmodels.fitted.model import Model
from mixedmodels.fitted.random_effects import coefficients_by_group, random_effects
from mixedmodels.fitted.ranef import RanEf
from mixedmodels.fitted.request import Request, Source
from mixedmodels.fitted.varcorr import VarCorr, varcorr
from mixedmodels.predict import predict_old
from mixedmodels.predict.kinds import Kind
from mixedmodels.predict.verbs import Interval, Method, Options, Type, Uncertainty, none_if_false
from mixedmodels.summary.repca import RePCA, repca
from mixedmodels.summary.tidy import Effects, tidy_mixed

if TYPE_CHECKING:
    import pandas


class RandomEffectsModel(Model):
    """A fitted model with random effects; immutable, every verb computes from the record or makes a new model."""

    _fit: AnyMixedFit

    def __init__(
        self,
        fit: AnyMixedFit,
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
        """Covariance parameters (of an lmer relative to sigma): per term the lower triangle, column by column."""
        return self._fit.theta.copy()

    @property
    def ngroups(self) -> dict[str, int]:
        """Levels of each grouping factor."""
        return {g.name: g.n_levels for g in self.design.groups}

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
        fit = self._fit
        if isinstance(fit, MixedFit):
            return EngineReport(fit.run, self._described, groups, criterion_error=fit.criterion_error)
        return EngineReport(fit.run, self._described, groups, inner=fit.inner)

    def _described(self) -> Mapping[str, Any]:
        return dict(self._engine.describe() if self._stored is None else self._stored["engine"])

    @property
    def _engine(self) -> Any:
        self._need_rows("the objective")
        if self._handle is None:  # a model that was pickled
            self._handle = self._new_engine()
        return self._handle

    def _new_engine(self) -> Any:
        raise NotImplementedError  # pragma: no cover

    def _working_weights(self) -> Vector:
        """W of Lambda'Z'WZ Lambda + I, shape (n,)."""
        raise NotImplementedError  # pragma: no cover

    # -- random effects -----------------------------------------------------------------------------------------

    def ranef(self, cond_var: bool = False) -> RanEf:
        """Conditional modes of the random effects, a table per grouping factor.

        Parameters
        ----------
        cond_var : also the conditional covariance matrix of each level's effects given theta; a FitError where the
            engine could not factorise the model (its path is "estimated").
        """
        return random_effects(self.design, self._fit, self._conditional_covariances() if cond_var else None)

    def _conditional_covariances(self) -> list[Matrix]:
        raise NotImplementedError  # pragma: no cover

    def coef(self) -> RanEf:
        """Fixed plus random effects by level, a table per grouping factor."""
        return coefficients_by_group(self.design, self._fit)

    def VarCorr(self) -> VarCorr:
        """Standard deviations and correlations of the random effects, and of the residual where there is one."""
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
        from mixedmodels.interop.getme import get

        return get(self, name)

    # -- tables ---------------------------------------------------------------------------------------------------

    def tidy(
        self,
        effects: Effects | Sequence[Effects] = "fixed",
        *,
        conf_int: bool = False,
        conf_level: float = 0.95,
        ddf: Ddf = None,
    ) -> Any:
        """A row per parameter.

        Parameters
        ----------
        effects : "fixed", "ran_pars" (standard deviations, correlations), "ran_vals" (conditional modes), or several.
        conf_int : add Wald limits `conf_low`, `conf_high` (of the fixed effects, and of the modes given theta).
        ddf : "Satterthwaite" or "Kenward-Roger" (of an lmer), "asymptotic", or what `robust` returned, add `df` and
            `p_value` of the fixed effects by that method, whose covariance standard errors and limits then follow.
        """
        wanted = (effects,) if isinstance(effects, str) else tuple(effects)
        level = conf_level if conf_int else None
        tested = None if ddf is None else self._coefficients(ddf)
        columns = tidy_mixed(self.design, self._fit, wanted, level, self.ranef, tested)
        return frame.to_kind(columns, self._source.kind)

    def augment(self) -> Any:
        """The rows used, with columns `fitted`, `resid`, and `fixed` (the prediction without random effects)."""
        none = chosen_effects(self.design, "~0")
        fixed = predict_old(self._fit, self.design, none)
        return self._augmented({"fixed": self._on_scale(fixed, "response")})

    # -- other rows -----------------------------------------------------------------------------------------------

    def predict(
        self,
        newdata: Any = None,
        *,
        kind: Kind | None = None,
        re_form: Any = None,
        type: Type = "link",  # noqa: A002
        se_fit: bool = False,
        interval: Interval | Literal[False] | None = None,
        level: float = 0.95,
        method: Method = "delta",
        uncertainty: Uncertainty = "all",
        nsim: int | None = None,
        seed: Any = None,
        allow_new_levels: bool = False,
        weights: Any = None,
        offset: Any = None,
        ddf: Ddf = None,
        progress: bool | None = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones, with standard errors and limits if asked.

        Parameters
        ----------
        newdata : a table with the formula's columns, or None. A row that misses a predictor or a group has NaN.
        kind : "conditional" for each row's own groups, "typical" for groups whose random effects are 0, "marginal" for
            the mean over the distribution of the random effects. The last two need no grouping factors. By default
            `re_form` decides.
        re_form : None uses every random effect, "~0" none, "~ (1 | g)" some. With kind="marginal" those it names are
            kept and the others integrated (None: all are).
        type : "link" for the linear predictor (as lme4 does), "response" for the mean; the same for an lmer.
        se_fit : standard errors too.
        interval : None or False for none; "confidence" for limits of the mean (made for the linear predictor and
            carried to the response), "prediction" for limits of a new observation (of a glmer
            simulated, ``type="response"``): with kind="marginal" from groups drawn anew.
        level : of the limits.
        method : "delta"; "simulation" of parameters, coefficients and random effects; "bootstrap" (parametric: random
            effects and responses are drawn, the model refitted).
        uncertainty : "all" counts that theta (and shapes) are estimated; "given_theta" takes them as known, as lme4's
            standard errors do. Directions in which a singular fit is on the boundary count as known.
        nsim, seed : draws (by default 2,000; 500 of the bootstrap), and what ``numpy.random.default_rng`` takes.
        allow_new_levels : predict levels that the model has not seen with random effects of 0; the variance of what
            theirs may be is part of standard errors and limits.
        weights : of new observations, for interval="prediction": a column name, numbers, or a number; 1 by default.
            Trials of a binomial response, whose limits are proportions.
        offset : of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        ddf : degrees of freedom of limits: of an lmer "Satterthwaite" (the default) or "asymptotic". A glmer has normal
            limits, but for means of unknown levels, where Satterthwaite's of the variance between levels are the
            default (with uncertainty="all"). For kind="typical" also "Kenward-Roger" (of an lmer), or what `robust`
            returned.
        progress : of the bootstrap, as for `bootstrap`.

        Returns
        -------
        Series or array of predictions; with `se_fit` or `interval` a table with columns `fit` and, as asked,
        `se_fit`, `conf_low`, `conf_high`.
        """
        options = Options(
            kind,
            re_form,
            type,
            se_fit,
            none_if_false(interval),
            level,
            method,
            uncertainty,
            nsim,
            seed,
            allow_new_levels,
            ddf,
            progress,
        )
        return self._predicted(newdata, options, weights, offset)

    # -- other responses ------------------------------------------------------------------------------------------

    def simulate(
        self,
        nsim: int = 1,
        seed: Any = None,
        *,
        re_form: Any = "~0",
        newdata: Any = None,
        weights: Any = None,
        offset: Any = None,
    ) -> Any:
        """A table of `nsim` new responses, columns sim_1, sim_2, ...; of a binomial model proportions of successes.

        Parameters
        ----------
        seed : anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.
        re_form : random effects that stay at their estimates; the others are drawn. "~0" draws all, None none.
        newdata : a table of other rows to draw for; effects of levels that the model has not seen are always drawn.
        weights, offset : of the new rows, where the model had arrays; weights are the trials of a binomial response.
        """
        if newdata is not None:
            from mixedmodels.simulate.new_responses import simulated_on

            return simulated_on(self, newdata, nsim, seed, re_form, weights, offset)
        self._need_rows("simulate()")
        return self._simulated(self._draws(nsim, seed, chosen_effects(self.design, re_form)))

    def _draws(self, nsim: int, seed: Any, chosen: Sequence[Chosen]) -> Matrix:
        """Responses drawn, shape (n, nsim)."""
        raise NotImplementedError  # pragma: no cover

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_handle": None}

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()  # type: ignore[attr-defined, no-any-return]
