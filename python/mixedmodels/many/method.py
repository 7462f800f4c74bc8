"""How each of many responses is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import glmm, lmm
from mixedmodels.fit.many_responses.linear_mixed import less_offset, many_lmm
from mixedmodels.fit.many_responses.other_classes import many_glm, many_glmm, many_ols
from mixedmodels.fit.record import Control
from mixedmodels.fit.responses import Response

if TYPE_CHECKING:
    from mixedmodels.families import Family
    from mixedmodels.fitted.replicates import Refit


@dataclass(frozen=True)
class Method:
    """What a model's maker would be told.

    Attributes
    ----------
    family : None for linear (mixed) models.
    reml, nagq, laplace, penalty : as `lmer` and `glmer` take them.
    ddf : whether a linear mixed model's degrees of freedom are wanted.
    """

    family: Family | None
    reml: bool
    nagq: int
    laplace: Any
    penalty: Any
    ddf: bool

    @property
    def n_shapes(self) -> int:
        """Shapes beside the coefficients, the dispersion left out."""
        if self.family is None or self.family.weights_role == "precision":
            return 0
        return len(self.family.shapes)

    def title(self, mixed: bool) -> str:
        """The method in words."""
        if self.family is None:
            return "least squares" if not mixed else "REML" if self.reml else "maximum likelihood"
        return f"maximum likelihood, {self.family}"


def fits_of(design: Design, method: Method, control: Control) -> Refit:
    """What fits responses, shape (B, n), to a design that has one of them.

    Raises
    ------
    MixedModelsError
        If the design cannot be fitted, whatever the response.
    """
    assert design.response is not None
    n, family = len(design.response), method.family
    if family is None and not design.random:
        _check_rows(n, design)
        return lambda y: many_ols(design, y)
    if family is None:
        _check_rows(n, design)
        given = lmm.engine_input(design)
        engine = lmm.new_engine(design, method.reml and bool(given.x))
        return lambda y: many_lmm(engine, given, less_offset(design, y), control=control, df=method.ddf)
    kept = lmm.kept_columns(design.fixed, n, design.weights)
    if not design.random:
        return lambda y: many_glm(design, family, kept, y, penalty=method.penalty, control=control)
    given = lmm.engine_input(design, kept)
    nagq = glmm.as_nagq(method.nagq, design)
    penalised = glmm.as_penalised(method.penalty, family, nagq)
    handle = glmm.made(
        design, family, Response(design.response, design.weights), given, glmm.as_laplace(method.laplace)
    )
    return lambda y: many_glmm(
        handle, design, family, given, y, nagq=nagq, penalised=penalised, control=control, check=True
    )


def _check_rows(n: int, design: Design) -> None:
    p = len(lmm.kept_columns(design.fixed, n, design.weights))
    if n <= p:
        raise DataError(f"{n} rows have a value, too few for {p} fixed effects.")
