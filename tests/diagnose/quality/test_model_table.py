"""Models side by side: every number is that of the model's own verb, and the three forms show the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.support.usual_models import herds

import mixedmodels as mm
from mixedmodels.diagnose.quality.model_table_record import number, p_text
from mixedmodels.r import tab_model


@cache
def linear() -> tuple[mm.MixedModel, mm.LinearModel]:
    sleep = mm.datasets.load("sleepstudy")
    return mm.lmer("Reaction ~ Days + (Days | Subject)", sleep), mm.lm("Reaction ~ Days", sleep)


def test_fixed_effects_are_those_of_tidy() -> None:
    mixed, plain = linear()
    table = mm.model_table(mixed, plain, level=0.9).to_frame()
    for name, model, ddf in (("mixed", mixed, "Satterthwaite"), ("plain", plain, None)):
        own = table[(table["model"] == name) & (table["part"] == "fixed")]
        tidy = model.tidy(conf_int=True, level=0.9, **({"ddf": ddf} if ddf else {}))
        assert list(own["term"]) == list(tidy["term"])
        for column in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
            assert np.allclose(own[column], tidy[column], rtol=1e-12)


def test_variances_and_figures_of_the_fit() -> None:
    mixed, plain = linear()
    table = mm.model_table(mixed, plain).to_frame().set_index(["model", "term"])["estimate"]
    pars = mixed.tidy("ran_pars")
    assert [table["mixed", t] for t in pars["term"]] == list(pars["estimate"])
    assert table["plain", "sigma"] == plain.sigma
    assert table["mixed", "observations"] == 180
    assert table["mixed", "levels of Subject"] == 18
    assert table["mixed", "restricted log-likelihood"] == mixed.loglik
    assert table["plain", "log-likelihood"] == plain.loglik
    assert table["mixed", "R2 marginal"] == mixed.r2().marginal
    assert table["plain", "R2"] == pytest.approx(plain.r2().to_dict()["r2"])


def test_odds_ratios() -> None:
    model = herds()
    table = mm.model_table(model, names=["herds"], exp=True, terms=["period4", "period2"])
    fixed = table.to_frame().query("part == 'fixed'")
    tidy = model.tidy(conf_int=True).set_index("term").loc[["period4", "period2"]]
    assert np.allclose(fixed["estimate"], np.exp(tidy["estimate"]))
    assert np.allclose(fixed["conf_high"], np.exp(tidy["conf_high"]))
    assert np.allclose(fixed["std_error"], np.exp(tidy["estimate"]) * tidy["std_error"])
    assert "exp(Est.)" in repr(table)


def test_text_markdown_and_html_show_the_same_cells(tmp_path: Path) -> None:
    mixed, plain = linear()
    table = mm.model_table(mixed, plain)
    file = tmp_path / "table.html"
    html = table.to_html(file)
    assert file.read_text(encoding="utf-8") == html
    for text in (repr(table), table.to_markdown(), html):
        for cell in ("251.4", "[7.206, 13.73]", "cor_Days.(Intercept)", "1755.6", "0.2865"):
            assert cell in text
    assert "&lt;0.001" in html
    assert "sd_Days\\|Subject" in table.to_markdown()
    lines = repr(table).splitlines()
    assert lines[0].split() == ["mixed", "plain"]
    (sd,) = (line for line in lines if line.startswith("sd_Days"))
    assert sd.split() == ["sd_Days|Subject", "5.922"]  # nothing where a model has no such row


def test_tables_come_in_the_kind_of_the_data() -> None:
    cake = mm.datasets.load("cake", as_="polars")
    fit = mm.lmer("angle ~ recipe + (1 | recipe:replicate)", cake)
    assert type(mm.model_table(fit).to_frame()).__module__.startswith("polars")


def test_rs_spelling(tmp_path: Path) -> None:
    mixed, _ = linear()
    model = herds()
    table = tab_model(mixed, model, file=tmp_path / "models.html")
    assert (tmp_path / "models.html").exists()
    frame = table.to_frame().set_index(["model", "term"])
    assert frame.loc[("model", "period2"), "estimate"] == pytest.approx(np.exp(model.fixef()["period2"]))
    wald = mixed.tidy(conf_int=True, ddf="asymptotic").set_index("term")
    assert frame.loc[("mixed", "Days"), "conf_low"] == pytest.approx(wald.loc["Days", "conf_low"])
    with pytest.raises(mm.DataError, match="df_method is 'q'"):
        tab_model(mixed, df_method="q")


def test_what_is_refused() -> None:
    mixed, plain = linear()
    with pytest.raises(mm.DataError, match="takes fitted models"):
        mm.model_table()
    with pytest.raises(mm.DataError, match="got int"):
        mm.model_table(mixed, 3)  # type: ignore[arg-type]
    with pytest.raises(mm.DataError, match="2 different texts"):
        mm.model_table(mixed, plain, names=["a", "a"])
    with pytest.raises(mm.DataError, match="no model has the coefficient 'Dais'"):
        mm.model_table(mixed, terms=["Dais"])
    with pytest.raises(mm.DataError, match="exp=True is for generalised models"):
        mm.model_table(mixed, plain, exp=True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0655513, "0.06555"), (1755.628, "1755.6"), (180.0, "180"), (np.nan, ""), (np.inf, "inf"), (-0.5, "-0.5000")],
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


def test_p_values() -> None:
    assert [p_text(p) for p in (0.0004, 0.001, 0.0499, np.nan)] == ["<0.001", "0.001", "0.050", ""]
