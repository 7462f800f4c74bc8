"""The method by which a model is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mixedmodels.families import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Arguments of `lm`, `lmer`, `glm` or `glmer` beside formula and data that decide how to fit.

    Attributes
    ----------
    family : Family, optional
        Family; None of linear (mixed) models.
    reml : bool, default True
        See `lmer`, `glmer` and `glm`.
    nagq : int, default 1
        See `lmer`, `glmer` and `glm`.
    laplace : {"observed", "fisher"}, default "observed"
        See `lmer`, `glmer` and `glm`.
    penalty : str, optional
        See `lmer`, `glmer` and `glm`.
    """

    family: Family | None = None
    reml: bool = True
    nagq: int = 1
    laplace: Literal["observed", "fisher"] = "observed"
    penalty: Any = None

    @property
    def n_shapes(self) -> int:
        """Shapes beside the coefficients, the dispersion left out."""
        if self.family is None or self.family.weights_role == "precision":
            return 0
        return len(self.family.shapes)

    def title(self, mixed: bool) -> str:
        """The method in words, of a model with random effects or without."""
        if self.family is None:
            return "least squares" if not mixed else "REML" if self.reml else "maximum likelihood"
        return f"maximum likelihood, {self.family}"
