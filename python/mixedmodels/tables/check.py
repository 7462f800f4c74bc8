"""The result of a check of a model in one sentence; several of them as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from mixedmodels import frame
from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.r_numbers import format_pvalues

WIDTH = 100
OK, WARNING, UNKNOWN = "OK", "Look", "None"


@dataclass(frozen=True)
class Check:
    """One finding; it prints as a sentence.

    ``check["p_value"]`` is one of its numbers.

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
    seed : int or Generator, optional
        Seed that gives the same result again; None if nothing was drawn.
    """

    title: str
    suspicious: bool | None
    sentence: str
    values: Mapping[str, Any]
    seed: Any = None

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


class Checks(Sequence[Check]):
    """Several findings; they print line by line."""

    def __init__(self, findings: Sequence[Check], kind: Any = "pandas") -> None:
        self.found = tuple(findings)
        self._kind = kind

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

    def to_frame(self, kind: Any = None) -> Any:
        """A row per finding: check, verdict, sentence, statistic and p-value."""
        columns: dict[str, Any] = {
            "check": [c.title for c in self.found],
            "verdict": [c.verdict for c in self.found],
            "sentence": [c.sentence for c in self.found],
        }
        for name in ("statistic", "p_value"):
            columns[name] = [float(c.values.get(name, float("nan"))) for c in self.found]
        return frame.to_kind(columns, self._kind if kind is None else kind)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.found))

    def _repr_html_(self) -> str:
        return "".join(c._repr_html_() for c in self.found)


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
