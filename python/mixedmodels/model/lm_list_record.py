"""Separate models of groups, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates import wald
from mixedmodels.fitted.labels import kept_names
from mixedmodels.tables.exported import ByName
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.result_table import T_HEADERS, Z_HEADERS, ResultTable


@dataclass(frozen=True, kw_only=True, eq=False)
class LmList(ByName, Mapping[str, Any]):
    """A mapping from level to its separate model, in the order of the levels, without levels that failed.

    Attributes
    ----------
    formula : str
        Formula of the models, "y ~ x | g".
    group : str
        Name of the grouping factor.
    levels : tuple of str
        All levels of the grouping factor.
    models : mapping of str
        Model of each level.
    failures : mapping of str to str
        Reason why a level has no model, keyed by level.
    pool : bool
        Whether standard errors use one residual standard deviation for all groups.
    kind : str, default "pandas"
        The library of tables.

    Examples
    --------
    >>> separate = mm.lm_list("Reaction ~ Days | Subject", sleep)
    >>> len(separate), round(separate.pooled_sd, 2)
    (18, 25.59)
    """

    formula: str
    group: str
    levels: tuple[str, ...]
    models: Mapping[str, Any]
    failures: Mapping[str, str]
    pool: bool
    kind: Any = "pandas"

    def __getitem__(self, label: Any) -> Any:
        try:
            return self.models[str(label)]
        except KeyError:
            if str(label) in self.failures:
                raise DataError(f"{label} has no model: {self.failures[str(label)]}") from None
            raise UnknownColumnError(
                f"no level {label!r} of {self.group}; there are {', '.join(self.levels)}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Names of all coefficients that some group has."""
        return tuple(dict.fromkeys(name for m in self.models.values() for name in m.design.fixed.names))

    def coef(self) -> Any:
        """A table of coefficients with a row per level; NaN if a group lacks a coefficient.

        Examples
        --------
        >>> mm.lm_list("Reaction ~ Days | Subject", sleep).coef().loc["308"].round(1).tolist()
        [244.2, 21.8]
        """
        return self._labelled(self._by_level(lambda m: m._fit.beta))

    def fixef(self) -> dict[str, float]:
        """Mean of each coefficient over the groups that have it.

        Examples
        --------
        >>> means = mm.lm_list("Reaction ~ Days | Subject", sleep).fixef()
        >>> round(means["Days"], 2)
        10.47
        """
        with np.errstate(invalid="ignore"):
            means = np.nanmean(self._by_level(lambda m: m._fit.beta), axis=0)
        return dict(zip(self.terms, means.tolist(), strict=True))

    @cached_property
    def df_residual(self) -> int:
        """Residual degrees of freedom of all groups together."""
        return int(sum(m._fit.df_resid for m in self.models.values()))

    @cached_property
    def pooled_sd(self) -> float:
        """The pooled residual standard deviation: the root of all sums of squares over all degrees of freedom.

        For families without a dispersion it is 1.
        """
        fits = [m._fit for m in self.models.values()]
        if not fits:
            return math.nan
        if all(f.residual_sd is None for f in fits):
            return 1.0
        if not self.df_residual:
            return math.nan
        total = sum(f.dispersion * f.df_resid if f.generalized else f.rss for f in fits if f.df_resid)
        return math.sqrt(total / self.df_residual)

    @property
    def loglik(self) -> float:
        """Log-likelihood of all groups together, with one residual variance if pooled, else one per group."""
        fits = [m._fit for m in self.models.values()]
        if not (self.pool and not any(f.generalized for f in fits)):
            return float(sum(m.loglik for m in self.models.values()))
        n, rss = int(sum(f.n for f in fits)), float(sum(f.rss for f in fits))
        if rss == 0:
            return math.inf if n else math.nan
        logs = float(sum(f.sum_log_weights for f in fits))
        return -0.5 * (n * (math.log(2 * math.pi * rss / n) + 1) - logs)

    def summary(self) -> ResultTable:
        """A row for each coefficient of each group, with its test.

        With pooling, standard errors use `pooled_sd` and tests use `df_residual` degrees of freedom. Otherwise each
        group has its own.

        Examples
        --------
        >>> len(mm.lm_list("Reaction ~ Days | Subject", sleep).summary().names)
        36
        """
        names, estimate, error, df = self._rows()
        statistic = estimate / error
        student = bool(np.isfinite(df).any())
        with np.errstate(invalid="ignore"):
            p = np.asarray(wald.p_values(statistic, df))
        columns = {"estimate": estimate, "std_error": error, "statistic": statistic, "df": df, "p_value": p}
        if not student:
            del columns["df"]
        return ResultTable(
            columns=columns,
            names=tuple(f"{label}: {term}" for label, term in names),
            headers=T_HEADERS if student else Z_HEADERS,
            heading=(f"Separate models of {self.formula}", ""),
            footer=self._footer(),
            kind=self.kind,
            missing="NA",
        )

    def tidy(self) -> Any:
        """The coefficients as a table: level, term, estimate, std_error, statistic, df, p_value.

        Examples
        --------
        >>> mm.lm_list("Reaction ~ Days | Subject", sleep).tidy().columns.tolist()[:3]
        ['Subject', 'term', 'estimate']
        """
        table = self.summary()
        names = self._rows()[0]
        columns = {self.group: [label for label, _ in names], "term": [term for _, term in names], **table.columns}
        return frame.to_kind(columns, self.kind)

    def confint(self, level: float = 0.95) -> ResultTable:
        """Wald limits of each coefficient of each group, with the pooled residual standard deviation if `pool`.

        Examples
        --------
        >>> mm.lm_list("Reaction ~ Days | Subject", sleep).confint()["conf_low"][:2].round(1)
        array([214.5,  16.2])
        """
        wald.check_level(level)
        names, estimate, error, df = self._rows()
        limits = wald.intervals(estimate, error, level, df)
        percent = [f"{100 * q:.4g} %" for q in ((1 - level) / 2, (1 + level) / 2)]
        return ResultTable(
            columns={"estimate": estimate, "conf_low": limits[:, 0], "conf_high": limits[:, 1]},
            names=tuple(f"{g}: {term}" for g, term in names),
            headers={"conf_low": percent[0], "conf_high": percent[1]},
            heading=(f"Intervals of separate models of {self.formula}", ""),
            footer=self._footer(),
            kind=self.kind,
            missing="NA",
        )

    def _columns_of_table(self) -> Mapping[str, Any]:
        values = self._by_level(lambda m: m._fit.beta)
        columns: dict[str, Any] = {self.group: list(self.levels)}
        columns |= {term: values[:, j] for j, term in enumerate(self.terms)}
        return columns

    def __repr__(self) -> str:
        lines = [f"Separate models of {self.formula}", "", "Coefficients:", self.coef().to_string(), ""]
        return "\n".join([*lines, *self._footer()])

    def _repr_html_(self) -> str:
        return preformatted(repr(self))

    def _rows(self) -> tuple[list[tuple[str, str]], Vector, Vector, Vector]:
        """Level and term, estimate, standard error and degrees of freedom of each coefficient."""
        names, estimate, error, df = list[tuple[str, str]](), list[float](), list[float](), list[float]()
        for label, model in self.models.items():
            fit = model._fit
            own = fit.residual_sd
            pooled = self.pool and own is not None
            scale = self.pooled_sd if pooled else (own or 1.0)
            kept = kept_names(model.design, fit)
            names += [(label, name) for name in kept]
            estimate += fit.beta.tolist()
            error += (scale * np.sqrt(np.diag(fit.vcov_unscaled))).tolist()
            df += [float(self.df_residual) if pooled else fit.wald_df] * len(kept)
        return names, np.array(estimate), np.array(error), np.array(df)

    def _by_level(self, values: Any) -> Matrix:
        out = np.full((len(self.levels), len(self.terms)), np.nan)
        places = {term: j for j, term in enumerate(self.terms)}
        for i, label in enumerate(self.levels):
            model = self.models.get(label)
            if model is not None:
                out[i, [places[name] for name in kept_names(model.design, model._fit)]] = values(model)
        return out

    def _labelled(self, values: Matrix) -> Any:
        return frame.labelled(values, self.levels, self.terms)

    def _footer(self) -> tuple[str, ...]:
        out = []
        if self.pool and any(m._fit.residual_sd is not None for m in self.models.values()):
            out.append(
                f"Degrees of freedom: {self.df_residual} residual; pooled residual standard deviation: "
                f"{self.pooled_sd:.7g}"
            )
        if self.failures:
            out.append(f"Without a model: {', '.join(self.failures)}.")
        return tuple(out)
