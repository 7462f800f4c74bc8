"""What linear and generalised linear mixed models have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels import frame
from mixedmodels.design import Design, on_new_data, z_matrix
from mixedmodels.errors import DataError
from mixedmodels.fit.estimates import AnyMixedFit
from mixedmodels.fit.record import Matrix, MixedFit, Vector
from mixedmodels.fit.selection import Chosen, chosen_effects, wanted_terms
from mixedmodels.inference.coefficients import Ddf
from mixedmodels.model.base import Model
from mixedmodels.model.engine import EngineReport
from mixedmodels.model.request import Request, Source
from mixedmodels.predict import predict_old, predict_rows
from mixedmodels.report.effects import coefficients_by_group, random_effects
from mixedmodels.report.ranef import RanEf
from mixedmodels.report.repca import RePCA, repca
from mixedmodels.report.tables import Effects, tidy_mixed
from mixedmodels.report.varcorr import VarCorr, varcorr

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
        from mixedmodels.model.getme import get

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
        type : "link" for the linear predictor (as lme4 does), "response" for the mean; the same for an lmer.
        allow_new_levels : predict levels that the model has not seen with random effects of 0.
        offset : of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        """
        self._check_type(type)
        chosen = chosen_effects(self.design, re_form)
        if newdata is None:
            self._need_rows("predict() without newdata")
            return self._rows.label(self._on_scale(predict_old(self._fit, self.design, chosen), type))
        table = frame.read(newdata)
        new = on_new_data(self.design.spec, table, random=wanted_terms(chosen), offset=offset)
        eta = predict_rows(self._fit, new, chosen, allow_new_levels)
        return self._new_rows(table, self._on_scale(eta, type))

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
            from mixedmodels.model.new_responses import simulated_on

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
