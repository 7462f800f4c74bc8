"""Printed models beside what R prints, line for line (tests/reference/model/make.R)."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from tests.support.model_tables import fitted, lines, r_lines, reference, without_outcome

CASES = reference("summaries")


def title(case: dict[str, Any]) -> str:
    return " ".join(str(case[k]) for k in ("formula", "data", "weights", "REML") if k in case)


def quiet(fun: str, case: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fitted(fun, case)


@pytest.mark.parametrize("case", CASES["mixed"], ids=title)
def test_summary_of_a_mixed_model(case: dict[str, Any]) -> None:
    assert without_outcome(lines(quiet("lmer", case).summary())) == without_outcome(r_lines(case["summary"]))


@pytest.mark.parametrize("case", CASES["mixed"], ids=title)
def test_print_of_a_mixed_model(case: dict[str, Any]) -> None:
    assert without_outcome(lines(repr(quiet("lmer", case)))) == without_outcome(r_lines(case["short"]))


@pytest.mark.parametrize("case", CASES["mixed"], ids=title)
def test_print_of_varcorr_and_fixef(case: dict[str, Any]) -> None:
    fit = quiet("lmer", case)
    assert lines(repr(fit.VarCorr())) == r_lines(case["varcorr"])
    if fit.fixef():
        assert lines(repr(fit.fixef())) == r_lines(case["fixef"])


@pytest.mark.parametrize("case", CASES["linear"], ids=title)
def test_summary_of_a_linear_model(case: dict[str, Any]) -> None:
    fit = fitted("lm", case)
    assert lines(fit.summary()) == r_lines(case["summary"])
    assert lines(repr(fit)) == r_lines(case["short"])


def test_principal_components_are_printed_as_r_prints_them() -> None:
    case = CASES["mixed"][0]
    pca = fitted("lmer", case).rePCA()
    # R adds the class of the list; the sign of a component is arbitrary and agrees here.
    assert lines(repr(pca))[:7] == r_lines(case["pca"])[:7]
    assert lines(pca.summary()) == r_lines(case["importance"])[: len(lines(pca.summary()))]


def test_singular_fit_says_so_at_the_end() -> None:
    case = next(c for c in CASES["mixed"] if c["data"] == "dye2")
    text = lines(quiet("lmer", case).summary())
    assert any(line.startswith("boundary (singular) fit") for line in text[-2:])
    assert any(line.startswith("boundary (singular) fit") for line in r_lines(case["summary"])[-2:])


def test_many_fixed_effects_hide_their_correlations_unless_asked() -> None:
    case = next(c for c in CASES["mixed"] if c["formula"].startswith("angle ~ recipe * temperature"))
    summary = fitted("lmer", case).summary()
    assert "Correlation matrix not shown by default, as p = 18 > 12." in summary.text()
    assert "Correlation of Fixed Effects:" in summary.text(correlation=True)
    assert "Correlation" not in summary.text(correlation=False)


def test_html_has_captions_and_headers_for_every_table() -> None:
    for fun, case in (("lmer", CASES["mixed"][0]), ("lm", CASES["linear"][2])):
        page = fitted(fun, case)._repr_html_()
        assert page.count("<table>") == page.count("<caption") == page.count("<thead>") > 1
        assert page.count('scope="row"') >= page.count("<tr>") - page.count("<thead>")
        assert "<script" not in page
