"""From a request to the design: the table is read, and the formula's columns are laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mixedmodels import frame
from mixedmodels.design import Design, build
from mixedmodels.fitted.request import Request, Source

if TYPE_CHECKING:
    from mixedmodels.design.records import Component
    from mixedmodels.families import Family
    from mixedmodels.formula import Formula


def _further(request: Request) -> dict[Component, Formula]:
    from mixedmodels.fitted.components import further_formulas

    return further_formulas(request.formula, request.ziformula, request.dispformula)


def laid_out(
    request: Request, random: Literal["allowed", "required", "forbidden"], family: Family | None = None
) -> tuple[Design, Source]:
    """The design of a request and where its rows came from; `family` says which responses and weights there may be."""
    components = request.ziformula is not None
    table = frame.read(request.data)
    design = build(
        request.formula,
        table,
        weights=request.weights,
        offset=request.offset,
        subset=request.subset,
        contrasts=request.contrasts,
        na_action=request.na_action,
        env=request.env,
        random=random,
        response="binomial" if family is not None and family.support == "proportion" else "number",
        residual=request.method.sigma is None and (family is None or family.weights_role == "precision"),
        zero_weights=components or random != "allowed",
        further=_further(request) if components else None,
    )
    y, w = design.response, design.weights
    counts = y is not None and y.ndim > 1
    if (counts or w is not None) and (
        family is None or components or random == "required"
    ):  # a glm has the weights in all its sums
        from mixedmodels.design.weightless import apart

        design = apart(design)
    object.__setattr__(request, "data", frame.handle_of_its_own(request.data))
    return design, Source(table.kind, table.index)
