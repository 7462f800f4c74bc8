"""The common base of fitted linear and generalised linear mixed models."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._names import ByName
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.record import Run
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixedmodels.design import Design
    from mixedmodels.fit.any_fit import AnyMixedFit
    from mixedmodels.fit.engine import Glmm, Lmm
    from mixedmodels.fitted.ranef import RanEf
    from mixedmodels.fitted.request import Request, Source
    from mixedmodels.fitted.varcorr import VarCorr


class MixedEffects(FittedModel):
    """A fitted model with random effects."""

    _fit: AnyMixedFit

    def __init__(
        self,
        fit: AnyMixedFit,
        design: Design,
        source: Source,
        request: Request | None,
        engine: Lmm | Glmm | None = None,
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
        """Levels of each grouping factor.

        Examples
        --------
        >>> fit.ngroups
        {'Subject': 18}
        """
        return ByName({g.name: g.n_levels for g in self.design.groups})

    @property
    def converged(self) -> bool:
        """Whether the optimiser's certificate holds (see ``engine.certificate``)."""
        return self._fit.run.converged

    @property
    def is_singular(self) -> bool:
        """Whether a covariance matrix lies on the boundary: the effects of a term have no variance in some direction.

        None is a standard deviation below 1e-4 in units of sigma and of predictors divided by their standard deviation.
        """
        return self._fit.singular

    def _described(self) -> Mapping[str, Any]:
        return dict(self._engine.describe() if self._stored is None else self._stored["engine"])

    def _kept_numbers(self) -> dict[str, Any]:
        run = {f.name: getattr(self._fit.run, f.name) for f in fields(Run)}
        return {**super()._kept_numbers(), "run": run, "engine": self._described()}

    @property
    def _engine(self) -> Lmm | Glmm:
        self._need_rows("the objective")
        if self._handle is None:  # a model that was pickled
            self._handle = self._new_engine()
        return self._handle

    def _new_engine(self) -> Lmm | Glmm:
        raise NotImplementedError  # pragma: no cover

    # -- random effects -----------------------------------------------------------------------------------------

    def ranef(self, cond_var: bool = False) -> RanEf:
        """Conditional modes of the random effects, a table per grouping factor.

        Parameters
        ----------
        cond_var : bool, default False
            Whether to add the conditional covariance matrix of each level's effects given theta; a FitError where the
            engine could not factorise the model (its path is "estimated").

        Examples
        --------
        >>> fit.ranef()["Subject"].shape
        (18, 2)
        """
        from mixedmodels.fitted.random_effects import random_effects

        covariances = self._conditional_covariances() if cond_var else None
        return random_effects(self.design, self._fit, covariances, self._source.kind)

    def _conditional_covariances(self) -> list[Matrix]:
        raise NotImplementedError  # pragma: no cover

    def coef(self) -> RanEf:
        """Fixed plus random effects by level, a table per grouping factor.

        Examples
        --------
        >>> fit.coef()["Subject"].columns.tolist()
        ['(Intercept)', 'Days']
        """
        from mixedmodels.fitted.random_effects import coefficients_by_group

        return coefficients_by_group(self.design, self._fit, self._source.kind)

    def VarCorr(self) -> VarCorr:
        """Standard deviations and correlations of the random effects, and of the residual where there is one.

        Examples
        --------
        >>> print(fit.VarCorr())
         Groups   Name        Std.Dev. Corr
         Subject  (Intercept) 24.7405
                  Days         5.9221  0.066
         Residual             25.5918
        """
        from mixedmodels.fitted.varcorr import varcorr

        return varcorr(self.design, self._fit, self._source.kind)

    # -- matrices -----------------------------------------------------------------------------------------------

    def model_matrix(self, which: Literal["X", "Z"] = "X") -> Any:
        """The fixed-effects matrix X (a labelled table) or the random-effects matrix Z (scipy.sparse, n x q).

        Examples
        --------
        >>> fit.model_matrix("X").shape
        (180, 2)
        """
        if which == "Z":
            from mixedmodels.design import z_matrix

            self._need_rows("the model matrix")
            return z_matrix(self.design)
        if which != "X":
            raise DataError(f"model_matrix() has 'X' and 'Z', not {which!r}.")
        return self._labelled_x()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_handle": None}
