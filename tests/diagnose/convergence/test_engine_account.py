"""What the engine says of a fit."""

from __future__ import annotations

import re

import mixedmodels as mm


def test_engine_describes_itself(fit: mm.MixedModel) -> None:
    assert fit.engine.evaluations <= 12
    assert fit.engine.certificate["holds"]
    assert fit.engine.certificate["escape_gain"] < 1e-6
    assert fit.engine.describe()["path"] == "one factor"
    assert fit.engine.describe()["eliminated"] == "Subject"
    lines = str(fit.engine.describe()).splitlines()
    assert lines[0].startswith("path: one factor, because the 18 levels of 'Subject'")
    assert re.fullmatch(r"run: converged after \d+ evaluations? in [\d.]+ [mu]?s", lines[2])
    assert lines[3].startswith("certificate: holds: no step promises")
    assert repr(fit.engine) == "\n".join(lines)
    assert fit.engine.seconds < 1
