"""From a fitted model to the record of its cross-validation."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.diagnose.validation.cross_validation import NOT_REACHED, Without, without_each
from mixedmodels.diagnose.validation.folds import Folds, folds_of
from mixedmodels.diagnose.validation.record import POOLED, CrossValidation
from mixedmodels.diagnose.validation.scores import HeldOut, scores_for
from mixedmodels.errors import DataError, FitError, MixedModelsWarning
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.rows import Rows

Score = Callable[[HeldOut], float]

HEADERS = {
    "rows": "Rows",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
    "brier": "Brier",
    "auc": "AUC",
    "deviance": "Deviance",
    "log_score": "Log score",
}


def cross_validate(
    model: FittedModel,
    group: Any,
    k: int | None,
    seed: Any,
    metrics: Any,
    kind: Any,
    re_form: Any,
    progress: bool | None,
) -> CrossValidation:
    """See the verb of this name."""
    model._need_rows("cross_validate()")
    scores = _scores(model, metrics)
    folds = folds_of(model, group, k, seed)
    made = without_each(model, folds, kind, re_form, metrics is None or "log_score" in scores, progress)
    reasons = {folds.labels[j]: why for j, why in made.reasons.items()}
    known = ~np.isnan(made.predicted)
    if not known.any():
        raise FitError(
            f"no fold has predictions; fold {next(iter(reasons), '1')}: {next(iter(reasons.values()), _LOST)}"
        )
    _warn(folds, made)
    rows = _held_out(model, made)
    shown = [j for j in range(len(folds)) if made.reasons.get(j) != NOT_REACHED]
    of_folds = [rows.take(known & (folds.codes == j)) for j in shown]
    parts = [*of_folds, rows.take(known)]
    columns: dict[str, Any] = {"rows": np.array([len(part) for part in parts])}
    columns |= {name: np.array([_score(score, part) for part in parts]) for name, score in scores.items()}
    table = ResultTable(
        columns=columns,
        names=(*(folds.labels[j] for j in shown), POOLED),
        row_column="fold",
        headers=HEADERS,
        heading=(f"Cross-validation of {model.formula}", _title(folds), ""),
        footer=tuple(_notes(model, folds, made, kind, re_form)),
        kind=model._source.kind,
        missing="NA",
    )
    return CrossValidation(
        table=table,
        seed=folds.seed,
        reasons=reasons,
        rows={
            "fold": np.array(folds.labels, dtype=object)[folds.codes],
            "observed": rows.observed,
            "predicted": rows.predicted,
            "log_density": rows.log_density,
        },
        label=partial(_table_of_rows, model._rows),
    )


def _table_of_rows(rows: Rows, columns: dict[str, Any]) -> Any:
    """A table in the caller's library; where rows were excluded their fold is missing."""
    if rows.padded:
        folds = np.full(rows.design.n_table, None, dtype=object)
        folds[rows.design.rows] = columns["fold"]
        columns = {"fold": folds, **{name: rows.expand(v) for name, v in columns.items() if name != "fold"}}
    return frame.to_kind(columns, rows.source.kind, rows.index())


_LOST = "its rows depend on coefficients that the other folds do not determine."


def _scores(model: FittedModel, metrics: Any) -> dict[str, Score]:
    """Scores by name: all that the family has, or those asked for.

    Raises
    ------
    DataError
        If there is no such score for these responses.
    """
    own = scores_for(model.family)
    if metrics is None:
        return own
    several: Sequence[Any] = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    out: dict[str, Score] = {}
    for metric in several:
        if callable(metric):
            out[getattr(metric, "__name__", repr(metric))] = _of_function(metric)
        elif metric in own:
            out[metric] = own[metric]
        else:
            raise DataError(
                f"metrics has {metric!r:.40}; of {model.family!r} responses there are {', '.join(own)}, and functions "
                "of the observed and the predicted values."
            )
    if not out:
        raise DataError("metrics is empty; give names of scores or functions, or None for all scores.")
    return out


def _of_function(function: Callable[[Any, Any], float]) -> Score:
    return lambda rows: float(function(rows.observed, rows.predicted))


def _score(score: Score, rows: HeldOut) -> float:
    return score(rows) if len(rows) else float("nan")


def _held_out(model: FittedModel, made: Without) -> HeldOut:
    fit = model._fit
    weights = model._prior_weights()
    return HeldOut(
        observed=model._response(),
        predicted=made.predicted,
        log_density=made.log_density,
        weights=np.ones(fit.n) if weights is None else weights,
        cases=fit.family.weights_role == "cases",
    )


def _title(folds: Folds) -> str:
    what = "row" if folds.group is None else f"level of {folds.group}"
    if folds.single:
        return f"Each {what} left out in turn: {len(folds):,} folds"
    dealt = "rows" if folds.group is None else f"whole levels of {folds.group}"
    return f"{len(folds)} folds of {dealt}, seed {folds.seed}"


def _notes(model: FittedModel, folds: Folds, made: Without, kind: Any, re_form: Any) -> list[str]:
    """How the predictions were made, and what went wrong."""
    notes = [""]
    if model._fit.mixed:
        notes.append(_words(kind, re_form))
    total = len(folds) - sum(why == NOT_REACHED for why in made.reasons.values())
    for what, some in (
        ("singular", made.singular),
        ("not converged", made.stopped),
        ("with infinite estimates", made.separated),
    ):
        if some:
            notes.append(f"Fits {what}: {len(some):,} of {total:,}.")
    if made.undetermined.any():
        notes.append(f"Rows without a prediction: {int(made.undetermined.sum()):,}; {_LOST}")
    for why, count in Counter(made.reasons.values()).most_common(3):
        notes.append(f"Folds without predictions: {count:,} ({why})")
    return notes if len(notes) > 1 else []


def _words(kind: Any, re_form: Any) -> str:
    if kind == "marginal":
        return "Predictions are means over the random effects" + ("." if re_form is None else f", {re_form} kept.")
    if kind == "typical" or re_form is not None:
        return "Predictions use no random effects." if kind == "typical" else f"Random effects used: {re_form}."
    return "Predictions use the random effects of levels that are in other folds, and 0 for other levels."


def _warn(folds: Folds, made: Without) -> None:
    """Warn where rows have no prediction, for another reason than an interrupt."""
    lost = {j: why for j, why in made.reasons.items() if why != NOT_REACHED}
    if lost:
        j = next(iter(lost))
        warnings.warn(
            f"{len(lost)} of {len(folds)} folds have no predictions and are left out of the scores; the first is "
            f"{folds.labels[j]!r}: {lost[j]}",
            MixedModelsWarning,
            stacklevel=4,
        )
    if made.undetermined.any():
        j = int(np.flatnonzero(made.undetermined)[0])
        warnings.warn(
            f"{int(made.undetermined.sum())} rows (the first in fold {folds.labels[j]!r}) have no prediction and are "
            "left out of the scores: they depend on coefficients that the other folds do not determine, such as that "
            "of a level which occurs in one fold only; use fewer folds or another group.",
            MixedModelsWarning,
            stacklevel=4,
        )
