"""The call of a model, as its print shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixedmodels.tables import r_numbers
from mixedmodels.tables.r_print import deparse, fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Texts of the arguments; None for an argument without a value or a name.

    Attributes
    ----------
    formula : str
        The formula as R deparses it.
    data, weights, offset, subset : str, optional
        Texts of expressions or names of variables.
    family : str, optional
        Family of a glm, as R writes it; None of a negative binomial whose theta was estimated.
    theta : float, optional
        Theta that was estimated.
    link : str, optional
        Link of that family.
    """

    formula: str
    data: str | None = None
    weights: str | None = None
    offset: str | None = None
    subset: str | None = None
    family: str | None = None
    theta: float | None = None
    link: str | None = None

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
        return self._text("lm", data=self.data, subset=self.subset, weights=self.weights, offset=self.offset)

    def glm_text(self) -> str:
        """The call of glm, or of glm.nb, as R shows it."""
        rows = {"data": self.data, "weights": self.weights, "subset": self.subset, "offset": self.offset}
        if self.theta is None:
            return self._text("glm", family=self.family, **rows)
        theta = r_numbers.format_number(self.theta, 10)
        # R adds its estimate at the end, and then the link unless the call had one.
        names = ["init.theta", "link"] if self.link == "log" else ["link", "init.theta"]
        values = {"init.theta": theta, "link": self.link}
        return self._text("glm.nb", **rows, **{name: values[name] for name in names})

    def fit_text(self, function: str, model: Any) -> str:
        """The call of any of the fitting functions, as R shows it on one line or several."""
        if function == "lm":
            return self.linear_text()
        if function == "glm":
            return self.glm_text()
        rows = {"data": self.data, "family": self.family}
        if function == "lmer" and not model.is_reml:
            rows["REML"] = "FALSE"
        more = {"weights": self.weights, "subset": self.subset, "offset": self.offset}
        return self._text(function, **rows, **more)

    def _text(self, function: str, **entries: str | None) -> str:
        arguments = [f"{k} = {v}" for k, v in {"formula": self.formula, **entries}.items() if v is not None]
        return "\n".join(deparse(f"{function}({', '.join(arguments)})"))
