"""Parameters as users write them, beside the names that a design gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._names import by_meant
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.at_parameters import ParameterValues
from mixedmodels.fitted.named_numbers import coefficients, numbers

if TYPE_CHECKING:
    from mixedmodels.families import Family

ROUNDING = 1e-8  # relative; a covariance matrix may miss symmetry or a non-negative eigenvalue by this much


def read_parameters(
    design: Design,
    names: Sequence[str],
    family: Family | None,
    *,
    fixef: Any,
    VarCorr: Any = None,
    sd: Any = None,
    theta: Any = None,
    sigma: Any = None,
    shapes: Any = None,
) -> ParameterValues:
    """Read the parameters of a model.

    Parameters
    ----------
    design : Design
        Design of the model.
    names : sequence of str
        Names of the p coefficients that are estimated.
    family : Family or None
        Family; None of linear (mixed) models.
    fixef : mapping or array_like
        Coefficients, a mapping by name or p numbers.
    VarCorr : VarCorr, mapping or array_like, optional
        Covariance matrix (a number for one effect) of each random term: a mapping by label, what ``VarCorr()`` of a
        model returned, a sequence in the order of the design, or one matrix of one term.
    sd : mapping or array_like, optional
        Standard deviations of effects without correlations, in place of `VarCorr`.
    theta : array_like, optional
        Covariance parameters as a fit has them, in place of `VarCorr`.
    sigma : float, optional
        Residual standard deviation, or the root of a dispersion.
    shapes : mapping of str to float, optional
        Shapes of a family with other shapes, by name, as ``{"theta": 2.0}``.

    Raises
    ------
    DataError
        If one is missing, unknown, of another size, or out of range.
    """
    beta = coefficients(fixef, names, "fixef")
    if sigma is None:
        sigma = getattr(VarCorr, "sigma", None)
    scale, psi = _scale(family, sigma, shapes)
    relative = scale if family is None else 1.0
    return ParameterValues(beta, _theta(design, VarCorr, sd, theta, relative), scale, psi)


def _theta(design: Design, varcorr: Any, sd: Any, theta: Any, relative: float) -> Vector:
    told = [name for name, v in (("VarCorr", varcorr), ("sd", sd), ("theta", theta)) if v is not None]
    if not design.random:
        if told:
            raise DataError(f"{told[0]} is given, and {design.formula!r} has no random term.")
        return np.empty(0)
    if len(told) != 1:
        clause = f"{' and '.join(told)} are given" if told else "none of VarCorr, sd, theta is given"
        raise DataError(f"{clause}; give one of the three, for {_labels(design)}.")
    sizes = [len(t.columns) for t in design.random]
    if theta is not None:
        out = numbers(theta, "theta")
        m = sum(k * (k + 1) // 2 for k in sizes)
        if out.shape != (m,):
            raise DataError(f"theta has shape {out.shape}; these random terms have {m} covariance parameters.")
        return out
    return np.concatenate([lower(m / relative**2) for m in covariance_matrices(design, varcorr, sd)])


def covariance_matrices(design: Design, varcorr: Any, sd: Any) -> list[Matrix]:
    """Covariance matrix of every random term, from one of `varcorr` and `sd`."""
    if (varcorr is None) == (sd is None):
        which = "none of" if sd is None else "both"
        raise DataError(f"{which} VarCorr and sd are given; give one of them, for {_labels(design)}.")
    if sd is None:
        parts = zip(design.random, _by_term(design, varcorr, "VarCorr"), strict=True)
        return [_covariance(t.label, t.effects, v) for t, v in parts]
    return [_squares(t.label, t.effects, v) for t, v in zip(design.random, _by_term(design, sd, "sd"), strict=True)]


def _by_term(design: Design, values: Any, what: str) -> list[Any]:
    """The specification of each random term, in their order."""
    labels = [t.label for t in design.random]
    if isinstance(values, Mapping):
        values = by_meant(values, labels)
        unknown = [str(k) for k in values if k not in labels]
        missing = [label for label in labels if label not in values]
        if unknown or missing:
            wrong = f"names {unknown[0]!r}" if unknown else f"lacks {missing[0]!r}"
            raise DataError(f"{what} {wrong}; the random terms are {_labels(design)}.")
        return [values[label] for label in labels]
    if len(labels) == 1:
        one = isinstance(values, list | tuple) and len(values) == 1 and what == "VarCorr"
        return [values[0]] if one else [values]
    if not isinstance(values, list | tuple) or len(values) != len(labels):
        raise DataError(f"{what} must name each of the random terms {_labels(design)}, as {{{labels[0]!r}: ..., ...}}.")
    return list(values)


def _labels(design: Design) -> str:
    return ", ".join(f"{t.label!r} ({', '.join(t.effects)})" for t in design.random)


def _covariance(label: str, effects: Sequence[str], values: Any) -> Matrix:
    k = len(effects)
    out = np.atleast_2d(numbers(values, f"VarCorr of {label!r}"))
    if out.shape != (k, k):
        raise DataError(
            f"VarCorr of {label!r} has shape {out.shape}; its effects are {', '.join(effects)}, so give "
            f"{'a variance' if k == 1 else f'a {k} x {k} covariance matrix'}."
        )
    scale = max(float(np.abs(out).max()), 1e-300)
    if not np.allclose(out, out.T, rtol=0, atol=ROUNDING * scale):
        raise DataError(f"VarCorr of {label!r} is not symmetric: {out.tolist()}.")
    least = float(np.linalg.eigvalsh(out)[0])
    if least < -ROUNDING * scale:
        raise DataError(
            f"VarCorr of {label!r} is no covariance matrix, its least eigenvalue being {least:.3g}: {out.tolist()}; "
            "variances must not be negative, nor correlations beyond 1."
        )
    return (out + out.T) / 2


def _squares(label: str, effects: Sequence[str], deviations: Any) -> Matrix:
    values = np.atleast_1d(numbers(deviations, f"sd of {label!r}"))
    if values.shape != (len(effects),) or (values < 0).any():
        raise DataError(
            f"sd of {label!r} is {values.tolist()}; give a standard deviation, not negative, for each of "
            f"{', '.join(effects)}."
        )
    return np.diag(values**2)


def lower(matrix: Matrix) -> Vector:
    """Lower triangle, column by column, of the Cholesky factor of a covariance matrix that may be singular."""
    k = len(matrix)
    out = np.zeros((k, k))
    tiny = ROUNDING * max(float(np.diag(matrix).max()), 1e-300)
    for i in range(k):
        left = matrix[i:, i] - out[i:, :i] @ out[i, :i]
        if left[0] > tiny:
            out[i:, i] = left / np.sqrt(left[0])
    columns, rows = np.triu_indices(k)
    return out[rows, columns]


def _scale(family: Family | None, sigma: Any, shapes: Any) -> tuple[float, Vector]:
    """Residual scale and shapes on the scale on which they are estimated."""
    dispersed = family is None or family.weights_role == "precision"
    if dispersed:
        if sigma is None:
            raise DataError("sigma is missing; give the residual standard deviation (the root of the dispersion).")
        value = float(numbers(sigma, "sigma"))
        if not value > 0:
            raise DataError(f"sigma is {value:g}; it must be a positive number.")
        psi = () if family is None else family_moments.shapes_of_dispersion(family, value**2)
        return value, np.array(psi, dtype=float)
    assert family is not None
    names = family.shapes
    if sigma is not None and (len(names) != 1 or shapes is not None):
        raise DataError(f"sigma is given, and {family} has no residual variance; leave it out.")
    if not names:
        if shapes is not None:
            raise DataError(f"shapes are given, and {family} has none that are free; leave them out.")
        return np.nan, np.empty(0)
    shapes = {names[0]: sigma} if sigma is not None else shapes  # as `sigma` of a fit has it
    return np.nan, family.psi_of(coefficients(shapes, names, "shapes"))
