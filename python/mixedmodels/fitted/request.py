"""The request of a fit: enough to fit again with a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.fit.method import Method, as_ddf, as_role, as_sigma
from mixedmodels.formula import Formula, parse

if TYPE_CHECKING:
    from mixedmodels.fit.record import Control

DEFAULT = Method()
NaAction = Literal["omit", "exclude", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Request:
    """Arguments of ``lm``, ``lmer``, ``glm``, ``glmer`` or ``glmmTMB`` as they were given.

    Attributes
    ----------
    ziformula, dispformula : str, optional
        Formulas of zero inflation and of the dispersion of a ``glmmTMB``; None of other functions.
    priors, map : optional
        Priors, and parameters that are held or tied, of a ``glmmTMB``.
    method : Method, optional
        Family, REML, and what else says how to fit.
    data_name, weights_name, offset_name, subset_name : str, optional
        Names of the arguments in print; None without a name.
    """

    formula: Any
    data: Any
    weights: Any = None
    offset: Any = None
    subset: Any = None
    contrasts: Any = None
    na_action: NaAction = "omit"
    env: Any = None
    method: Method = DEFAULT
    start: Any = None
    control: Control | Mapping[str, Any] | None = None
    verbose: int = 0
    ziformula: Any = None
    dispformula: Any = None
    priors: Any = None
    map: Any = None
    data_name: str | None = None
    weights_name: str | None = None
    offset_name: str | None = None
    subset_name: str | None = None

    def __post_init__(self) -> None:
        # A fit is of what it was given, whatever the caller does with it afterwards.
        object.__setattr__(self, "data", frame.owned(self.data))
        for name in ("weights", "offset", "subset"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, frame.owned_values(values))
        if self.env is not None:
            object.__setattr__(self, "env", {k: frame.owned_values(v) for k, v in self.env.items()})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Source:
    """The origin of the rows: the library, and the pandas index of the whole table or None."""

    kind: Any = "pandas"
    index: Any = None


def with_formula(request: Request, formula: Any) -> Request:
    """The request of another formula, with the contrasts of the factors that it has."""
    kept = request.contrasts
    if isinstance(kept, Mapping):
        plan = formula if isinstance(formula, Formula) else parse(formula)
        if not plan.has_dot:
            kept = {name: coding for name, coding in kept.items() if name in plan.fixed.variables_used()}
    return replace(request, formula=formula, contrasts=kept)


def changed(request: Request, changes: Mapping[str, Any]) -> Request:
    """The request with other arguments, by the names that `lmer` and the others have for them.

    Raises
    ------
    DataError
        If there is no such argument.
    """
    from mixedmodels.families import resolve

    names = {"REML": "reml", "nAGQ": "nagq"}
    fields = {names.get(k, k): v for k, v in changes.items()}
    settings = {*Request.__dataclass_fields__, *Method.__dataclass_fields__} - {"method"}
    unknown = [k for k in fields if k not in settings or k.endswith("_name")]
    if unknown:
        raise DataError(f"update() has no argument {unknown[0]!r}.")
    of_components = [k for k in ("ziformula", "dispformula", "weights_role") if k in fields]
    if of_components and request.method.weights_role is None:
        raise DataError(f"{of_components[0]} is an argument of glmmTMB(); fit the model with that function.")
    for argument in ("data", "weights", "offset", "subset"):
        if argument in fields:
            fields[f"{argument}_name"] = fields[argument] if isinstance(fields[argument], str) else None
    method = {k: fields.pop(k) for k in list(fields) if k in Method.__dataclass_fields__}
    if "ddf" in method:
        method["ddf"] = as_ddf(method["ddf"])
    if "sigma" in method:
        method["sigma"] = as_sigma(method["sigma"])
    if method.get("family") is not None:
        method["family"] = resolve(method["family"])
    if "weights_role" in method:
        method["weights_role"] = as_role(method["weights_role"])
    if "formula" in fields and "contrasts" not in fields:
        request = with_formula(request, fields.pop("formula"))
    return replace(request, **fields, method=replace(request.method, **method))
