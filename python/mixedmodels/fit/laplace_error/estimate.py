"""The error of a fit's log-likelihood, by Laplace's approximation or quadrature, against the exact one.

Both are taken at the estimates. With one grouping factor the exact value is that of adaptive quadrature with more and
more points; otherwise it is estimated by importance sampling around the mode (`_engine.Glmm.importance`).
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._engine import EngineError
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit import likelihood
from mixedmodels.fit.glmm import MAX_NODES
from mixedmodels.fit.laplace_error.pareto import tail_shape
from mixedmodels.fit.progress import watched
from mixedmodels.fit.record import GlmmFit
from mixedmodels.fit.seeds import seed_text

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm, GlmmImportance

POINTS = (7, 11, 17, 25, 37, 55, 81)
AGREE = 1e-4  # of two log-likelihoods by quadrature
MAX_EVALUATIONS = 10**8  # of rows, for the largest grid
MATTERS = 0.5  # in log-likelihood: a likelihood-ratio test at 5 % with one degree of freedom turns on 1.92
MIN_DRAWS = 40
HEAVY = 0.7  # shape of the weights' tail from which their mean has no useful standard error (Vehtari et al. 2024)
FEW = 0.1  # share of the draws that must be effective where cumulants cannot help
POINTS_TO_FIT, MORE_POINTS = 9, 25
WIDTH = 80


@dataclass(frozen=True, kw_only=True)
class LaplaceError:
    """The exact log-likelihood at the estimates against the one that was maximised.

    Attributes
    ----------
    error : float
        Exact log-likelihood less that of the fit.
    std_error : float
        Standard error of `error`, 0 where it is by quadrature.
    method : {"quadrature", "importance sampling"}
        Method of computing the error, "quadrature" or "importance sampling".
    points : int or None
        Points of the quadrature, for each random effect; None of importance sampling.
    draws : int or None
        Number of draws of importance sampling; None of quadrature.
    ess : float or None
        Effective number of independent draws, the least over the parts of the design; None of quadrature.
    loglik, corrected_loglik : float
        Log-likelihood of the fit, and with `error` added.
    nagq : int
        Points of quadrature of the fit: 0 and 1 are Laplace's approximation.
    levels : dict of str to int
        Number of levels of each grouping factor.
    doubt : str, default ""
        Why the estimate is not to be trusted, in words; empty where it is.
    advice : str, default ""
        Advice on a better approximation, in words.
    seed : int or Generator, optional
        Seed that gives the same draws again; None for quadrature.

    Notes
    -----
    Printed, it says all this in a few lines.
    """

    error: float
    std_error: float
    method: Literal["quadrature", "importance sampling"]
    points: int | None
    draws: int | None
    ess: float | None
    loglik: float
    nagq: int
    levels: dict[str, int]
    doubt: str = ""
    advice: str = ""
    seed: Any = None

    @property
    def corrected_loglik(self) -> float:
        """Log-likelihood of the fit with `error` added."""
        return self.loglik + self.error

    @property
    def reliable(self) -> bool:
        """Whether the estimate is to be trusted."""
        return not self.doubt

    @property
    def per_level(self) -> dict[str, float]:
        """`error` divided by the number of levels of each grouping factor."""
        return {name: self.error / count for name, count in self.levels.items()}

    @property
    def matters(self) -> bool:
        """Whether the error is large beside the differences that likelihood-ratio tests turn on."""
        return abs(self.error) > MATTERS

    def __str__(self) -> str:
        of = "Laplace's approximation" if self.nagq <= 1 else f"Adaptive quadrature with nAGQ = {self.nagq}"
        how = (
            f"{self.points} points"
            if self.points
            else f"{self.draws:,} draws, {seed_text(self.seed)}, worth {self.ess:,.0f}"
        )
        error = f"{self.error:+.4f}" + (f" (standard error {self.std_error:.2g})" if self.std_error else "")
        each = ", ".join(f"{self.error / n:+.2g} for each of {n:,} of {name!r}" for name, n in self.levels.items())
        return "\n".join(
            [
                *textwrap.wrap(f"{of} of the log-likelihood, at the estimates, against {self.method} ({how})", WIDTH),
                f"  log-likelihood  {self.loglik:.4f}",
                f"  error           {error}; {each}",
                f"  corrected       {self.corrected_loglik:.4f}",
                *textwrap.wrap(self.doubt or self.advice, WIDTH),
            ]
        )

    __repr__ = __str__


def laplace_error(engine: Glmm, design: Design, fit: GlmmFit, draws: int, seed: int) -> LaplaceError:
    """Estimate the error.

    Parameters
    ----------
    engine : object
        Handle that made the fit.
    design : Design
        Design of the model.
    fit : GlmmFit
        Fit of the model.
    draws : int
        Number of draws of importance sampling.
    seed : int
        Seed of importance sampling, from 0 to 2^64 - 1.

    Raises
    ------
    FitError
        If there are too few draws, or the engine finds no mode.
    """
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < MIN_DRAWS:
        raise FitError(f"nsim is {draws!r:.40}; give a whole number, {MIN_DRAWS} or more.")
    try:
        exact = _by_quadrature(engine, design, fit) if len(levels(design)) == 1 and not design.further else None
        return _sampled(engine, design, fit, int(draws), seed) if exact is None else exact
    except EngineError as error:
        raise FitError(f"the error of Laplace's approximation cannot be estimated: {error}.") from error


def levels(design: Design) -> dict[str, int]:
    """Levels of the grouping factors of all linear predictors."""
    return {g.name: g.n_levels for own in design.predictors for g in own.groups}


def _by_quadrature(engine: Glmm, design: Design, fit: GlmmFit) -> LaplaceError | None:
    """None where the grid would be too large, or does not settle."""
    k = sum(fit.joint.sizes)
    last = math.nan
    for points in POINTS:
        if points**k > MAX_NODES or fit.n * points**k > MAX_EVALUATIONS:
            return None
        value = -engine.evaluate(*fit.point, points)["criterion"] / 2
        if abs(value - last) <= AGREE * max(1.0, abs(value) * 1e-4):
            return _result(design, fit, value, 0.0, points=points)
        last = value
    return None


def _sampled(engine: Glmm, design: Design, fit: GlmmFit, draws: int, seed: int) -> LaplaceError:
    with watched(0, fit.n) as watch:
        out = engine.importance(*fit.point, draws, seed, watch)
    exact = out["laplace"] + out["error"]
    return _result(design, fit, exact, out["std_error"], draws=out["draws"], ess=out["ess"], doubt=_doubt(out))


def _doubt(out: GlmmImportance) -> str:
    """Why the mean of importance weights is not to be trusted, if it is not."""
    cure = "More draws may settle it; believe neither the number nor its standard error before they do."
    shape, share = tail_shape(out["log_weights"]), out["ess"] / out["draws"]
    if not math.isfinite(out["error"]):
        return f"Not to be trusted: some draws have no likelihood at all. {cure}"
    if out["by_cumulants"]:
        if out["remainder"] <= max(0.25, 0.1 * abs(out["error"])) and out["std_error"] <= _tolerable(out):
            return ""
        return (
            "Not to be trusted: over so many random effects the weights of the draws are those of a few, and the "
            f"series of their logarithms' cumulants has not settled (its next term is {out['remainder']:.2g}). {cure}"
        )
    if share < FEW or (share < 0.5 and shape > HEAVY):
        return f"Not to be trusted: the weights of the draws are those of a few ({out['ess']:.0f} count). {cure}"
    if out["std_error"] > _tolerable(out):
        return f"Too rough to be used: the standard error is {out['std_error']:.2g}. {cure}"
    return ""


def _tolerable(out: GlmmImportance) -> float:
    return float(max(MATTERS, 0.25 * abs(out["error"])))


def _result(
    design: Design,
    fit: GlmmFit,
    exact: float,
    std_error: float,
    *,
    points: int | None = None,
    draws: int | None = None,
    ess: float | None = None,
    doubt: str = "",
) -> LaplaceError:
    error = exact - likelihood.loglik(fit)
    return LaplaceError(
        error=error,
        std_error=std_error,
        method="importance sampling" if points is None else "quadrature",
        points=points,
        draws=draws,
        ess=ess,
        loglik=likelihood.loglik(fit),
        nagq=fit.nagq,
        levels=levels(design),
        doubt=doubt,
        advice=_advice(error, design, fit),
    )


def _advice(error: float, design: Design, fit: GlmmFit) -> str:
    if abs(error) <= MATTERS:
        return (
            "Small beside what matters: a likelihood-ratio test at 5 % with one degree of freedom turns on 1.92 in "
            "log-likelihood."
        )
    text = (
        "Large beside what matters: a likelihood-ratio test at 5 % with one degree of freedom turns on 1.92 in "
        "log-likelihood. Models with the same random effects mostly share the error; variances may be biased."
    )
    more = better_nagq(design, fit)
    if more:
        return f"{text} Fit with nAGQ={more}."
    if len(levels(design)) > 1:
        return f"{text} With several grouping factors there is no quadrature: compare corrected log-likelihoods."
    return text


def better_nagq(design: Design, fit: GlmmFit) -> int:
    """Points of a quadrature that would do better than the fit; 0 where there are none."""
    if len(levels(design)) > 1 or design.further or fit.function == "glmmTMB":  # which has no nAGQ
        return 0
    limit = min(MORE_POINTS, int(MAX_NODES ** (1 / sum(fit.sizes)) + 1e-9))
    wanted = MORE_POINTS if fit.nagq >= POINTS_TO_FIT else POINTS_TO_FIT
    better = min(wanted, limit)
    return better if better > max(fit.nagq, 1) else 0
