"""The printed summary beside R's, line for line, for every reference model with unique estimates."""

from __future__ import annotations

import pytest
from lme4_reference import fitted, models, summaries
from seed_texts import lines, printed

# What R says in another way: rows lost to missing values and dropped columns are reported by us in our own words.
OURS = ("missing", "rank deficient", "fit warnings", "Dropped")


def comparable(text: list[str]) -> list[str]:
    return [line for line in text if not any(word in line for word in OURS)]


@pytest.mark.parametrize("name", [name for name, model in models().items() if model.interior])
def test_summary_is_printed_as_lme4_prints_it(name: str) -> None:
    assert comparable(lines(fitted(name).summary())) == comparable(printed(summaries()[name]))
