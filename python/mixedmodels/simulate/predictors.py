"""Predictors of a population: distributions, and groups that lay its rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.simulate import distributions
from mixedmodels.simulate.expressions import value_of
from mixedmodels.simulate.extend_rows import checked_size


@dataclass(frozen=True)
class Predictor:
    """The distribution of a column; see `predictor`."""

    dist: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None

    def draw(self, name: str, n: int, columns: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Columns of `n` values: one, or one for each column of a multivariate distribution.

        Parameters
        ----------
        columns : DataFrame
            Table of pandas with what was drawn before, n rows.
        """
        if self.by is None:
            return self._columns(name, self._values(name, n, columns, rng), n)
        if self.by not in columns:
            raise DataError(f"{name!r} is drawn by {self.by!r}, which is no column before it.")
        codes, levels = columns[self.by].factorize(sort=True)
        firsts = np.unique(codes, return_index=True)[1]
        drawn = self._columns(name, self._values(name, len(levels), columns.iloc[firsts], rng), len(levels))
        return {k: _at(v, codes) for k, v in drawn.items()}

    def _values(self, name: str, n: int, columns: Any, rng: np.random.Generator) -> Any:
        parameters = {k: self._parameter(name, k, v, columns) for k, v in self.parameters.items()}
        try:
            return distributions.draw(self.dist, rng, n, parameters, columns)
        except DataError:
            raise
        except (TypeError, ValueError) as error:
            raise DataError(f"{name!r} cannot be drawn: {error}.") from error

    def _parameter(self, name: str, parameter: str, value: Any, columns: Any) -> Any:
        """Texts and functions become numbers of the columns drawn before."""
        if not (isinstance(value, str) or callable(value)) or parameter == "levels":
            return value
        if not len(columns.columns):
            raise DataError(f"{parameter} of {name!r} is {value!r:.40}, and no column comes before it.")
        return value_of(value, frame.read(columns), columns, {}, f"{parameter} of {name!r}")

    def _columns(self, name: str, values: Any, n: int) -> dict[str, Any]:
        if hasattr(values, "columns"):
            columns = {f"{name}{k}": v.to_numpy() for k, v in values.items()}
        elif np.ndim(values) == 2:
            array = np.asarray(values)
            columns = {f"{name}{j + 1}": array[:, j] for j in range(array.shape[1])}
        else:
            columns = {name: values}
        for column in columns.values():
            if np.ndim(column) != 1 or len(column) != n:
                raise DataError(f"{name!r} was to have {n} values, and {np.shape(column)} were drawn.")
        return columns

    def __str__(self) -> str:
        inside = [f"{k} = {_shown(v)}" for k, v in self.parameters.items()]
        inside += [] if self.by is None else [f"by = {self.by!r}"]
        return f"{distributions.checked(self.dist, self.parameters)}({', '.join(inside)})"


@dataclass(frozen=True)
class Groups:
    """A grouping factor that lays rows out; see `groups`."""

    levels: int | tuple[Any, ...]
    each: Any = 1
    within: str | None = None

    def labels(self, count: int | None) -> list[str]:
        """Labels of the levels; `count` takes the place of the number that was given."""
        if count is not None:
            return [str(i + 1) for i in range(count)]
        levels = self.levels
        return [str(i + 1) for i in range(levels)] if isinstance(levels, int) else [frame.label(v) for v in levels]

    def sizes(self, name: str, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of each level of the factor, shape (count,)."""
        each = self.each
        if isinstance(each, Predictor):
            import pandas as pd

            each = next(iter(each.draw(name, count, pd.DataFrame(index=range(count)), rng).values()))
        sizes = np.asarray(each)
        if sizes.dtype.kind not in "iuf":
            raise DataError(f"each of {name!r} is {each!r:.60}; give whole numbers or a predictor.")
        sizes = np.broadcast_to(sizes, count) if sizes.ndim == 0 else sizes
        if sizes.shape != (count,) or not (sizes >= 0).all() or not (sizes == np.floor(sizes)).all():
            raise DataError(
                f"each of {name!r} is {each!r:.60}; give one whole number, or one for each of {count} levels."
            )
        return sizes.astype(np.int64)

    def __str__(self) -> str:
        count = self.levels if isinstance(self.levels, int) else len(self.levels)
        inside = [f"{count} levels"]
        inside += (
            [] if self.each is None or (np.ndim(self.each) == 0 and self.each == 1) else [f"each = {_shown(self.each)}"]
        )
        inside += [] if self.within is None else [f"within = {self.within!r}"]
        return f"groups({', '.join(inside)})"


def predictor(dist: Any, *, by: str | None = None, **parameters: Any) -> Predictor:
    """The distribution of a predictor, for `population`.

    Parameters
    ----------
    dist : str, distribution or callable
        Distribution: "normal" (mean, sd), "uniform" (min, max), "binomial" (size, prob), "poisson" (mean),
        "negative_binomial" (mean, theta), "exponential" (rate), "gamma" (shape, rate), "beta" (shape1, shape2), "t"
        (df), "lognormal" (meanlog, sdlog), "cauchy" and "laplace" (location, scale), "integers" (min, max, both
        possible), "factor" (levels, prob, ordered), "mvnormal" (mean, sigma: columns name1, name2, ...), "computed"
        (value); a frozen distribution of scipy.stats; or a function of a numpy Generator and a size (and, if it takes
        three arguments, the table of the columns before it).
    by : str, optional
        Name of a column before it; one value is drawn for each of its levels.
    **parameters : Any
        Parameters of the distribution: numbers, arrays, texts over the columns before it (``mean="0.5 * x"``), or
        functions of their table.

    Raises
    ------
    DataError
        If there is no such distribution or parameter.

    Examples
    --------
    >>> pop = mm.population(dose=mm.predictor("factor", levels=["low", "high"]))
    >>> sorted(set(pop.sample(n=50, seed=1)["dose"]))
    ['high', 'low']
    """
    distributions.checked(dist, parameters)
    return Predictor(dist, dict(parameters), by)


def groups(levels: int | Sequence[Any], each: Any = 1, *, within: str | None = None) -> Groups:
    """A grouping factor that lays out the rows of a `population`: ``groups(20, each=30)``, 20 schools of 30 pupils.

    Several are crossed, every level of one with every level of the others, unless they are nested.

    Parameters
    ----------
    levels : int or sequence
        Number of the levels, or their labels.
    each : int, sequence of int or predictor, default 1
        Number of rows of each level (beside those that other groups make): a number, one for each level, or a
        `predictor` that draws them.
    within : str, optional
        Name of an earlier grouping factor in each of whose levels there are so many levels of this one.

    Examples
    --------
    >>> pop = mm.population(school=mm.groups(3), pupil=mm.groups(2, each=4, within="school"))
    >>> pop.sample(seed=1)["pupil"].nunique()
    6
    """
    if isinstance(levels, (int, np.integer)):
        return Groups(checked_size(levels, "levels"), each, within)
    labels = tuple(levels)
    if not labels or len(set(labels)) < len(labels):
        raise DataError(f"levels are {labels!r:.80}; give at least one, each once.")
    return Groups(labels, each, within)


def layout(
    groupings: Mapping[str, Groups], counts: Mapping[str, int], rng: np.random.Generator
) -> tuple[int, dict[str, Any]]:
    """Number of rows, and the columns of all grouping factors."""
    import pandas as pd

    codes: dict[str, NDArray[np.int64]] = {}
    labels: dict[str, list[str]] = {}
    n = 1
    for name, group in groupings.items():
        own = group.labels(counts.get(name))
        k = len(own)
        codes = {other: np.repeat(c, k) for other, c in codes.items()}
        codes[name] = np.tile(np.arange(k), n)
        if group.within is not None:
            if group.within not in labels:
                raise DataError(f"{name!r} is within {group.within!r}, which is no grouping factor before it.")
            outer = labels[group.within]
            codes[name] = codes[group.within] * k + codes[name]
            own = [f"{a}.{b}" for a in outer for b in own]
        labels[name] = own
        n *= k
    repeats = np.ones(n, dtype=np.int64)
    for name, group in groupings.items():
        repeats *= group.sizes(name, len(labels[name]), rng)[codes[name]]
    rows = np.repeat(np.arange(n), repeats)
    if not len(rows):
        raise DataError("the groups have no rows; give a larger each.")
    columns: dict[str, Any] = {}
    from_codes: Any = pd.Categorical.from_codes
    for name, code in codes.items():
        places: Any = code[rows]
        columns[name] = from_codes(places, categories=labels[name])
    return len(rows), columns


def _at(values: Any, codes: NDArray[Any]) -> Any:
    return values.take(codes) if hasattr(values, "take") else np.asarray(values)[codes]


def _shown(value: Any) -> str:
    if isinstance(value, Predictor):
        return str(value)
    if isinstance(value, str):
        return repr(value)
    if callable(value):
        return str(getattr(value, "__name__", "a function"))
    if np.ndim(value) == 0 and not isinstance(value, Mapping):
        return f"{value:g}" if isinstance(value, float) else str(value)
    shown = value.values() if isinstance(value, Mapping) else value
    items = np.asarray(list(shown), dtype=object).ravel().tolist()
    texts = [f"{v:.3g}" if isinstance(v, float) else frame.label(v) for v in items]
    return ", ".join(texts) if len(texts) <= 6 else f"{', '.join(texts[:3])}, ..., {texts[-1]}"
