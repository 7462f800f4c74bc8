"""Estimates on the scale of the response as coefficients of their own, so that means are taken there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.estimates.coefficients import Coefficients, FTest, f_of
from mixedmodels.estimates.linear_functions import Basis, LinearFunctions
from mixedmodels.estimates.response_scale import ResponseScale


class DeltaMethod(Coefficients):
    """Smooth functions of linear functions of other coefficients, with the covariance of their linearisation.

    Degrees of freedom are those of the linearised function of the original coefficients.
    """

    def __init__(self, names: tuple[str, ...], values: Vector, original: Coefficients, jacobian: Matrix) -> None:
        super().__init__(names, values, jacobian @ original.vcov @ jacobian.T)
        self.method = original.method
        self.refitted = original.refitted
        self.note = original.note
        self.caution = original.caution
        self.proportional = False
        self.original = original
        self.jacobian = jacobian

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        return self.original.df(np.atleast_2d(c) @ self.jacobian)

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        chisq, basis = self._wald(c, distance)
        return f_of(chisq, basis, float(np.min(self.df(basis))) if len(basis) else np.nan)


def on_response_scale(
    functions: LinearFunctions, basis: Basis, scale: ResponseScale, sigma: float | None = None
) -> tuple[LinearFunctions, Basis]:
    """The rows as coefficients on the response scale, each with its own row of the identity.

    Rows that cannot be estimated stay so.
    """
    used = scale if sigma is None else scale.corrected(sigma)
    assert used.inverse is not None
    assert used.slope is not None
    eta, _, _ = basis.estimates(functions)
    good = np.flatnonzero(~np.isnan(eta))
    c = functions.rows[good][:, list(basis.kept)]
    names = tuple(str(i + 1) for i in good)
    made = DeltaMethod(names, used.inverse(eta[good]), basis.coefficients, used.slope(eta[good])[:, None] * c)
    r = len(functions)
    lost = np.setdiff1d(np.arange(r), good)
    space = np.eye(r)[:, lost] if len(lost) else None
    return replace(functions, rows=np.eye(r), offset=None), Basis(made, tuple(int(i) for i in good), space)
