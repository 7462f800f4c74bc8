"""The parts of a model that adjusted predictions use: variables, offset, inverse transformation and titles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.grid import Grid
from mixedmodels.effects.adjusted.terms import Term, Word
from mixedmodels.effects.adjusted.variables import Variables, variables_of
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.estimates.linear_functions import Basis
from mixedmodels.estimates.predictors import Predictors, formula_offset, only_in_offsets
from mixedmodels.estimates.response_scale import way_back
from mixedmodels.estimates.transformations import WayBack
from mixedmodels.fitted.outcome import outcome
from mixedmodels.formula.nodes import column_names
from mixedmodels.inference.emmeans.from_model import basis_of

TYPES = {
    "fixed": "fixed", "fe": "fixed", "random": "random", "re": "random", "simulate": "simulate", "sim": "simulate",
    "simulate_random": "simulate_random", "sim_re": "simulate_random",
}  # fmt: skip
COMPONENTS = {
    ("zi", "response"): "probabilities of a structural zero",
    ("zi", "link"): "log-odds of a structural zero",
    ("disp", "response"): "dispersion",
    ("disp", "link"): "log-dispersion",
}
BENT = re.compile(r"\b(?:poly|bs|ns|sin|cos|tan)\(|\bI\(.*\^.*\)")


def variables_for(model: Any) -> Variables:
    """The variables of a model at the rows used."""
    if model._stored is not None:
        return variables_of(model.design, None)
    table = frame.read(model._request.data)
    _refuse_arrays(model, table)
    return variables_of(model.design, table, model._prior_weights(), model._request.env)


def variables_of_components(model: Any) -> Variables:
    """The variables of all components of a model; of a model of one linear predictor its variables."""
    own = variables_for(model)
    table = None if model._stored is not None else frame.read(model._request.data)
    for other in model.design.further:
        own = own.joined(variables_of(other, table))
    return own


def _refuse_arrays(model: Any, table: frame.Table) -> None:
    """Refuse a variable that is an array of ``env=``: it has no values for other rows."""
    formula, env = model.design.spec.formula, model._request.env or {}
    nodes = [
        *formula.fixed.variables_used().values(),
        *(n for b in formula.random for n in (*b.factors, *b.effects.variables_used().values())),
    ]
    for name in (n for node in nodes for n in column_names(node)):
        if name not in table and np.ndim(env.get(name, 0.0)) > 0:
            raise DataError(
                f"{name!r} is an array of env=, which has no values for other rows; make it a column of the data and "
                "fit again."
            )


def mean_offset(model: Any, variables: Variables) -> float | None:
    """Mean of an offset argument that was an array; None where there is none."""
    offset = array_offset(model, variables)
    return None if offset is None else float(np.mean(offset))


def array_offset(model: Any, variables: Variables) -> Vector | None:
    """Offset argument of the rows used if it was an array; None if the formula or a column holds the offset."""
    design = model.design
    if design.spec.offset is not True:
        return None
    model._need_rows("the offset argument, which was an array,")
    if not design.spec.formula.offset_texts:
        return np.asarray(design.offset)
    predictors = Predictors(design, variables.columns, variables.env)
    return np.asarray(design.offset - formula_offset(predictors, model._fit.n))


def basis_for(model: Any, ddf: Ddf | float) -> tuple[Basis, str | None, tuple[str, ...]]:
    """Coefficients and their covariance, the name of their method where the model has a choice, and notes."""
    basis, method, notes = basis_of(model, ddf)
    return basis, None if isinstance(ddf, int | float | np.number) else method, notes


def back_and_notes(model: Any, scale: str, back_transform: bool) -> tuple[WayBack | None, tuple[str, ...]]:
    """The inverse transformation for a scale, and notes about it for the reader.

    Raises
    ------
    DataError
        If `scale` is neither "response" nor "link".
    """
    if scale not in ("response", "link"):
        raise DataError(f"scale must be 'response' or 'link', not {scale!r}.")
    scale_of_response = way_back(model)
    if scale_of_response is None or scale == "link":
        return None, ()
    if model.family.link != "identity":
        return scale_of_response.back, ()
    response = model.design.response_name
    if scale_of_response.back is None or not back_transform:
        why = "" if scale_of_response.back is not None else ", since the way back is not known"
        return None, (f"Predictions are on the scale of {response}{why}.",)
    return scale_of_response.back, (f"Predictions are back from the scale of {response}, standard errors are on it.",)


def conditional_notes(model: Any, scale: str) -> tuple[str, ...]:
    """That predictions of the conditional part are not means of the response, where they are not."""
    if scale != "response" or not model._quantities:
        return ()
    family = model.family
    if not family.zeros and not family.has_other_mean:
        return ()
    base = family.base.name
    what = f"Inverse link of the conditional part, which is not the mean of the {base} family."
    if not family.has_other_mean:
        what = "Means of the conditional part, of responses that are no structural zeros."
    return (f"{what} predictions(type='response') has means of the response.",)


def title_of(model: Any, scale: str) -> str:
    """The title of a table: "Predicted probabilities of y = 1"."""
    family = model.family
    if model.design.component != "cond":
        return f"Predicted {COMPONENTS[model.design.component, scale]} of {response_variable(model)}"
    what = "values"
    proportion = family.support == "proportion"
    if proportion:
        what = "probabilities" if scale == "response" else "log-odds" if family.link == "logit" else "values"
    elif family.support == "counts":
        what = "counts" if scale == "response" else "log-mean" if family.link == "log" else "values"
    return f"Predicted {what} of {outcome(model.design) if proportion else response_variable(model)}"


def axis_of(model: Any, scale: str) -> str:
    """What an axis of predictions is called: "Probability of y = 1"; the title where it is no probability."""
    if model.design.component == "cond" and model.family.support == "proportion" and scale == "response":
        return str(model.outcome_label)
    return title_of(model, scale)


def response_variable(model: Any) -> str:
    """The column behind the response; its text where there are several."""
    left = model.design.spec.formula.left
    names = list(column_names(left)) if left is not None else []
    return names[0] if len(names) == 1 else model.design.response_name


def bends(model: Any) -> bool:
    """Whether the fixed effects have polynomials, splines or waves, whose curves need many points."""
    return any(BENT.search(text) for text in model.design.spec.formula.fixed.variables_used())


def wants_all(terms: Sequence[Term]) -> bool:
    """Whether some term asks for all values."""
    return any(term.wanted == Word("all") for term in terms)


def offset_names(model: Any) -> frozenset[str]:
    """Variables that only ``offset()`` terms use."""
    return only_in_offsets(model.design.spec)


def population(variables: Variables, grid: Grid) -> tuple[str, ...]:
    """Grouping factors that have no level in the grid."""
    return tuple(n for n in variables.groups if n not in grid.terms and n not in grid.constants)
