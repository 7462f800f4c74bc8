"""Printed generalised mixed models beside what lme4 prints of the same numbers (tests/reference/summary)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.glmm_tables import as_lme4_has_it, case, cases
from tests.support.model_tables import lines, r_lines, without_outcome

HERDS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


def title(c: dict[str, Any]) -> str:
    return " ".join(str(c[k]) for k in ("formula", "data", "family", "nAGQ") if k in c)


def without_checks(text: list[str]) -> list[str]:
    """Without remarks on the optimiser, and on rows and columns that were dropped: both say those in other words.

    Which of two outcomes is modelled is said by us alone.
    """
    ends = ("Probability modelled: ", "optimizer (", "fit warnings:", "fixed-effect model matrix is rank deficient")
    start = next((i for i, line in enumerate(text) if line.startswith(ends)), len(text))
    return without_outcome([line for line in text[:start] if "deleted due to missingness" not in line])


@pytest.mark.parametrize("c", cases(), ids=title)
def test_summary_line_for_line(c: dict[str, Any]) -> None:
    assert without_checks(lines(as_lme4_has_it(c).summary())) == without_checks(r_lines(c["summary"]))


@pytest.mark.parametrize("c", cases(), ids=title)
def test_short_print_and_varcorr(c: dict[str, Any]) -> None:
    model = as_lme4_has_it(c)
    assert without_checks(lines(repr(model))) == without_checks(r_lines(c["short"]))
    assert lines(repr(model.VarCorr())) == r_lines(c["varcorr"])


@pytest.mark.parametrize("c", cases(), ids=title)
def test_residuals_and_deviance_at_the_same_predictor(c: dict[str, Any]) -> None:
    model = as_lme4_has_it(c)
    for kind, expected in c["residuals"].items():
        np.testing.assert_allclose(np.asarray(model.residuals(kind))[: len(expected)], expected, rtol=2e-6, atol=1e-8)
    np.testing.assert_allclose(np.asarray(model.fitted())[: len(c["mu"])], c["mu"], rtol=1e-8)
    assert model.npar == c["df"]
    if c["deviance"] != "NaN":
        assert model.deviance == pytest.approx(c["deviance"], rel=1e-6)


def test_html_has_a_family_and_a_table_of_fixed_effects_with_p_values() -> None:
    page = as_lme4_has_it(case(HERDS, nAGQ=9))._repr_html_()
    assert "Family: binomial  ( logit )" in page
    assert "nAGQ = 9" in page
    assert '<th scope="col">Pr(&gt;|z|)</th>' in page
    assert page.count("<table>") == page.count("<caption") > 2
