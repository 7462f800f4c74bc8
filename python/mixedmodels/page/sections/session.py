"""The versions of the software that made the page."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mixedmodels.page.elements import facts
from mixedmodels.page.options import Options

PACKAGES = ("mixedmodels", "numpy", "scipy", "matplotlib")


def parts(model: Any, options: Options) -> Iterator[str]:
    """Versions of the package and its libraries; nothing that changes from one run to the next."""
    versions = {name: _version(name) for name in PACKAGES}
    seed = {"seed": str(options.seed)} if options.checks else {}
    yield facts({**{k: v for k, v in versions.items() if v}, "Python": platform.python_version(), **seed})


def _version(name: str) -> str:
    if name == "mixedmodels":
        import mixedmodels

        return mixedmodels.__version__
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
