"""The result of a check of a model in one sentence; several of them as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NoReturn

import numpy as np

from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.exported import ByName, Exported
from mixedmodels.tables.r_numbers import format_pvalues
from mixedmodels.tables.single_test import DegreesOfFreedom, SingleTest

WIDTH = 100
OK, WARNING, UNKNOWN = "OK", "Look", "None"


@dataclass(frozen=True, eq=False)
class Check(SingleTest, Exported):
    """One finding; it prints as a sentence.

    ``check["p_value"]`` is one of its numbers. It has no truth value, as "found nothing" and "is fine" are easily mixed
    up: ask `suspicious`.

    Attributes
    ----------
    title : str
        Assumption or property that was checked.
    suspicious : bool or None
        Whether it deserves a look; None if the check was not possible.
    sentence : str
        The result of the check, as a sentence.
    values : mapping of str
        Numbers of the check, by name.
    method : str, default ""
        What was computed, in words.
    kind : str, default "pandas"
        The library of tables.
    seed : int or Generator, optional
        Seed that gives the same result again; None if nothing was drawn.
    """

    title: str
    suspicious: bool | None
    sentence: str
    values: Mapping[str, Any]
    method: str = ""
    kind: Any = "pandas"
    seed: Any = None

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a check has no truth value; ask check.suspicious, which is True where it deserves a look and None where "
            "nothing could be said, or compare check.p_value with a level."
        )

    @property
    def statistic(self) -> float:
        """What was computed; NaN where there was too little to compute it from."""
        return float(self.values.get("statistic", np.nan))

    @property
    def df(self) -> DegreesOfFreedom:
        """Degrees of freedom of the statistic; None without."""
        df: DegreesOfFreedom = self.values.get("df")
        return df

    @property
    def p_value(self) -> float:
        """P-value of the statistic; NaN of a check that compares it with a bound."""
        return float(self.values.get("p_value", np.nan))

    def _columns_of_table(self) -> Mapping[str, Any]:
        return _columns([self])

    def __getitem__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise UnknownColumnError(f"no value {name!r}; there are {', '.join(self.values)}") from None

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return UNKNOWN if self.suspicious is None else WARNING if self.suspicious else OK

    def __repr__(self) -> str:
        return f"{self.verdict}: {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p><b>{self.verdict}</b>: {escape(self.sentence)}</p>"

    def _page_html(self) -> str:
        """The same with its title, as on a page of several."""
        return f"<p><b>{self.verdict}</b> {escape(self.title)}: {escape(self.sentence)}</p>"


class Checks(ByName, Sequence[Check]):
    """Several findings; they print line by line."""

    def __init__(self, findings: Sequence[Check], kind: Any = "pandas") -> None:
        self.found = tuple(findings)
        self.kind = kind

    def __getitem__(self, i: Any) -> Any:
        return self.found[i]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.found)

    @property
    def suspicious(self) -> bool:
        """Whether any finding deserves a look."""
        return any(c.suspicious for c in self.found)

    def _columns_of_table(self) -> Mapping[str, Any]:
        return _columns(self.found)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.found))

    def _repr_html_(self) -> str:
        return "".join(c._repr_html_() for c in self.found)


def _columns(found: Sequence[Check]) -> dict[str, Any]:
    """A row per finding."""
    return {
        "check": [c.title for c in found],
        "verdict": [c.verdict for c in found],
        "sentence": [c.sentence for c in found],
        "statistic": np.array([c.statistic for c in found], dtype=float),
        "p_value": np.array([c.p_value for c in found], dtype=float),
    }


def page(heading: str, checks: Sequence[Check], footer: Sequence[str] = ()) -> str:
    """Findings as a page of text: verdict, property and sentence, wrapped."""
    lines = [heading, ""]
    for check in checks:
        lines += textwrap.wrap(
            f"{check.title}: {check.sentence}",
            WIDTH,
            initial_indent=f"{check.verdict:6s}",
            subsequent_indent=" " * 6,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join([*lines, *(["", *footer] if footer else [])])


def p_text(p: float) -> str:
    """A p-value in a sentence, such as ``p = 0.03``."""
    if p != p:
        return "p unknown"
    text = format_pvalues([p], 2)[0]
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def first_few(labels: Sequence[str], limit: int = 8) -> str:
    """Labels in a sentence."""
    shown = ", ".join(labels[:limit])
    return f"{shown} and {len(labels) - limit:,} more" if len(labels) > limit else shown
