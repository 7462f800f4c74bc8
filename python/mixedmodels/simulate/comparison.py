"""Estimates beside the truth of the population that a sample was drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, model_matrix, z_matrix
from mixedmodels.errors import DataError
from mixedmodels.families import Family
from mixedmodels.fit.covariance import correlation
from mixedmodels.simulate.outcomes import Response

EXACT = 1e-6  # relative to the spread of the linear predictor: what it may miss where it is reproduced
MAX_ELEMENTS = 50_000_000  # of X and Z as one dense array


def comparison(responses: Mapping[str, Response], fit: Any, level: float, data: Any) -> Any:
    """See `Population.compare`."""
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise DataError(f"level must lie between 0 and 1, as 0.95 does; got {level}.")
    name, response = _response_of(responses, fit)
    columns = frame.as_pandas(data if data is not None else fit._request.data)
    design: Design = fit.design
    eta = response.fixed(columns, name)
    eta = eta if design.positions is None else eta[design.positions]
    if design.offset is not None:
        eta = eta - design.offset
    true_values = _true_values(response, fit, design, eta, frame.read(columns))
    rows = _estimates(fit)
    truth = np.array([true_values.get(term, np.nan) for term in rows["term"]])
    estimate, se = np.asarray(rows["estimate"]), np.asarray(rows["std_error"])
    half = float(ndtri((1 + level) / 2)) * se
    limits = np.column_stack([estimate - half, estimate + half])
    covered = [
        None if np.isnan(t + low) else bool(low <= t <= high) for t, (low, high) in zip(truth, limits, strict=True)
    ]
    more = {"estimate": estimate, "truth": truth, "error": estimate - truth, "std_error": se}
    table = {"term": rows["term"], **more, "conf_low": limits[:, 0], "conf_high": limits[:, 1], "covered": covered}
    return frame.to_kind(table, "pandas")


def _response_of(responses: Mapping[str, Response], fit: Any) -> tuple[str, Response]:
    name = fit.design.response_name
    if name in responses:
        return name, responses[name]
    if len(responses) == 1:
        return next(iter(responses.items()))
    raise DataError(f"the fit is of {name!r}; the population has the responses {', '.join(responses) or 'none'}.")


def _estimates(fit: Any) -> dict[str, list[Any]]:
    """Terms, estimates and standard errors of coefficients and variances, NaN where there is none."""
    se = np.sqrt(np.diag(np.asarray(fit.vcov())))
    terms, values = list(fit.fixef()), list(fit.fixef().values())
    errors = se.tolist()
    if fit.design.random:
        table = fit.VarCorr().rows()
        pairs = zip(table["grp"], table["var1"], table["var2"], table["sdcor"], strict=True)
        more = [(_name(*p[:3]), p[3]) for p in pairs]
    else:
        role = fit.family.weights_role
        more = [("sigma", fit.sigma)] if role == "precision" else []
    return {
        "term": [*terms, *(t for t, _ in more)],
        "estimate": [*values, *(v for _, v in more)],
        "std_error": [*errors, *(np.nan for _ in more)],
    }


def _name(group: str, first: str | None, second: str | None) -> str:
    if first is None:
        return "sigma"
    return f"sd_{first}|{group}" if second is None else f"cor_{second}.{first}|{group}"


def _true_values(response: Response, fit: Any, design: Design, eta: Vector, table: Any) -> dict[str, float]:
    """True values by the name that the fit has for them."""
    out: dict[str, float] = {}
    family = response.family
    own: Family = fit.family
    if not isinstance(family, Family) or (family.engine_name, family.link) != (own.engine_name, own.link):
        return out
    names = tuple(fit.fixef())
    beta, effects = _split(design, fit._fit.kept, eta)
    if beta is not None:
        out.update(zip(names, beta.tolist(), strict=True))
        _add_spread(out, response, design, effects, names, table)
    scale = response.error_scale
    if isinstance(scale, (int, float)) and response.error is None:
        out["sigma"] = float(scale)
    return out


def _split(design: Design, kept: tuple[int, ...], eta: Vector) -> tuple[Vector | None, list[Matrix]]:
    """Coefficients and effects by level that reproduce a linear predictor, the effects as small as can be.

    Without the columns that X has in common with Z that makes them deviations from their mean over levels. None where
    the model cannot reproduce it.
    """
    n = len(eta)
    x = model_matrix(design.fixed, n)[:, list(kept)]
    q, r = np.linalg.qr(x) if x.shape[1] else (np.empty((n, 0)), np.empty((0, 0)))
    u = np.empty(0)
    if design.random:
        z = z_matrix(design)
        if z.shape[0] * z.shape[1] > MAX_ELEMENTS:
            raise DataError(
                f"Z has {z.shape[0]:,} x {z.shape[1]:,} numbers, too many to match the truth; take fewer rows."
            )
        dense = z.toarray()
        u = np.linalg.lstsq(dense - q @ (q.T @ dense), eta - q @ (q.T @ eta), rcond=1e-10)[0]
        left = eta - dense @ u
    else:
        left = eta
    beta = np.linalg.solve(r, q.T @ left) if x.shape[1] else np.empty(0)
    size = max(float(np.abs(eta).max(initial=0.0)), 1e-300)
    if float(np.abs(left - x @ beta).max(initial=0.0)) > EXACT * size:
        return None, []
    parts, at = [], 0
    for term in design.random:
        levels, k = design.groups[term.group].n_levels, len(term.columns)
        parts.append(u[at : at + levels * k].reshape(levels, k))
        at += levels * k
    return beta, parts


def _add_spread(
    out: dict[str, float], response: Response, design: Design, effects: list[Matrix], names: tuple[str, ...], table: Any
) -> None:
    """Standard deviations and correlations: of the effects drawn, and of the numbers by level."""
    drawn = response.random_design(table)
    by_term = {}
    if drawn is not None:
        pairs = zip(drawn.random, response.covariances(drawn), strict=True)
        by_term = {t.label: (t.effects, c) for t, c in pairs}
    for term, b in zip(design.random, effects, strict=True):
        k = len(term.effects)
        # deviations from a mean that the fixed effects have lost one degree of freedom
        lost = np.array([effect in names for effect in term.effects], dtype=float)
        root = np.sqrt(np.maximum(len(b) - lost, 1.0))
        covariance = (b.T @ b) / np.outer(root, root)
        covariance[np.abs(covariance) < 1e-12 * max(1.0, float(np.abs(covariance).max(initial=0.0)))] = 0.0
        own = by_term.get(term.label)
        if own is not None:
            if not set(own[0]) <= set(term.effects):
                continue
            at = [term.effects.index(e) for e in own[0]]
            covariance[np.ix_(at, at)] += own[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(np.diag(covariance))
            r = correlation(np.linalg.cholesky(covariance + 1e-14 * np.eye(k) * max(root.max() ** 2, 1e-300)))
        for j in range(k):
            out[f"sd_{term.effects[j]}|{term.label}"] = float(root[j])
            for i in range(j + 1, k):
                defined = root[i] > 0 and root[j] > 0
                out[f"cor_{term.effects[i]}.{term.effects[j]}|{term.label}"] = float(r[i, j]) if defined else np.nan
