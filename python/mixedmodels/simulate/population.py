"""A population to draw from: predictors with distributions, responses that depend on them, and the truth about both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.fit.seeds import drawn_seed, generator, with_seed
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.simulate.outcomes import Response
from mixedmodels.simulate.predictors import Groups, Predictor, layout


class Population(Mapping[str, Any]):
    """Variables of a hypothetical infinite population, in the order in which they are drawn; immutable.

    ``pop["income"]`` is a variable; `sample_x`, `sample_y` and `sample` draw tables, and `compare` sets a fit beside
    the truth.
    """

    def __init__(self, variables: Mapping[str, Predictor | Groups | Response]) -> None:
        self._variables = dict(variables)

    def __getitem__(self, name: str) -> Any:
        return self._variables[name]

    def __iter__(self) -> Any:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    @property
    def truth(self) -> dict[str, dict[str, Any]]:
        """Response -> its parameters by name, as they were given."""
        return {name: r.truth() for name, r in self._responses.items()}

    def sample_x(self, n: int | None = None, seed: Any = None, **levels: int) -> Sample:
        """A table of predictors, whose `sample_y` adds the responses.

        Parameters
        ----------
        n : int, optional
            Number of rows; left out where `groups` lay them out.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes.
        **levels : int
            Other numbers of levels of grouping factors: ``sample_x(school=40)``.
        """
        seed = drawn_seed(seed)
        rng = generator(seed)
        groupings = {k: v for k, v in self._variables.items() if isinstance(v, Groups)}
        unknown = [k for k in levels if k not in groupings]
        if unknown:
            raise DataError(
                f"{unknown[0]!r} is no grouping factor of the population; it has {', '.join(groupings) or 'none'}."
            )
        if groupings:
            if n is not None:
                raise DataError(f"the rows are laid out by {', '.join(groupings)}; leave n out.")
            counts = {k: checked(v) for k, v in levels.items()}
            n, columns = layout(groupings, counts, rng)
            table = pd.DataFrame(columns)
        else:
            if n is None:
                raise DataError("n is missing; give the number of rows.")
            n, table = checked(n), pd.DataFrame(index=pd.RangeIndex(checked(n)))
        for name, variable in self._variables.items():
            if isinstance(variable, Predictor):
                table = table.assign(**variable.draw(name, n, table, rng))
        order = [
            c for name in self._variables for c in table.columns if c == name or _is_part(name, c, self._variables)
        ]
        return with_seed(Sample(table[list(dict.fromkeys(order))])._of(self, {}), seed)

    def sample_y(self, table: Any, seed: Any = None) -> Sample:
        """A table with the responses drawn, in columns added or replaced.

        Parameters
        ----------
        table : table
            Table of predictors, of any library; it comes back as a pandas table.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes.
        """
        seed = drawn_seed(seed)
        rng = generator(seed)
        columns = pd.DataFrame(frame.as_pandas(_native(table)))
        effects: dict[str, dict[str, Any]] = {}
        for name, variable in self._responses.items():
            values, effects[name] = variable.draw(name, columns, rng)
            columns = columns.assign(**{name: values})
        return with_seed(Sample(columns)._of(self, effects), seed)

    def sample(self, n: int | None = None, seed: Any = None, **levels: int) -> Sample:
        """A table of predictors and responses; arguments as for `sample_x`."""
        seed = drawn_seed(seed)
        rng = generator(seed)
        return with_seed(self.sample_y(self.sample_x(n, rng, **levels), rng), seed)

    def compare(self, fit: Any, level: float = 0.95, data: Any = None) -> Any:
        """Estimates of a fitted model beside the true parameters, where these can be matched.

        A true coefficient is what reproduces the linear predictor exactly from the model's columns; where none does, it
        is NaN. Numbers by level (`by_level`) are split into their mean and deviations from it, whose spread stands
        beside the standard deviation of random effects.

        Parameters
        ----------
        fit : fitted model
            Fit of one of the responses, to a sample.
        level : float, default 0.95
            Level of the Wald limits of the coefficients.
        data : table, optional
            The sample, where the fit's own table lacks a column that the truth needs.

        Returns
        -------
        pandas.DataFrame
            Columns term, estimate, truth, error, std_error, conf_low, conf_high, covered.
        """
        from mixedmodels.simulate.comparison import comparison

        return comparison(self._responses, fit, level, data)

    @property
    def _responses(self) -> dict[str, Response]:
        return {k: v for k, v in self._variables.items() if isinstance(v, Response)}

    def __repr__(self) -> str:
        return "\n".join(["Population with variables:", *(f"{k}: {v}" for k, v in self._variables.items())])


class Sample(pd.DataFrame):
    """A pandas table that knows the population it was drawn from.

    Attributes
    ----------
    population : Population or None
        Population that it was drawn from.
    effects : dict of str to dict of str
        Effects drawn, a table of levels by effects, by response and label of a random term.
    """

    _metadata: ClassVar[list[str]] = ["population", "effects"]
    population: Population | None
    effects: dict[str, dict[str, Any]]

    @property
    def _constructor(self) -> Any:
        return Sample

    def _of(self, population: Population, effects: dict[str, dict[str, Any]]) -> Sample:
        object.__setattr__(self, "population", population)
        object.__setattr__(self, "effects", effects)
        return self

    def sample_y(self, seed: Any = None) -> Sample:
        """Rows with the population's responses drawn; see `Population.sample_y`."""
        population: Population | None = getattr(self, "population", None)
        if population is None:
            raise DataError("the table no longer knows its population; use population.sample_y(table).")
        return population.sample_y(self, seed)

    def to_pandas(self) -> pd.DataFrame:
        """A plain pandas table."""
        return pd.DataFrame(self)

    def to_frame(self, kind: Any = None) -> Any:
        """A plain table of a library.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}, default "pandas"
            Library of the table.
        """
        columns = {name: self[name].to_numpy() for name in self.columns}
        return frame.to_kind(columns, "pandas" if kind is None else kind)

    def to_polars(self) -> Any:
        """A polars table."""
        return self.to_frame("polars")

    def to_arrow(self) -> Any:
        """An Arrow table."""
        return self.to_frame("pyarrow")


def population(**variables: Any) -> Population:
    """A population to draw from.

    Parameters
    ----------
    **variables : predictor, groups or response
        Variables by name, predictors first; each may depend on those before it.

    Returns
    -------
    Population
        Population that samples can be drawn from.

    Raises
    ------
    DataError
        If a variable is something else, or a predictor comes after a response.

    Examples
    --------
    >>> import mixedmodels as mm
    >>> pop = mm.population(
    ...     school=mm.groups(20, each=30), y=mm.response("50 + (1 | school)", sd={"school": 2}, error_scale=5)
    ... )
    >>> pop.sample(seed=1).shape
    (600, 2)
    """
    answered = None
    for name, variable in variables.items():
        if isinstance(variable, Response):
            answered = name
        elif not isinstance(variable, Predictor | Groups):
            raise DataError(f"{name!r} is {variable!r:.60}; give what predictor(), groups() or response() returns.")
        elif answered is not None:
            raise DataError(f"the predictor {name!r} comes after the response {answered!r}; give predictors first.")
    if not variables:
        raise DataError("a population needs at least one variable, such as x=predictor('normal').")
    return Population(variables)


def _native(table: Any) -> Any:
    return table.to_pandas() if isinstance(table, Sample) else table


def _is_part(name: str, column: str, variables: Mapping[str, Any]) -> bool:
    """Whether a column is one of several of a multivariate predictor."""
    return column not in variables and isinstance(variables[name], Predictor) and column.startswith(name)
