"""Numbers, p-values, names and tables against what R itself printed (tests/reference/tables/make.R)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.support import places

from mixedmodels.tables import r_numbers, r_print
from mixedmodels.tables.abbreviate import abbreviate
from mixedmodels.tables.coefmat import coefficient_table

REFERENCE = json.loads((places.REFERENCE / "tables" / "rformat.json").read_text())


def number(text: Any) -> float:
    return float("nan") if text in ("NA", None) else float(text)


@pytest.mark.parametrize("case", REFERENCE["numbers"], ids=lambda c: " ".join(c["x"]))
def test_format_numbers(case: dict[str, Any]) -> None:
    x = [number(t) for t in case["x"]]
    for f in case["f"]:
        assert r_numbers.format_numbers(x, f["digits"]) == f["text"]
    assert r_numbers.format_numbers(x, 4, nsmall=3) == case["n"]


@pytest.mark.parametrize("case", REFERENCE["pvalues"], ids=str)
def test_format_pvalues(case: dict[str, Any]) -> None:
    p = [number(t) for t in (case["p"] if isinstance(case["p"], list) else [case["p"]])]
    for digits in (1, 3, 4):
        assert r_numbers.format_pvalues(p, digits) == case[f"t{digits}"]


@pytest.mark.parametrize("case", REFERENCE["abbreviations"], ids=lambda c: str(c["k"]))
def test_abbreviate(case: dict[str, Any]) -> None:
    assert abbreviate(REFERENCE["names"], case["k"]) == case["text"]


@pytest.mark.parametrize("case", REFERENCE["quantiles"], ids=lambda c: str(len(c["x"])))
def test_quantiles(case: dict[str, Any]) -> None:
    np.testing.assert_allclose(r_numbers.quantiles(case["x"]), case["q"], rtol=1e-12)  # the file has 15 digits


@pytest.mark.parametrize("case", REFERENCE["coefficients"], ids=lambda c: str(c["m"][0]))
def test_coefficient_table(case: dict[str, Any]) -> None:
    m = np.array([[number(v) for v in row] for row in case["m"]])
    headers = ["Estimate", "Std. Error", "t value", "Pr(>|t|)"]
    names = ["(Intercept)", "x"]
    straight = [line.replace("‘", "'").replace("’", "'") for line in case["p"]]
    assert coefficient_table(names, headers, m, pvalues=True).split("\n") == straight
    assert coefficient_table(names, headers[:3], m[:, :3], pvalues=False).split("\n") == case["t"]


@pytest.mark.parametrize("case", REFERENCE["deparse"], ids=lambda c: c["f"][:20])
def test_deparse(case: dict[str, Any]) -> None:
    assert r_print.deparse(case["f"]) == case["d"]
    assert r_print.deparse(f"lm(formula = {case['f']}, data = some_data)") == case["l"]
    assert r_print.fill("Formula:", *r_print.deparse(case["f"])).split("\n") == case["c"]


@pytest.mark.parametrize("case", REFERENCE["named"], ids=lambda c: str(len(c["x"])))
def test_named_vector(case: dict[str, Any]) -> None:
    text = r_print.named_vector(case["names"], r_numbers.format_numbers(case["x"]))
    assert text.split("\n") == case["text"]
