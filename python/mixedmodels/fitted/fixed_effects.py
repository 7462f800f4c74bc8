"""The common base of fitted models without random effects."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixedmodels.errors import DataError
from mixedmodels.fit.method import ddf_name
from mixedmodels.fitted.labels import kept_names, scattered
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Coefficients
    from mixedmodels.tables.vectors import NamedVector


FEW = 5  # with so few residual degrees of freedom R shows the residuals themselves


class FixedEffects(FittedModel):
    """A fitted model whose coefficients are all fixed effects."""

    _kind: ClassVar[str]

    @property
    def ddf(self) -> str:
        """As of all models: "residual" where a variance is estimated, else "normal"."""
        return "residual" if isfinite(self._fit.wald_df) else "normal"

    def _coefficients_by(self, method: str | None) -> Coefficients:
        from mixedmodels.estimates.coefficients import Residual, check_ddf

        name = ddf_name(method) or method
        check_ddf(name, (None, "residual", "normal"))
        df = self._fit.wald_df
        if name == "normal" or (method is None and not isfinite(df)):
            return super()._coefficients_by(method)
        return Residual(kept_names(self.design, self._fit), self._fit.beta, self._fit.vcov, df)

    def coef(self) -> NamedVector:
        """All coefficients by R's names, NaN where a column is a combination of earlier ones.

        Examples
        --------
        >>> lin.coef().names
        ('(Intercept)', 'Days')
        """
        from mixedmodels.tables.vectors import NamedVector

        names = self.design.fixed.names
        return NamedVector(names, scattered(self._fit.beta, self._fit, len(names)), self._source.kind)

    def model_matrix(self, which: Literal["X"] = "X") -> Any:
        """The matrix X, a labelled table.

        Examples
        --------
        >>> lin.model_matrix().shape
        (180, 2)
        """
        if which != "X":
            raise DataError(f"model_matrix() of a {self._kind} has 'X' only, not {which!r}.")
        return self._labelled_x()

    def _kept_numbers(self) -> dict[str, Any]:
        return {**super()._kept_numbers(), "few": self._few}

    @cached_property
    def _few(self) -> dict[str, float] | None:
        """The residuals that a summary shows one by one, where there are few."""
        if self._stored is not None:
            few: dict[str, float] | None = self._stored["few"]
            return few
        if self._fit.df_resid > FEW:
            return None
        labels = [str(i + 1) for i in self._rows.numbers]
        return dict(zip(labels, self._summary_residuals().tolist(), strict=True))
