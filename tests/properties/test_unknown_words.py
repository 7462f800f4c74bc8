"""An option that is a word refuses a word that it does not know, whatever the other options are."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from tests.support.every_verb import MODELS, VERBS, crossed, model, number, smaller

from mixedmodels.errors import MixedModelsError

# Called by the tests of their own rooms; what they take are files, formulas and names of things.
APART = {"save", "report", "plot", "set_variable_type", "update", "refit", "extend", "with_parameters"}
# Of another model than the one that the verb is asked of.
INDIRECT = {
    "add1": lambda fit, **word: smaller(fit).add1(f". ~ . + {number(fit)}", **word),
    "johnson_neyman": lambda fit, **word: crossed(fit).johnson_neyman(number(fit), "order", **word),
}
ALIASES = re.compile(
    r"Literal|\b(Type|Kind|Method|Theta|Interval|Uncertainty|Order|Effects|Scale|Ddf|ResidualType|Weights)\b"
)
NONSENSE = "nonsense"


def word_parameters(verb: Any) -> list[str]:
    """Names of the parameters that are words."""
    parameters = list(inspect.signature(inspect.unwrap(verb)).parameters.values())[1:]
    return [p.name for p in parameters if isinstance(p.default, str) or ALIASES.search(str(p.annotation))]


class WithNonsense:
    """A model one of whose verbs is called with nonsense for one of its parameters."""

    def __init__(self, fit: Any, verb: str, parameter: str) -> None:
        self._fit, self._verb, self._parameter = fit, verb, parameter

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._fit, name)
        if name != self._verb:
            return method
        names = list(inspect.signature(inspect.unwrap(getattr(type(self._fit), name))).parameters)[1:]

        def call(*args: Any, **more: Any) -> Any:
            return method(**{**dict(zip(names, args, strict=False)), **more, self._parameter: NONSENSE})

        return call


def cases() -> list[tuple[str, str, str]]:
    found = []
    for name in MODELS:
        for verb, how in VERBS.items():
            function = getattr(type(model(name)), verb, None)
            if callable(function) and verb not in APART and name not in how.refused_by:
                found += [(name, verb, parameter) for parameter in word_parameters(function)]
    return found


@pytest.mark.parametrize(("name", "verb", "parameter"), cases())
def test_nonsense_is_refused(name: str, verb: str, parameter: str) -> None:
    fit = model(name)
    asked = (lambda: INDIRECT[verb](fit, **{parameter: NONSENSE})) if verb in INDIRECT else None
    with pytest.raises(MixedModelsError):
        asked() if asked is not None else VERBS[verb].call(WithNonsense(fit, verb, parameter))


def test_the_walk_finds_the_words() -> None:
    found = set(cases())
    assert len(found) > 100
    assert {("lmer", "predict", "uncertainty"), ("lm", "confint", "boot_type"), ("lmer", "icc", "method")} <= found
