"""How a model was asked for, as far as its print shows it."""

from __future__ import annotations

from dataclasses import dataclass

from mixedmodels.report.rprint import deparse, fill


@dataclass(frozen=True, slots=True)
class Call:
    """Texts of the arguments; None where one was not given or has no name.

    Attributes
    ----------
    formula : the formula as R deparses it.
    data, weights, offset, subset : expression texts or variable names.
    """

    formula: str
    data: str | None = None
    weights: str | None = None
    offset: str | None = None
    subset: str | None = None

    def mixed_lines(self, *, long: bool = True) -> list[str]:
        """The lines below the title of an lmer print."""
        lines = [fill("Formula:", *deparse(self.formula))]
        for label, text in (("   Data:", self.data), ("Weights:", self.weights), (" Offset:", self.offset)):
            if text is not None:
                lines.append(fill(label, *deparse(text)))
        if self.subset is not None:
            lines.append(fill(" Subset:", *deparse(self.subset)))
        return lines

    def linear_text(self) -> str:
        """The call of lm as R shows it."""
        given = [
            ("formula", self.formula),
            ("data", self.data),
            ("subset", self.subset),
            ("weights", self.weights),
            ("offset", self.offset),
        ]
        return "\n".join(deparse(f"lm({', '.join(f'{k} = {v}' for k, v in given if v is not None)})"))
