"""Power of a test by simulation and by noncentral distributions, at one design and along several."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._spellings import word
from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.estimates.wald import check_level
from mixedmodels.fit.progress import counted
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.fitted.replicates import limited
from mixedmodels.power.engines import Outcomes, joined
from mixedmodels.power.noncentral import check_alpha
from mixedmodels.power.record import Power, PowerCurve
from mixedmodels.power.tests import PowerTest, read_test
from mixedmodels.simulate.extend_rows import Axis

if TYPE_CHECKING:
    from mixedmodels.power.planned_model import PlannedModel

CHUNK_NUMBERS = 1 << 16  # responses of a chunk stay in the cache
SLOW = 8  # responses of a chunk where each is fitted by itself
METHODS = ("simulation", "analytic", "both")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the computation of power.

    Attributes
    ----------
    nsim : int
        See `PlanVerbs.power`.
    seed : int, Generator or None
        See `PlanVerbs.power`.
    alpha, level : float
        See `PlanVerbs.power`.
    method : str
        See `PlanVerbs.power`.
    threads : int or None
        See `PlanVerbs.power`.
    progress : bool or None
        See `PlanVerbs.power`.
    """

    nsim: int
    seed: Any
    alpha: float
    level: float
    method: str
    threads: int | None
    progress: bool | None

    def __post_init__(self) -> None:
        check_alpha(self.alpha)
        check_level(self.level)
        object.__setattr__(self, "method", word("method", self.method, METHODS))
        if self.simulated:
            checked(self.nsim)

    @property
    def simulated(self) -> bool:
        """Whether responses are drawn."""
        return self.method != "analytic"


def with_effect(plan: PlannedModel, test: Any, by: str | None, effect: Any) -> PlannedModel:
    """The plan with the effects that are asked about: a mapping by coefficient, or a number for the tested one."""
    tested = read_test(plan, test, by)
    if effect is None:
        if plan._observed:
            warnings.warn(
                "the effects are the model's own estimates, and power at these adds little to the p-value; give "
                'the effect that would matter, as effect={"x": 1}.',
                MixedModelsWarning,
                stacklevel=4,
            )
        return plan
    if not isinstance(effect, Mapping):
        if tested.c is None or len(tested.c) != 1 or np.count_nonzero(tested.c) != 1:
            raise DataError(f"effect is {effect!r:.40} and the test is not of one coefficient; give a mapping by name.")
        effect = {plan._names[int(np.argmax(tested.c[0]))]: effect}
    return plan.with_parameters(fixef=effect)


def power_of(plan: PlannedModel, test: Any, by: str | None, settings: Settings) -> Power:
    """Power at the design of a plan."""
    tested = read_test(plan, test, by)
    return _points(plan, tested, [(plan, None)], settings)[0]


def curve_of(plan: PlannedModel, test: Any, by: str | None, axis: Axis, settings: Settings) -> PowerCurve:
    """Power at parts of the design of a plan, the first `size` levels or replicates of an axis for each size."""
    tested = read_test(plan, test, by)
    parts: list[tuple[PlannedModel, Any]] = []
    for size in axis.sizes:
        rows = axis.rows(size)
        parts.append((plan, None) if len(rows) == plan.nobs else (plan._part(rows), rows))
    points = _points(plan, tested, parts, settings)
    return PowerCurve(
        points=tuple(points), sizes=axis.sizes, size_values=axis.values, axis=axis.title, kind=plan._source.kind
    )


def _points(
    plan: PlannedModel,
    tested: PowerTest,
    parts: Sequence[tuple[PlannedModel, NDArray[np.intp] | None]],
    settings: Settings,
) -> list[Power]:
    analytic: list[Any] = [None] * len(parts)
    if settings.method != "simulation":
        analytic = [tested.analytic(part, settings.alpha) for part, _ in parts]
        if settings.method == "analytic" and analytic[0] is None:
            raise DataError("there is no analytic power of this test; use method='simulation'.")
    seed = settings.seed
    outcomes: list[Outcomes] = [_nothing() for _ in parts]
    if settings.simulated:
        seed = drawn_seed(seed)
        draw = plan._draw(generator(seed))
        runs = [tested.run(part) for part, _ in parts]
        with limited(settings.threads):
            outcomes = _simulated(plan, tested, draw, runs, [rows for _, rows in parts], settings)
    return [
        Power(
            label=tested.label,
            description=tested.description,
            effect=tested.effect(part),
            p_values=outcome.p_values,
            estimates=outcome.estimates,
            singular=outcome.singular,
            not_converged=outcome.not_converged,
            reasons=outcome.reasons,
            rows=part.nobs,
            alpha=settings.alpha,
            level=settings.level,
            seed=seed if settings.simulated else None,
            asked=settings.nsim if settings.simulated else 0,
            analytic=exact,
            observed=plan._observed,
            kind=plan._source.kind,
        )
        for (part, _), outcome, exact in zip(parts, outcomes, analytic, strict=True)
    ]


def _simulated(
    plan: PlannedModel,
    tested: PowerTest,
    draw: Callable[[int], Matrix],
    runs: Sequence[Callable[[Matrix], Outcomes]],
    rows: Sequence[NDArray[np.intp] | None],
    settings: Settings,
) -> list[Outcomes]:
    """Outcomes for each part of the design, of the same responses; after Ctrl-C those that all parts reached."""
    slow = tested.slow or plan._fit.generalized
    chunk = SLOW if slow else max(16, CHUNK_NUMBERS // plan.nobs)
    outcomes: list[list[Outcomes]] = [[] for _ in runs]
    total, done = settings.nsim * len(runs), 0
    with counted(total, "fits", settings.progress) as tell:
        try:
            while done < total:
                y = draw(min(chunk, settings.nsim - done // len(runs)))
                now: list[Outcomes] = []
                for run, chosen in zip(runs, rows, strict=True):
                    now.append(run(y if chosen is None else np.ascontiguousarray(y[:, chosen])))
                    tell(done + len(now) * len(y))
                for parts, one in zip(outcomes, now, strict=True):
                    parts.append(one)
                done += len(y) * len(runs)
        except KeyboardInterrupt:
            if not outcomes[0]:
                raise
    return [joined(parts) for parts in outcomes]


def _nothing() -> Outcomes:
    none, no = np.empty(0), np.empty(0, dtype=bool)
    return Outcomes(p_values=none, estimates=none, singular=no, not_converged=no, reasons={})
