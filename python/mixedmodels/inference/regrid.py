"""Estimates on the scale of the response as coefficients of their own, so that means are taken there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedmodels.inference.coefficients import Coefficients, FTest
from mixedmodels.inference.linear_functions import Basis, LinearFunctions, Matrix, Vector
from mixedmodels.inference.response_scale import ResponseScale


class DeltaMethod(Coefficients):
    """Smooth functions of linear functions of other coefficients, with the covariance of their linearisation.

    Degrees of freedom are those of the linearised function of the original coefficients.
    """

    def __init__(self, names: tuple[str, ...], values: Vector, original: Coefficients, jacobian: Matrix) -> None:
        super().__init__(names, values, jacobian @ original.vcov @ jacobian.T)
        self.original = original
        self.jacobian = jacobian

    @property
    def method(self) -> str:  # type: ignore[override]
        """That of the original coefficients."""
        return self.original.method

    def df(self, c: Matrix) -> Vector:
        return self.original.df(np.atleast_2d(c) @ self.jacobian)

    def f_test(self, c: Matrix) -> FTest:
        from mixedmodels.inference.joint_tests import upper_tail

        chisq, basis = self.wald_statistic(c)
        rank = len(basis)
        df = float(np.min(self.df(basis))) if rank else np.nan
        if not rank:
            return FTest(np.nan, 0, df, np.nan)
        return FTest(chisq / rank, rank, df, upper_tail(chisq / rank, rank, df))


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
