"""Tables with a row for each parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, cast, overload

from mixedmodels import frame
from mixedmodels._spellings import LEVEL, spelled
from mixedmodels._typing import Data_co, Vector
from mixedmodels.fitted.fixed_effects import FixedEffects
from mixedmodels.fitted.mixed_effects import MixedEffects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypedDict, Unpack

    import pandas
    import polars

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.summary.repca import RePCA
    from mixedmodels.summary.tidy import Effects

    class TidyOptions(TypedDict, total=False):
        """Arguments of `tidy` on which the type of its result does not depend."""

        conf_int: bool
        level: float
        exponentiate: bool
        ddf: Ddf


class FixedTableVerbs(FixedEffects, Generic[Data_co]):
    """Tables of the parameters of a model without random effects."""

    @overload
    def tidy(
        self: FixedTableVerbs[pandas.DataFrame] | FixedTableVerbs[Mapping[str, Any]], **options: Unpack[TidyOptions]
    ) -> pandas.DataFrame: ...
    @overload
    def tidy(
        self: FixedTableVerbs[polars.DataFrame] | FixedTableVerbs[polars.LazyFrame], **options: Unpack[TidyOptions]
    ) -> polars.DataFrame: ...
    @overload
    def tidy(self, **options: Unpack[TidyOptions]) -> Any: ...
    @spelled(level=LEVEL)
    def tidy(
        self,
        *,
        conf_int: bool = False,
        level: float = 0.95,
        exponentiate: bool = False,
        ddf: Ddf = None,
    ) -> Any:
        """A table with a row per coefficient.

        Parameters
        ----------
        conf_int : bool, default False
            Whether to add Wald limits `conf_low`, `conf_high`.
        level : float, default 0.95
            Confidence level of the limits.
        ddf : str or Coefficients, optional
            Method for the covariance and the degrees of freedom, which are in a column `df`: "normal", "residual" or
            the result of `robust`. None uses those of the printed summary.

        Examples
        --------
        >>> lin.tidy()[["term", "estimate"]].round(2).values.tolist()
        [['(Intercept)', 251.41], ['Days', 10.47]]
        >>> logit.tidy(exponentiate=True)["estimate"].round(2).tolist()
        [0.28, 0.31, 0.27, 0.17]
        """
        from mixedmodels.summary.tidy import ratio_or_error, tidy_linear

        tested = None if ddf is None else self._coefficients(ddf)
        ratio = ratio_or_error(self.family, self.design.spec.formula.left) if exponentiate else None
        columns = tidy_linear(self.design, self._fit, level if conf_int else None, tested, ratio)
        return frame.to_kind(columns, self._source.kind)

    @overload
    def augment(self: FixedTableVerbs[pandas.DataFrame] | FixedTableVerbs[Mapping[str, Any]]) -> pandas.DataFrame: ...
    @overload
    def augment(self: FixedTableVerbs[polars.DataFrame] | FixedTableVerbs[polars.LazyFrame]) -> polars.DataFrame: ...
    @overload
    def augment(self) -> Any: ...
    def augment(self) -> Any:
        """The rows used, with columns `fitted` (means) and `resid` (deviance residuals for a glm).

        Examples
        --------
        >>> lin.augment().columns.tolist()
        ['Reaction', 'Days', 'fitted', 'resid']
        """
        return self._augmented({})


class MixedTableVerbs(MixedEffects, Generic[Data_co]):
    """Tables of the parameters of a model with random effects."""

    @overload
    def tidy(
        self: MixedTableVerbs[pandas.DataFrame] | MixedTableVerbs[Mapping[str, Any]],
        effects: Effects | Sequence[Effects] = "fixed",
        **options: Unpack[TidyOptions],
    ) -> pandas.DataFrame: ...
    @overload
    def tidy(
        self: MixedTableVerbs[polars.DataFrame] | MixedTableVerbs[polars.LazyFrame],
        effects: Effects | Sequence[Effects] = "fixed",
        **options: Unpack[TidyOptions],
    ) -> polars.DataFrame: ...
    @overload
    def tidy(self, effects: Effects | Sequence[Effects] = "fixed", **options: Unpack[TidyOptions]) -> Any: ...
    @spelled(level=LEVEL)
    def tidy(
        self,
        effects: Effects | Sequence[Effects] = "fixed",
        *,
        conf_int: bool = False,
        level: float = 0.95,
        exponentiate: bool = False,
        ddf: Ddf = None,
    ) -> Any:
        """A table with a row per parameter.

        Parameters
        ----------
        effects : {"fixed", "ran_pars", "ran_vals", "all"} or sequence of these, default "fixed"
            Effects to include: "fixed", "ran_pars" (standard deviations, correlations), "ran_vals" (conditional modes),
            or several. "all" are all parameters: "fixed" and "ran_pars".
        conf_int : bool, default False
            Whether to add limits `conf_low`, `conf_high`: Wald limits of the fixed effects, and of the modes at the
            estimated theta; profile limits of standard deviations and correlations, which takes as long as
            ``confint("theta_")``.
        level : float, default 0.95
            Confidence level of the limits.
        exponentiate : bool, default False
            Whether the fixed effects and their limits are ratios, for a log or logit link or a response log(y): odds
            ratios, rate ratios. Standard errors are by the delta method; statistics and p-values are those of the
            coefficients.
        ddf : str or Coefficients, optional
            Method for the tests of the fixed effects: "Satterthwaite" or "Kenward-Roger" (lmer only), "normal", or the
            result of `robust`. Standard errors and limits use its covariance. None uses the model's own `ddf`.

        Examples
        --------
        >>> fit.tidy("ran_pars")["term"].tolist()[:2]
        ['sd_(Intercept)|Subject', 'sd_Days|Subject']
        >>> fit.tidy()["df"].round(1).tolist()
        [17.0, 17.0]
        >>> gm.tidy("all", exponentiate=True)[["term", "estimate"]].round(2).values.tolist()[-2:]
        [['period4', 0.21], ['sd_(Intercept)|herd', 0.64]]
        """
        from mixedmodels.summary.tidy import HasIntervals, profile_limits, ratio_or_error, tidy_mixed, wanted_parts

        ratio = ratio_or_error(self.family, self.design.spec.formula.left) if exponentiate else None
        wald_level = level if conf_int else None
        parts = wanted_parts(effects)
        untested = "fixed" not in parts or (ddf is None and self._fit.generalized)
        tested = None if untested else self._coefficients_or_warning(ddf)
        profiled = profile_limits(cast(HasIntervals, self), level) if conf_int and "ran_pars" in parts else None
        columns = tidy_mixed(self.design, self._fit, parts, wald_level, self.ranef, tested, ratio, profiled)
        return frame.to_kind(columns, self._source.kind)

    @overload
    def augment(self: MixedTableVerbs[pandas.DataFrame] | MixedTableVerbs[Mapping[str, Any]]) -> pandas.DataFrame: ...
    @overload
    def augment(self: MixedTableVerbs[polars.DataFrame] | MixedTableVerbs[polars.LazyFrame]) -> polars.DataFrame: ...
    @overload
    def augment(self) -> Any: ...
    def augment(self) -> Any:
        """The rows used, with columns `fitted`, `resid`, and `fixed` (the prediction without random effects).

        Examples
        --------
        >>> fit.augment()[["fitted", "resid", "fixed"]].shape
        (180, 3)
        """
        fixed, beside = self._population_means()
        return self._augmented({"fixed": fixed}, None if beside is None else {"fixed": beside})

    def _population_means(self) -> tuple[Vector, Vector | None]:
        """Means of the rows with random effects of 0, and those of the rows of weight 0, if there are any."""
        from mixedmodels.fit.moments import fixed_part

        fit, design, rest = self._fit, self.design, self.design.weightless
        fixed = self._on_scale(fixed_part(design, fit.kept, fit.beta, fit.n), "response")
        if rest is None:
            return fixed, None
        return fixed, self._on_scale(fixed_part(rest, fit.kept, fit.beta, rest.n), "response")

    def rePCA(self) -> RePCA:
        """Principal components of the relative covariance factor of each grouping factor.

        Examples
        --------
        >>> fit.rePCA()["Subject"].sdev.round(2)
        array([0.97, 0.23])
        """
        from mixedmodels.summary.repca import repca

        return repca(self.design, self._fit, self._source.kind)
