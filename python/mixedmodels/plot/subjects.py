"""The few verbs of a model or result that pictures use, in any class that has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fitted.outcome import outcome


class Fitted(Protocol):
    """A fitted model."""

    design: Any

    @property
    def table_kind(self) -> Any:
        """The library of the model's table."""

    @property
    def frame(self) -> Any:
        """The rows used, as a table."""

    @property
    def family(self) -> Any:
        """Distribution and link."""

    def fixef(self) -> Any:
        """Fixed effects by name."""

    def vcov(self) -> Any:
        """Covariance of the fixed effects."""

    def fitted(self) -> Any:
        """Fitted values."""

    def residuals(self, type: Any = ..., *, scaled: bool = ...) -> Any:  # noqa: A002
        """Residuals of a type."""

    def tidy(self, *args: Any, **kwargs: Any) -> Any:
        """Estimates as a table."""

    def model_matrix(self, which: Any = ...) -> Any:
        """The model matrix."""


class FittedMixed(Fitted, Protocol):
    """A fitted model with random effects."""

    @property
    def theta(self) -> Vector:
        """Covariance parameters."""

    @property
    def objective(self) -> Any:
        """The criterion as a function of theta."""

    @property
    def engine(self) -> Any:
        """The engine's account of the fit."""

    def ranef(self, cond_var: bool = ...) -> Any:
        """Conditional modes of the random effects."""

    def coef(self) -> Any:
        """Coefficients of each level."""

    def VarCorr(self) -> Any:
        """Covariances of the random effects."""

    def getME(self, name: str) -> Any:
        """A part of the model by lme4's name."""

    def predict(self, newdata: Any = ..., *, type: Any = ...) -> Any:  # noqa: A002
        """Predictions for the rows of a table."""


def need_mixed(fit: Any, picture: str) -> None:
    """Refuse a model without random effects.

    Raises
    ------
    DataError
    """
    need_model(fit, picture)
    if not hasattr(fit, "ranef"):
        raise DataError(
            f"{picture}() shows random effects, and {fit.design.formula!r} has none; it is for lmer() and glmer()."
        )


def need_model(fit: Any, picture: str) -> None:
    """Refuse an object that is no model.

    Raises
    ------
    DataError
    """
    if not hasattr(fit, "design") or not hasattr(fit, "fixef"):
        raise DataError(f"{picture}() needs a fitted model, not a {type(fit).__name__}.")


def group_place(fit: Any, group: str | None) -> int:
    """Position of a grouping factor; None means the first.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    names = [g.name for g in fit.design.groups]
    if group is None:
        return 0
    if group not in names:
        raise DataError(f"no grouping factor {group!r}; the model has {', '.join(names)}.")
    return names.index(group)


def effect_covariance(fit: Any, place: int) -> Matrix:
    """Covariance of one group's effects, in the order of `ranef`; effects of different terms are independent."""
    design = fit.design
    blocks = [v for v, term in zip(fit.VarCorr().covariances, design.random, strict=True) if term.group == place]
    total = sum(len(b) for b in blocks)
    out, at = np.zeros((total, total)), 0
    for block in blocks:
        out[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return out


def numbers(values: Any) -> Vector:
    """A Series of any library as an array of numbers."""
    return np.asarray(values, dtype=float)


def columns_of(table: Any) -> dict[str, Any]:
    """A table of any library, or a record with `to_frame`, as arrays of numbers and lists of texts by name."""
    if hasattr(table, "to_frame"):
        table = table.to_frame()
    read = frame.read(table)
    out: dict[str, Any] = {}
    for name in read.names:
        column = read.column(name)
        if isinstance(column, frame.Factor):
            labels = column.levels.labels
            out[name] = [None if c < 0 else labels[c] for c in column.codes.tolist()]
        else:
            out[name] = column.values
    return out


def table_kind(result: Any) -> Any:
    """The library of a result's tables: the result's own, or for a table its library."""
    if hasattr(result, "kind"):
        return result.kind
    return frame.read(result.to_frame() if hasattr(result, "to_frame") else result).kind


def axis_label(fit: Any, name: str, labels: Mapping[str, str] | None = None) -> str:
    """The label of an axis: the user's, or the name with its unit if the table has one (``attrs["units"]``)."""
    if labels and name in labels:
        return labels[name]
    unit = _units(fit).get(name)
    return f"{name} ({unit})" if unit else name


def response_label(fit: Any, labels: Mapping[str, str] | None = None) -> str:
    """The label of the response's axis. For successes and failures it is their proportion of successes."""
    name = str(fit.design.response_name)
    if labels and name in labels:
        return labels[name]
    return f"Proportion of {outcome(fit.design)}" if fit.family.support == "proportion" else axis_label(fit, name)


def _units(fit: Any) -> Mapping[str, str]:
    try:
        units = getattr(fit.frame, "attrs", {}).get("units", {})
    except DataError:  # a model loaded from a file has no rows
        return {}
    return units if isinstance(units, Mapping) else {}
