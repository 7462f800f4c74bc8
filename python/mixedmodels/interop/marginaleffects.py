"""The interface of the package marginaleffects, so that its functions accept our models: ``avg_slopes(fit)``.

marginaleffects works on any instance of its class ``ModelAbstract``, and `register` declares that our classes are
subclasses of it. It cannot be asked to do so before it is imported, and a model may be older than that. But
``isinstance(fit, ModelAbstract)``, its first question about a model, reads ``fit.__class__``: there a model registers
its class, so that the order of imports and fits does not matter, and nothing is imported for it. The functions of
marginaleffects then change the coefficients (`get_coef`) and compute predictions (`get_predict`) with random effects
of 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import on_new_data
from mixedmodels.design.spec import FactorSpec
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.model import FittedModel
from mixedmodels.formula import parse
from mixedmodels.formula.nodes import column_names
from mixedmodels.frame import Column, Factor, Logical
from mixedmodels.frame.columns import take

if TYPE_CHECKING:
    import polars

    from mixedmodels.estimates.coefficients import Ddf


MODEL = "marginaleffects.classes.model"  # the module of its class ModelAbstract
_REGISTERED = WeakSet[type]()  # classes that marginaleffects knows


def register(cls: type) -> None:
    """Tell marginaleffects, where it is imported, that models of this class answer its questions."""
    module = sys.modules.get(MODEL)
    if module is None or cls in _REGISTERED:
        return
    abstract = getattr(module, "ModelAbstract", None)  # absent while the module is being read
    if abstract is not None:
        _REGISTERED.add(cls)
        abstract.register(cls)


class Registering:
    """Makes the class of an object known to marginaleffects whenever its class is asked for."""

    @property
    def __class__(self) -> type:
        """The class."""
        cls = type(self)
        register(cls)
        return cls

    @__class__.setter
    def __class__(self, other: type) -> None:
        raise AttributeError(f"a fit is immutable; it cannot become a {other.__name__}.")


class MarginalView(Registering):
    """A model as marginaleffects is to see it, with other degrees of freedom or another covariance."""

    def __init__(self, model: MarginalEffects, df: float, ddf: Ddf) -> None:
        self._model = model
        self.df_resid = float(df)
        self._ddf = ddf

    def get_vcov(self, vcov: bool | Ddf = True) -> Matrix | None:
        """See `MarginalEffects.get_vcov`; True is the covariance of `ddf`."""
        return self._model.get_vcov(self._ddf if vcov is True and self._ddf is not None else vcov)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_model":
            raise AttributeError(name)
        return getattr(self._model, name)


class MarginalEffects(Registering, FittedModel):
    """The questions of marginaleffects, by its names."""

    def for_marginaleffects(self, df: float = np.inf, ddf: Ddf = None) -> MarginalView:
        """The model for marginaleffects with statistics of one's choice.

        Given the model itself, marginaleffects takes t with `df_resid`; R's package takes z for most models.

        Parameters
        ----------
        df : float, default np.inf
            Degrees of freedom of its tests and limits; infinite for z.
        ddf : str or Coefficients, optional
            Covariance of a method of small samples ("Kenward-Roger"); None for the model's own.

        Examples
        --------
        >>> view = fit.for_marginaleffects(df=17)
        >>> view.get_coef().round(1), view.df_resid
        (array([251.4,  10.5]), 17.0)
        """
        if ddf is not None:
            self._coefficients(ddf)  # refuses what is none of the model's
        return MarginalView(self, df, ddf)

    def get_coef(self) -> Vector:
        """Estimates, shape (p,)."""
        return np.array(self._fit.beta, dtype=float)

    def get_coefnames(self) -> NDArray[np.object_]:
        """Names of the coefficients.

        Examples
        --------
        >>> fit.get_coefnames().tolist()
        ['(Intercept)', 'Days']
        """
        return np.array(kept_names(self.design, self._fit), dtype=object)

    def get_vcov(self, vcov: bool | Ddf = True) -> Matrix | None:
        """Covariance of the estimates.

        Parameters
        ----------
        vcov : bool, str, Coefficients or None, default True
            Covariance: True for the model's own, False for none, a method of small samples, or what `robust` returned.
        """
        if vcov is None or vcov is False:
            return None
        if vcov is True:
            return np.array(self._coefficients("normal").vcov)
        coefficients = self._coefficients(vcov)
        if coefficients.refitted is not None:  # get_coef() is the model's: the two would be of different fits
            raise DataError(
                f"vcov={vcov!r:.40} is a method for REML, and this model was fitted by maximum likelihood; fit it by "
                "REML."
            )
        return np.array(coefficients.vcov)

    def get_modeldata(self) -> polars.DataFrame:
        """The rows used: factors as Enum with the levels of the fit, dates as the days or seconds that they count."""
        return self._marginal_data

    def get_exog(self, newdata: Any) -> Matrix:
        """Rows of X for a table, the offset as a last column; shape (n, p + 1)."""
        table = frame.read(newdata)
        new = on_new_data(self.design.spec, table, random=())
        x = np.zeros((new.n_table, len(self._fit.kept) + 1))
        for i, j in enumerate(self._fit.kept):
            column = new.fixed.columns[j]
            x[:, i] = 1.0 if column is None else column
        if new.offset is not None:
            x[:, -1] = new.offset
        return x

    def get_predict(self, params: Any, newdata: Any) -> polars.DataFrame:
        """Predictions of the mean response with these coefficients: a table with columns rowid and estimate.

        Parameters
        ----------
        params : array_like, shape (p,)
            Coefficients.
        newdata : table
            Rows from `get_exog`, or a table.
        """
        import polars as pl

        x = newdata if isinstance(newdata, np.ndarray) else self.get_exog(newdata)
        eta = x[:, :-1] @ np.asarray(params, dtype=float) + x[:, -1]
        mean = self._on_scale(eta, "response")
        return pl.DataFrame({"rowid": np.arange(len(x), dtype=np.int32), "estimate": mean})

    def find_response(self) -> str:
        """The first column that the left side of the formula names."""
        return self._marginal_variables[0]

    def find_predictors(self) -> list[str]:
        """Columns that the fixed effects name."""
        return self._marginal_variables[1:]

    def find_variables(self) -> list[str]:
        """Response and predictors."""
        return list(self._marginal_variables)

    @property
    def response_name(self) -> str:
        """See `find_response`."""
        return self._marginal_variables[0]

    def get_variable_type(self, name: str | None = None) -> Any:
        """Kind of a column, "numeric", "integer", "binary", "boolean" or "character"; of all without a name."""
        types = self._marginal_kinds
        return types if name is None else types.get(name, types)

    def set_variable_type(self, name: str, value: str) -> None:
        """Have a column taken for another kind."""
        self._marginal_kinds[name] = value

    def get_formula(self) -> str:
        """A formula that names the columns; the rows of X are `get_exog`'s."""
        return f"{self._marginal_variables[0]} ~ {' + '.join(self._marginal_variables[1:]) or '1'}"

    def get_formula_engine(self) -> str:
        """Who reads the formula."""
        return "mixedmodels"

    def get_package(self) -> str:
        """The package that the model is from."""
        return "mixedmodels"

    def get_engine_running(self) -> None:
        """None: there is no other engine."""

    def get_autodiff_args(self) -> None:
        """None: derivatives by differences."""

    def get_df(self) -> float:
        """Degrees of freedom of joint tests."""
        fit = self._fit
        return float("inf") if not fit.generalized and fit.known_sigma else float(self.df_resid)

    @cached_property
    def _marginal_variables(self) -> list[str]:
        """Response and predictors among the columns of the table."""
        plan = self.design.spec.formula
        left = list(column_names(parse(f"~ {plan.response}").right)) if plan.response else ["response"]
        right: dict[str, None] = {}
        for node in plan.fixed.variables_used().values():
            right.update(dict.fromkeys(column_names(node)))
        return [left[0] if left else "response", *(name for name in right if name not in left)]

    @cached_property
    def _marginal_data(self) -> polars.DataFrame:
        import polars as pl

        self._need_rows("the data of the model")
        assert self._request is not None
        table, rows, kinds = frame.read(self._request.data), self._rows.numbers, self.design.spec.kinds
        series = []
        for name in self._rows.frame_names(self._request, table):
            variable = kinds.get(name)
            levels = variable.levels.labels if isinstance(variable, FactorSpec) else None
            series.append(_series(name, take(table.column(name), rows), levels))
        data = pl.DataFrame(series)
        missing = [name for name in self._marginal_variables[1:] if name not in data.columns]
        if missing:
            raise UnknownColumnError(f"{missing[0]!r} is not a column of the model's data, so it cannot be varied.")
        return data

    @cached_property
    def _marginal_kinds(self) -> dict[str, str]:
        return {name: _kind(self._marginal_data[name]) for name in self._marginal_data.columns}


def _series(name: str, column: Column, levels: Sequence[str] | None) -> polars.Series:
    """A column as polars has it, whatever library it came from; texts for a factor, Enum where it has `levels`."""
    import polars as pl

    if isinstance(column, Factor):
        labels = [None if code < 0 else column.levels.labels[code] for code in column.codes.tolist()]
        return pl.Series(name, labels, dtype=pl.String if levels is None else pl.Enum(list(levels)))
    missing = np.isnan(column.values)
    if isinstance(column, Logical):
        truth = [None if gone else bool(v) for v, gone in zip(column.values, missing, strict=True)]
        return pl.Series(name, truth, dtype=pl.Boolean)
    whole = column.origin is not None and column.origin.dtype.kind in "iu" and not missing.any()
    return pl.Series(name, column.origin if whole else column.values)


def _kind(column: Any) -> str:
    if column.dtype.is_numeric():
        if bool(np.isin(column.to_numpy(), (0, 1)).all()):
            return "binary"
        return "integer" if column.dtype.is_integer() else "numeric"
    return "boolean" if str(column.dtype) == "Boolean" else "character"
