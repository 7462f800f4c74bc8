"""Models as tidy tables."""

from __future__ import annotations

import pytest

import mixedmodels as mm


def test_tidy_tables(fit: mm.MixedModel) -> None:
    fixed = fit.tidy("fixed", conf_int=True)
    tests = ["estimate", "std_error", "statistic", "df", "p_value"]
    assert list(fixed) == ["effect", "term", *tests, "conf_low", "conf_high"]
    pars = fit.tidy("ran_pars")
    assert list(pars["term"]) == ["sd_(Intercept)|Subject", "sd_Days|Subject", "cor_Days.(Intercept)|Subject", "sigma"]
    both = fit.tidy(["fixed", "ran_pars"])
    assert list(both["effect"]) == ["fixed"] * 2 + ["ran_pars"] * 4
    assert both["std_error"].isna().sum() == 4
    values = fit.tidy("ran_vals", conf_int=True)
    assert len(values) == 36
    assert ((values["conf_low"] < values["estimate"]) & (values["estimate"] < values["conf_high"])).all()
    with pytest.raises(mm.DataError, match="'random' is none of"):
        fit.tidy("random")  # type: ignore[arg-type]
    assert fit.glance()["reml_criterion"][0] == fit.reml_criterion
