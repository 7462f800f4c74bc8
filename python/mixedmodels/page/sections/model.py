"""The model in a sentence, its call, and its likelihood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.fitted.outcome import outcome
from mixedmodels.page.elements import facts
from mixedmodels.page.options import Options
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.r_numbers import format_number, round_r


def parts(model: Any, options: Options) -> Iterator[str]:
    """The model in a sentence, its call, and the measures of the whole fit."""
    yield paragraph(sentence(model), css_class="lead")
    yield facts({**_call(model), **_figures(model)})


def sentence(model: Any) -> str:
    """Response, distribution, predictors and groups in words."""
    design = model.design
    terms = [t for t in design.fixed.terms if t]
    on = f" depends on {_joined([_quoted(t) for t in terms])}" if terms else " depends on no predictor"
    vary = [f"{_joined([_effect(e) for e in t.effects])} by {design.groups[t.group].name}" for t in design.random]
    varies = f", with {_joined(vary)}" if vary else ""
    count = f"{model.nobs:,} rows"
    how = {"lm": "least squares", "glm": "maximum likelihood"}.get(_function(model)) or _likelihood(model)
    proportion = model.family.support == "proportion"
    what = f"The probability of {_quoted(outcome(design))}" if proportion else _quoted(design.response_name)
    return f"{what}{on}{varies}; fitted to {count} by {how}."


def _likelihood(model: Any) -> str:
    if not model._fit.generalized:
        return "restricted maximum likelihood (REML)" if model.is_reml else "maximum likelihood"
    if model.nAGQ > 1:
        return f"maximum likelihood, by adaptive quadrature with {model.nAGQ} points for each random effect"
    return "maximum likelihood, with Laplace's approximation"


def _function(model: Any) -> str:
    mixed = bool(model.design.random)
    linear = model.family.name == "gaussian" and model.family.link == "identity"
    return ("lmer" if linear else "glmer") if mixed else ("lm" if linear else "glm")


def _effect(name: str) -> str:
    return "an intercept" if name == "(Intercept)" else f"a slope of {name}"


def _quoted(text: str) -> str:
    return f"‘{text}’"


def _joined(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _call(model: Any) -> dict[str, str]:
    call = model.call
    arguments = {"data": call.data, "weights": call.weights, "offset": call.offset, "subset": call.subset}
    out = {k: v for k, v in arguments.items() if v}
    if _function(model) in ("glm", "glmer"):
        out["family"] = f"{model.family.name}, {model.family.link} link"
    return out


def _figures(model: Any) -> dict[str, str]:
    restricted = model._fit.reml
    names = {
        "restricted log-likelihood" if restricted else "log-likelihood": model.loglik,
        "AIC": model.aic,
        "BIC": model.bic,
    }
    out = {k: format_number(round_r(v, 2)) for k, v in names.items()}
    return {**out, "parameters": str(model.npar)}
