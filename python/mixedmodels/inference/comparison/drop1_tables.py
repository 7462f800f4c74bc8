"""Tables of models that differ from one by a single term, with the columns that R gives them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.estimates import wald
from mixedmodels.fit import family_moments
from mixedmodels.fit.likelihood import aic as aic_of
from mixedmodels.fit.record import GlmFit, LinearFit
from mixedmodels.inference.comparison.lrt import Columns, Likelihood


def likelihood_table(base: Likelihood, others: Sequence[Likelihood], test: str, adding: bool) -> Columns:
    """Mixed models: the first row is `base`; `npar` are the parameters by which the others differ from it."""
    models = [base, *others]
    sign = 1 if adding else -1
    npar = np.array([nan, *(sign * (m.npar - base.npar) for m in others)])
    out: Columns = {"npar": npar, "aic": np.array([m.aic for m in models])}
    if test == "Chisq":
        lrt = np.array([nan, *(2 * sign * (m.loglik - base.loglik) for m in others)])
        out |= {"lrt": lrt, "p_value": wald.chi_squared_p(lrt, npar)}
    return out


def linear_table(base: LinearFit, others: Sequence[LinearFit], test: str, adding: bool) -> Columns:
    """Linear models: sums of squares, AIC up to a constant as R's ``extractAIC``, and F or chi-squared.

    At a known sigma AIC is Mallows' Cp, as of R's ``scale``, and F rests on no residual degrees of freedom.
    """
    fits = [base, *others]
    rank = np.array([len(f.kept) for f in fits], dtype=float)
    rss = np.array([f.rss for f in fits])
    n, sign = base.n, 1 if adding else -1
    df = _after_first(sign * (rank - rank[0]))
    gain = _after_first(-sign * (rss - rss[0]))
    with np.errstate(divide="ignore"):
        fit = rss / base.sigma**2 - n if base.known_sigma else n * np.log(rss / n)
    out: Columns = {"df": df, "sum_sq": gain, "rss": rss, "aic": fit + 2 * rank}
    if test == "Chisq":
        out["p_value"] = wald.chi_squared_p(_after_first(-sign * (fit - fit[0])), df)
    if test == "F":
        resid = np.array([f.df_resid for f in fits], dtype=float)
        if base.known_sigma:
            return out | _f_at(gain, df, np.full(len(rss), base.sigma**2), np.full(len(rss), inf))
        out |= _f_columns(gain, df, rss if adding else np.full(len(rss), rss[0]), resid if adding else resid[0])
    return out


def generalized_table(
    base: GlmFit, others: Sequence[GlmFit], test: str, adding: bool, scores: Vector | None = None
) -> Columns:
    """Generalised linear models: deviances, AIC, and the statistic; the dispersion is that of the model itself."""
    fits = [base, *others]
    rank = np.array([len(f.kept) for f in fits], dtype=float)
    deviance = np.array([f.deviance for f in fits])
    n, sign, phi = base.n, 1 if adding else -1, base.dispersion
    fit = n * np.log(deviance / n) if base.family.name == "gaussian" else deviance / phi
    df = _after_first(sign * (rank - rank[0]))
    aic = fit + 2 * rank
    out: Columns = {"df": df, "deviance": deviance, "aic": aic + (aic_of(base) - aic[0])}
    if test == "F":
        gain = _after_first(np.maximum(-sign * (deviance - deviance[0]), 0))
        resid = np.array([f.df_resid for f in fits], dtype=float)
        scale = deviance if adding else np.full(len(fits), deviance[0])
        return out | _f_columns(gain, df, scale, resid if adding else resid[0])
    if test in ("Chisq", "Rao"):
        gain = _after_first(np.maximum(-sign * (fit - fit[0]), 0)) if scores is None else np.r_[nan, scores / phi]
        name = "score" if test == "Rao" else "lrt"
        out |= {name: gain, "p_value": wald.chi_squared_p(gain, df)}
    return out


def score_statistic(small: GlmFit, x: Matrix) -> float:
    """Rao's score statistic of the columns of `x` that `small` lacks, times the dispersion.

    The explained sum of squares of a weighted regression of the smaller model's working residuals on all columns.
    """
    family, eta = small.family, small.eta
    mu = np.asarray(family.mean(eta))
    slope = np.asarray(family.mean_derivative(eta))
    w = slope**2 / family_moments.variance(family, mu, small.psi, small.weights)
    if small.weights is not None:
        w = w * small.weights
    used = w > 0
    root = np.sqrt(w[used])
    rows = x[used] * root[:, None]
    z = (small.y[used] - mu[used]) / slope[used] * root
    q, r = np.linalg.qr(rows)
    return float(np.sum((q.T @ z) ** 2)) if len(r) else 0.0


def _after_first(values: Vector) -> Vector:
    out: Vector = np.concatenate([[nan], values[1:]])
    return out


def _f_columns(gain: Vector, df: Vector, rss: Vector, resid: Vector | float) -> Columns:
    resid = np.broadcast_to(np.asarray(resid, dtype=float), gain.shape)
    return _f_at(gain, df, rss / resid, resid)


def _f_at(gain: Vector, df: Vector, error: Vector, resid: Vector) -> Columns:
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where(df > 0, gain / df / error, nan)
    return {"f_value": f, "p_value": wald.f_p_values(f, df, resid)}
