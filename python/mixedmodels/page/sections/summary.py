"""The printed summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.page.elements import code, folded
from mixedmodels.page.options import Options


def parts(model: Any, options: Options) -> Iterator[str]:
    """The text of ``print(fit.summary())``."""
    yield folded("print(fit.summary())", code(str(model.summary()).strip("\n")))
