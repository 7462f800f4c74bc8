"""A separate regression of each level: the coefficients that its rows determine, and reasons for missing ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.design.records import FixedDesign
from mixedmodels.errors import MixedModelsError
from mixedmodels.estimates.linear_functions import null_space
from mixedmodels.families import Family, NegativeBinomial
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.generalized_linear.glm import fit_glm
from mixedmodels.fit.ols import dense_columns, fit_ols
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit
from mixedmodels.fit.separation import fixed_effects

ESTIMABLE = 1e-8  # largest part of a coefficient in the null space of its columns that is rounding


@dataclass(frozen=True)
class Alone:
    """Coefficients of one level; q columns.

    Attributes
    ----------
    beta : ndarray, shape (q,)
        Coefficients; NaN where the rows do not determine them.
    solution : ndarray, shape (q,)
        Coefficients that fit, 0 for dropped columns; NaN where there are none.
    space : ndarray, shape (q, k) or None
        Directions that the rows do not determine, orthonormal, or None.
    reason : str
        Why something is missing, or "".
    """

    beta: Vector
    solution: Vector
    space: Matrix | None
    reason: str

    def estimable(self, rows: Matrix) -> NDArray[np.bool_]:
        """A mask of the rows, shape (r, q) in columns, that have a fitted value."""
        if self.space is None:
            return np.ones(len(rows), dtype=bool)
        size = np.maximum(np.linalg.norm(rows, axis=1), 1e-300)
        return np.asarray(np.linalg.norm(rows @ self.space, axis=1) < ESTIMABLE * size)


def family_alone(fit: GlmmFit) -> Family:
    """The family of a regression without random effects; theta of a negative binomial stays at its estimate."""
    if isinstance(fit.family, NegativeBinomial) and fit.family.theta is None:
        return NegativeBinomial(link=fit.family.link, theta=fit.free_shapes["theta"])
    return fit.family


def fit_together(wide: Design, fit: AnyMixedFit) -> Alone:
    """One regression for all rows; columns that others determine are NaN, as R has them."""
    regression = _regression(wide, fit)
    kept, beta = regression.kept, regression.beta
    out = np.full(len(wide.fixed.columns), np.nan)
    out[list(kept)] = beta
    return Alone(out, np.nan_to_num(out), null_space(wide, kept), "")


def fit_alone(part: Design, fit: AnyMixedFit, absorbed: NDArray[np.bool_]) -> Alone:
    """The regression of one level.

    Parameters
    ----------
    part : Design
        Design of the level's rows.
    absorbed : ndarray of bool
        Mask of the columns that the level's intercept includes; they are left out.
    """
    q = len(part.fixed.columns)
    missing = np.full(q, np.nan)
    chosen = np.flatnonzero(~absorbed)
    design = replace(part, fixed=_columns(part, chosen))
    n = part.n_table
    try:
        regression = _regression(design, fit)
    except MixedModelsError as error:
        return Alone(missing, missing, None, str(error))
    lost, reasons = np.zeros(len(chosen), dtype=bool), list[str]()
    if regression.generalized:
        infinite = _infinite(design, regression)
        lost |= infinite
        if infinite.any():
            reasons.append(_separated(design, infinite))
        elif not regression.converged:
            lost[:] = True
            reasons.append(f"its estimates did not settle in {regression.iterations} iterations")
    solution = np.zeros(q)
    solution[chosen[list(regression.kept)]] = regression.beta
    inner = null_space(design, regression.kept)
    space = None
    if inner is not None:
        open_ = np.abs(inner).max(axis=1) >= ESTIMABLE
        reasons.insert(0, _undetermined(design, open_, n))
        lost |= open_
        space = np.zeros((q, inner.shape[1]))
        space[chosen] = inner
    missing[chosen[~lost]] = solution[chosen[~lost]]
    return Alone(missing, solution, space, "; ".join(reasons))


def _columns(part: Design, chosen: NDArray[np.intp]) -> FixedDesign:
    f = part.fixed
    return replace(
        f,
        names=tuple(f.names[j] for j in chosen),
        columns=tuple(f.columns[j] for j in chosen),
        assign=tuple(f.assign[j] for j in chosen),
    )


def _regression(design: Design, fit: AnyMixedFit) -> LinearFit | GlmFit:
    """The fit without random effects, in the family of the mixed model."""
    return fit_glm(design, family_alone(fit)) if fit.generalized else fit_ols(design, fit.method.sigma)


def _infinite(design: Design, regression: GlmFit) -> NDArray[np.bool_]:
    """A mask of the columns without a finite estimate, since the responses are separated along them."""
    out = np.zeros(len(design.fixed.columns), dtype=bool)
    x = dense_columns(design, regression.kept, regression.n)
    curved = bool((np.diag(regression.vcov_unscaled) > 0).all())  # else the criterion is flat in a direction
    if not curved or fixed_effects.suspected(regression.family, regression.eta, x, regression.vcov_unscaled):
        direction = fixed_effects.find(x, regression.y, regression.weights, regression.family)
        if direction is not None:
            out[np.array(regression.kept)[list(direction.columns)]] = True
    return out


def _separated(design: Design, infinite: NDArray[np.bool_]) -> str:
    y = design.response
    assert y is not None
    names = ", ".join(name for name, lost in zip(design.fixed.names, infinite, strict=True) if lost)
    if bool((y == 0).all()):
        return f"all responses are 0, so that {names} would be infinite"
    if bool((y == 1).all()):
        return f"all responses are 1, so that {names} would be infinite"
    return f"the responses are separated, so that {names} would be infinite"


def _undetermined(design: Design, lost: NDArray[np.bool_], n: int) -> str:
    names = ", ".join(name for name, gone in zip(design.fixed.names, lost, strict=True) if gone)
    return f"{n} {'row does' if n == 1 else 'rows do'} not determine {names}"
