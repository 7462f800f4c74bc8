"""Models as tidy tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


def test_limits_of_standard_deviations_are_profile_limits(sleep: mm.MixedModel) -> None:
    table = sleep.tidy("all", conf_int=True)
    pars = table[table["effect"] == "ran_pars"]
    # lme4's confint(fm1, "theta_"): sds, correlation, sigma
    expected = [(14.38138, 37.71605), (3.80118, 8.75339), (-0.48149, 0.68502), (22.89826, 28.85800)]
    np.testing.assert_allclose(pars[["conf_low", "conf_high"]].to_numpy(dtype=float), expected, atol=2e-5)
    alone = sleep.tidy("ran_pars", conf_int=True, level=0.8)
    limits = sleep.confint("theta_", level=0.8)
    assert alone["term"].tolist() == list(limits.names)
    np.testing.assert_allclose(alone["conf_low"], limits["conf_low"], rtol=1e-12)
    assert "conf_low" not in sleep.tidy("ran_pars")


def test_a_model_without_rows_says_why_it_has_no_limits(sleep: mm.MixedModel, tmp_path: Path) -> None:
    sleep.save(tmp_path / "model.json")
    with pytest.warns(mm.MixedModelsWarning, match="no limits here, as there is no profile: .*needs the rows"):
        table = mm.load(tmp_path / "model.json").tidy("ran_pars", conf_int=True)
    assert table["conf_low"].isna().all()
