"""Variances and correlations of the random effects, printed as lme4 prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._names import meant
from mixedmodels.errors import DataError
from mixedmodels.fit.any_fit import AnyPredictor, effect_factors
from mixedmodels.fit.covariance import correlation, factors
from mixedmodels.tables import r_numbers, r_print
from mixedmodels.tables.exported import ByName

if TYPE_CHECKING:
    from mixedmodels._typing import Matrix, Vector
    from mixedmodels.design.records import Design
    from mixedmodels.tables.frames import CovarianceMatrix
    from mixedmodels.tables.sheet import Sheet

Component = Literal["Variance", "Std.Dev."]


class VarCorr(ByName, Mapping[str, "CovarianceMatrix"]):
    """Covariance matrix of each random term by its label, and the residual standard deviation.

    Attributes
    ----------
    labels : tuple of str
        Labels of the terms: the group's name, with ".1", ".2" where the group comes again.
    effects : tuple of tuple of str
        Names of the random effects of each term.
    covariances : tuple of ndarray, shape (k, k)
        Covariance matrix of each term.
    correlations : tuple of ndarray
        Correlation matrix of each term, NaN where a variance is 0.
    sigma : float or None
        Residual standard deviation; None of a family without.

    Examples
    --------
    >>> list(fit.VarCorr())
    ['Subject']
    >>> fit.VarCorr().stddevs[0].round(2).tolist()
    [24.74, 5.92]
    """

    def __init__(
        self,
        labels: Sequence[str],
        effects: Sequence[Sequence[str]],
        covariances: Sequence[Matrix],
        correlations: Sequence[Matrix],
        sigma: float | None,
        kind: Any = "pandas",
    ) -> None:
        self.labels = tuple(labels)
        self.effects = tuple(tuple(e) for e in effects)
        self.covariances = tuple(covariances)
        self.correlations = tuple(correlations)
        self.sigma = sigma
        self.kind = kind

    @property
    def stddevs(self) -> tuple[Vector, ...]:
        """Per term the standard deviations of its effects."""
        return tuple(np.sqrt(np.diag(c)) for c in self.covariances)

    def __getitem__(self, label: str) -> CovarianceMatrix:
        from mixedmodels.tables.frames import CovarianceMatrix

        label = meant(label, self.labels)
        if label not in self.labels:
            raise KeyError(f"no random term {label!r}; there are {', '.join(self.labels)}")
        i = self.labels.index(label)
        return CovarianceMatrix(self.covariances[i], index=list(self.effects[i]), columns=list(self.effects[i]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, order: str = "cov.last") -> dict[str, list[Any]]:
        """Columns grp, var1, var2, vcov, sdcor of the table."""
        if order not in ("cov.last", "lower.tri"):
            raise DataError(f"order must be 'cov.last' or 'lower.tri', not {order!r}.")
        out: dict[str, list[Any]] = {"grp": [], "var1": [], "var2": [], "vcov": [], "sdcor": []}
        for label, names, cov, sd, r in zip(
            self.labels, self.effects, self.covariances, self.stddevs, self.correlations, strict=True
        ):
            places = [(i, j) for j in range(len(names)) for i in range(j, len(names))]
            if order == "cov.last":
                places.sort(key=lambda ij: ij[0] != ij[1])
            for i, j in places:
                out["grp"].append(label)
                out["var1"].append(names[j])
                out["var2"].append(None if i == j else names[i])
                out["vcov"].append(float(cov[i, j]))
                out["sdcor"].append(float(sd[i] if i == j else r[i, j]))
        if self.sigma is not None:
            for key, value in zip(out, ("Residual", None, None, self.sigma**2, self.sigma), strict=True):
                out[key].append(value)
        return out

    def _columns_of_table(self) -> Mapping[str, Any]:
        columns = self.rows()
        return {**columns, "vcov": np.array(columns["vcov"]), "sdcor": np.array(columns["sdcor"])}

    def _sheet(self) -> Sheet:
        from mixedmodels.tables.sheet import Block, Sheet

        headers, cells = self.cells(5, ("Variance", "Std.Dev."))
        return Sheet(blocks=[Block(headers=headers, rows=cells, texts=frozenset({0, 1}))])

    def table(self, order: str = "cov.last") -> Any:
        """A pandas table with columns grp, var1, var2, vcov, sdcor; `order` is "cov.last" or "lower.tri"."""
        import pandas as pd

        return pd.DataFrame(self.rows(order))

    def cells(self, digits: int, components: Sequence[Component]) -> tuple[list[str], list[list[str]]]:
        """Column names and texts of the printed table."""
        last = [] if self.sigma is None else [self.sigma]
        sd = [float(s) for part in self.stddevs for s in part] + last
        shown = {"Variance": [s * s for s in sd], "Std.Dev.": sd}
        groups = [t for label, names in zip(self.labels, self.effects, strict=True) for t in _once(label, len(names))]
        columns = [
            [*groups, *("Residual" for _ in last)],
            [*(name for names in self.effects for name in names), *("" for _ in last)],
            *(r_numbers.format_numbers(shown[c], digits) for c in components),
        ]
        headers = ["Groups", "Name", *components]
        widest = max((len(names) for names in self.effects), default=0)
        if widest > 1:
            corr = self._correlation_cells(max(2, digits - 2), widest)
            columns.extend(list(c) for c in zip(*corr, strict=True))
            headers += ["Corr"] + [""] * (widest - 2)
        return headers, [list(row) for row in zip(*columns, strict=True)]

    def _correlation_cells(self, decimals: int, widest: int) -> list[list[str]]:
        rows = []
        for r in self.correlations:
            k = len(r)
            rounded = [r_numbers.round_r(float(v), decimals) for v in r.ravel()]
            texts = r_numbers.format_numbers(rounded, nsmall=decimals, na="NaN")
            rows += [
                [texts[i * k + j] if j < i else "" for j in range(k - 1)] + [""] * (widest - max(k, 1))
                for i in range(k)
            ]
        rows += [] if self.sigma is None else [[]]
        return [row + [""] * (widest - 1 - len(row)) for row in rows]

    def text(self, digits: int = 5, components: Sequence[Component] = ("Std.Dev.",)) -> str:
        """The printed table."""
        headers, cells = self.cells(digits, components)
        return r_print.matrix([""] * len(cells), headers, cells, right=False)

    def html(self, digits: int = 5, caption: str = "Random effects") -> str:
        """The table for notebooks."""
        from mixedmodels.tables import html

        headers, cells = self.cells(digits, ("Variance", "Std.Dev."))
        return html.table(caption, headers, cells)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()


def _once(label: str, n: int) -> list[str]:
    return [label] + [""] * (n - 1)


def varcorr(design: Design, fit: AnyPredictor, kind: Any = "pandas") -> VarCorr:
    """Variances and correlations of a fit."""
    return VarCorr(
        [t.label for t in design.random],
        [t.effects for t in design.random],
        [t @ t.T for t in effect_factors(fit)],
        [correlation(t) for t in factors(fit.theta, fit.sizes)],
        fit.residual_sd,
        kind,
    )
