"""ICC and variance shares of a model: the tables and their notes."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._spellings import BOOTSTRAP, word
from mixedmodels._typing import Matrix
from mixedmodels.diagnose.quality import intraclass
from mixedmodels.diagnose.quality.null_models import variance_parts
from mixedmodels.diagnose.quality.records import ICC
from mixedmodels.diagnose.quality.variance_shares import variance_shares
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.estimates.variance_parts import Parts, column_moments
from mixedmodels.fit.record import MixedFit
from mixedmodels.inference.bootstrap.from_model import bootstrap
from mixedmodels.inference.intervals.from_model import confint
from mixedmodels.inference.profile.from_model import profile
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

Choices = tuple[str | None, str | None, str | None]  # approximation, mean, per
ABOUT = {"icc": "ICC", "conf_low": "lower", "conf_high": "upper", "share": "Share", "variance": "Variance", "sd": "SD"}


def icc(
    model: FittedModel, by_group: bool, choices: Choices, ci: float | None, how: tuple[str | None, int, Any]
) -> ICC | ResultTable:
    """See `QualityVerbs.icc`."""
    if not model._fit.mixed:
        raise DataError(f"icc() is the share of variance among groups, and {model.formula!r} has no random effects.")
    if how[0] is not None:
        word("method", how[0], ("profile", "boot"), BOOTSTRAP)  # whether or not there are limits
    of = variance_parts(model, *choices)
    heading = ("Intraclass correlation by group" if by_group else "Intraclass correlation", "", "Model:", model.formula)
    if by_group:
        if ci is not None:
            raise DataError("icc(by_group=True) has no intervals; bootstrap(statistic=...) makes some.")
        shares = intraclass.by_group(of)
        return ResultTable(
            columns={"icc": np.array(list(shares.values()))},
            names=tuple(shares),
            row_column="group",
            headers=ABOUT,
            heading=heading,
            footer=tuple(notes(model, of)),
            kind=model._source.kind,
        )
    values = intraclass.icc(of)
    columns: dict[str, Any] = {"icc": np.array(list(values.values()))}
    footer, seed = notes(model, of), None
    if ci is not None:
        limits, interval_notes, seed = _limits(model, of, choices, ci, how)
        columns |= {"conf_low": limits[:, 0], "conf_high": limits[:, 1]}
        footer += interval_notes
    table = ResultTable(
        columns=columns,
        names=tuple(values),
        row_column="figure",
        headers=ABOUT,
        heading=heading,
        footer=tuple(footer),
        kind=model._source.kind,
        missing="NA",
        seed=seed,
    )
    return ICC(values, table, of.residual.method)


def _limits(
    model: FittedModel, of: Parts, choices: Choices, level: float, how: tuple[str | None, int, Any]
) -> tuple[Any, list[str], Any]:
    """Limits, how they were made, and the seed of those that were drawn."""
    method, nsim, seed = how
    fit = model._fit
    usual = "boot" if fit.generalized else "profile"
    method = usual if method is None else word("method", method, ("profile", "boot"), BOOTSTRAP)
    if method == "boot":
        sentence = f"{level:.4g} confidence, bootstrap percentile intervals"
        table = bootstrapped(model, lambda m: intraclass.icc(variance_parts(m, *choices)), level, nsim, seed)
        return limits_of(table), [f"{sentence}: {'; '.join(table.footer)}."], table.seed
    if fit.generalized:
        raise DataError("intervals by profile are for an lmer's ICC; use method='boot'.")
    criterion: Any = "REML" if fit.reml else "deviance"
    weight = intraclass.residual_weight(model.design, fit, of.residual.value)
    low, high, remarks = _profile_limits(model, fit, weight, level, criterion)
    likelihood = "restricted likelihood" if fit.reml else "likelihood"
    sentence = (
        f"{level:.4g} confidence, from the profile of the {likelihood}; the unadjusted one has intervals by "
        "method='boot' only."
    )
    return np.array([[low, high], [np.nan, np.nan]]), [sentence, *remarks], None


def _profile_limits(
    model: FittedModel, fit: MixedFit, weight: float, level: float, criterion: Any
) -> tuple[float, float, tuple[str, ...]]:
    """Limits of the adjusted ICC, and what the profile has to say about them."""
    if len(fit.theta) == 1:  # a function of theta alone, whose profile can start on the boundary
        table = profile(model, [0], scale="theta", level=level, criterion=criterion).confint(level)
        moment = float(column_moments(model.design)[0][0, 0])
        low, high = (moment * t**2 / (moment * t**2 + weight) for t in (table["conf_low"][0], table["conf_high"][0]))
        return float(low), float(high), tuple(table.footer)
    quantity = intraclass.adjusted_quantity(model.design, fit, weight)
    table = confint(model, [], level, derived={"ICC": quantity}, criterion=criterion)
    row = table.row("ICC")
    return row["conf_low"], row["conf_high"], tuple(table.footer)


def bootstrapped(model: FittedModel, statistic: Any, level: float, nsim: int, seed: Any) -> ResultTable:
    """Percentile limits of figures of merit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        replicates = bootstrap(model, nsim, seed, statistic=statistic)
    return replicates.confint(level)


def limits_of(table: ResultTable) -> Matrix:
    """Limits as an array, shape (figures, 2)."""
    return np.column_stack([table["conf_low"], table["conf_high"]])


def notes(model: FittedModel, of: Parts) -> list[str]:
    """Notes on the method of the residual variance, and on the random effects."""
    out = [f"Residual variance {of.residual.value:.4g}: {of.residual.method}" + _at(of) + "."]
    extra = [label for label, is_extra in zip(of.labels, of.extra, strict=True) if is_extra]
    if extra:
        out.append(f"{', '.join(extra)} has a level per row: it counts as residual variance (overdispersion).")
    if any(other.component == "zi" for other in model.design.further):
        out.append("Of the conditional part: the variation of structural zeros is left out.")
    if model._fit.mixed and model._fit.singular:
        out.append("The fit is singular: what has no variance counts as 0. See singularity().")
    return out


def _at(of: Parts) -> str:
    return f", mu = {of.residual.mean:.4g}" if isfinite(of.residual.mean) else ""


def variance_partition(model: FittedModel, choices: Choices) -> ResultTable:
    """See `QualityVerbs.variance_partition`."""
    of = variance_parts(model, *choices)
    names, columns = variance_shares(of)
    link = model.family.link
    scale = "" if not model._fit.generalized else f" (on the scale of the {link} link)"
    slopes = any(len(t.columns) > 1 or t.columns[0] is not None for t in _terms(model))
    footer = notes(model, of)
    if slopes:
        footer.append("Random slopes: mean variance of their contribution over the rows.")
    return ResultTable(
        columns=columns,
        names=names,
        row_column="part",
        headers=ABOUT,
        heading=(f"Variance of the rows{scale}", "", "Model:", model.formula),
        footer=tuple(footer),
        kind=model._source.kind,
    )


def _terms(model: FittedModel) -> Any:
    return () if not model._fit.mixed else model.design.random
