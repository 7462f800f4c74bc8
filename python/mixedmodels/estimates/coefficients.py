"""The coefficients that tests and intervals are made of: estimates, covariance, degrees of freedom.

Whatever tests a linear hypothesis (coefficient tables, anova tables, marginal means, general linear hypotheses) asks
one of these, so that a method for small samples is written once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald

NO_ERROR = 1e-13  # of a coefficient: a standard error below is rounding
APART = 1e4  # ratio of standard errors of rows beyond which they are not compared as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class FTest:
    """A joint test of rows of a contrast matrix.

    Attributes
    ----------
    f_value : float
        F statistic (Wald's chi-squared over `num_df`, scaled where the method scales it).
    num_df : int
        Rank of the hypothesis.
    den_df : float
        Denominator degrees of freedom; infinite where the test is asymptotic.
    p_value : float
        Upper tail probability.
    scale : float, default 1.0
        Factor of Wald's statistic (Kenward and Roger), else 1.
    """

    f_value: float
    num_df: int
    den_df: float
    p_value: float
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Refit:
    """A fit made for the sake of a method, whose coefficients are not those of the model.

    Attributes
    ----------
    remark : str
        Sentence that says so.
    sigma : float
        Residual standard deviation of that fit.
    """

    remark: str
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TTests:
    """Tests of the rows of a contrast matrix one by one; all of shape (r,).

    Attributes
    ----------
    estimate, std_error, df : ndarray
        Estimate, standard error and degrees of freedom of each row; `df` infinite where the normal distribution serves.
    statistic : ndarray
        Distance from the hypothesis in standard errors.
    p_value : ndarray
        Two-sided p-value.
    """

    estimate: Vector
    std_error: Vector
    df: Vector
    statistic: Vector
    p_value: Vector


class Coefficients(ABC):
    """Estimated coefficients with a covariance matrix and a rule for degrees of freedom.

    Attributes
    ----------
    method : str
        Name of the rule as users write it.
    names : tuple of str
        Names of the p estimated coefficients.
    beta : ndarray, shape (p,)
        Coefficients.
    vcov : ndarray, shape (p, p)
        Covariance of the coefficients, adjusted where the method adjusts it.
    refitted : Refit, optional
        Fit in place of the model's that these are of, or None.
    note : str, optional
        Why the method is not the model's own, or None.
    caution : str, optional
        What a reader of the tests must know about the fit that they are of, or None.
    proportional : bool, default True
        Whether `vcov` is that of the model's variances, so that sums of squares go with its tests.
    """

    method: str
    refitted: Refit | None = None
    note: str | None = None
    caution: str | None = None
    proportional: bool = True

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix) -> None:
        self.names = names
        self.beta = beta
        self.vcov = vcov

    @abstractmethod
    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row of `c` (shape (r, p)); infinite where the normal distribution serves."""

    @abstractmethod
    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        """Test that ``c @ distance`` is 0, where `distance` is what `beta` is away from the hypothesis."""

    def f_test(self, c: Matrix, rhs: Vector | None = None) -> FTest:
        """Test that ``c @ beta`` is 0 (or `rhs`) in all rows at once; rows that depend on others do not count.

        Raises
        ------
        DataError
            If rows contradict each other.
        """
        c = np.atleast_2d(c)
        return self._f_test(c, self._distance(c, rhs))

    @property
    def phrase(self) -> str:
        """The method within a sentence: "Satterthwaite's method", "the normal distribution"."""
        return f"{self.method}'s method" if self.method[:1].isupper() else f"the {self.method} method"

    @property
    def substitutions(self) -> tuple[str, ...]:
        """Remarks on a fit or a method that stands in for the model's own; a warning where nothing prints them."""
        texts = (None if self.refitted is None else self.refitted.remark, self.note)
        return tuple(text for text in texts if text is not None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks that every print of these coefficients has."""
        return self.substitutions if self.caution is None else (*self.substitutions, self.caution)

    @property
    def footer(self) -> tuple[str, ...]:
        """Lines below a table of tests or intervals: the method, and what must be said of it."""
        return (f"Degrees-of-freedom method: {self.method}", *self.remarks)

    @property
    def lines_beside_r(self) -> tuple[str, ...]:
        """As `footer`, below a table in R's layout, where z and t say what a method of small samples does not."""
        return self.remarks if self.method in ("normal", "residual") else self.footer

    def estimates(self, c: Matrix) -> tuple[Vector, Vector]:
        """``c @ beta`` and its standard errors."""
        return wald.linear_hypotheses(c, self.beta, self.vcov)

    def t_tests(self, c: Matrix | None = None, rhs: Vector | float = 0.0) -> TTests:
        """Tests that each row of ``c @ beta`` is `rhs`; of each coefficient if `c` is not given."""
        c = np.eye(len(self.beta)) if c is None else np.atleast_2d(c)
        estimate, std_error = self.estimates(c)
        df = self.df(c / wald.scales(c)[:, None])
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.asarray((estimate - rhs) / std_error)
        return TTests(estimate=estimate, std_error=std_error, df=df, statistic=t, p_value=wald.p_values(t, df))

    def wald_statistic(self, c: Matrix, rhs: Vector | None = None) -> tuple[float, Matrix]:
        """Wald's chi-squared of the rows of `c` (of ``c @ beta - rhs``), and an orthonormal basis of its rank.

        The rows of the second result, shape (rank, p), are uncorrelated under `vcov` and span what can be tested.

        Raises
        ------
        DataError
            If rows contradict each other.
        """
        return self._wald(c, self._distance(c, rhs))

    def _wald(self, c: Matrix, distance: Vector) -> tuple[float, Matrix]:
        """Wald's statistic and the basis of the tested space, from the difference of `beta` from the hypothesis."""
        used = np.any(c, axis=0)  # another coefficient's missing variance is no matter
        vcov = self.vcov[np.ix_(used, used)]
        with np.errstate(invalid="ignore"):
            missing = not np.isfinite(c[:, used] @ vcov @ c[:, used].T).all()
        if missing:
            return nan, _independent(c)  # the fit has said that it has no standard errors here
        c = _in_comparable_units(c, c[:, used], vcov, self.beta[used])
        values, vectors = np.linalg.eigh(c[:, used] @ vcov @ c[:, used].T)
        kept = values > max(values.max(initial=0.0), 0.0) * len(values) * 1e-12
        basis = vectors[:, kept].T @ c
        return float(np.sum((basis @ distance) ** 2 / values[kept])), basis

    def _distance(self, c: Matrix, rhs: Vector | None) -> Vector:
        """`beta` less coefficients that fulfil the hypothesis."""
        if rhs is None or not np.any(rhs):
            return self.beta
        size = wald.scales(c)
        units, sides = c / size[:, None], rhs / size
        point = np.linalg.lstsq(units, sides, rcond=None)[0]
        if not np.allclose(units @ point, sides, rtol=0, atol=1e-8 * np.abs(sides).max()):
            raise DataError("the hypotheses contradict each other: no coefficients fulfil all of them.")
        return np.asarray(self.beta - point)


class Asymptotic(Coefficients):
    """Normal and chi-squared distributions, as if the covariance were known."""

    method = "normal"

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix, note: str | None = None) -> None:
        super().__init__(names, beta, vcov)
        self.note = note

    @property
    def phrase(self) -> str:
        """The method within a sentence."""
        return "the normal distribution"

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        return np.full(len(np.atleast_2d(c)), inf)

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        return f_of(*self._wald(c, distance), inf)


class Residual(Coefficients):
    """t and F distributions with the residual degrees of freedom of a model without random effects."""

    method = "residual"

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix, df_resid: float) -> None:
        super().__init__(names, beta, vcov)
        if not df_resid >= 0:  # a user may give them as a number
            raise DataError(f"ddf is {df_resid:g}; degrees of freedom are 0 or more.")
        self.df_resid = df_resid

    @property
    def phrase(self) -> str:
        """The method within a sentence."""
        return "residual degrees of freedom"

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        return np.full(len(np.atleast_2d(c)), float(self.df_resid))

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        return f_of(*self._wald(c, distance), float(self.df_resid))


def _in_comparable_units(c: Matrix, used: Matrix, vcov: Matrix, beta: Vector) -> Matrix:
    """Rows divided by their standard errors, where these differ so much that rounding of one would hide another.

    Elsewhere the rows stay as they are: the degrees of freedom of a joint test by Fai and Cornelius depend on them. So
    does a row whose standard error is rounding of its coefficients: a sandwich may have no variance there.
    """
    units = used / wald.scales(used)[:, None]
    sd = np.sqrt(np.maximum(np.einsum("ri,ij,rj->r", units, vcov, units), 0.0)) * wald.scales(used)
    real = sd > NO_ERROR * (np.abs(used) @ np.abs(beta))
    if not real.any() or sd[real].max() < APART * sd[real].min():
        return c
    return np.asarray(c / np.where(real, sd, 1.0)[:, None])


Ddf = str | Coefficients | None  # a method by its name, or coefficients that are ready; None for the model's choice


def _independent(c: Matrix) -> Matrix:
    """Orthonormal rows that span those of `c`."""
    if not np.isfinite(c).all():
        raise DataError("a hypothesis has a number that is missing or infinite.")
    _, size, rows = np.linalg.svd(c, full_matrices=False)
    return np.asarray(rows[size > size.max(initial=0.0) * len(c) * 1e-12])


def f_of(chisq: float, basis: Matrix, den_df: float, scale: float = 1.0) -> FTest:
    """The F test of a Wald statistic whose rank is that of `basis`."""
    rank = len(basis)
    if not rank:
        return FTest(f_value=np.nan, num_df=0, den_df=den_df, p_value=np.nan)
    f = scale * chisq / rank
    return FTest(f_value=f, num_df=rank, den_df=den_df, p_value=wald.f_p_value(f, rank, den_df), scale=scale)


def check_own(ready: Coefficients, names: tuple[str, ...], beta: Vector) -> None:
    """Refuse coefficients that are not of a fit with these estimates.

    Raises
    ------
    DataError
        If names or estimates differ; estimates of a refit may.
    """
    if ready.names != names:
        raise DataError(
            f"the coefficients given are of another model: they are {', '.join(ready.names)}, and this model has "
            f"{', '.join(names)}."
        )
    if ready.refitted is None and not np.allclose(ready.beta, beta, rtol=1e-8, atol=1e-12):
        raise DataError(
            "the coefficients given are of another fit, with other estimates; ask the model itself, as "
            "ddf=fit.robust() does."
        )


def check_ddf(ddf: object, methods: Sequence[str | None]) -> None:
    """Refuse a way to degrees of freedom that a model does not have; `methods` are names, None the model's choice.

    Raises
    ------
    DataError
        If `ddf` is none of `methods`.
    """
    if not isinstance(ddf, str | None) or ddf not in methods:
        names = ", ".join(repr(name) for name in methods if name is not None)
        raise DataError(f"ddf {ddf!r:.80} is not for this model; it has {names}, and takes what robust() returns.")
