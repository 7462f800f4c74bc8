"""Names of the parameters of a fit, and its table of coefficients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixedmodels._typing import Matrix, Vector
    from mixedmodels.design.records import Design
    from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
    from mixedmodels.fit.components.record import ComponentsFit
    from mixedmodels.fit.record import GlmmFit
    from mixedmodels.fitted.varcorr import VarCorr


def kept_names(design: Design, fit: AnyFit | AnyPredictor) -> tuple[str, ...]:
    """Names of the columns of X that are estimated."""
    return tuple(design.fixed.names[j] for j in fit.kept)


def _elements(design: Design) -> Iterator[tuple[str, str, str | None]]:
    """Group, effect, and second effect (None of a variance) of the elements of covariance matrices, by columns."""
    for term in design.random:
        group = design.groups[term.group].name
        for j, first in enumerate(term.effects):
            yield group, first, None
            for second in term.effects[j + 1 :]:
                yield group, first, second


def theta_names(design: Design) -> list[str]:
    """lme4's names of the elements of theta: "g.(Intercept)", "g.x.(Intercept)", ..."""
    return [f"{g}.{first}" if second is None else f"{g}.{second}.{first}" for g, first, second in _elements(design)]


def variance_names(design: Design) -> tuple[str, ...]:
    """Names of variances and covariances: "var_(Intercept)|g", "cov_x.(Intercept)|g", ..., "var_residual"."""
    out = [
        f"var_{first}|{g}" if second is None else f"cov_{second}.{first}|{g}" for g, first, second in _elements(design)
    ]
    return (*out, "var_residual")


def joint_names(design: Design, fit: GlmmFit) -> tuple[str, ...]:
    """Names of theta, the fixed effects and the free shapes as they are estimated, in this order."""
    return (*theta_names(design), *kept_names(design, fit), *fit.family.psi_names)


def component_names(design: Design, fit: ComponentsFit) -> tuple[str, ...]:
    """Names of the joint parameters: those of further components begin with "zi~" and "disp~"."""
    thetas = [f"{start}{name}" for start, own, _ in predictors(design, fit) for name in theta_names(own)]
    return (*thetas, *coefficient_names(design, fit), *fit.family.psi_names)


def predictors(design: Design, fit: AnyFit) -> list[tuple[str, Design, AnyFit | AnyPredictor]]:
    """Of each linear predictor what its names begin with ("", "zi~", "disp~"), its design and its estimates."""
    parts: tuple[AnyFit | AnyPredictor, ...] = getattr(fit, "predictors", (fit,))
    return [(prefix(own), own, part) for own, part in zip(design.predictors, parts, strict=True)]


def prefix(design: Design) -> str:
    """What the names of a linear predictor's parameters begin with."""
    return "" if design.component == "cond" else f"{design.component}~"


def coefficient_names(design: Design, fit: AnyFit) -> tuple[str, ...]:
    """Names of the estimated coefficients of all linear predictors."""
    return tuple(f"{start}{name}" for start, own, part in predictors(design, fit) for name in kept_names(own, part))


def scattered(values: Any, fit: AnyFit, p: int) -> Vector:
    """Values of the kept columns in their places among all `p`, NaN elsewhere."""
    out = np.full(p, math.nan)
    out[list(fit.kept)] = values
    return out


def coefficient_matrix(fit: AnyFit | AnyPredictor) -> Matrix:
    """Estimate, standard error and statistic of the kept columns, shape (p, 3)."""
    se = np.sqrt(np.diag(fit.vcov))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.column_stack([fit.beta, se, fit.beta / se])


def covariance_columns(varcorr: VarCorr) -> dict[str, Any]:
    """One row per parameter: ``sd_(Intercept)|Subject``, ``cor_Days.(Intercept)|Subject``, ``sigma``."""
    rows = varcorr.rows()
    names = []
    for group, first, second in zip(rows["grp"], rows["var1"], rows["var2"], strict=True):
        if first is None:
            names.append("sigma")
        elif second is None:
            names.append(f"sd_{first}|{group}")
        else:
            names.append(f"cor_{second}.{first}|{group}")
    return {"group": rows["grp"], "term": names, "estimate": np.array(rows["sdcor"])}
