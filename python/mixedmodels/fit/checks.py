"""Errors about a model before it is fitted, and warnings about a fit."""

from __future__ import annotations

import warnings

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import (
    ConvergenceWarning,
    DesignError,
    MixedModelsWarning,
    PerfectFitWarning,
    RankDeficientWarning,
    SeparationWarning,
    SingularFitWarning,
    UnidentifiedWarning,
    users_line,
)
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit, AnyPredictor
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.covariance import SINGULAR, correlation, factors
from mixedmodels.fit.record import GlmmFit, LinearFit

CLOSE_TO_ONE = 1 - 1e-4
LEAST_GAIN = 0.05  # of -2 log-likelihood by a finite theta, below which it cannot be told from an infinite one
LARGEST_THETA = 1e7  # as of glm_nb
FAR = 1e6  # standard deviations of a predictor from 0


def response(design: Design) -> Vector:
    """The response less the offset, one number per row.

    Raises
    ------
    DesignError
        If there is no response or it has several columns.
    """
    y = design.response
    if y is None:
        raise DesignError(f"formula {design.formula!r} has no response; write it left of '~'.")
    if y.ndim != 1:
        raise DesignError(
            f"response {design.response_name!r} has {y.shape[1]} columns, but a linear model has one response; "
            "counts of successes and failures need a binomial family."
        )
    return y if design.offset is None else np.asarray(y - design.offset)


def rank_warning(design: Design, fit: AnyFit) -> RankDeficientWarning | None:
    """A warning that names the columns of X that were dropped."""
    dropped = dropped_columns(design, fit)
    if not dropped:
        return None
    names = ", ".join(repr(d) for d in dropped)
    verb = "is a combination" if len(dropped) == 1 else "are combinations"
    return RankDeficientWarning(
        f"the fixed-effects design of {design.formula!r} has rank {len(fit.kept)} with {len(design.fixed.names)} "
        f"columns: dropped {names}, which {verb} of earlier columns; leave the term out or recode it to silence this."
    )


def exact_warning(design: Design, fit: LinearFit) -> PerfectFitWarning:
    """That the residuals of a linear model are rounding error."""
    return PerfectFitWarning(
        f"{design.formula!r} fits the response exactly: the residual standard deviation, {fit.sigma:.3g}, is rounding "
        "error, and standard errors and tests mean nothing; leave out what determines "
        f"{design.response_name!r}, or look whether it is constant."
    )


def dropped_columns(design: Design, fit: AnyFit | AnyPredictor) -> tuple[str, ...]:
    """Names of the columns of X that are not estimated."""
    if len(fit.kept) == len(design.fixed.names):
        return ()
    kept = set(fit.kept)
    return tuple(name for j, name in enumerate(design.fixed.names) if j not in kept)


def warn_bar(design: Design) -> None:
    """Warn that a bar without parentheses takes everything before it, so that it has no fixed effect."""
    hidden = design.spec.formula.hidden_slopes
    if hidden:
        bar = design.spec.formula.random[0]
        message = (
            f"in {design.formula!r} the bar has no parentheses, so all of {' + '.join(hidden)} varies among the groups "
            f"and has no fixed effect; write {' + '.join(hidden)} + ({bar.text}) to have both, or parentheses around "
            "the whole bar to silence this."
        )
        warnings.warn(message, MixedModelsWarning, stacklevel=users_line())


def gaussian_warning() -> MixedModelsWarning:
    """That glmer was asked for what lmer does."""
    return MixedModelsWarning(
        "glmer() with a gaussian family and identity link is a linear mixed model and was fitted by lmer(), by "
        "maximum likelihood; call lmer() yourself, with REML=False for the same fit."
    )


def mixed_warnings(design: Design, fit: AnyMixedFit) -> list[MixedModelsWarning]:
    """Warnings about this fit, the most important first."""
    warnings: list[MixedModelsWarning] = []
    rank = rank_warning(design, fit)
    if rank is not None:
        warnings.append(rank)
    if fit.generalized and fit.separated:
        warnings.append(SeparationWarning(fit.separated))
    elif not fit.run.converged and "flat" not in fit.run.certificate:
        warnings.append(_convergence(fit))
    if isinstance(fit, ComponentsFit):
        from mixedmodels.fit.components.checks import zero_part_message

        zeros = zero_part_message(design, fit)
        if zeros:
            warnings.append(SeparationWarning(zeros))
    far = _far_from_zero(design, fit)
    if far:
        warnings.append(MixedModelsWarning(far))
    if fit.unidentified:
        warnings.append(UnidentifiedWarning(unidentified_message(fit)))
    if fit.singular:
        warnings.append(SingularFitWarning(singular_message(design, fit)))
    if fit.generalized:
        remarks = (_infinite_theta(design, fit), _no_errors(design, fit))
        warnings += [MixedModelsWarning(text) for text in remarks if text]
    return warnings


def _infinite_theta(design: Design, fit: GlmmFit) -> str | None:
    """That theta of a negative binomial is infinite, or as good as that.

    As theta grows, -2 log-likelihood comes to that of a Poisson model, and differs from it by about c / theta. The
    second derivative in log(theta) is then about twice what theta adds to the likelihood.
    """
    if not infinite_theta(fit):
        return None
    gain, theta = _gain_of_theta(fit), fit.free_shapes["theta"]
    what = "is infinite"
    if theta <= LARGEST_THETA:
        what = f"({theta:.4g}) is as good as infinite, where -2 log-likelihood is higher by about {gain:.2g} only"
    return (
        f"theta of {design.formula!r} {what}: the counts {design.response_name!r} hardly vary more around their means "
        "than Poisson's do; fit glmer(..., family='poisson')."
    )


def infinite_theta(fit: GlmmFit) -> bool:
    """Whether theta of a negative binomial is infinite, or as good as that."""
    return "theta" in fit.family.shapes and _place_of_theta(fit) not in fit.held and _gain_of_theta(fit) < LEAST_GAIN


def _gain_of_theta(fit: GlmmFit) -> float:
    place = _place_of_theta(fit)
    return float(fit.hessian[place, place]) / 2


def _place_of_theta(fit: GlmmFit) -> int:
    """Its place among the parameters of all linear predictors and the shapes."""
    covariances, coefficients, _ = fit.point
    return len(covariances) + len(coefficients) + fit.family.shapes.index("theta")


def _no_errors(design: Design, fit: GlmmFit) -> str | None:
    """Which estimates have no standard error although the optimum has been found, and why."""
    variance = np.diag(fit.vcov)
    lost = np.flatnonzero(~(np.isfinite(variance) & (variance >= 0)))
    if fit.held:
        first = len(fit.point[0])
        lost = lost[~np.isin(lost + first, fit.held)]
    if not len(lost) or fit.separated or not fit.run.converged:
        return None
    names = [design.fixed.names[fit.kept[j]] for j in lost]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return (
        f"no standard errors of {shown}: the Hessian of {design.formula!r} at its optimum is not positive definite, "
        "because the likelihood is flat in some direction of the parameters. Profile limits (confint) need none; a "
        "simpler random term, or fewer fixed effects, may have them."
    )


def _convergence(fit: AnyMixedFit) -> ConvergenceWarning:
    run = fit.run
    return ConvergenceWarning(
        f"the certificate of an optimum does not hold after {run.evaluations} evaluations "
        f"({run.status}{': ' + run.message if run.message else ''}): the criterion, {fit.criterion:.6f}, may still "
        f"fall by about {run.certificate['predicted_decrease']:.2g} where the optimiser stands, and by about "
        f"{run.certificate['escape_gain']:.2g} if a variance that is 0 grew. Raise control={{'max_evaluations': ...}}, "
        "give predictors similar scales, or simplify the random terms."
    )


def _far_from_zero(design: Design, fit: AnyMixedFit) -> str:
    """That the effects of a term lose digits, as a slope's column is far from 0; empty where none is."""
    for term, standard in zip(design.random, fit.standards, strict=True):
        k = len(standard)
        if k == 1:
            continue
        rows = standard.tolist()
        largest = max(max(map(max, rows)), -min(map(min, rows)))
        if largest <= FAR * min(rows[j][j] for j in range(k)):
            continue
        shifts = [max(abs(rows[i][j]) for i in range(k) if i != j) / rows[j][j] for j in range(k)]
        j = shifts.index(max(shifts))
        if shifts[j] > FAR:
            return (
                f"{term.effects[j]!r} in ({term.text}) is {shifts[j]:.2g} standard deviations away from 0, so that "
                "effects at 0 and their correlations have few correct digits, and degrees of freedom may have none; "
                f"centre it, as in I({term.effects[j]} - mean({term.effects[j]}))."
            )
    return ""


def unidentified_message(fit: AnyMixedFit) -> str:
    """Which variances are not identified, and what becomes of them, with a remedy."""
    what = "; ".join(fit.unidentified)
    value = (
        "The criterion is flat there: what is estimated is arbitrary, and so are standard errors of fixed effects of "
        "the same factor."
        if "flat" in fit.run.certificate
        else "The estimate is 0, whatever the data."
    )
    return f"{what[0].upper()}{what[1:]}. {value} Leave out the random term, or the fixed one of the same factor."


def singular_message(design: Design, fit: AnyMixedFit) -> str:
    """A message that names the variances at 0 and the correlations at +-1, with a remedy."""
    findings = _singular_terms(design, fit)
    for other, part in zip(design.further, getattr(fit, "further", ()), strict=True):
        findings += [f"{other.component}: {finding}" for finding in _singular_terms(other, part)]
    return (
        f"boundary (singular) fit: {'; '.join(findings)}. The data do not support this many variances and "
        "correlations. The estimates are the optimum on the boundary and can be used; a simpler random term (drop the "
        "effect, or '||' for no correlations) fits as well; fit.singularity() names and compares such models."
    )


def _singular_terms(design: Design, fit: AnyMixedFit | AnyPredictor) -> list[str]:
    """For each random term on the boundary, its variances at 0 and correlations at +-1."""
    findings = []
    for term, t, standard in zip(design.random, factors(fit.theta, fit.sizes), fit.standards, strict=True):
        components = np.linalg.svd(standard @ t, compute_uv=False)
        if components[-1] >= SINGULAR:
            continue
        sd = np.sqrt((t * t).sum(axis=1)) * np.diag(standard)
        zero = [name for name, s in zip(term.effects, sd, strict=True) if s < SINGULAR]
        causes = [f"the variance of {name} is 0" for name in zero]
        r = correlation(t)
        pairs = [
            f"the correlation of {term.effects[j]} and {term.effects[i]} is {r[i, j]:+.0f}"
            for i in range(len(sd))
            for j in range(i)
            if sd[i] >= SINGULAR and sd[j] >= SINGULAR and abs(r[i, j]) > CLOSE_TO_ONE
        ]
        causes += pairs[:3]
        if not causes:
            rank = int((components >= SINGULAR).sum())
            causes.append(f"{len(sd)} effects vary in only {rank} dimension{'s' if rank > 1 else ''}")
        findings.append(f"in ({term.text}) " + " and ".join(causes))
    return findings


def warn_mixed(design: Design, fit: AnyMixedFit, stacklevel: int) -> None:
    """Issue the warnings that concern the user of a mixed fit."""
    for warning in mixed_warnings(design, fit):
        warnings.warn(warning, stacklevel=stacklevel)
