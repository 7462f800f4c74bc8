"""What the engine did for one fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mixedmodels.fit.record import Run


class EngineReport:
    """The optimiser's account and the path that the engine chose.

    Attributes
    ----------
    evaluations : of the criterion and its gradient.
    seconds : spent in the engine.
    certificate : `predicted_decrease` of the criterion still to be gained, `min_score_eigenvalue` per random term
        (negative would mean that more variance is a better fit), and whether it `holds`.
    status, message : how the optimiser ended.
    trace : per step criterion, predicted decrease, trust radius.
    """

    def __init__(self, run: Run, describe: Callable[[], Mapping[str, Any]]) -> None:
        self.evaluations = run.evaluations
        self.seconds = run.seconds
        self.certificate = dict(run.certificate)
        self.status = run.status
        self.message = run.message
        self.trace = run.trace
        self._describe = describe

    def describe(self) -> dict[str, Any]:
        """The path through the elimination, its sizes and predicted cost."""
        return dict(self._describe())

    def __repr__(self) -> str:
        lines = [f"{self.status} after {self.evaluations} evaluations in {self.seconds * 1e3:.3g} ms"]
        lines += [f"  {key}: {value}" for key, value in self.describe().items()]
        lines += [f"  {key}: {value}" for key, value in self.certificate.items()]
        return "\n".join(lines)
