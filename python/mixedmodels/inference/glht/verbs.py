"""General linear hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._spellings import SIDES, recased
from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from mixedmodels.estimates.coefficients import Coefficients, Ddf
    from mixedmodels.estimates.symbolic_hypotheses import Hypotheses
    from mixedmodels.inference.glht.mcp import Comparisons
    from mixedmodels.inference.glht.record import GeneralHypotheses
    from mixedmodels.tables.single_test import TestTable


class HypothesisVerbs(FittedModel):
    """General linear hypotheses."""

    if TYPE_CHECKING:

        def _coefficients(self, ddf: Ddf = None) -> Coefficients: ...

    def glht(
        self,
        linfct: Comparisons | str | Sequence[str] | Mapping[str, Any] | ArrayLike,
        rhs: ArrayLike | None = None,
        alternative: str | None = None,
        df: Ddf | float = None,
        *,
        component: str | None = None,
    ) -> GeneralHypotheses:
        """General linear hypotheses, tested together as multcomp does.

        Parameters
        ----------
        linfct : Comparisons, str, sequence of str, mapping of str or array_like
            Hypotheses: ``mcp(Machine="Tukey")``; texts such as "MachineB - MachineA = 0" or "2*a >= 1" (which also say
            the direction); a dict from names to rows of p weights; or a matrix with a column per coefficient.
        rhs : array_like, optional
            Right sides, one or one per row; those of texts are their own.
        alternative : str, optional
            Alternative: "two.sided", "less" or "greater".
        df : str, Coefficients or float, optional
            Degrees of freedom: "Satterthwaite", "Kenward-Roger", "normal", a number (of the normal covariance; 0 for
            normal statistics), or what `robust` returned, whose covariance is then taken too. None is the model's own
            `ddf`. Each hypothesis has its own.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

        Raises
        ------
        FormulaError, DataError
            If a text cannot be read, or a matrix does not fit the coefficients.

        Examples
        --------
        >>> tests = lin.glht("Days = 10")
        >>> tests.summary("none")["p_value"].round(3)
        array([0.706])
        """
        if component is not None:
            hypotheses_of: GeneralHypotheses = self._of_component(component).glht(linfct, rhs, alternative, df)
            return hypotheses_of
        from mixedmodels.inference.glht.mcp import Comparisons, coded_factor, mean_comparisons
        from mixedmodels.inference.glht.record import GeneralHypotheses
        from mixedmodels.inference.glht.tests import linear_hypotheses

        coefficients = self._coefficients(self._glht_method(df))
        factor = None
        contrast = None
        if isinstance(linfct, Comparisons):
            self._need_rows("glht(mcp())")
            over_x, contrast = mean_comparisons(self.design, linfct, self._averages(linfct))
            hypotheses = self._estimable(over_x)
            if len(linfct.specs) == 1:
                factor = coded_factor(self.design, next(iter(linfct.specs)))
        else:
            hypotheses = hypotheses_about(linfct, coefficients.names)
        hypotheses = with_rhs(hypotheses, rhs)
        own = hypotheses.alternative
        from mixedmodels.inference.multiplicity.adjust import ALTERNATIVES

        alternative = None if alternative is None else recased(alternative, ALTERNATIVES, SIDES)
        if alternative is not None and own not in (None, "two.sided", alternative):
            raise DataError(
                f"the hypotheses say alternative={own!r}, but the argument says {alternative!r}; leave one out."
            )
        number = float(df) if isinstance(df, int | float | np.number) else None
        tested = linear_hypotheses(coefficients, hypotheses, alternative or own or "two.sided", number)
        response = None if factor is None else _one_column(self._heights())
        return GeneralHypotheses(
            tested,
            coefficients,
            kind=contrast,
            footer=() if number is not None else coefficients.lines_beside_r,
            fit=self._call_text(),
            table=self._source.kind,
            factor=factor,
            response=response,
        )

    def linear_hypothesis(
        self,
        hypothesis: str | Sequence[str] | Mapping[str, Any] | ArrayLike,
        rhs: ArrayLike | None = None,
        test: str | None = None,
        ddf: Ddf = None,
        *,
        component: str | None = None,
    ) -> TestTable:
        """One joint test that all hypotheses hold (``car::linearHypothesis``).

        Parameters
        ----------
        hypothesis : str, sequence of str, mapping of str or array_like
            Hypotheses as of `glht`: texts, rows by name, or a matrix.
        rhs : array_like, optional
            Right sides.
        test : str, optional
            Statistic, "Chisq" or "F"; by default F, or Chisq where the normal distribution serves.
        ddf : str or Coefficients, optional
            Way to the denominator degrees of freedom of F, or what `robust` returned; None for the model's own `ddf`.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

        Examples
        --------
        >>> fit.linear_hypothesis("Days = 10")["p_value"].round(3)
        array([0.766])
        """
        if component is not None:
            tested: TestTable = self._of_component(component).linear_hypothesis(hypothesis, rhs, test, ddf)
            return tested
        from mixedmodels.estimates.coefficients import Coefficients
        from mixedmodels.inference.comparison.restriction_table import (
            RestrictionTable,
            restriction_heading,
            restriction_layout,
        )
        from mixedmodels.inference.glht.tests import joint_chisq
        from mixedmodels.tables.result_table import F_HEADERS

        coefficients = self._coefficients(ddf)
        if test is None:
            test = "Chisq" if coefficients.method == "normal" else "F"
        test = recased(test, ("F", "Chisq"), {"chi2": "Chisq"})
        if test not in ("F", "Chisq"):
            raise DataError(f"test must be 'F' or 'Chisq', not {test!r}.")
        hypotheses = with_rhs(hypotheses_about(hypothesis, coefficients.names), rhs)
        residual: float | None
        heading = restriction_heading(hypotheses.names, hypotheses.rhs, str(self.design.formula))
        if test == "F":
            f = coefficients.f_test(hypotheses.matrix, hypotheses.rhs)
            values = {"num_df": f.num_df, "den_df": f.den_df, "f_value": f.f_value, "p_value": f.p_value}
            df, ratio, residual = f.num_df, f.f_value, f.den_df
            method = f"F test by {coefficients.phrase}"
        else:
            chisq, df, p = joint_chisq(coefficients, hypotheses.matrix, hypotheses.rhs)
            values = {"df": df, "chisq": chisq, "p_value": p}
            method = "Wald chi-squared test"
            ratio, residual = chisq / df, None if isinstance(ddf, Coefficients) else _residual_df(self)
        rss = self._fit.rss if _is_linear(self) and self._fit.has_dispersion and ddf is None else None
        columns = {name: np.array([value]) for name, value in values.items()}
        return RestrictionTable(
            columns=columns,
            names=("1",),
            row_column="test",
            headers={**F_HEADERS, "f_value": "F"} if test == "F" else {},
            heading=heading,
            footer=coefficients.lines_beside_r,
            kind=self._source.kind,
            method=method,
            layout=restriction_layout(values, int(df), float(ratio), residual, rss),
        )

    def _heights(self) -> NDArray[np.float64]:
        """Numbers of the rows, by whose means the letters of levels are ordered."""
        return np.asarray(self._response())

    def _glht_method(self, df: Ddf | float) -> Ddf:
        """Source of coefficients: `df`, or the model's normal covariance where that is a number."""
        if not isinstance(df, int | float | np.number):
            return df
        return None if _is_linear(self) else "normal"

    def _averages(self, wanted: Comparisons) -> dict[str, NDArray[np.float64]] | None:
        """Mean row of X at each level of each factor, over a grid of the others' levels with numbers at their means."""
        from mixedmodels.inference.glht.mcp import coded_factor

        if not wanted.averages:
            return None
        from mixedmodels.inference.emmeans.from_model import grid_arguments, predictors_of
        from mixedmodels.inference.emmeans.reference_grid import reference_grid

        predictors = predictors_of(self)
        grid = reference_grid(predictors, **grid_arguments(self, predictors, None, np.mean, 0, 0.0, {}))
        rows = {}
        for name in wanted.specs:
            levels = coded_factor(self.design, name).levels
            at = np.array([str(v) for v in grid.labels[name]])
            rows[name] = np.array([grid.rows[at == level].mean(axis=0) for level in levels])
        return rows

    def _estimable(self, over_x: Hypotheses) -> Hypotheses:
        """Hypotheses about all columns of X as ones about those that are estimated."""
        from mixedmodels.estimates.symbolic_hypotheses import Hypotheses

        kept = list(self._fit.kept)
        lost = np.setdiff1d(np.arange(over_x.matrix.shape[1]), kept)
        wrong = np.flatnonzero(np.abs(over_x.matrix[:, lost]).max(axis=1, initial=0) > 1e-12)
        if len(wrong):
            names = ", ".join(self.design.fixed.names[j] for j in lost)
            raise DataError(
                f"{over_x.names[wrong[0]]!r} cannot be estimated: it needs a column that was dropped ({names}), "
                "because the others determine it."
            )
        return Hypotheses(over_x.matrix[:, kept], over_x.rhs, over_x.names, over_x.alternative)

    def _call_text(self) -> str:
        text: str = self.call.fit_text(self._fit.function, self)
        return text


def _is_linear(model: FittedModel) -> bool:
    return not model._fit.mixed and not model._fit.generalized


def _residual_df(model: FittedModel) -> float | None:
    return None if model._fit.mixed else float(model._fit.df_resid)


def _one_column(response: NDArray[np.float64]) -> NDArray[np.float64]:
    return response if response.ndim == 1 else response[:, 0]


def hypotheses_about(hypotheses: Any, names: Sequence[str]) -> Hypotheses:
    """Hypotheses about named coefficients from texts, rows by name, or a matrix.

    Raises
    ------
    DataError
        If a row does not have a weight for each coefficient.
    """
    from mixedmodels.estimates import restrictions
    from mixedmodels.estimates.symbolic_hypotheses import Hypotheses, parse_hypotheses

    if isinstance(hypotheses, str) or (
        isinstance(hypotheses, Sequence) and len(hypotheses) and all(isinstance(text, str) for text in hypotheses)
    ):
        return parse_hypotheses(hypotheses, names)
    labels: Any = getattr(hypotheses, "index", None)
    labels = None if labels is None or callable(labels) else [str(label) for label in labels]
    if isinstance(hypotheses, Mapping):
        labels, hypotheses = [str(name) for name in hypotheses], list(hypotheses.values())
    c = restrictions.contrasts(hypotheses, len(names))
    if labels is None or len(labels) != len(c):
        labels = [str(i + 1) for i in range(len(c))]
    return Hypotheses(c, np.zeros(len(c)), tuple(labels))


def with_rhs(hypotheses: Hypotheses, rhs: ArrayLike | None) -> Hypotheses:
    """The hypotheses with other right sides.

    Raises
    ------
    DataError
        If they are not one, or one per row.
    """
    from mixedmodels.estimates import restrictions

    return hypotheses if rhs is None else replace(hypotheses, rhs=restrictions.right_sides(rhs, len(hypotheses.rhs)))
