"""Variance inflation of a model's terms, as tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.diagnose.checks.vif import Inflation, inflation, inflation_limits
from mixedmodels.errors import DataError
from mixedmodels.tables.check import Check, first_few
from mixedmodels.tables.result_table import ResultTable

MODERATE, HIGH = 5.0, 10.0


def vif(model: Any) -> ResultTable:
    """See `CheckVerbs.vif`."""
    inflation = _inflation(model)
    columns = {"vif": inflation.gvif, "df": inflation.df, "vif_scaled": inflation.scaled}
    headers = {"vif": "GVIF", "df": "Df", "vif_scaled": "GVIF^(1/(2*Df))"}
    return ResultTable(
        columns=columns, names=inflation.terms, headers=headers, footer=_notes(model), kind=model._source.kind
    )


def collinearity(model: Any, level: float) -> ResultTable:
    """See `CheckVerbs.check_collinearity`."""
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise DataError(f"level is {level!r:.40}; give a probability between 0 and 1.")
    inflation = _inflation(model)
    low, high = inflation_limits(inflation, model.nobs, len(model._fit.kept), level)
    columns = {
        "vif": inflation.gvif,
        "conf_low": low,
        "conf_high": high,
        "se_factor": np.sqrt(inflation.gvif),
        "tolerance": 1 / inflation.gvif,
        "tolerance_low": 1 / high,
        "tolerance_high": 1 / low,
        "correlation": [grade(v) for v in inflation.gvif],
    }
    headers = {"vif": "VIF", "conf_low": "lower", "conf_high": "upper", "se_factor": "SE factor"}
    return ResultTable(
        columns=columns,
        names=inflation.terms,
        headers=headers,
        heading=("Variance inflation of each term", ""),
        footer=_notes(model),
        kind=model._source.kind,
        missing="NA",
    )


def grade(factor: float) -> str:
    """low, moderate (from 5) or high (from 10)."""
    return "high" if factor >= HIGH else "moderate" if factor >= MODERATE else "low"


def checked_collinearity(model: Any) -> Check | None:
    """Collinearity in a sentence; None of a model with fewer than two terms."""
    try:
        inflation = _inflation(model)
    except DataError:
        return None
    worst = int(np.argmax(inflation.gvif))
    largest = float(inflation.gvif[worst])
    values = {"statistic": largest, "vif": inflation.gvif, "terms": inflation.terms, "largest": largest}
    method, kind = "largest variance inflation factor, against 5", model._source.kind
    bad = [t for t, v in zip(inflation.terms, inflation.gvif, strict=True) if v >= MODERATE]
    if not bad:
        words = f"the largest variance inflation is {inflation.gvif[worst]:.2f}, of {inflation.terms[worst]}"
        return Check("collinearity", False, words, values, method, kind)
    words = f"{first_few(bad)} inflated, {inflation.terms[worst]} by {inflation.gvif[worst]:.3g}"
    products = any(":" in t for t in bad)
    more = "; products do that to their factors, and centred predictors help" if products else ""
    return Check("collinearity", True, f"variances of {words}{more}", values, method, kind)


def _inflation(model: Any) -> Inflation:
    fit, fixed = model._fit, model.design.fixed
    assign = tuple(fixed.assign[j] for j in fit.kept)
    return inflation(fit.vcov, assign, fixed.terms)


def _notes(model: Any) -> tuple[str, ...]:
    fit, fixed = model._fit, model.design.fixed
    notes = []
    if not any(fixed.assign[j] < 0 for j in fit.kept):
        notes.append("The model has no intercept, without which these factors may not be sensible.")
    if len(fit.kept) < len(fixed.names):
        notes.append("Columns that are combinations of others were dropped, and are not in these factors.")
    return ("", *notes) if notes else ()
