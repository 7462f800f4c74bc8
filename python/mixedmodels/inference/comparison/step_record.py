"""What backward elimination returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixedmodels.tables.html import preformatted

if TYPE_CHECKING:
    from mixedmodels.tables.result_table import ResultTable


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Step:
    """Terms that backward elimination took away and kept, and the model that it found.

    Attributes
    ----------
    random : ResultTable or None
        Tests of the random terms: the model itself, the terms that were eliminated, numbered in their order in the
        column `eliminated`, and the terms that remain, with 0 there. None of a model without random terms.
    fixed : ResultTable
        Tests of the fixed terms in the same form.
    model : fitted model
        Model that was found.

    Examples
    --------
    >>> steps = mm.lmer("angle ~ recipe * temp + (1 | replicate)", cake).step()
    >>> steps.fixed["eliminated"].tolist(), steps.get_model().formula
    ([1.0, 2.0, 0.0], 'angle ~ temp + (1 | replicate)')
    """

    random: ResultTable | None
    fixed: ResultTable
    model: Any

    def get_model(self) -> Any:
        """The model that was found, as lmerTest's ``get_model``."""
        return self.model

    def __repr__(self) -> str:
        random = [] if self.random is None else [repr(self.random), ""]
        return "\n".join([*random, repr(self.fixed), "", "Model found:", self.model.formula])

    def _repr_html_(self) -> str:
        return preformatted(repr(self))
