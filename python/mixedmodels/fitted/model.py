"""The fitted model, without verbs: a frozen record of estimates, the design that it came from, and its rows."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels._spellings import recased
from mixedmodels._typing import Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.method import ddf_name
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.request import Request, Source, changed
from mixedmodels.fitted.rows import Rows
from mixedmodels.frame import given_back, matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mixedmodels._typing import Vector
    from mixedmodels.estimates.coefficients import Coefficients, Ddf
    from mixedmodels.families import Family
    from mixedmodels.fit.any_fit import AnyFit
    from mixedmodels.fit.moments import ResidualType
    from mixedmodels.tables.call import Call
    from mixedmodels.tables.vectors import LogLik, NamedVector

T = TypeVar("T")

RESIDUAL_TYPES = ("response", "pearson", "working", "deviance")


class FittedModel:
    """The data, record and request of every fitted model; immutable. Its verbs are in `mixedmodels.model`.

    Attributes
    ----------
    design : Design
        Everything that formula and table say about the model.
    """

    _fit: Any
    design: Design

    def __init__(
        self,
        fit: AnyFit,
        design: Design,
        source: Source,
        request: Request | None,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        self._fit = fit
        self.design = design
        self._source = source
        self._request = request
        self._stored = stored  # the file of a loaded model, which has no rows; None where the rows are here

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def formula(self) -> str:
        """The formula as R deparses it."""
        return self.design.formula

    @property
    def family(self) -> Family:
        """Distribution and link of the response."""
        from mixedmodels.families import GAUSSIAN

        return GAUSSIAN

    @property
    def outcome_label(self) -> str:
        """What the mean of the model is: which outcome's probability, whose mean count, or the response.

        Examples
        --------
        >>> gm.outcome_label
        'Probability of incidence'
        """
        from mixedmodels.fitted.outcome import outcome_label

        return outcome_label(self.design, self.family)

    @property
    def _quantities(self) -> tuple[str, ...]:
        """What a model of several components predicts of a row; none of a model of one linear predictor."""
        return ()

    def _of_component(self, component: str | None) -> Any:
        """The model whose coefficients are those of a component; None is the conditional part, the model itself.

        Raises
        ------
        DataError
            If the model has no such component.
        """
        if component is None or component == "cond":
            return self
        raise DataError(
            f"component is {component!r:.40}, and the model {self.formula!r} has one component, 'cond'; models with "
            "zero inflation or a formula of the dispersion are fitted by glmmTMB(ziformula=, dispformula=)."
        )

    @property
    def nobs(self) -> int:
        """Rows used."""
        return int(self._fit.n)

    @property
    def n_dropped(self) -> int:
        """Rows left out because of missing values."""
        return self.design.dropped

    @property
    def sigma(self) -> float:
        """Residual standard deviation (of an observation of weight 1)."""
        return float(self._fit.sigma)

    @property
    def loglik(self) -> float:
        """Log-likelihood; of a REML fit the restricted one."""
        from mixedmodels.fit import likelihood

        return likelihood.loglik(self._fit)

    @property
    def npar(self) -> int:
        """Number of parameters, the residual variance included."""
        from mixedmodels.fit import likelihood

        return likelihood.n_parameters(self._fit)

    @property
    def aic(self) -> float:
        """-2 loglik + 2 npar."""
        from mixedmodels.fit import likelihood

        return likelihood.aic(self._fit)

    @property
    def bic(self) -> float:
        """-2 loglik + log(nobs) npar."""
        from mixedmodels.fit import likelihood

        return likelihood.bic(self._fit)

    @property
    def df_resid(self) -> int:
        """Rows less parameters (of an lm without sigma)."""
        from mixedmodels.fit import likelihood

        return likelihood.df_resid(self._fit)

    @property
    def ddf(self) -> str:
        """Way to the degrees of freedom of tests and limits: "Satterthwaite", "Kenward-Roger", "residual" or "normal".

        Of an lmer it is what `lmer` was told, and ``update(ddf=...)`` changes it. Other classes of models have one way:
        residual degrees of freedom where a variance is estimated, else the normal distribution.

        Examples
        --------
        >>> fit.ddf, fit.update(ddf="normal").ddf, lin.ddf, logit.ddf
        ('Satterthwaite', 'normal', 'residual', 'normal')
        """
        return "normal"

    @property
    def _dispersion(self) -> float:
        """Factor of the variance of an observation of weight 1."""
        return float(self._fit.sigma) ** 2

    def logLik(self) -> LogLik:
        """Log-likelihood with its degrees of freedom.

        Examples
        --------
        >>> fit.logLik()
        'log Lik.' -871.8141 (df=6)
        """
        from mixedmodels.tables.vectors import LogLik

        return LogLik(self.loglik, self.npar, self.nobs)

    def fixef(self) -> NamedVector:
        """Estimated coefficients by R's names; dropped columns are left out.

        Examples
        --------
        >>> round(fit.fixef()["Days"], 3)
        10.467
        """
        from mixedmodels.tables.vectors import NamedVector

        return NamedVector(kept_names(self.design, self._fit), self._fit.beta, self._source.kind)

    def vcov(self) -> Any:
        """Covariance matrix of `fixef()`, in its order.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Like the data of the model, pandas also for DuckDB. ``numpy.asarray`` of it is p x p. So polars and Arrow
            name only the columns: a column of labels would be a part of the matrix.

        Examples
        --------
        >>> fit.vcov().shape
        (2, 2)
        """
        names = kept_names(self.design, self._fit)
        return matrix(self._fit.vcov, names, names, self._source.kind)

    def _coefficients(self, ddf: Ddf = None) -> Coefficients:
        """Estimates with the covariance and degrees of freedom that tests are to use.

        Parameters
        ----------
        ddf : str or Coefficients, optional
            Name of a method, or coefficients that are ready, as `robust` makes them; None for the model's own `ddf`.

        Raises
        ------
        DataError
            If the model has no such method, or the coefficients are not its own.
        """
        from mixedmodels.estimates.coefficients import Coefficients, check_own

        if isinstance(ddf, Coefficients):
            check_own(ddf, kept_names(self.design, self._fit), self._fit.beta)
            return ddf
        return self._coefficients_by(ddf)

    def _coefficients_or_warning(self, ddf: Ddf = None) -> Coefficients:
        """Coefficients for what has no footer: what must be said of them is a warning, at the user's line."""
        from mixedmodels.errors import MixedModelsWarning, users_line

        coefficients = self._coefficients(ddf)
        for remark in coefficients.substitutions:
            warnings.warn(remark, MixedModelsWarning, stacklevel=users_line())
        return coefficients

    def _coefficients_by(self, method: str | None) -> Coefficients:
        """Coefficients by "normal", or what a class of models adds to it."""
        from mixedmodels.estimates.coefficients import Asymptotic, check_ddf

        check_ddf(ddf_name(method) or method, (None, "normal"))
        return Asymptotic(kept_names(self.design, self._fit), self._fit.beta, self._fit.vcov)

    def _own_tests(self, ddf: Ddf) -> None:
        """Refuse a summary with other tests than the model's own.

        Raises
        ------
        DataError
            If `ddf` is another method than the model's own, or coefficients that are ready.
        """
        from mixedmodels.estimates.coefficients import Coefficients

        if ddf is not None and (
            isinstance(ddf, Coefficients) or type(self._coefficients(ddf)) is not type(self._coefficients())
        ):
            raise DataError("summary(ddf=) is for an lmer; tidy(ddf=...) or print(fit.robust()) show other tests.")

    # -- rows ---------------------------------------------------------------------------------------------------

    def fitted(self) -> Any:
        """Fitted values, one per row used (or per row of the table with ``na_action="exclude"``, missing as NaN).

        Examples
        --------
        >>> fit.fitted().head(2).round(2).tolist()
        [253.66, 273.33]
        """
        self._need_rows("fitted()")
        return self._rows.label(self._fitted(), "fitted", self._weightless_means())

    def _fitted(self) -> Vector:
        from mixedmodels.fit.moments import fitted

        return fitted(self.design, self._fit)

    def residuals(self, type: ResidualType = "response", *, scaled: bool = False) -> Any:  # noqa: A002
        """Residuals, one per row as `fitted()`.

        Parameters
        ----------
        type : {"response", "pearson", "working", "deviance"}, default "response"
            Kind of residuals: "response" (also "working": the same here), "pearson" or "deviance" (times the root of
            the weights).
        scaled : bool, default False
            Whether to divide by sigma.

        Examples
        --------
        >>> fit.residuals().head(2).round(2).tolist()
        [-4.1, -14.63]
        """
        type = recased(type, RESIDUAL_TYPES)  # noqa: A001
        if type not in RESIDUAL_TYPES:
            raise DataError(f"residual type {type!r} is none of {', '.join(RESIDUAL_TYPES)}.")
        self._need_rows("residuals()")
        return self._rows.label(self._residuals(type, scaled), "resid", self._weightless_residuals(type, scaled))

    def _residuals(self, type: ResidualType = "response", scaled: bool = False) -> Vector:  # noqa: A002
        from mixedmodels.fit.moments import residuals

        return residuals(self.design, self._fit, type, scaled)

    def _weightless_predictor(self) -> Vector | None:
        """Linear predictor of the rows of weight 0; None where there are none."""
        rest, fit = self.design.weightless, self._fit
        if rest is None:
            return None
        from mixedmodels.fit.moments import add_random_part, fixed_part

        eta = fixed_part(rest, fit.kept, fit.beta, rest.n)
        return add_random_part(eta, rest, fit.b) if fit.mixed else eta

    def _weightless_means(self) -> Vector | None:
        eta = self._weightless_predictor()
        return None if eta is None else self._on_scale(eta, "response")

    def _weightless_response(self, rest: Design) -> Vector:
        assert rest.response is not None
        return rest.response

    def _weightless_residuals(self, type: ResidualType, scaled: bool) -> Vector | None:  # noqa: A002
        """Residuals of the rows of weight 0: none, where they are multiplied by the root of the weight."""
        rest, mu = self.design.weightless, self._weightless_means()
        if rest is None or mu is None:
            return None
        if type in ("pearson", "deviance") or rest.response is None:
            return np.zeros(rest.n)
        r = self._weightless_response(rest) - mu
        return r / self._fit.sigma if scaled else np.asarray(r)

    @property
    def frame(self) -> Any:
        """The rows used, with the columns that the formula names, in the caller's kind of table.

        Examples
        --------
        >>> fit.frame.columns.tolist()
        ['Reaction', 'Days', 'Subject']
        """
        self._need_rows("frame")
        assert self._request is not None
        return given_back(self._rows.model_frame(self._request), self._source.kind)

    def _dense_x(self) -> NDArray[np.float64]:
        self._need_rows("the model matrix")
        from mixedmodels.design.matrices import model_matrix

        x = model_matrix(self.design.fixed, self._fit.n)
        return x if len(self._fit.kept) == x.shape[1] else x[:, list(self._fit.kept)]

    def _labelled_x(self) -> Any:
        index, rows = self._source.index, self.design.positions
        if index is not None and rows is not None:
            index = index[rows]
        return matrix(self._dense_x(), index, kept_names(self.design, self._fit), self._source.kind)

    @property
    def _shown_residual(self) -> ResidualType:
        return self._fit.family.shown_residual if self._fit.generalized else "response"

    def _augmented(self, more: dict[str, Vector], weightless: dict[str, Vector | None] | None = None) -> Any:
        self._need_rows("augment()")
        assert self._request is not None
        more = {"fitted": self._fitted(), "resid": self._residuals(self._shown_residual), **more}
        beside: dict[str, Vector | None] = weightless or {}
        if self.design.weightless is not None:
            resid = self._weightless_residuals(self._shown_residual, False)
            beside = {"fitted": self._weightless_means(), "resid": resid, **beside}
        return self._rows.augmented(self._request, more, beside)

    def _simulated(self, draws: NDArray[np.float64]) -> Any:
        columns = {f"sim_{i + 1}": draws[:, i] for i in range(draws.shape[1])}
        rest = self.design.weightless
        if rest is None or self._fit.method.family is None or self._fit.method.family.support != "proportion":
            return self._rows.table(columns)  # a response of weight 0 would have an infinite variance
        return self._rows.table(columns, dict.fromkeys(columns, np.zeros(rest.n)))  # no success in no trial

    def _response(self) -> Vector:
        """The response as the family sees it."""
        assert self.design.response is not None
        return self.design.response

    def _prior_weights(self) -> Vector | None:
        """Weights as the family sees them; None where all are 1."""
        return self.design.weights

    def _on_scale(self, eta: Vector, type: str) -> Vector:  # noqa: A002
        """Linear predictors as they are, or as means of the response."""
        return eta

    def _check_type(self, type: str) -> None:  # noqa: A002
        if type not in ("link", "response"):
            raise DataError(f"type must be 'link' or 'response', not {type!r}.")

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self._source, self.design)

    @cached_property
    def _quartiles(self) -> tuple[float, ...]:
        """Quartiles of the residuals, as the summary shows them."""
        if self._stored is not None:
            return tuple(self._stored["quartiles"])
        from mixedmodels.tables.r_numbers import quantiles

        return tuple(quantiles(self._summary_residuals()))

    def _summary_residuals(self) -> Vector:
        raise NotImplementedError  # pragma: no cover

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """The value of `make`, computed once in the life of this object; a pickled model computes it again."""
        kept = self.__dict__.setdefault("_kept", {})
        if name not in kept:
            kept[name] = make()
        value: T = kept[name]
        return value

    def _kept_numbers(self) -> dict[str, Any]:
        """Numbers that a saved model keeps beside its record, since they need the rows."""
        return {"quartiles": self._quartiles}

    @property
    def _engine(self) -> Any:
        """The engine's handle of a mixed model."""
        raise NotImplementedError  # pragma: no cover

    def _working_weights(self) -> Vector:
        """W of Lambda'Z'WZ Lambda + I of a mixed model, shape (n,)."""
        raise NotImplementedError  # pragma: no cover

    def _need_rows(self, what: str) -> None:
        if self._stored is not None:
            raise DataError(
                f"{what} needs the rows that the model was fitted to, and a model loaded from a file has none; "
                "predict(newdata) and all estimates are available, or fit again."
            )

    def _need_one_predictor(self, what: str, cure: str) -> None:
        """Refuse a model that has formulas of zero inflation or of the dispersion.

        Raises
        ------
        DataError
            It names the components, and what can be done in place of it.
        """
        if self.design.further:
            names = ", ".join(f"{own.component} {own.formula!r}" for own in self.design.further)
            raise DataError(
                f"{what} is for models with one linear predictor, and {self.formula!r} has further ones ({names}); "
                f"{cure}."
            )

    # -- again --------------------------------------------------------------------------------------------------

    @property
    def call(self) -> Call:
        """The call that fitted the model, as it is printed.

        Examples
        --------
        >>> fit.call.formula
        'Reaction ~ Days + (Days | Subject)'
        """
        from mixedmodels.tables.call import Call

        if self._stored is not None:
            return Call(**self._stored["call"])
        r = self._request
        assert r is not None
        return Call(
            formula=self.design.formula,
            data=r.data_name,
            weights=r.weights_name,
            offset=r.offset_name,
            subset=r.subset_name,
        )

    def _updated(self, formula: str | None, changes: dict[str, Any]) -> Request:
        """The request with a new formula (where ``.`` stands for the old side) and other arguments."""
        if self._request is None:
            raise DataError("a model loaded from a file has no data to be fitted again to; fit it anew.")
        if formula is not None:
            changes = {**changes, "formula": formulas.update(self.design.formula, formula).text}
        if "ddf" in changes:
            self._check_ddf()
        return changed(self._request, changes)

    def _check_ddf(self) -> None:
        """Refuse another way to degrees of freedom where there is no choice.

        Raises
        ------
        DataError
            If the model is not an lmer.
        """
        raise DataError(
            f"ddf is a choice of lmer; {self.formula!r} is of {self._fit.function}, whose ddf is {self.ddf!r}."
        )

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k in ("_fit", "design", "_source", "_request", "_stored")}
