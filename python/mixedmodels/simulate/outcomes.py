"""Responses of a population: a linear predictor, a family, and what varies around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, build
from mixedmodels.errors import DataError
from mixedmodels.families import Family, resolve
from mixedmodels.fit import family_moments
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.moments import add_effects
from mixedmodels.frame import Table
from mixedmodels.simulate import distributions
from mixedmodels.simulate.expressions import scope_of, split, value_of
from mixedmodels.simulate.parameters import covariance_matrices, lower
from mixedmodels.simulate.predictors import Predictor


@dataclass(frozen=True, kw_only=True)
class Response:
    """The distribution of a response; see `response`."""

    mean: Any
    family: Family | Callable[..., Any]
    error_scale: Any = None
    error: Predictor | None = None
    size: Any = None
    VarCorr: Any = None
    sd: Any = None
    psi: tuple[float, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)

    def fixed(self, columns: Any, name: str) -> Vector:
        """The linear predictor without drawn random effects, shape (n,)."""
        table = frame.read(columns)
        if callable(self.mean):
            whole = value_of(self.mean, table, columns, self.constants, f"the mean of {name!r}")
            return np.array(np.broadcast_to(whole, table.n_rows), dtype=float)
        total = np.zeros(table.n_rows)
        scope = scope_of(table, self.constants, self.mean)
        for sign, node in split(self.mean)[0]:
            total += sign * np.asarray(scope.numbers(node), dtype=float)
        if not np.isfinite(total).all():
            row = int(np.flatnonzero(~np.isfinite(total))[0])
            raise DataError(
                f"{self.mean!r}, the mean of {name!r}, is {total[row]:g} in row {row}, rows counted from 0."
            )
        return total

    def random_design(self, table: Table) -> Design | None:
        """The random terms of the text over a table, or None."""
        terms = "" if callable(self.mean) else split(self.mean)[1]
        if not terms:
            if self.VarCorr is not None or self.sd is not None:
                raise DataError(
                    f"VarCorr or sd is given, and {self.mean!r:.60} has no random term; add one such as (1 | group)."
                )
            return None
        return build(f"~ 0 + {terms}", table, random="required", residual=False, env=dict(self.constants))

    def covariances(self, design: Design) -> list[Matrix]:
        """Covariance matrix of each random term."""
        return covariance_matrices(design, self.VarCorr, self.sd)

    def draw(self, name: str, columns: Any, rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
        """Values, and the random effects drawn by label of their term."""
        eta = self.fixed(columns, name)
        table = frame.read(columns)
        effects = self._add_random(eta, table, rng)
        if not isinstance(self.family, Family):
            values = np.asarray(self.family(rng, eta))
            if values.shape != (len(eta),):
                raise DataError(f"the family of {name!r} returned shape {values.shape} for {len(eta)} rows.")
            return values, effects
        return self._of_family(self.family, name, eta, table, columns, rng), effects

    def _add_random(self, eta: Vector, table: Table, rng: np.random.Generator) -> dict[str, Any]:
        design = self.random_design(table)
        drawn: dict[str, Any] = {}
        if design is None:
            return drawn
        for term, covariance in zip(design.random, self.covariances(design), strict=True):
            group, k = design.groups[term.group], len(term.columns)
            t = factors(lower(covariance), (k,))[0]
            b = rng.standard_normal((group.n_levels, k)) @ t.T
            add_effects(eta, b, group.codes, term.columns)
            drawn[term.label] = frame.labelled(b, group.levels.labels, term.effects)
        return drawn

    def _of_family(
        self, family: Family, name: str, eta: Vector, table: Table, columns: Any, rng: np.random.Generator
    ) -> Any:
        with np.errstate(all="ignore"):
            mu = np.asarray(family.mean(eta), dtype=float)
        bad = ~np.isfinite(mu) | ((mu < 0) & (family.support != "real")) | ((mu == 0) & (family.support == "positive"))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"the linear predictor of {name!r} is {eta[row]:.4g} in row {row}, where {family} has no mean."
            )
        if family.support == "proportion":
            return self._successes(family, name, mu, table, columns, rng)
        scale: Any = None
        if self.error_scale is not None:
            scale = value_of(self.error_scale, table, columns, self.constants, f"error_scale of {name!r}")
            if not (scale > 0).all():
                raise DataError(f"error_scale of {name!r} is {float(np.min(scale)):g} somewhere; it must be positive.")
        if family.engine_name == "gaussian":
            return mu + scale * self._errors(len(mu), columns, rng)
        if scale is None:
            values = family.draw(rng, mu, None, self.psi)
            return values.astype(np.int64) if family.is_count else values
        psi = family_moments.shapes_of_dispersion(family, 1.0)  # a row's weight divides its dispersion
        return family.draw(rng, mu, 1 / np.square(np.broadcast_to(scale, mu.shape)), psi)

    def _errors(self, n: int, columns: Any, rng: np.random.Generator) -> Vector:
        if self.error is None:
            return rng.standard_normal(n)
        return np.asarray(next(iter(self.error.draw("error", n, columns, rng).values())), dtype=float)

    def _successes(
        self, family: Family, name: str, mu: Vector, table: Table, columns: Any, rng: np.random.Generator
    ) -> Any:
        size = value_of(1 if self.size is None else self.size, table, columns, self.constants, f"size of {name!r}")
        if not ((size >= 0) & (size == np.floor(size))).all():
            raise DataError(f"size of {name!r} is the number of trials; it must be whole and not negative.")
        trials = np.broadcast_to(size, mu.shape)
        counts = np.zeros(len(mu))
        some = trials > 0
        counts[some] = trials[some] * family.draw(rng, mu[some], trials[some], self.psi)
        return np.round(counts).astype(np.int64)

    def truth(self) -> dict[str, Any]:
        """The parameters by name: the text, its constants, scales and covariances."""
        named = {"mean": self.mean, **self.constants}
        for key in ("error_scale", "size", "VarCorr", "sd"):
            value = getattr(self, key)
            if value is not None:
                named[key] = value
        if self.psi and isinstance(self.family, Family):
            named.update(zip(self.family.shapes, self.family.shape_values(self.psi).tolist(), strict=True))
        return named

    def __str__(self) -> str:
        family = self.family
        name = family.name.lower() if isinstance(family, Family) else getattr(family, "__name__", "a family")
        mean = self.mean if isinstance(self.mean, str) else getattr(self.mean, "__name__", "a function")
        more = [f"{k} = {v}" for k, v in (("error_scale", self.error_scale), ("error", self.error)) if v is not None]
        more += [
            f"{k} = {v}" for k, v in (("size", self.size), ("sd", self.sd), ("VarCorr", self.VarCorr)) if v is not None
        ]
        return f"{name}({', '.join([mean, *more])})"


def response(
    mean: Any,
    family: Any = "gaussian",
    *,
    error_scale: Any = None,
    error: Any = None,
    size: Any = None,
    VarCorr: Any = None,
    sd: Any = None,
    shapes: Mapping[str, float] | None = None,
    **constants: Any,
) -> Response:
    """A response of a `population`.

    Parameters
    ----------
    mean : str or callable
        The linear predictor: a text with arithmetic over columns drawn before it, ``"50 + 3 * x"``, in which
        ``by_level(factor, mapping)`` looks a number up for each row's level and ``(1 + x | group)`` draws random
        effects; or a function of the table of columns.
    family : str or Family, default "gaussian"
        Family as for `glmer`, "gaussian" by default; or a function of a numpy Generator and the linear predictor that
        returns responses.
    error_scale : float, str or callable, optional
        Standard deviation of the errors of a gaussian response (of a Gamma or inverse Gaussian one the root of the
        dispersion): a number, a text over the columns, or a function of their table.
    error : str, predictor or callable, optional
        Distribution of gaussian errors before they are scaled, as `predictor` takes it or made by it; standard normal
        by default.
    size : int or str, optional
        Trials of a binomial response, which is a count of successes; 1 by default; may be a text.
    VarCorr : VarCorr, mapping or array_like, optional
        Covariances of the random terms, as `make_lmer` takes them.
    sd : mapping or array_like, optional
        Standard deviations in place of `VarCorr`, ``{"school": 2}``.
    shapes : mapping of str to float, optional
        Shapes of other families, as ``{"theta": 2.0}`` of a negative binomial.
    **constants : Any
        Constants that the text names beside columns: numbers, mappings for `by_level`, functions.

    Raises
    ------
    DataError, FormulaError
        If the text cannot be read, or a scale is missing or has no use.

    Examples
    --------
    >>> pop = mm.population(x=mm.predictor("normal"), y=mm.response("1 + 2 * x", error_scale=0.5))
    >>> list(pop.sample(n=5, seed=1))
    ['x', 'y']
    """
    if not callable(mean):
        if not isinstance(mean, str):
            raise DataError(f"the mean is {mean!r:.60}; give a text such as '50 + 3 * x' or a function of the table.")
        split(mean)
    plain = callable(family) and not isinstance(family, type)
    chosen: Any = family if plain else resolve(family)
    errors = None if error is None else error if isinstance(error, Predictor) else _predictor(error)
    if plain:
        if error_scale is not None or errors is not None or size is not None or shapes is not None:
            raise DataError(
                "a function as family draws the whole response; leave out error_scale, error, size and shapes."
            )
        return Response(mean=mean, family=chosen, VarCorr=VarCorr, sd=sd, constants=constants)
    psi = _check(chosen, error_scale, errors, size, shapes)
    return Response(
        mean=mean,
        family=chosen,
        error_scale=error_scale,
        error=errors,
        size=size,
        VarCorr=VarCorr,
        sd=sd,
        psi=psi,
        constants=constants,
    )


def _predictor(dist: Any) -> Predictor:
    distributions.checked(dist, {})
    return Predictor(dist)


def _check(family: Family, error_scale: Any, error: Any, size: Any, shapes: Any) -> tuple[float, ...]:
    """Refuse what a family needs or cannot use; its shapes on the scale on which they are estimated."""
    scaled = family.weights_role == "precision"
    if scaled and error_scale is None:
        raise DataError(f"error_scale is missing, the spread of {family} responses; give a number or a text.")
    if not scaled and error_scale is not None:
        raise DataError(f"error_scale is given, and {family} responses have none; leave it out.")
    if error is not None and family.engine_name != "gaussian":
        raise DataError(f"error is for gaussian responses, not for {family}.")
    if size is not None and family.support != "proportion":
        raise DataError(f"size is for binomial responses, not for {family}.")
    names = () if scaled else family.shapes
    by_name = dict(shapes or {})
    if set(by_name) != set(names):
        need = f"give shapes={{{', '.join(f'{n!r}: ...' for n in names)}}}" if names else "leave shapes out"
        raise DataError(f"shapes are {by_name!r:.60}; of {family} {need}.")
    return tuple(family.psi_of([by_name[name] for name in names]).tolist()) if names else ()
