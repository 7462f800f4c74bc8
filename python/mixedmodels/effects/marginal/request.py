"""The arguments of predictions, comparisons and slopes, checked where they do not go together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.effects.marginal.coefficients import coefficients_for
from mixedmodels.effects.marginal.groups import by_names
from mixedmodels.effects.marginal.means import MeanFunction, mean_function
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.estimates.response_scale import of_response

TYPES = ("response", "link", "invlink(link)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """Arguments that predictions, comparisons and slopes share, as they were given; see `MarginalVerbs`."""

    newdata: Any = None
    variables: Any = None
    by: Any = False
    type: str | None = None
    comparison: Any = "difference"
    cross: bool = False
    wts: Any = None
    hypothesis: Any = None
    transform: Any = None
    equivalence: Any = None
    vcov: Any = True
    ddf: Any = None
    level: float = 0.95
    eps: float | None = None
    re_form: Any = None
    allow_new_levels: bool = False

    @property
    def averaged(self) -> bool:
        """Whether rows are averaged."""
        return self.by is True or bool(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns whose values make groups of rows."""
        return by_names(self.by)

    @property
    def has_errors(self) -> bool:
        """Whether standard errors are wanted."""
        return self.vcov is not False


def checked(model: Any, request: Request, *, default: str = "response") -> Request:
    """The request with its type; refused where arguments do not go together.

    Parameters
    ----------
    default : str, default "response"
        Type where none was given.

    Raises
    ------
    DataError
    """
    kind = default if request.type is None else request.type
    types = model._quantities or TYPES
    if kind not in types:
        raise DataError(f"type is {kind!r}; it is one of {', '.join(map(repr, types))}.")
    if request.eps is not None and not request.eps > 0:
        raise DataError(f"eps is {request.eps!r}; the step of a slope is above 0.")
    if not model._fit.mixed and request.re_form is not None:
        raise DataError("re_form is for mixed models; this one has no random effects.")
    return replace(request, type=kind)


def mean_of(model: Any, request: Request) -> MeanFunction:
    """The predictions that a request is about."""
    if model._quantities and request.type != "link":
        from mixedmodels.effects.marginal.component_means import component_means

        return component_means(
            model,
            str(request.type),
            re_form=request.re_form,
            allow_new_levels=request.allow_new_levels,
            vcov=request.vcov,
            ddf=request.ddf,
        )
    coefficients = coefficients_for(model, request.ddf, request.vcov)
    return mean_function(
        model,
        coefficients,
        re_form=request.re_form,
        allow_new_levels=request.allow_new_levels,
        response=request.type == "response",
    )


def tests_of(means: MeanFunction, request: Request) -> Coefficients | None:
    """Coefficients for standard errors, where they are wanted."""
    return means.basis.coefficients if request.has_errors else None


def footer_of(means: MeanFunction, request: Request, lost: int, estimates: Vector) -> list[str]:
    """Lines below the table that describe its numbers.

    Parameters
    ----------
    lost : int
        Rows without a prediction.
    estimates : ndarray
        The estimates of the table.
    """
    scales = {
        "response": "response",
        "link": "linear predictor",
        "invlink(link)": "response, from the linear predictor",
        "conditional": "mean of the conditional part, without structural zeros",
        "zprob": "probability of a structural zero",
        "zlink": "log-odds of a structural zero",
        "disp": "dispersion, as sigma is reported",
        "zero_probability": "probability of a zero of any kind",
    }
    scale = scales[str(request.type)] + _modelled(means, str(request.type))
    lines = [f"Scale: {scale}." + _random_effects(means, request)]
    if request.has_errors:
        coefficients = means.basis.coefficients
        lines.append(f"Delta method; p-values and limits by {coefficients.phrase}.")
        lines += coefficients.remarks
    if lost:
        rows = "1 row has" if lost == 1 else f"{lost} rows have"
        lines.append(f"{rows} no prediction (a value is missing, or the data do not determine it).")
    missing = int(np.isnan(estimates).sum())
    if missing and not lost:
        lines.append(f"{missing} of {len(estimates)} estimates are missing: the data do not determine them.")
    return lines


def _modelled(means: MeanFunction, type_: str) -> str:
    """The modelled transformation of the response, if it is one."""
    transformed = (
        means.model.family.link == "identity" and of_response(means.model.design.spec.formula.left) is not None
    )
    if any(other.component == "zi" for other in means.model.design.further):
        return {"response": ", structural zeros included", "link": " of the conditional part"}.get(type_, "")
    return f", which is {means.model.design.response_name}" if transformed else ""


def _random_effects(means: MeanFunction, request: Request) -> str:
    if not means.fit.mixed:
        return ""
    if not means.parts.wanted:
        return " Random effects: 0."
    which = "" if request.re_form is None else f" (re_form={request.re_form!r})"
    return f" Random effects: those of each row's groups{which}, taken as known."
