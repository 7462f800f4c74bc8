"""The command ``predict``: the numbers of the verb, beside the rows, in each kind of file."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.cli import main

FORMULA = "Reaction ~ Days + (Days | Subject)"
SHARE = "share ~ factor(period) + (1 | herd)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets with new rows of each, a saved fit, and a file of new rows that has a prediction already."""
    place = tmp_path_factory.mktemp("predict")
    mm.datasets.load("sleepstudy").to_csv(place / "sleep.csv", index=False)
    (place / "new.csv").write_text("Days,Subject,note\n0,308,a\n10,309,b\n,310,c\n")
    (place / "unseen.csv").write_text("Days,Subject\n0,308\n4,999\n")
    (place / "twice.csv").write_text("Days,Subject,fit\n0,308,1\n")
    herds = mm.datasets.load("cbpp").assign(share=lambda d: d["incidence"] / d["size"])
    herds.to_csv(place / "herds.csv", index=False)
    (place / "herd.csv").write_text("period,herd,trials\n1,1,20\n4,2,10\n")
    assert main(["fit", FORMULA, str(place / "sleep.csv"), "--out", str(place / "sleep.json")]) == 0
    return place


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> pd.DataFrame:
    """The table that a command prints."""
    capsys.readouterr()
    assert main(["predict", *arguments]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_the_rows_come_back_with_their_predictions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = mm.lmer(FORMULA, pd.read_csv("sleep.csv"))
    new = pd.read_csv("new.csv")
    now = printed([FORMULA, "sleep.csv", "new.csv"], capsys)
    assert list(now.columns) == ["Days", "Subject", "note", "fit"]
    np.testing.assert_allclose(now["fit"], fit.predict(new), rtol=1e-12)  # NaN where Days is missing
    saved = printed(["sleep.json", "new.csv"], capsys)
    pd.testing.assert_frame_equal(saved, now, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--se"], {"se_fit": True}),
        (["--interval", "confidence"], {"interval": "confidence"}),
        (
            ["--interval", "prediction", "--level", "0.8", "--se"],
            {"interval": "prediction", "level": 0.8, "se_fit": True},
        ),
        (["--population", "--se"], {"kind": "typical", "se_fit": True}),
        (["--kind", "marginal", "--interval", "prediction"], {"kind": "marginal", "interval": "prediction"}),
        (["--se", "--uncertainty", "given_theta"], {"se_fit": True, "uncertainty": "given_theta"}),
        (["--interval", "confidence", "--ddf", "asymptotic"], {"interval": "confidence", "ddf": "asymptotic"}),
        (
            ["--interval", "confidence", "--method", "bootstrap", "--nsim", "20", "--seed", "3"],
            {"interval": "confidence", "method": "bootstrap", "nsim": 20, "seed": 3},
        ),
    ],
)
def test_each_option_is_the_argument_of_the_verb(
    options: list[str], arguments: dict[str, object], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = mm.lmer(FORMULA, pd.read_csv("sleep.csv")).predict(pd.read_csv("new.csv"), **arguments)
    table = printed([FORMULA, "sleep.csv", "new.csv", "--only", *options], capsys)
    pd.testing.assert_frame_equal(table, expected, rtol=1e-12)


def test_a_fit_saved_with_its_rows_has_limits(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = str(tmp_path / "rows.json")
    assert main(["fit", FORMULA, "sleep.csv", "--out", saved, "--rows"]) == 0
    limits = ["new.csv", "--interval", "prediction", "--se"]
    pd.testing.assert_frame_equal(printed([saved, *limits], capsys), printed([FORMULA, "sleep.csv", *limits], capsys))


def test_unseen_groups(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = mm.lmer(FORMULA, pd.read_csv("sleep.csv"))
    assert main(["predict", FORMULA, "sleep.csv", "unseen.csv"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "--allow-new-levels" in said.err
    assert "--population" in said.err
    assert "allow_new_levels" not in said.err
    table = printed([FORMULA, "sleep.csv", "unseen.csv", "--allow-new-levels", "--interval", "prediction"], capsys)
    expected = fit.predict(pd.read_csv("unseen.csv"), allow_new_levels=True, interval="prediction")
    pd.testing.assert_frame_equal(table[expected.columns], expected, rtol=1e-12)
    assert table["fit"].iloc[1] == pytest.approx(fit.fixef()["(Intercept)"] + 4 * fit.fixef()["Days"])


def test_means_of_a_family_unless_the_link_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = mm.glmer(SHARE, pd.read_csv("herds.csv"), "binomial", weights="size")
    new = pd.read_csv("herd.csv")
    model = [SHARE, "herds.csv", "herd.csv", "--family", "binomial", "--weights", "size"]
    np.testing.assert_allclose(printed(model, capsys)["fit"], fit.predict(new, type="response"), rtol=1e-12)
    np.testing.assert_allclose(printed([*model, "--type", "link"], capsys)["fit"], fit.predict(new), rtol=1e-12)
    drawn = ["--interval", "prediction", "--new-weights", "trials", "--seed", "5", "--only"]
    expected = fit.predict(new, type="response", interval="prediction", weights="trials", seed=5)
    pd.testing.assert_frame_equal(printed([*model, *drawn], capsys), expected, rtol=1e-12)


def test_a_seed_that_was_drawn_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [SHARE, "herds.csv", "herd.csv", "--family", "binomial", "--weights", "size"]
    arguments += ["--interval", "prediction", "--new-weights", "trials"]
    assert main(["predict", *arguments]) == 0
    first = capsys.readouterr()
    seed = re.findall(r"drawn with --seed (\d+)", first.err)[0]
    assert main(["predict", *arguments, "--seed", seed]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (first.out, "")


def test_models_without_groups(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = mm.lm("Reaction ~ Days", pd.read_csv("sleep.csv")).predict(pd.read_csv("new.csv"), interval="prediction")
    table = printed(["Reaction ~ Days", "sleep.csv", "new.csv", "--interval", "prediction", "--only"], capsys)
    pd.testing.assert_frame_equal(table, expected, rtol=1e-12)


def test_json_and_files(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = printed(["sleep.json", "new.csv"], capsys)
    assert main(["predict", "sleep.json", "new.csv", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"Days": 0.0, "Subject": 308, "note": "a", "fit": pytest.approx(table["fit"][0])}
    assert rows[2]["fit"] is None
    assert rows[2]["Days"] is None
    for name in ("out.csv", "out.parquet", "out.json"):
        path = str(tmp_path / name)
        assert main(["predict", "sleep.json", "new.csv", "--out", path]) == 0
        assert capsys.readouterr().out == ""
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": pd.read_json}[name.split(".")[1]]
        np.testing.assert_allclose(read(path)["fit"], table["fit"], rtol=1e-12)


def test_the_output_has_the_marks_of_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sleep = mm.datasets.load("sleepstudy")
    sleep.to_csv(tmp_path / "sleep.csv", index=False, sep=";", decimal=",")
    (tmp_path / "new.csv").write_text("Days;Subject\n0;308\n10;309\n")  # no decimals: the data show their mark
    assert main(["predict", FORMULA, str(tmp_path / "sleep.csv"), str(tmp_path / "new.csv")]) == 0
    said = capsys.readouterr()
    assert said.err.count("mixedmodels: note: ") == 2
    table = pd.read_csv(io.StringIO(said.out), sep=";", decimal=",")
    np.testing.assert_allclose(table["fit"], mm.lmer(FORMULA, sleep).predict(table), rtol=1e-12)


MISTAKES = [
    (["new.csv"], "takes a formula, a file to fit it to and a file of new rows"),
    (["a", "b", "c", "d"], "it got 4"),
    ([FORMULA, "new.csv"], "a formula needs two files"),
    ([FORMULA, "-", "-"], "standard input can be the data or the new rows"),
    (["sleep.csv", "new.csv"], "is not a saved model"),
    (["nowhere.json", "new.csv"], "cannot read 'nowhere.json'"),
    (["sleep.json", "nowhere.csv"], "cannot read 'nowhere.csv'"),
    (["sleep.json", "new.csv", "--family", "poisson"], "--family is for a model that is fitted now"),
    (["sleep.json", "new.csv", "--na-action", "fail"], "--na-action is for a model that is fitted now"),
    (["sleep.json", "new.csv", "--interval", "prediction"], "--kind typical"),
    (["sleep.json", "herd.csv"], "'Days'"),
    (["sleep.json", "twice.csv"], "has a column 'fit' already"),
    (["sleep.json", "new.csv", "--level", "0.9"], "add --interval"),
    (["sleep.json", "new.csv", "--method", "bootstrap"], "add --se or --interval"),
    (["sleep.json", "new.csv", "--new-weights", "note"], "--new-weights are of new observations"),
    (["sleep.json", "new.csv", "--json", "--out", "x.json"], "--json prints, --out writes"),
    (["sleep.json", "new.csv", "--out", "x.xlsx"], "what kind of file 'x.xlsx' is to be"),
    (["sleep.json", "new.csv", "--out", "nowhere/x.csv"], "cannot write the table to"),
    (["Reaction ~ Days", "sleep.csv", "new.csv", "--allow-new-levels"], "are for mixed models"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_mistakes(arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mixedmodels: error: ")
    assert message in said.err
