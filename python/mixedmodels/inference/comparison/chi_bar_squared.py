"""From two nested models to the mixture that their likelihood ratio follows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.estimates.variance_information import Direction, information, profiled
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.covariance import covariances
from mixedmodels.fit.likelihood import n_parameters
from mixedmodels.inference.comparison.boundary import Mixture, no_information
from mixedmodels.inference.comparison.nesting import Block, blocks, fixed_nested

Model = tuple[Design, AnyFit]


def mixture(small: Model, large: Model) -> Mixture:
    """The null distribution of twice the difference of their log-likelihoods, when the smaller model holds.

    Raises
    ------
    DataError
        If the smaller model does not lie within the larger one, term by term.
    """
    if small[0].further or large[0].further:
        raise DataError(
            "a mixture of chi-squared distributions is for models of one linear predictor; compare these with "
            "test='Chisq', or by pbmodcomp()."
        )
    places = blocks(small[0], large[0])
    wider = places is None or any(b.existing > len(large[0].random[b.term].columns) for b in places)
    if places is None or wider or not fixed_nested(small, large):
        raise DataError(
            f"{small[0].formula!r} does not lie within {large[0].formula!r}, term by term; a mixture is for nested "
            "models, so compare these with test='Chisq' or by AIC."
        )
    free = len(large[1].kept) - len(small[1].kept)
    sizes = []
    for block in places:
        columns, existing = len(large[0].random[block.term].columns), block.existing
        new = columns - existing
        own = sum(_triangle(len(m)) for _, m in block.within)
        free += _triangle(existing) - own + existing * new
        sizes += [new] if new else []
    counted = free + sum(map(_triangle, sizes))
    added = n_parameters(large[1]) - n_parameters(small[1])
    if counted != added:
        raise DataError(
            f"{large[0].formula!r} has {added} parameters more than {small[0].formula!r}, of which {counted} are of "
            "fixed effects and covariances; a mixture is for models that differ in nothing else."
        )
    singular = small[1].singular
    return Mixture(
        free=free, sizes=tuple(sizes), information=lambda: _information(small, large, places), approximate=singular
    )


def null_distributions(labels: Sequence[str], mixtures: Sequence[Mixture]) -> tuple[str, ...]:
    """Lines that name the null distribution of each row of a table."""
    lines = (f"{label}: {m}" for label, m in zip(labels, mixtures, strict=True))
    return ("Null distributions, with variances on their boundary:", *lines)


def _triangle(k: int) -> int:
    return k * (k + 1) // 2


def _information(small: Model, large: Model, places: tuple[Block, ...]) -> Matrix:
    """Information about the covariances of the new effects, at the estimates of the smaller model."""
    fit = small[1]
    if not large[1].mixed or large[1].generalized or fit.generalized:
        return no_information()
    old = _old_covariances(small)
    residual = fit.sigma**2 if fit.mixed or fit.known_sigma else fit.rss / fit.n
    values, directions, wanted = [], [Direction(0, None)], [False]
    if fit.known_sigma:
        directions, wanted = [], []
    for block in places:
        columns = len(large[0].random[block.term].columns)
        value = np.zeros((columns, columns))
        for i, matrix in block.within:
            value += matrix.T @ old[i] @ matrix
        values.append(value)
        basis = _basis(block, columns)
        for j, i in combinations_with_replacement(range(columns), 2):
            change = np.outer(basis[:, i], basis[:, j])
            directions.append(Direction(block.term, change if i == j else change + change.T))
            wanted.append(i >= block.existing and j >= block.existing)
    matrix = information(large[0], large[1].kept, values, residual, directions, large[1].reml)
    return profiled(matrix, np.array(wanted))


def _basis(block: Block, columns: int) -> Matrix:
    """Directions of the effects that the smaller model has, then of those that are new; shape (columns, columns)."""
    if not block.within:
        return np.eye(columns)
    old = np.vstack([m for _, m in block.within]).T
    q = np.linalg.qr(old, mode="complete")[0]
    return np.column_stack([old, q[:, old.shape[1] :]])


def _old_covariances(small: Model) -> list[Matrix]:
    fit = small[1]
    return covariances(fit.theta, fit.sizes, fit.sigma) if fit.mixed else []
