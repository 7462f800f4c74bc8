"""What pages promise beyond their Python: examples in tables run, citations have the version, benchmarks figures."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from docsite import contents
from docsite.blocks import blocks
from tests.support.places import ROOT

import mixedmodels as mm

DOCS = ROOT / "docs"
VERBS = DOCS / "which-verb.md"
Row = tuple[str, str, str, str]  # question, verb, example, page


def rows(page: Path) -> list[Row]:
    """The rows of the tables with four columns."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    out = [tuple(cell.strip().replace("\\|", "|") for cell in row) for row in cells]
    return [row for row in out if len(row) == 4 and row[0] != "question" and set(row[0]) - {"-"}]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def models() -> dict[str, object]:
    """The names that the page defines before its tables."""
    names: dict[str, object] = {}
    for block in blocks(VERBS):
        exec(block.text, names)
    return names


ANSWERS = [row for row in rows(VERBS) if row[2]]


def test_each_question_has_an_answer_or_a_page() -> None:
    assert len(ANSWERS) > 40
    assert all(page for *_, page in rows(VERBS))


@pytest.mark.parametrize("row", ANSWERS, ids=[row[0] for row in ANSWERS])
def test_the_example_of_a_question_runs(
    row: Row, models: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = code(row[2])
    if "plot" in example or "report" in example:
        pytest.importorskip("matplotlib")
    if "sklearn" in example:
        pytest.importorskip("sklearn")
    exec(example, dict(models))


@pytest.mark.parametrize("row", ANSWERS, ids=[row[0] for row in ANSWERS])
def test_the_example_uses_a_verb_of_its_row_and_the_page_explains_one(row: Row) -> None:
    _, verb, example, page = row
    names = [re.split(r"\W", name.removeprefix("mm.").removeprefix("plot."))[0] for name in code(verb)]
    assert any(re.search(rf"\b{name}\b", example) for name in names)
    (file,) = re.findall(r"\]\(([^)#]+)", page)
    text = (VERBS.parent / file).read_text(encoding="utf-8")
    assert any(re.search(rf"\b{name}\b", text) for name in names), f"{file} has none of {names}"


def test_citations_have_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    file = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    page = (DOCS / "citing.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", file, re.MULTILINE) == [version]
    assert re.findall(r"version = \{(.+?)\}", page) == [version]
    assert f"Version {version}." in page
    assert mm.__version__ == version


def test_the_citation_file_names_what_pyproject_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    file = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r'^title: "mixedmodels: ', file, re.MULTILINE)
    assert re.findall(r'^  - name: "(.+)"$', file, re.MULTILINE) == [a["name"] for a in project["authors"]]
    assert f"license: {project['license']}\n" in file
    # What the format requires.
    assert {"cff-version", "message", "title", "authors"} <= set(re.findall(r"^([\w-]+):", file, re.MULTILINE))


def test_the_benchmarks_page_shows_the_stored_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # the script sets them
    import beside

    store = json.loads(beside.STORE.read_text(encoding="utf-8"))
    assert {"machine", "date", "versions"} <= set(store)
    assert set(store["problems"]) == set(beside.CASES)
    text = beside.PAGE.read_text(encoding="utf-8")
    shown = text.split(beside.BEGIN)[1].split(beside.END)[0].strip()
    assert shown == beside.page(store)
    # What the page says of the optimum: no other package has a lower criterion.
    for name, row in store["problems"].items():
        lowest = min(row[p]["criterion"] for p in beside.PACKAGES if row.get(p))
        assert row["mixedmodels"]["criterion"] <= lowest + 5e-9 * abs(lowest), name


def test_links_between_pages_and_the_files_beside_them_hold_on_the_site() -> None:
    text = "[a](docs/significance.md) [b](docs/tutorial.md#saving) [c](LICENSE.md) [d](https://x.org/y.md)"
    assert contents.relinked(text, ROOT / "CHANGELOG.md", DOCS) == (
        "[a](significance.md) [b](tutorial.md#saving) [c](LICENSE.md) [d](https://x.org/y.md)"
    )
    deep = contents.relinked("[a](../../CHANGELOG.md) [b](pooling.md)", DOCS / "tutorials" / "rodents.md", DOCS)
    assert deep == "[a](../changes.md) [b](pooling.md)"
