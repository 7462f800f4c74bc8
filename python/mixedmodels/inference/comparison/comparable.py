"""Checks that the likelihoods of models can be compared: the same rows, response, weights and method."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.families import GAUSSIAN, Family, NegativeBinomial, Poisson
from mixedmodels.fitted.model import FittedModel
from mixedmodels.inference.comparison.lrt import is_restricted
from mixedmodels.inference.comparison.nesting import fixed_nested


def check_comparable(models: Sequence[FittedModel], names: Sequence[str], refit: bool) -> None:
    """Refuse models whose likelihoods cannot be compared.

    Raises
    ------
    DataError
        It says which two models, and what differs.
    """
    for place, model in enumerate(models):
        if not isinstance(model, FittedModel):
            raise DataError(
                f"anova() compares fitted models; argument {place} is {type(model).__name__} {model!r:.60}. Options go "
                "by name, as in anova(type=2)."
            )
        model._need_rows("a comparison of models")
    first = models[0]
    for name, model in zip(names[1:], models[1:], strict=True):
        both = f"{names[0]} and {name}"
        check_rows(first, model, both)
        _check_method(first, model, both)
    if not refit:
        _check_restricted(models, names)


def check_laws(models: Sequence[FittedModel], names: Sequence[str]) -> None:
    """Refuse a test of models in a sequence, each against the one before it, of which one cannot lie within the other.

    Raises
    ------
    DataError
        If two of them have different links, families or known sigmas. A Poisson model lies within a negative binomial
        one with the same link, and a fixed theta within an estimated one.
    """
    for (a, one), (b, other) in pairwise(zip(names, models, strict=True)):
        _check_sigmas((a, one), (b, other))
        left, right = _family(one), _family(other)
        if left == right or _within(left, right):
            continue
        shown = [
            f"{f.name} with link {f.link!r}" + (f" and theta {f.theta:g}" if f.theta else "") for f in (left, right)
        ]
        raise DataError(
            f"{a} is {shown[0]} and {b} {shown[1]}: neither lies within the other, so that the difference of their "
            "likelihoods has no chi-squared distribution; compare AIC or BIC."
        )


def _check_sigmas(one: tuple[str, FittedModel], other: tuple[str, FittedModel]) -> None:
    """Refuse two known residual standard deviations; a known one lies within an estimated one."""
    (a, left), (b, right) = one, other
    known = left._fit.method.sigma, right._fit.method.sigma
    if None not in known and known[0] != known[1]:
        raise DataError(
            f"{a} has the known sigma {known[0]:g} and {b} {known[1]:g}: neither lies within the other, so that the "
            "difference of their likelihoods has no chi-squared distribution; compare AIC or BIC."
        )


def _family(model: FittedModel) -> Family:
    """The family as it was asked for: a theta that was estimated is no part of it."""
    family: Family | None = model._fit.method.family
    return GAUSSIAN if family is None else family


def _within(small: Family, large: Family) -> bool:
    if small.link != large.link or large.theta is not None or large.name != NegativeBinomial().name:
        return False
    return small.name in (large.name, Poisson().name)


def check_rows(a: FittedModel, b: FittedModel, both: str) -> None:
    """Refuse two models of different rows, responses or weights."""
    n, m = a._fit.n, b._fit.n
    if n != m:
        raise DataError(
            f"{both} were fitted to {n} and {m} rows, and only likelihoods of the same rows can be compared; rows with "
            "missing values in a column that one model lacks may be the reason: fit all to the rows that are complete."
        )
    left, right = a._rows.numbers, b._rows.numbers
    if a.design.n_table == b.design.n_table and a._request is not None and b._request is not None:
        same_table = frame.same_table(a._request.data, b._request.data)
        if same_table and not np.array_equal(left, right):
            where = int(np.setdiff1d(left, right)[0])
            raise DataError(
                f"{both} were fitted to different rows of the table: row {where} is in one only. Fit all to the same "
                "rows."
            )
    y, z = a._response(), b._response()
    if y.shape != z.shape or not np.array_equal(y, z):
        raise DataError(
            f"{both} have different responses, {a.design.response_name!r} and {b.design.response_name!r} (their values "
            "differ), and only likelihoods of the same response can be compared."
        )
    if not np.array_equal(_weights(a), _weights(b)):
        raise DataError(f"{both} have different weights, so that their likelihoods cannot be compared.")


def _weights(model: FittedModel) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weights = model._prior_weights()
    return np.ones(model._fit.n) if weights is None else weights


def _check_method(a: FittedModel, b: FittedModel, both: str) -> None:
    one, other = a.family, b.family
    if one.support != other.support:
        raise DataError(
            f"{both} have the families {one} and {other}: a density and a probability, or probabilities of different "
            "outcomes, cannot be compared."
        )
    left, right = _approximation(a), _approximation(b)
    if left is not None and right is not None and left != right:
        raise DataError(
            f"{both} were fitted with different approximations of the likelihood ({left} and {right}); fit all alike."
        )
    if _penalty(a) != _penalty(b):
        raise DataError(f"{both} were fitted with the penalties {_penalty(a)!r} and {_penalty(b)!r}; fit all alike.")


def _approximation(model: FittedModel) -> str | None:
    fit, method = model._fit, model._fit.method
    return f"nAGQ={method.nagq}, laplace={method.laplace!r}" if fit.mixed and fit.generalized else None


def _penalty(model: FittedModel) -> str | None:
    penalty: str | None = model._fit.method.penalty
    return penalty


def _by_ml(model: FittedModel) -> bool:
    """Whether a linear mixed model was fitted by maximum likelihood."""
    fit = model._fit
    return fit.mixed and not fit.generalized and not fit.reml


def _check_restricted(models: Sequence[FittedModel], names: Sequence[str]) -> None:
    """Restricted likelihoods are about the residuals of X: those of different columns are of different data."""
    restricted = [is_restricted(m._fit) for m in models]
    if not any(restricted):
        return
    for name, model in zip(names, models, strict=True):
        if _by_ml(model):
            raise DataError(f"{name} was fitted by ML and others by REML; refit=True compares all by ML.")
    first = (models[0].design, models[0]._fit)
    for name, model in zip(names[1:], models[1:], strict=True):
        one = (model.design, model._fit)
        if len(one[1].kept) != len(first[1].kept) or not fixed_nested(one, first):
            raise DataError(
                f"{names[0]} and {name} have different fixed effects, so that their restricted likelihoods cannot be "
                "compared; refit=True compares all by ML."
            )
