"""Components of a mixed model by lme4's names.

The order of random effects is lme4's: term by term, within a term level by level. Matrices of the factorisation are
those without a fill-reducing permutation, so `L` and `RZX` differ from lme4's by that permutation where it uses one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.design import z_matrix
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit.covariance import diagonal, factors
from mixedmodels.fit.moments import predict_old
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.record import GlmmFit, MixedFit
from mixedmodels.fitted.labels import theta_names
from mixedmodels.tables.vectors import NamedVector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixedmodels.fitted.mixed_effects import MixedEffects
    from mixedmodels.interop.getme import LmeComponents


def get(model: LmeComponents, name: str | Sequence[str]) -> Any:
    """The component of that name; a dict of several; "ALL" for all of them.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if not isinstance(name, str):
        return {one: get(model, one) for one in name}
    if name == "ALL":
        return {one: get(model, one) for one in COMPONENTS}
    if name not in COMPONENTS:
        raise DataError(f"getME() has no component {name!r}; it has {', '.join(COMPONENTS)}.")
    if name in OF_ROWS:
        model._need_rows(f"getME({name!r})")
    return COMPONENTS[name](model)


def _lower(m: MixedEffects) -> NamedVector:
    bound = np.full(len(m._fit.theta), -np.inf)
    bound[diagonal(m._fit.sizes)] = 0.0
    return NamedVector(theta_names(m.design), bound)


def _term_sizes(m: MixedEffects) -> list[tuple[int, int]]:
    return [(m.design.groups[t.group].n_levels, len(t.columns)) for t in m.design.random]


def _gp(m: MixedEffects) -> Any:
    return np.cumsum([0, *(levels * k for levels, k in _term_sizes(m))])


def _lambda(m: MixedEffects) -> Any:
    from scipy import sparse

    blocks = [
        sparse.kron(sparse.identity(levels, format="csc"), t)
        for (levels, _), t in zip(_term_sizes(m), factors(m._fit.theta, m._fit.sizes), strict=True)
    ]
    return sparse.block_diag(blocks, format="csc")


def _lind(m: MixedEffects) -> Any:
    """For each stored element of Lambdat, column by column, its place in theta, counted from 1 as in lme4."""
    parts, at = [], 0
    for levels, k in _term_sizes(m):
        places = {}
        for j in range(k):
            for i in range(j, k):
                at += 1
                places[i, j] = at
        row = [places[i, j] for i in range(k) for j in range(i + 1)]
        parts.append(np.tile(row, levels))
    return np.concatenate(parts)


def _weights(m: MixedEffects) -> Any:
    w = m._prior_weights()
    return np.ones(m.nobs) if w is None else w.copy()


def _offset(m: MixedEffects) -> Any:
    o = m.design.offset
    return np.zeros(m.nobs) if o is None else o.copy()


def _factor(m: MixedEffects) -> tuple[Any, Any, Any]:
    """L of Lambda'Z'WZ Lambda + I, R_ZX and R_X, dense."""
    q = int(_gp(m)[-1])
    if q > MAX_EFFECTS:
        raise DataError(
            f"getME() makes L, RZX and RX dense, and with {q} random effects they would fill {q * q * 8 / 1e9:.0f} GB; "
            "objective and vcov() hold what they are made for."
        )
    root = np.sqrt(m._working_weights())
    zl = (z_matrix(m.design) @ _lambda(m)).multiply(root[:, None]).tocsc()
    x = m._dense_x() * root[:, None]
    c = (zl.T @ zl).toarray() + np.eye(zl.shape[1])
    low = np.linalg.cholesky(c)
    rzx = np.linalg.solve(low, zl.T @ x)
    try:
        rx = np.linalg.cholesky(x.T @ x - rzx.T @ rzx).T if x.shape[1] else np.empty((0, 0))
    except np.linalg.LinAlgError as error:
        raise FitError("RX does not exist: rows have no information on some fixed effects at these weights.") from error
    return low, rzx, rx


def _flist(m: MixedEffects) -> dict[str, Any]:
    import pandas as pd

    return {g.name: pd.Categorical.from_codes(g.codes, pd.Index(g.levels.labels)) for g in m.design.groups}


def _dims(m: MixedEffects) -> dict[str, int]:
    p = len(m._fit.kept)
    return {
        "N": m.nobs,
        "n": m.nobs,
        "p": p,
        "nmp": m.nobs - p,
        "q": int(_gp(m)[-1]),
        "nth": len(m._fit.theta),
        "useSc": int(m._fit.residual_sd is not None),
        "reTrms": len(m.design.random),
        "spFe": 0,
        "REML": _reml(m),
        "GLMM": int(m._fit.generalized),
        "NLMM": 0,
    }


def _reml(m: MixedEffects) -> int:
    """lme4's flag is the rank of X."""
    return len(m._fit.kept) if m._fit.reml else 0


def _devcomp(m: MixedEffects) -> dict[str, dict[str, Any]]:
    f = m._fit
    return {"cmp": _generalized_parts(f) if f.generalized else _linear_parts(f), "dims": _dims(m)}


def _generalized_parts(f: GlmmFit) -> dict[str, float]:
    from mixedmodels.fit import family_moments

    drsum = family_moments.deviance(f.y, f.weights, f.eta, f.family, f.psi)
    return {"ldL2": f.logdet_u, "drsum": drsum, "ussq": f.penalty, "pwrss": drsum + f.penalty, "dev": f.criterion}


def _linear_parts(f: MixedFit) -> dict[str, float]:
    from mixedmodels.fit import likelihood

    ussq = float(sum(np.sum(u * u) for u in f.u))
    n, p = f.n, len(f.kept)
    return {
        "ldL2": f.logdet_u,
        "ldRX2": f.logdet_x,
        "wrss": f.pwrss - ussq,
        "ussq": ussq,
        "pwrss": f.pwrss,
        "REML": f.criterion if f.reml else np.nan,
        "dev": np.nan if f.reml else likelihood.ml_deviance(f),
        "sigmaML": float(np.sqrt(f.pwrss / n)),
        "sigmaREML": float(np.sqrt(f.pwrss / (n - p))),
    }


MAX_EFFECTS = 20_000  # a dense factor of 3.2 GB

OF_ROWS = frozenset(
    ["A", "L", "RX", "RZX", "X", "Z", "Zt", "devfun", "flist", "mmList", "mu", "offset", "weights", "y"]
)

COMPONENTS: dict[str, Callable[[LmeComponents], Any]] = {
    "X": lambda m: m._dense_x(),
    "Z": lambda m: z_matrix(m.design),
    "Zt": lambda m: z_matrix(m.design).T.tocsc(),
    "mmList": lambda m: {
        t.text: np.column_stack([np.ones(m.nobs) if c is None else c for c in t.columns]) for t in m.design.random
    },
    "y": lambda m: m._response().copy(),
    "mu": lambda m: m._on_scale(predict_old(m._fit, m.design, chosen_effects(m.design, None)), "response"),
    "u": lambda m: np.concatenate([u.ravel() for u in m._fit.u]),
    "b": lambda m: np.concatenate([b.ravel() for b in m._fit.b]),
    "Gp": _gp,
    "Tp": lambda m: np.cumsum([0, *(k * (k + 1) // 2 for k in m._fit.sizes)]),
    "L": lambda m: _factor(m)[0],
    "Lambda": _lambda,
    "Lambdat": lambda m: _lambda(m).T.tocsc(),
    "Lind": _lind,
    "Tlist": lambda m: dict(zip([t.label for t in m.design.random], factors(m._fit.theta, m._fit.sizes), strict=True)),
    "A": lambda m: (z_matrix(m.design) @ _lambda(m)).multiply(np.sqrt(m._working_weights())[:, None]).T.tocsc(),
    "RX": lambda m: _factor(m)[2],
    "RZX": lambda m: _factor(m)[1],
    "sigma": lambda m: m.sigma,
    "flist": _flist,
    "fixef": lambda m: m.fixef(),
    "beta": lambda m: m._fit.beta.copy(),
    "theta": lambda m: NamedVector(theta_names(m.design), m._fit.theta),
    "REML": _reml,
    "is_REML": lambda m: m._fit.reml,
    "n_rtrms": lambda m: len(m.design.random),
    "n_rfacs": lambda m: len(m.design.groups),
    "N": lambda m: m.nobs,
    "n": lambda m: m.nobs,
    "p": lambda m: len(m._fit.kept),
    "q": lambda m: int(_gp(m)[-1]),
    "p_i": lambda m: [len(t.columns) for t in m.design.random],
    "l_i": lambda m: [levels for levels, _ in _term_sizes(m)],
    "q_i": lambda m: [levels * k for levels, k in _term_sizes(m)],
    "k": lambda m: len(m.design.random),
    "m_i": lambda m: [k * (k + 1) // 2 for k in m._fit.sizes],
    "m": lambda m: len(m._fit.theta),
    "cnms": lambda m: {t.label: t.effects for t in m.design.random},
    "devcomp": _devcomp,
    "dims": _dims,
    "weights": _weights,
    "offset": _offset,
    "lower": _lower,
    "devfun": lambda m: m.objective,
}
