"""Exact distribution of the (restricted) likelihood ratio for one variance component, by its spectral form.

For y = X beta + Z b + e with Var(b) = lam sigma^2 S and Var(e) = sigma^2 W^-1, rows scaled by the roots of the weights,
let mu be the eigenvalues of ``S' Z' P0 Z S`` (P0 projects off X) and xi those of ``S' Z' Z S``. If lam = 0, twice the
log restricted likelihood ratio is distributed as

    sup over lam >= 0 of  (n - p) log(1 + N / D) - sum log(1 + lam mu),
    N = sum lam mu / (1 + lam mu) w^2,   D = sum w^2 / (1 + lam mu) + w_0^2,

with w independent standard normal, one for each mu, and w_0^2 chi-squared with the n - p - len(mu) degrees of freedom
that are left. For the likelihood ratio n stands before the logarithm, xi within the last sum, and where the null model
has q fixed effects less, ``n log(1 + u^2 / (sum w^2 + w_0^2))`` with u^2 chi-squared with q degrees is added.

Equal eigenvalues share one chi-squared variable. The maximum is sought on a grid of log(lam) for all draws at once (a
matrix product), then by Newton steps from each peak of the grid that may be the highest: there can be several.

References
----------
Crainiceanu and Ruppert (2004), Journal of the Royal Statistical Society B 66, 165-185, theorem 1 and formula (9).
Scheipl, Greven and Kuechenhoff (2008), Computational Statistics & Data Analysis 52, 3283-3299.
Greven, Crainiceanu, Kuechenhoff and Peters (2008), Journal of Computational and Graphical Statistics 17, 870-891.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, z_matrix
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.progress import counted
from mixedmodels.fit.threads import aside

LOWEST, HIGHEST, POINTS = -12.0, 24.0, 181  # log(lam) times the largest eigenvalue
STEPS = 40  # of Newton's method or bisection
SETTLED = 1e-7  # of log(lam); the height is then exact to rounding
NEAR = 0.05  # what refining a peak of the grid may gain
CHUNK = 1_000_000  # numbers held at once
EQUAL = 1e-8  # relative difference of eigenvalues that count as one
NOTHING = 1e-10  # an eigenvalue relative to the largest that counts as zero
MAX_EFFECTS = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """The numbers that determine the null distribution.

    Attributes
    ----------
    values, counts : ndarray
        Distinct positive eigenvalues mu and how often each comes.
    spread, spread_counts : ndarray
        Eigenvalues within the sum of logarithms: mu for the restricted ratio, xi for the other.
    rows : int
        Factor of the logarithm, n - p or n.
    rest : int
        Degrees of freedom of w_0^2.
    fixed : int, default 0
        Number q of fixed effects that the null model lacks.
    """

    values: Vector
    counts: Vector
    spread: Vector
    spread_counts: Vector
    rows: int
    rest: int
    fixed: int = 0


def spectrum(design: Design, kept: tuple[int, ...], *, restricted: bool, fixed: int = 0) -> Spectrum:
    """The eigenvalues of a design with one random term of one column.

    Parameters
    ----------
    design : Design
        Design of the model with the variance.
    kept : tuple of int
        Positions of the columns of X that are estimated.
    restricted : bool
        Whether the spectrum is for the restricted likelihood ratio.
    fixed : int, default 0
        Number of fixed effects that the null model lacks.

    Raises
    ------
    DataError
        If the design has several random effects or leaves no degrees of freedom.
    FitError
        If the term has more than 6,000 levels.
    """
    if len(design.random) != 1 or len(design.random[0].columns) != 1:
        raise DataError(
            f"an exact test is for one variance, and {design.formula!r} has several; give the model with the tested "
            "random effect alone as `m`, and the full and the null model as `mA` and `m0`."
        )
    levels = design.groups[design.random[0].group].n_levels
    if levels > MAX_EFFECTS:
        raise FitError(
            f"the exact distribution needs the eigenvalues of a {levels:,} x {levels:,} matrix, and the limit is "
            f"{MAX_EFFECTS:,}; with so many levels the mixture of ranova(test='mixture') is as good."
        )
    z = z_matrix(design)
    n = z.shape[0]
    x = dense_columns(design, kept, n)
    if design.weights is not None:
        root = np.sqrt(design.weights)
        x, z = x * root[:, None], z.multiply(root[:, None]).tocsr()
    inner = (z.T @ z).toarray()
    cross = z.T @ np.linalg.qr(x)[0]
    values, counts = _distinct(aside(np.linalg.eigvalsh, inner - cross @ cross.T), np.trace(inner))
    spread, spread_counts = (
        (values, counts) if restricted else _distinct(aside(np.linalg.eigvalsh, inner), np.trace(inner))
    )
    rest = n - len(kept) - int(counts.sum())
    if rest < 1 or not len(values):
        raise DataError(
            f"random effects of {design.random[0].text!r} take all degrees of freedom that the fixed effects leave, or "
            "none; their variance cannot be distinguished from the residual variance."
        )
    return Spectrum(
        values=values,
        counts=counts,
        spread=spread,
        spread_counts=spread_counts,
        rows=n - len(kept) if restricted else n,
        rest=rest,
        fixed=fixed,
    )


def _distinct(values: Vector, total: float) -> tuple[Vector, Vector]:
    """Positive eigenvalues, descending, those that are equal as one with their number."""
    values = np.sort(values[values > NOTHING * total])[::-1]
    if not len(values):
        return values, values
    starts = np.r_[True, values[:-1] - values[1:] > EQUAL * values[:-1]]
    which = np.cumsum(starts) - 1
    counts = np.bincount(which).astype(float)
    return np.bincount(which, weights=values) / counts, counts


def simulate(null: Spectrum, nsim: int, rng: np.random.Generator) -> Vector:
    """Draws of the statistic under the null hypothesis, shape (nsim,)."""
    size = max(1, CHUNK // max(len(null.values), POINTS))
    out = np.empty(nsim)
    with counted(nsim, "draws") as tell:
        for begin in range(0, nsim, size):
            end = min(begin + size, nsim)
            out[begin:end] = _draws(null, end - begin, rng)
            tell(end)
    return out


def _draws(null: Spectrum, nsim: int, rng: np.random.Generator) -> Vector:
    w = rng.chisquare(null.counts, (nsim, len(null.values)))
    rest = rng.chisquare(null.rest, nsim)
    best = maximum(null, w, rest)
    if null.fixed:
        u = rng.chisquare(null.fixed, nsim)
        best = best + null.rows * np.log1p(u / (w.sum(axis=1) + rest))
    return best


def maximum(null: Spectrum, w: Matrix, rest: Vector) -> Vector:
    """The supremum over lam >= 0, draw by draw.

    Parameters
    ----------
    w : ndarray, shape (draws, distinct eigenvalues)
        Chi-squared variables of the eigenvalues.
    rest : ndarray, shape (draws,)
        Draws of w_0^2.
    """
    total = w.sum(axis=1) + rest
    grid = np.linspace(LOWEST, HIGHEST, POINTS) - np.log(null.values[0])
    lam = np.exp(grid)
    penalty = null.spread_counts @ np.log1p(np.outer(null.spread, lam))
    d = w @ (1 / (1 + np.outer(null.values, lam))) + rest[:, None]
    height = null.rows * np.log(total[:, None] / d) - penalty
    best: Vector = np.maximum(height.max(axis=1), 0.0)
    # Peaks of the grid that may be the highest once refined.
    peak = (height[:, 1:-1] >= height[:, :-2]) & (height[:, 1:-1] > height[:, 2:])
    draw, place = np.nonzero(peak & (height[:, 1:-1] > np.maximum(best - NEAR, 0.0)[:, None]))
    refined = _refined(null, w[draw], rest[draw], total[draw], grid[place + 1], grid[1] - grid[0])
    np.maximum.at(best, draw, refined)
    return best


def _refined(null: Spectrum, w: Matrix, rest: Vector, total: Vector, at: Vector, step: float) -> Vector:
    """Newton's method in t = log(lam), kept within one step of the grid around the best point."""
    low, high, t = at - step, at + step, at.copy()
    moving = np.arange(len(t))
    for _ in range(STEPS):
        slope, bend = _slopes(null, w[moving], rest[moving], t[moving])
        here = t[moving]
        low[moving] = np.where(slope > 0, here, low[moving])
        high[moving] = np.where(slope > 0, high[moving], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = here - slope / bend
        good = (bend < 0) & (newton > low[moving]) & (newton < high[moving])
        t[moving] = np.where(good, newton, (low[moving] + high[moving]) / 2)
        moving = moving[np.abs(t[moving] - here) > SETTLED]
        if not len(moving):
            break
    lam = np.exp(t)
    d = np.sum(w / (1 + lam[:, None] * null.values), axis=1) + rest
    penalty = np.log1p(lam[:, None] * null.spread) @ null.spread_counts
    return np.asarray(null.rows * np.log(total / d) - penalty)


def _slopes(null: Spectrum, w: Matrix, rest: Vector, t: Vector) -> tuple[Vector, Vector]:
    """First and second derivative in t."""
    share = _logistic(t[:, None] + np.log(null.values))  # lam mu / (1 + lam mu)
    d = np.sum(w * (1 - share), axis=1) + rest
    d1 = -np.sum(w * share * (1 - share), axis=1)
    d2 = -np.sum(w * share * (1 - share) * (1 - 2 * share), axis=1)
    own = share if null.spread is null.values else _logistic(t[:, None] + np.log(null.spread))
    slope = -null.rows * d1 / d - own @ null.spread_counts
    bend = -null.rows * (d2 / d - (d1 / d) ** 2) - (own * (1 - own)) @ null.spread_counts
    return slope, bend


def _logistic(x: Matrix) -> Matrix:
    return np.asarray(1 / (1 + np.exp(-x)))
