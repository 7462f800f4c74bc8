"""A model without random effects fitted again without some of its terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.fit.generalized_linear.any_family import fit_without_random
from mixedmodels.fit.lmm import kept_columns
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, LinearFit


class SubModels:
    """Deviances of a linear or generalised linear model without some terms; a negative binomial keeps its theta."""

    def __init__(self, design: Design, fit: LinearFit | GlmFit) -> None:
        self._design = design
        self._fit = fit

    def without(self, terms: Iterable[int]) -> tuple[float, float]:
        """Deviance (or residual sum of squares) without the columns of these terms, and its degrees of freedom.

        The columns that are left are tried anew for collinear ones.
        """
        gone = set(terms)
        fixed = self._design.fixed
        chosen = [j for j, term in enumerate(fixed.assign) if term not in gone]
        smaller = replace(
            fixed,
            names=tuple(fixed.names[j] for j in chosen),
            columns=tuple(fixed.columns[j] for j in chosen),
            assign=tuple(fixed.assign[j] for j in chosen),
        )
        design = replace(self._design, fixed=smaller)
        if not self._fit.generalized:
            return _squares(design, self._fit.n)
        fit = fit_without_random(design, self._fit.family, penalty=self._fit.penalty)
        return fit.deviance, float(fit.df_resid)


def _squares(design: Design, n: int) -> tuple[float, float]:
    assert design.response is not None
    kept = kept_columns(design.fixed, n, design.weights)
    x = dense_columns(design, kept, n)
    y = design.response - fixed_part(design, (), np.empty(0), n)
    if design.weights is not None:
        root = np.sqrt(design.weights)
        x, y = x * root[:, None], y * root
    q = np.linalg.qr(x)[0]
    left = y - q @ (q.T @ y)
    return float(left @ left), float(n - len(kept))
