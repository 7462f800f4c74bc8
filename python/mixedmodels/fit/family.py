"""What a fitted model says about the distribution of its response."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Name of the distribution and of the link between mean and linear predictor."""

    name: str
    link: str

    def __str__(self) -> str:
        return f"{self.name} ({self.link})"


GAUSSIAN = Family("gaussian", "identity")
