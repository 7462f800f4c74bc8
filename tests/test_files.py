"""Files are whole: the old one or the new one, whatever happens to the disk or the process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import mixedmodels as mm
from mixedmodels._files import whole_file, write_text
from mixedmodels.cli import main

KILLS = """
import os, random, signal, sys, time
import mixedmodels as mm
from mixedmodels._files import write_text

folder = sys.argv[1]
model = mm.load(f"{folder}/source.json")  # no fit, so no threads, and a fork is safe
texts = "a" * 4_000_000, "b" * 4_000_000
draw = random.Random(1)

def rewrite(write, first):
    write(0)
    child = os.fork()
    if child == 0:
        while True:
            write(1)
            write(0)
    time.sleep(draw.uniform(0.0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

whole = open(f"{folder}/source.json").read()
for i in range(50):
    rewrite(lambda which: write_text(f"{folder}/text", texts[which], "the text"), i)
    assert open(f"{folder}/text").read() in texts, i
    rewrite(lambda which: model.save(f"{folder}/fit.json"), i)
    assert open(f"{folder}/fit.json").read() == whole, i
print("whole")
"""

FULL = """
import os, resource, sys
import mixedmodels as mm
from mixedmodels.cli import main

folder = sys.argv[1]
sleep = mm.datasets.load("sleepstudy")
sleep.to_csv(f"{folder}/data.csv", index=False)
fit = mm.lm("Reaction ~ Days", sleep)
fit.save(f"{folder}/saved.json")
predict = ["predict", f"{folder}/saved.json", f"{folder}/data.csv", "--out"]
writers = {
    "fit.json": lambda path: fit.save(path),
    "rows.json": lambda path: fit.save(path, rows=True),
    "report.html": lambda path: fit.report(path, checks=False),
    "table.html": lambda path: mm.model_table(fit).to_html(path),
    "qq.png": lambda path: fit.plot().savefig(path),
    "qq.svg": lambda path: fit.plot().savefig(path),
    **{f"predicted{end}": lambda path: main([*predict, path]) for end in (".csv", ".csv.gz", ".json", ".parquet")},
}
for name, write in writers.items():
    write(f"{folder}/{name}")
old = {name: open(f"{folder}/{name}", "rb").read() for name in writers}
files = sorted(os.listdir(folder))
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))  # bytes of each file, as on a full disk
for name, write in writers.items():
    try:
        assert write(f"{folder}/{name}") == 2, name
    except mm.FileError as error:
        assert f"{name}'" in str(error) and "unchanged" in str(error), error
    assert open(f"{folder}/{name}", "rb").read() == old[name], name
assert sorted(os.listdir(folder)) == files, os.listdir(folder)
print("whole")
"""


@pytest.fixture(scope="module")
def small() -> mm.LinearModel:
    return mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")
def test_a_killed_process_leaves_a_whole_file(fit: mm.MixedModel, tmp_path: Path) -> None:
    fit.save(tmp_path / "source.json")
    done = run(KILLS, tmp_path)
    assert done.stdout == "whole\n", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files is limited by resource")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    done = run(FULL, tmp_path)
    assert done.stdout.endswith("whole\n"), done.stderr


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half() -> None:
        with whole_file(path, "the text") as draft:
            draft.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_picture_gets_the_ending_of_its_format(small: mm.LinearModel, tmp_path: Path) -> None:
    picture = small.plot()
    picture.savefig(str(tmp_path / "plain"))
    picture.savefig(tmp_path / "named.pdf")
    picture.savefig(tmp_path / "odd.name", format="svg")
    with open(tmp_path / "opened", "wb") as opened:
        picture.savefig(opened, format="png")
    assert sorted(os.listdir(tmp_path)) == ["named.pdf", "odd.name", "opened", "plain.png"]
    beginnings = {path.name: path.read_bytes()[:5] for path in tmp_path.iterdir()}
    assert beginnings == {
        "plain.png": b"\x89PNG\r", "opened": b"\x89PNG\r", "named.pdf": b"%PDF-", "odd.name": b"<?xml"
    }  # fmt: skip
    assert isinstance(picture, Figure)


@pytest.mark.skipif(sys.platform == "win32", reason="links, permissions and pipes are those of POSIX")
def test_links_permissions_and_pipes_stay_what_they_are(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.txt", tmp_path / "link.txt", tmp_path / "pipe"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new", "the text")
    assert (link.is_symlink(), real.read_text(), stat.S_IMODE(real.stat().st_mode)) == (True, "new", 0o640)
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "through", "the text")
    reader.join(10)
    assert (read, pipe.is_fifo()) == (["through"], True)
    fresh = tmp_path / "fresh.txt"
    write_text(fresh, "new", "the text")
    plain = tmp_path / "plain.txt"
    plain.write_text("")
    assert fresh.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "this is no name of a file"),
        ("a\0b", "this is no name of a file"),
        (".", "it is a folder; add the name of a file"),
        ("no/fit.json", "there is no folder .*no.; make it, or correct the path"),
        ("x" * 300, "cannot write the fit to 'x*': File name too long"),
    ],
)
def test_what_cannot_be_written_is_named(
    name: str, message: str, small: mm.LinearModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mm.FileError, match=message):
        small.save(name)
    assert os.listdir(tmp_path) == []


def test_an_output_never_replaces_an_input(
    small: mm.LinearModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, saved, link = tmp_path / "data.csv", tmp_path / "fit.json", tmp_path / "link.csv"
    mm.datasets.load("sleepstudy").to_csv(data, index=False)
    small.save(saved)
    link.symlink_to(data)
    before = data.read_bytes(), saved.read_bytes()
    formula = "Reaction ~ Days"
    for arguments in (
        ["fit", formula, str(data), "--out", str(data)],
        ["fit", formula, str(data), "--report", str(link)],
        ["fit", formula, str(data), "--out", str(tmp_path / "a"), "--report", str(tmp_path / "x" / ".." / "a")],
        ["predict", str(saved), str(data), "--out", str(link)],
        ["predict", str(link), str(data), "--out", str(data)],
        ["predict", formula, str(data), str(data), "--out", str(tmp_path / "." / "data.csv")],
    ):
        assert main(arguments) == 2
        assert "give" in (told := capsys.readouterr().err) or "no folder" in told
    assert main(["predict", str(saved), str(data), "--out", str(saved)]) == 2
    assert "would replace" in capsys.readouterr().err
    assert (data.read_bytes(), saved.read_bytes()) == before
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "fit.json", "link.csv"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_behind_standard_output_is_told() -> None:
    command = [sys.executable, "-m", "mixedmodels", "datasets", "sleepstudy", "--csv"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == "mixedmodels: error: cannot write the output: No space left on device"
