"""The printed summary beside R's, line for line, for every reference model whose estimates are lme4's."""

from __future__ import annotations

import pytest
from tests.support.lmm_reference import fitted, models, summaries
from tests.support.printed_text import differences, lines, same_line

# lme4's own optimum is not sharp enough for every printed digit (years, far_groups), not unique (cake_double_bar), or
# it renames a group that comes twice ("a.b" for a:b in nested_explicit).
ELSEWHERE = {"years", "far_groups", "cake_double_bar", "nested_explicit"}


@pytest.mark.parametrize("name", [name for name in models() if name not in ELSEWHERE])
def test_summary_is_printed_as_lme4_prints_it(name: str) -> None:
    assert differences(fitted(name).summary(), "\n".join(summaries()[name])) == []


def test_the_comparison_sees_what_matters() -> None:
    assert same_line("Days  10.467   1.546", "Days  10.468   1.546")
    assert not same_line("Days  10.467   1.546", "Days  10.469   1.546")
    assert not same_line("Days  10.467   1.546", "Days 10.467    1.546")
    assert not same_line("Days  10.467   1.546", "Day   10.467   1.546")
    assert not same_line("x 1.0", "x 1.00")
    assert differences("a\nb\nc", "a\nb") == [("c", None)]
    assert lines("\n a \n Data: d\n\n") == [" a"]
