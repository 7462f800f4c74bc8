"""Functions that fit many responses, one for each class of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import glmm, lmm
from mixedmodels.fit.many_responses.linear_mixed import less_offset, many_lmm
from mixedmodels.fit.many_responses.other_classes import many_glm, many_glmm, many_ols
from mixedmodels.fit.method import Method
from mixedmodels.fit.record import Control
from mixedmodels.fit.responses import Response

if TYPE_CHECKING:
    from mixedmodels.fit.many_responses.linear_mixed import ManyFits
    from mixedmodels.fitted.replicates import Refit


def fits_of(design: Design, method: Method, control: Control, ddf: str | None) -> Refit:
    """The function that fits responses, shape (B, n), to a design that has one of them.

    Parameters
    ----------
    ddf : {"Satterthwaite", "normal"}, optional
        Degrees of freedom of linear mixed models; None for neither these nor p-values.

    Raises
    ------
    MixedModelsError
        If the design cannot be fitted, whatever the response.
    """
    assert design.response is not None
    n, family = len(design.response), method.family
    if family is None and not design.random:
        _check_rows(n, design)
        return lambda y: many_ols(design, y, method.sigma)
    if family is None:
        _check_rows(n, design)
        inputs = lmm.engine_input(design)
        engine = lmm.new_engine(design, method.reml and bool(inputs.x), method.sigma)

        def linear(y: Matrix) -> ManyFits:
            fits = many_lmm(engine, inputs, less_offset(design, y), control=control, df=ddf == "Satterthwaite")
            if ddf == "normal":
                fits.df[:] = np.inf
            return fits

        return linear
    kept = lmm.kept_columns(design.fixed, n, design.weights)
    if not design.random:
        return lambda y: many_glm(design, family, kept, y, penalty=method.penalty, control=control)
    inputs = lmm.engine_input(design, kept)
    nagq = glmm.as_nagq(method.nagq, design)
    penalised = glmm.as_penalised(method.penalty, family, nagq)
    handle = glmm.made(
        design, family, Response(design.response, design.weights), inputs, glmm.as_laplace(method.laplace)
    )
    return lambda y: many_glmm(
        handle, design, family, inputs, y, nagq=nagq, penalised=penalised, control=control, check=True
    )


def _check_rows(n: int, design: Design) -> None:
    p = len(lmm.kept_columns(design.fixed, n, design.weights))
    if n <= p:
        raise DataError(f"{n} rows have a value, too few for {p} fixed effects.")
