"""The engine's certificate in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.page.options import Options
from mixedmodels.tables.html import paragraph


def parts(model: Any, options: Options) -> Iterator[str]:
    """Evidence that the estimates maximise the likelihood, or that they do not; nothing for least squares."""
    if not model.design.random:
        return
    account = model.engine.describe()
    holds = model.engine.certificate["holds"]
    yield paragraph(f"The certificate {account['certificate']}.", css_class="good" if holds else "warn")
    what = "-2 restricted log-likelihood" if model._fit.reml else "-2 log-likelihood"
    inner = f" with {account['inner']:,} factorisations" if account["inner"] is not None else ""
    plural = "" if account["evaluations"] == 1 else "s"
    yield paragraph(
        f"The criterion is {what}. The engine took the path ‘{account['path']}’, because {account['why']}. It "
        f"{account['status']} after {account['evaluations']:,} evaluation{plural}{inner}."
    )
    if account["criterion_error"]:
        yield paragraph(
            f"The criterion is estimated, with standard error {account['criterion_error']:.2g}.", css_class="note"
        )
