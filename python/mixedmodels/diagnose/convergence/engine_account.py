"""The engine's account of one fit: its path, its cost and its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mixedmodels.fit.record import Run
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.table import Table


class Description(dict[str, Any]):
    """The engine's account by name; it prints as sentences.

    Attributes
    ----------
    path : str
        Path of the computation: "one factor", "dense tail", "sparse tail", or "estimated" where a factorisation is out
        of reach.
    why : str
        Reason for this path.
    eliminated : str or None
        Name of the grouping factor whose levels are the leaves, eliminated one by one; None without.
    leaves, tail, pairs : int
        Numbers of levels of that factor, of columns of all other random effects, of pairs of levels that meet.
    nonzeros, flops : int
        Numbers stored for the tail's factor; operations of one evaluation with its gradient, predicted. Of the path
        "estimated" they cover the leaves alone.
    criterion_error : float
        Standard error of the criterion; 0 where it is exact, as on all paths but "estimated".
    status : str
        Status of the optimiser at its end.
    evaluations : int
        Number of evaluations.
    seconds : float
        Seconds in the engine.
    inner : int or None
        Number of factorisations that these evaluations took, of a generalised model; else None.
    certificate : mapping of str
        Why this is an optimum, or what speaks against it.
    """

    def __repr__(self) -> str:
        lines = [f"path: {self['path']}, because {self['why']}"]
        size = f"{self['leaves']:,} leaves"
        if self["tail"]:
            size += f", {self['tail']:,} columns in the tail, {self['pairs']:,} pairs of levels that meet"
        if self["path"] == "estimated":
            lines += [f"size: {size}", f"criterion: {_estimated_text(self['criterion_error'])}"]
        else:
            if self["tail"]:
                size += f", {_short(self['nonzeros'])} numbers in the tail's factor"
            lines.append(f"size: {size}; {_short(self['flops'])} operations per evaluation")
        evaluations = f"{self['evaluations']} evaluation{'s' if self['evaluations'] != 1 else ''}"
        if self["inner"] is not None:
            evaluations += f" with {self['inner']} factorisations"
        lines.append(f"run: {self['status']} after {evaluations} in {_time(self['seconds'])}")
        lines.append(f"certificate: {self['certificate']}")
        return "\n".join(lines)

    __str__ = __repr__


class EngineReport(Table):
    """The optimiser's account and the path that the engine chose.

    Attributes
    ----------
    evaluations : int
        Number of evaluations of the criterion and its gradient.
    seconds : float
        Seconds spent in the engine.
    certificate : mapping of str
        Certificate of the optimum: `predicted_decrease`, what the next Newton step would still gain;
        `min_score_eigenvalue` per random term (negative means that more variance in some direction fits better);
        `escape_gain`, the decrease of the criterion that growing each covariance matrix along its worst direction of no
        variance promises; `holds`, whether both gains are negligible. Where the criterion is
        flat in some variance it does not hold, and `flat` has sentences that say why.
    status, message : str
        Status of the optimiser at its end.
    trace : tuple of tuple of three float
        Criterion, predicted decrease and trust radius of each step.
    criterion_error : float
        Standard error of the criterion at the optimum; 0 where it is exact (see docs/engine.md).
    inner : int or None
        Factorisations in all, of a generalised model, whose every evaluation needs some; None of a linear one.
    """

    def __init__(
        self,
        run: Run,
        describe: Callable[[], Mapping[str, Any]],
        groups: tuple[str, ...],
        criterion_error: float = 0.0,
        inner: int | None = None,
        kind: Any = "pandas",
    ) -> None:
        self.evaluations = run.evaluations
        self.seconds = run.seconds
        self.certificate = dict(run.certificate)
        self.status = run.status
        self.message = run.message
        self.trace = run.trace
        self.criterion_error = criterion_error
        self.inner = inner
        self._describe = describe
        self._groups = groups
        self.kind = kind

    def describe(self) -> Description:
        """The path through the elimination and the reason for it, its sizes and cost, and how the run went.

        Examples
        --------
        >>> account = fit.engine.describe()
        >>> account["path"], account["eliminated"], account["leaves"]
        ('one factor', 'Subject', 18)
        """
        plan = dict(self._describe())
        leaf = plan["eliminated"]
        plan["eliminated"] = None if leaf is None else self._groups[leaf]
        others = [repr(name) for i, name in enumerate(self._groups) if i != leaf]
        return Description(
            path=plan.pop("path"),
            why=_why(self._describe()["path"], plan, " and ".join(others)),
            **plan,
            criterion_error=self.criterion_error,
            status=self.status,
            evaluations=self.evaluations,
            inner=self.inner,
            seconds=self.seconds,
            certificate=certificate_text(self.certificate),
        )

    def _columns_of_table(self) -> Mapping[str, Any]:
        """A row per step of the optimiser."""
        steps = np.asarray(self.trace, dtype=float).reshape(-1, 3)
        names = ("criterion", "predicted_decrease", "radius")
        return {"step": np.arange(len(steps)), **dict(zip(names, steps.T, strict=True))}

    def _repr_html_(self) -> str:
        return paragraph(repr(self))

    def __repr__(self) -> str:
        return repr(self.describe())


def _why(path: str, plan: Mapping[str, Any], others: str) -> str:
    """The reason for a path."""
    leaves = f"the {plan['leaves']:,} levels of {plan['eliminated']!r}"
    if path == "one factor":
        return f"{leaves} have no row in common, so that each is eliminated by itself"
    first = "" if plan["eliminated"] is None else f"{leaves} are eliminated first, each by itself, and "
    if path == "estimated":
        return (
            f"{first}to factorise what is left of the {plan['tail']:,} columns of {others} would need too many "
            "operations (more than a trillion) or too much memory (more than a billion numbers)"
        )
    many, storage = ("few", "sparse") if path == "sparse tail" else ("many", "dense")
    return (
        f"{first}of the {plan['tail']:,} columns of {others} so {many} then depend on each other that a {storage} "
        "factorisation is predicted to cost least"
    )


def _estimated_text(error: float) -> str:
    """An explanation of an estimated criterion."""
    return (
        f"estimated with standard error {error:.2g}; estimates of fixed effects given theta are exact, and so are "
        "sigma, the standard errors and the conditional modes"
    )


def certificate_text(certificate: Mapping[str, Any]) -> str:
    """The certificate in plain words."""
    step, growth = certificate["predicted_decrease"], certificate["escape_gain"]
    if certificate["holds"]:
        return (
            f"holds: no step promises to lower the criterion by more than {step:.1g}, nor does more variance where "
            f"there is none by more than {growth:.1g}"
        )
    if "flat" in certificate:
        return f"does not hold: the criterion is flat, as {'; '.join(certificate['flat'])}"
    return (
        f"does not hold: a step promises to lower the criterion by {step:.1g}, and more variance where there is none "
        f"by {growth:.1g}"
    )


def _short(number: float) -> str:
    """1368 as 1.4 thousand."""
    for size, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if number >= size:
            return f"{number / size:.3g}{name}"
    return f"{number:.3g}"


def _time(seconds: float) -> str:
    return (
        f"{seconds:.3g} s"
        if seconds >= 1
        else f"{seconds * 1e3:.3g} ms"
        if seconds >= 1e-3
        else f"{seconds * 1e6:.0f} us"
    )
