"""The method by which a mixed model gives its components by lme4's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.mixed_effects import MixedEffects

if TYPE_CHECKING:
    from collections.abc import Sequence


class LmeComponents(MixedEffects):
    """A model's components by lme4's names."""

    @property
    def objective(self) -> Any:
        """The criterion as a function of its parameters."""
        raise NotImplementedError  # pragma: no cover

    def getME(self, name: str | Sequence[str]) -> Any:
        """A component of the model by lme4's name ("ALL" lists them all).

        Examples
        --------
        >>> fit.getME("Gp").tolist()
        [0, 36]
        >>> fit.getME(["n", "p", "q"])
        {'n': 180, 'p': 2, 'q': 36}
        """
        from mixedmodels.interop.lme_components import get

        return get(self, name)
