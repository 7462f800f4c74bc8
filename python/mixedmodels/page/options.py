"""Options of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """Settings that all sections share.

    Attributes
    ----------
    title : str, optional
        Heading of the page. With None it names the response.
    checks : bool, default True
        Whether to simulate residuals and to compute influential groups. Both take most of the time.
    seed : int, Generator or None, default 1
        Seed of the random draws. The same model and seed give the same page.
    date : str, optional
        A text under the heading, such as a date; None leaves it out.
    """

    title: str | None = None
    checks: bool = True
    seed: Any = 1
    date: str | None = None
