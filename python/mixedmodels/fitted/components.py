"""The components of a model as its user asked for them: formulas, and the family with its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels import formula as formulas
from mixedmodels.design.further import ARGUMENTS
from mixedmodels.errors import DataError, DesignError
from mixedmodels.fit.components.constraints import NONE, Constraints, held_and_tied, prior_list
from mixedmodels.fit.lmm import as_flag, kept_columns
from mixedmodels.fitted.labels import prefix, theta_names
from mixedmodels.formula import Formula, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels.design.records import Component, Design
    from mixedmodels.families import Family
    from mixedmodels.families.parts import FamilyWithParts
    from mixedmodels.fitted.request import Request

TITLES: dict[Component, str] = {"cond": "Conditional model", "zi": "Zero-inflation model", "disp": "Dispersion model"}


def further_formulas(formula: Any, ziformula: Any, dispformula: Any) -> dict[Component, Formula]:
    """Formulas of the components beside the conditional one.

    ``~0`` leaves zero inflation out, and ``~1`` has one dispersion. A ``.`` stands for the right side of the
    conditional formula without its offsets.
    """
    whole = formula if isinstance(formula, Formula) else parse(formula)
    zi, disp = (_one_sided(text, name, whole) for text, name in ((ziformula, "zi"), (dispformula, "disp")))
    out: dict[Component, Formula] = {}
    if not _is_constant(zi, "0"):
        out["zi"] = zi
    if not _is_constant(disp, "1"):
        out["disp"] = disp
    return out


def _one_sided(text: Any, component: str, whole: Formula) -> Formula:
    plan = text if isinstance(text, Formula) else parse(text)
    if not plan.has_dot:
        return plan
    if plan.left is not None:
        raise DesignError(f"{component}formula {plan.text!r} has a left side; write '~ ...' alone.")
    first = [] if whole.fixed.intercept else ["0"]
    right = " + ".join([*first, *whole.labels]) or "1"
    updated = formulas.update(f"y ~ {right}", plan.text)
    return parse(f"~{updated.text.partition('~')[2]}")


def _is_constant(plan: Formula, what: str) -> bool:
    return plan.left is None and plan.text.replace(" ", "") in (
        f"~{what}",
        f"~+{what}",
        *(("~-1",) if what == "0" else ()),
    )


def with_parts(base: Family, design: Design, request: Request) -> FamilyWithParts:
    """The family with the parts that a design has predictors for.

    Raises
    ------
    DesignError
        If the family has no dispersion that a formula could explain.
    """
    from mixedmodels.families.parts import FamilyWithParts

    components = {other.component: other for other in design.further}
    if "disp" in components and not base.shapes:
        raise DesignError(
            f"dispformula is {components['disp'].formula!r}, and the {base.name} family has no dispersion to be "
            "estimated; leave dispformula out, or take a family that has one, such as nbinom2 for counts."
        )
    return FamilyWithParts(
        base=base,
        zeros="zi" in components,
        dispersion_model="disp" in components,
        role=request.method.weights_role,
    )


def constraints_of(design: Design, family: FamilyWithParts, request: Request) -> Constraints:
    """What a request holds, ties, and has priors on, and whether it is by REML."""
    reml = as_flag(request.method.reml, "REML")
    if not reml and request.priors is None and request.map is None:
        return NONE
    designs = design.predictors
    kept = [[d.fixed.names[j] for j in kept_columns(d.fixed, design.n, design.weights)] for d in designs]
    starts = [prefix(d) for d in designs]
    thetas = [f"{start}{name}" for start, d in zip(starts, designs, strict=True) for name in theta_names(d)]
    betas = [f"{start}{name}" for start, names in zip(starts, kept, strict=True) for name in names]
    held, ties = held_and_tied(request.map, [*thetas, *betas, *family.psi_names])
    priors = prior_list(request.priors, design, kept, family.shapes)
    return Constraints(reml=reml, priors=priors, held=held, ties=ties)


def as_component(name: object, components: Sequence[str], formula: str) -> Component:
    """A component of a model by its name.

    Raises
    ------
    DataError
        If there is none of this name, or the model has no such component.
    """
    for component in TITLES:
        if name == component:
            if component in components:
                return component
            raise DataError(
                f"the model {formula!r} has no component {name!r}; it has {', '.join(map(repr, components))}. Give "
                f"{ARGUMENTS[component]}= when it is fitted."
            )
    raise DataError(f"component is {name!r:.40}; it is one of {', '.join(map(repr, TITLES))}.")
