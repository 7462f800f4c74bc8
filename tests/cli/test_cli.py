"""The command line: what it prints, what it answers to mistakes, and its exit codes."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.feather
import pyarrow.parquet
import pytest
from tests.support.places import ROOT

import mixedmodels as mm
from mixedmodels.cli import main
from mixedmodels.cli.arguments import parser

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sleep study in every kind of file, and files that are broken."""
    place = tmp_path_factory.mktemp("files")
    sleep = mm.datasets.load("sleepstudy", as_="pyarrow")
    text = sleep.to_pandas().assign(w=2.0).to_csv(index=False)
    (place / "sleep.csv").write_text(text)
    (place / "sleep.csv.gz").write_bytes(gzip.compress(text.encode()))
    (place / "sleep.tsv").write_text(text.replace(",", "\t"))
    pyarrow.parquet.write_table(sleep, place / "sleep.parquet")
    pyarrow.feather.write_feather(sleep, place / "sleep.feather")
    (place / "empty.csv").write_text("")
    (place / "header.csv").write_text("Reaction,Days,Subject\n")
    (place / "broken.csv.gz").write_bytes(gzip.compress(text.encode())[:100])
    (place / "false.csv.gz").write_text(text)
    (place / "false.parquet").write_text(text)
    (place / "binary.csv").write_bytes(bytes(range(256)))
    (place / "sleep.xlsx").write_text("")
    return place


def test_demo_prints_the_summary_of_the_sleep_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    readme = (ROOT / "README.md").read_text()
    promised = readme.split("```\n")[1]
    assert promised.startswith("Linear mixed model fit by REML")
    assert printed.rstrip().endswith(promised.rstrip())


@pytest.mark.parametrize("name", ["sleep.csv", "sleep.csv.gz", "sleep.tsv", "sleep.parquet", "sleep.feather"])
def test_fit_reads_each_kind_of_file(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", FORMULA, str(folder / name)]) == 0
    printed = capsys.readouterr().out
    assert "REML criterion at convergence: 1743.6" in printed
    assert f"Data: {name}" in printed
    assert "(Intercept)  251.405      6.825  36.838" in printed


def test_fit_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--ml", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["formula"] == FORMULA
    rows = {row["term"]: row for row in said["estimates"]}
    assert rows["Days"]["estimate"] == pytest.approx(10.467286, abs=1e-6)
    assert any("loglik" in key.casefold() for key in said["fit"])


def test_weights_change_sigma_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Doubling every weight doubles the estimate of sigma squared and leaves the criterion."""
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--weights", "w"]) == 0
    printed = capsys.readouterr().out
    assert "REML criterion at convergence: 1743.6" in printed
    assert "1309.88" in printed  # 2 * 654.94


def test_a_formula_without_random_terms_is_a_linear_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "Reaction ~ Days", str(folder / "sleep.csv")]) == 0
    assert "251.405" in capsys.readouterr().out


def test_a_family_makes_a_generalised_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = mm.datasets.load("cbpp").assign(share=lambda d: d["incidence"] / d["size"])
    data.to_csv(tmp_path / "herds.csv", index=False)
    table, weights = str(tmp_path / "herds.csv"), ["--weights", "size"]
    assert main(["fit", "share ~ factor(period) + (1 | herd)", table, "--family", "binomial", *weights]) == 0
    assert "(Laplace" in (laplace := capsys.readouterr().out)
    assert "Family: binomial  ( logit )" in laplace
    arguments = ["fit", "share ~ factor(period) + (1 | herd)", table, "--family", "binomial(probit)", *weights]
    assert main([*arguments, "--nagq", "7"]) == 0
    assert "nAGQ = 7" in (quadrature := capsys.readouterr().out)
    assert "binomial  ( probit )" in quadrature
    assert main(["fit", "share ~ factor(period)", table, "--family", "binomial", *weights]) == 0
    assert "Null deviance" in capsys.readouterr().out


def test_a_saved_fit_can_be_loaded(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "fit.json"
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--out", str(saved)]) == 0
    assert mm.load(saved).fixef()["Days"] == pytest.approx(10.467286, abs=1e-6)
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--out", str(tmp_path / "no" / "fit.json")]) == 2
    assert "cannot write the fit to" in capsys.readouterr().err


def test_warnings_are_told_without_source_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "Reaction ~ Days + I(2 * Days) + (1 | Subject)", str(folder / "sleep.csv")]) == 0
    told = capsys.readouterr().err
    assert told.startswith("mixedmodels: warning: ")
    assert ".py" not in told


MISTAKES = [
    (["fit", "Reaction ~ Dais + (1 | Subject)", "sleep.csv"], "no column 'Dais'; did you mean 'Days'?"),
    (["fit", "Reaction ~ (Days", "sleep.csv"], "^"),
    (["fit", FORMULA, "nowhere.csv"], "cannot read"),
    (["fit", FORMULA, "sleep.xlsx"], "cannot tell from its name"),
    (["fit", FORMULA, "sleep"], "Parquet (.parquet)"),
    (["fit", FORMULA, "empty.csv"], "cannot read"),
    (["fit", FORMULA, "header.csv"], "has no rows"),
    (["fit", FORMULA, "broken.csv.gz"], "cannot read"),
    (["fit", FORMULA, "false.csv.gz"], "cannot read"),
    (["fit", FORMULA, "false.parquet"], "cannot read"),
    (["fit", FORMULA, "binary.csv"], "cannot read"),
    (["fit", "Reaction ~ Days", "sleep.csv", "--ml"], "--ml is for mixed models"),
    (["fit", FORMULA, "sleep.csv", "--weights", "v"], "'v'"),
    (["fit", FORMULA, "sleep.csv", "--ml", "--family", "Gamma"], "maximum likelihood anyway"),
    (["fit", FORMULA, "sleep.csv", "--nagq", "5"], "--nagq is for mixed models with a family"),
    (["fit", "Reaction ~ Days", "sleep.csv", "--family", "Gamma", "--nagq", "5"], "--nagq is for mixed models"),
    (["fit", FORMULA, "sleep.csv", "--family", "Gama"], "'Gama'"),
    (["fit", FORMULA, "sleep.csv", "--level", "0.9"], "add --confint"),
    (["fit", FORMULA, "sleep.csv", "--tidy", "--anova"], "--tidy prints one table"),
    (["fit", FORMULA, "sleep.csv", "--tidy", "--exponentiate"], "exponentiate"),
    (["fit", FORMULA, "sleep.csv", "--exponentiate"], "add --tidy or --json"),
    (["fit", FORMULA, "sleep.csv", "--rows"], "add --out"),
    (["fit", FORMULA, "sleep.csv", "--confint", "wald", "--seed", "1"], "the other methods draw nothing"),
    (["fit", FORMULA, "sleep.csv", "--confint", "--level", "95"], "level"),
    (["fit", "Reaction ~ Days", "sleep.csv", "--ddf", "Satterthwaite"], "--ddf is for linear mixed models"),
    (["fit", FORMULA, "sleep.csv", "--ddf", "Satterthwait"], "'Satterthwait'"),
    (["fit", FORMULA, "sleep.parquet", "--sep", ";"], "are for text files"),
    (["datasets", "sleepstudi"], "did you mean 'sleepstudy'?"),
    (["datasets", "--csv"], "name it"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_mistakes_get_an_answer_and_exit_code_2(
    arguments: list[str],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mixedmodels: error: ")
    assert message in said.err


WRONG = [
    [],
    ["fit"],
    ["nonsense"],
    ["fit", FORMULA, "x.csv", "--na-action", "guess"],
    ["fit", "--confint", FORMULA, "x.csv"],
    ["fit", FORMULA, "x.csv", "--sep", ";;"],
    ["predict"],
]


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_arguments_get_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: mixedmodels" in capsys.readouterr().err


def test_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(mm.datasets.names())
    assert main(["datasets", "cake"]) == 0
    assert "licence: GPL-2.0-or-later" in capsys.readouterr().out
    assert main(["datasets", "Dyestuff", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["Batch,Yield", "A,1545"]


def test_a_table_may_come_through_a_pipe_and_leave_through_one(folder: Path) -> None:
    command = [sys.executable, "-m", "mixedmodels"]
    with (folder / "sleep.csv").open() as rows:
        run = subprocess.run([*command, "fit", FORMULA, "-"], stdin=rows, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "1743.6" in run.stdout
    shell = " ".join([f"'{sys.executable}'", "-m mixedmodels datasets InstEval --csv", "| head -n 1"])
    run = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "s,d,studage,lectage,service,dept,y\n", "")


def test_fit_writes_a_report(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixedmodels.page.pictures.find_spec", lambda name: None)  # pictures take the time
    page = tmp_path / "sleep.html"
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--report", str(page)]) == 0
    assert "REML criterion at convergence: 1743.6" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--report", str(tmp_path / "nowhere" / "a.html")]) == 2
    assert "cannot write the report to" in capsys.readouterr().err


def test_anova_and_intervals_in_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables of the verbs below the summary."""
    arguments = ["fit", FORMULA, str(folder / "sleep.csv"), "--anova", "--ddf", "Kenward-Roger", "--confint", "Wald"]
    assert main([*arguments, "--level", "0.9"]) == 0
    printed = capsys.readouterr().out
    fit = mm.lmer(FORMULA, mm.datasets.load("sleepstudy"))
    assert repr(fit.anova(ddf="Kenward-Roger")) in printed
    assert repr(fit.confint(method="wald", level=0.9)) in printed
    assert "Wald confidence intervals, level 0.9:" in printed
    assert "t-tests use Kenward-Roger's method" in printed


def test_anova_and_intervals_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap = ["--confint", "bootstrap", "--nsim", "20", "--seed", "2"]
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--anova", *bootstrap, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    fit = mm.lmer(FORMULA, mm.datasets.load("sleepstudy"))
    assert said["anova"] == [{"term": "Days", **{k: pytest.approx(v) for k, v in fit.anova().row("Days").items()}}]
    expected = fit.confint(method="boot", nsim=20, seed=2)
    assert said["confint"]["method"] == "boot"
    assert said["confint"]["seed"] == 2
    assert [row["conf_low"] for row in said["confint"]["limits"]] == pytest.approx(expected["conf_low"])
    assert main(["fit", FORMULA, str(folder / "sleep.csv"), "--confint", "wald", "--json"]) == 0
    limits = json.loads(capsys.readouterr().out)["confint"]["limits"]
    assert limits[0] == {"term": "sd_(Intercept)|Subject", "conf_low": None, "conf_high": None}


@pytest.mark.parametrize("formula", ["Reaction ~ Days", "Reaction ~ Days + (1 | Subject)"])
def test_profile_is_the_method_of_intervals(formula: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", formula, str(folder / "sleep.csv"), "--confint"]) == 0
    fit = (mm.lmer if "|" in formula else mm.lm)(formula, mm.datasets.load("sleepstudy"))
    assert f"Profile confidence intervals, level 0.95:\n{fit.confint()!r}\n" in capsys.readouterr().out


def test_coefficients_as_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", FORMULA, str(folder / "sleep.csv"), "--tidy", "--level", "0.9", "--ddf", "Kenward-Roger"]
    assert main(arguments) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    fit = mm.lmer(FORMULA, mm.datasets.load("sleepstudy"))
    pd.testing.assert_frame_equal(table, fit.tidy(conf_int=True, level=0.9, ddf="Kenward-Roger"), rtol=1e-12)


def test_odds_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    herds = mm.datasets.load("cbpp").assign(share=lambda d: d["incidence"] / d["size"])
    herds.to_csv(tmp_path / "herds.csv", index=False)
    model = ["fit", "share ~ factor(period)", str(tmp_path / "herds.csv"), "--family", "binomial", "--weights", "size"]
    fit = mm.glm("share ~ factor(period)", herds, "binomial", weights="size")
    assert main([*model, "--tidy", "--exponentiate"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    np.testing.assert_allclose(table["estimate"], np.exp(fit.tidy()["estimate"]), rtol=1e-12)
    assert main([*model, "--json", "--exponentiate"]) == 0
    estimates = json.loads(capsys.readouterr().out)["estimates"]
    np.testing.assert_allclose([row["estimate"] for row in estimates], table["estimate"], rtol=1e-12)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"mixedmodels {mm.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["fit"], ["predict"], ["datasets"]])
def test_help_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: mixedmodels")
    for line in said.splitlines():
        if line.strip().startswith("mixedmodels fit") or line.strip().startswith("mixedmodels predict"):
            parser().parse_args(shlex.split(line)[1:])  # an example that is not understood stops here


def test_an_error_of_the_package_itself_has_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("a broken promise")

    monkeypatch.setattr("mixedmodels.datasets.load", broken)
    assert main(["demo"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mixedmodels: error in the package itself, please report it: RuntimeError: a broken promise")
    assert "Traceback" not in said
    assert main(["--traceback", "demo"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mixedmodels.datasets.load", interrupted)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "mixedmodels: interrupted\n"
