"""Tables of tests print line for line as R prints them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.places import REFERENCE

from mixedmodels.tables.result_table import ResultTable

FILE = REFERENCE / "comparison" / "printed.json.gz"


@cache
def tables() -> dict[str, Any]:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return dict(json.load(lines))


@pytest.mark.parametrize("name", tables())
def test_lines_are_those_of_r(name: str) -> None:
    given = tables()[name]
    values = [np.array([np.nan if v is None else v for v in column], dtype=float) for column in given["columns"]]
    columns = {f"column_{j}": v for j, v in enumerate(values)}
    table = ResultTable(
        columns=columns,
        names=tuple(given["names"]),
        headers=dict(zip(columns, given["headers"], strict=True)),
        heading=tuple(given["heading"]),
    )
    assert [line.rstrip() for line in repr(table).split("\n")] == [
        line.rstrip() for text in given["lines"] for line in text.split("\n")
    ]
