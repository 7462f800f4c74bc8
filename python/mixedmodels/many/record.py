"""The fits of many responses as one tidy table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Matrix
from mixedmodels.design import Design
from mixedmodels.estimates.wald import p_values
from mixedmodels.fit.many_responses.linear_mixed import (
    CONVERGED,
    MAX_EVALUATIONS,
    NOT_REACHED,
    SEPARATED,
    STALLED,
    ManyFits,
    deviations,
)
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.table import Table

if TYPE_CHECKING:
    from mixedmodels.families import Family

SHOWN = 3  # responses, and reasons of failure


@dataclass(frozen=True, kw_only=True, eq=False)
class FitMany(Table):
    """Fits of one design to B responses; a table with a row for each parameter of each response.

    Columns response, effect ("fixed" or "ran_pars"), term, estimate, std_error, df, statistic, p_value; and of the
    whole fit criterion, singular, converged, nobs.

    Attributes
    ----------
    fits : ManyFits
        Numbers of the fits.
    responses : tuple
        Label of each response.
    terms : tuple of str
        Names of the fixed effects.
    ran_pars : tuple of str
        Names of standard deviations, correlations, sigma and shapes.
    sizes : tuple of int
        Number of effects of each random term.
    formula, method : str
        Formula, and method of the fits.
    generalized : bool
        Whether theta is on the scale of the random effects.
    ddf : str, optional
        Method of the degrees of freedom of linear mixed models; None for others, and for none.
    kind : str, default "pandas"
        The library of tables.

    Examples
    --------
    >>> fits = fit.refit_many(sleep[["Reaction"]])
    >>> fits.terms, len(fits.responses)
    (('(Intercept)', 'Days'), 1)
    """

    fits: ManyFits
    responses: tuple[Any, ...]
    terms: tuple[str, ...]
    ran_pars: tuple[str, ...]
    sizes: tuple[int, ...]
    formula: str
    method: str
    generalized: bool
    ddf: str | None = None
    kind: Any = "pandas"

    @property
    def failures(self) -> dict[str, int]:
        """Reason -> number of responses that have no estimates for it."""
        return dict(Counter(self.fits.reasons.values()).most_common())

    @cached_property
    def ran_par_values(self) -> Matrix:
        """Values of `ran_pars`, shape (B, number)."""
        scale = 1.0 if self.generalized else self.fits.sigma
        parts = [deviations(self.fits.theta, self.sizes, scale)]
        if "sigma" in self.ran_pars and not self.fits.shapes.shape[1]:  # of some families it is a shape
            parts.append(self.fits.sigma[:, None])
        return np.hstack([*parts, self.fits.shapes])

    def columns(self) -> dict[str, Any]:
        """The tidy table column by column: for each response its fixed effects, then its standard deviations."""
        f, r = self.fits, len(self.ran_pars)
        p = len(self.terms)
        count = len(self.responses)
        none = np.full((count, r), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = f.beta / f.std_error

        def whole(fixed: Matrix, other: Matrix = none) -> NDArray[Any]:
            return np.hstack([fixed, other]).ravel()

        def each(values: Any) -> NDArray[Any]:
            return np.repeat(np.asarray(values), p + r)

        return {
            "response": each(self._labels),
            "effect": np.tile(np.array(["fixed"] * p + ["ran_pars"] * r, dtype=object), count),
            "term": np.tile(np.array([*self.terms, *self.ran_pars], dtype=object), count),
            "estimate": whole(f.beta, self.ran_par_values),
            "std_error": whole(f.std_error),
            "df": whole(f.df),
            "statistic": whole(statistic),
            "p_value": whole(p_values(statistic, f.df)),
            "criterion": each(f.criterion),
            "singular": each(f.singular),
            "converged": each(f.status == CONVERGED),
            "nobs": each(f.n),
        }

    @property
    def _labels(self) -> NDArray[Any]:
        if all(isinstance(name, int) for name in self.responses):
            return np.array(self.responses, dtype=np.int64)
        return np.array(self.responses, dtype=object)

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.columns()

    def fixef(self) -> Any:
        """Fixed effects, a row per response: column response, then the coefficients.

        Examples
        --------
        >>> fit.refit_many(sleep[["Reaction"]]).fixef().columns.tolist()
        ['response', '(Intercept)', 'Days']
        """
        columns = {"response": self._labels, **dict(zip(self.terms, self.fits.beta.T, strict=True))}
        return frame.to_kind(columns, self.kind)

    def __repr__(self) -> str:
        import pandas as pd

        f = self.fits
        size = len(self.terms) + len(self.ran_pars)
        some = pd.DataFrame({k: v[: SHOWN * size] for k, v in self.columns().items()})
        with pd.option_context("display.width", 120, "display.max_columns", None, "display.precision", 4):
            shown = some.drop(columns=["criterion", "singular", "converged", "nobs"]).to_string(index=False, na_rep="")
        count = len(self.responses)
        more = f"... {count - SHOWN:,} more responses; to_frame() has all" if count > SHOWN else ""
        return "\n".join(
            [f"{count:,} responses fitted by {self.method}: {self.formula}", *self._notes(f), "", shown, more]
        )

    def _repr_html_(self) -> str:
        return preformatted(repr(self))

    def _notes(self, f: ManyFits) -> list[str]:
        notes = [] if self.ddf is None else [f"Degrees-of-freedom method: {self.ddf}"]
        if f.singular.any():
            notes.append(f"{int(f.singular.sum()):,} fits are singular")
        stopped = (f.status == MAX_EVALUATIONS) | (f.status == STALLED)
        if stopped.any():
            notes.append(f"{int(stopped.sum()):,} did not converge")
        if (f.status == SEPARATED).any():
            notes.append(
                f"{int((f.status == SEPARATED).sum()):,} have infinite estimates, as the outcomes are separated"
            )
        if (f.status == NOT_REACHED).any():
            notes.append(f"{int((f.status == NOT_REACHED).sum()):,} were not reached (interrupted)")
        reasons = list(self.failures.items())
        notes += [f"{count:,} have no fit: {why}" for why, count in reasons[:SHOWN]]
        if len(reasons) > SHOWN:
            notes.append(f"{sum(count for _, count in reasons[SHOWN:]):,} have no fit for other reasons (see failures)")
        short = int((f.n < f.n.max(initial=0)).sum())
        if short:
            notes.append(f"{short:,} were fitted to fewer than {f.n.max():,} rows, for missing values")
        return notes


def covariance_terms(design: Design, family: Family | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of standard deviations, correlations, sigma and shapes, and the number of effects of each term."""
    names = []
    for term in design.random:
        names += [f"sd_{effect}|{term.label}" for effect in term.effects]
        names += [
            f"cor_{second}.{first}|{term.label}"
            for j, first in enumerate(term.effects)
            for second in term.effects[j + 1 :]
        ]
    if family is None or family.weights_role == "precision":
        names.append("sigma")
    else:
        names += family.shapes
    return tuple(names), tuple(len(t.effects) for t in design.random)
