"""The builder of the documentation's site, on a small page; the whole site in the slow tests."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import make_site
import pytest
from docsite import contents, cross_references, reference, topics
from docsite.blocks import Block, PageError, can_run
from docsite.stage import stage

import mixedmodels as mm

FENCE = "```"


def staged(text: str, folder: Path, data: Path | None = None) -> str:
    page = folder / "page.md"
    page.write_text(text.replace("'''", FENCE), encoding="utf-8")
    target = folder / "out" / "page.md"
    stage(page, target, folder if data is None else data)
    return target.read_text(encoding="utf-8")


def test_what_a_block_prints_is_set_below_it(tmp_path: Path) -> None:
    out = staged("Two:\n\n'''python\nx = 1\nprint(x + 1)\n'''\n\nand so on.\n", tmp_path)
    assert out == f"Two:\n\n{FENCE}python\nx = 1\nprint(x + 1)\n{FENCE}\n\n{FENCE}text\n2\n{FENCE}\n\nand so on.\n"


def test_what_the_page_shows_must_be_what_is_printed(tmp_path: Path) -> None:
    page = "'''python\nprint(1)\n'''\n\n'''text\n{}\n'''\n"
    assert staged(page.format(1), tmp_path).count("1") == 2
    with pytest.raises(PageError, match=r"page\.md:6 shows what is not printed"):
        staged(page.format(2), tmp_path)


def test_figures_of_pyplot_and_of_the_last_line_become_pictures(tmp_path: Path) -> None:
    page = (
        "'''python\nimport matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nax.plot([1, 2]);\n'''\n\n"
        "<!-- figure: A line\nthat rises. -->\n\n"
        "'''python\nfrom matplotlib.figure import Figure\nown = Figure()\nown.add_subplot().set_title('Nothing')\n"
        "print('drawn')\nown\n'''\n\n'''text\ndrawn\n'''\n\nEnd.\n"
    )
    out = staged(page, tmp_path)
    assert ":alt: A line that rises." in out
    assert ":alt: Picture with 1 panel; Nothing" in out
    assert out.index("drawn\n```\n") < out.index("page-2.svg") < out.index("End.")
    for number in (1, 2):
        assert (tmp_path / "out" / "_pictures" / f"page-{number}.svg").read_text().startswith("<?xml")
    with pytest.raises(PageError, match="no figure for “A line”"):
        staged("'''python\nx = 1\n'''\n\n<!-- figure: A line -->\n", tmp_path)


def test_blocks_that_need_a_file_are_shown_where_it_is_not(tmp_path: Path) -> None:
    page = (
        "<!-- needs: bats.csv -->\n'''python\nfrom pathlib import Path\n"
        "print(Path('bats.csv').read_text())\n'''\n\n'''text\n7\n'''\n"
        "<!-- figure: Bats. -->\n<!-- end needs -->\n\n'''python\nprint(2)\n'''\n"
    )
    absent = staged(page, tmp_path, tmp_path / "nowhere")
    assert "7" in absent
    assert "Bats." in absent
    (tmp_path / "bats.csv").write_text("8")
    with pytest.raises(PageError, match="not printed"):
        staged(page, tmp_path)


def test_blocks_that_draw_are_left_out_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawing = [Block("python", text, 1) for text in ("mm.plot.groups(fit)", "fit.plot()", "plt.show()")]
    assert all(can_run(block, tmp_path) for block in drawing)
    monkeypatch.setattr("docsite.blocks.find_spec", lambda name: None)
    assert not any(can_run(block, tmp_path) for block in drawing)
    assert can_run(Block("python", "print(fit)", 1), tmp_path)


def test_formulas_of_docstrings_stay_plain_text() -> None:
    lines = ["log|X'X| * 2, `x`^2 and ``a|b``::", "", "    a_ | b", "", ">>> a * b", "*more : str"]
    assert cross_references.plain(lines) == [
        "log\\|X'X\\| \\* 2, `x`\\ ^2 and ``a|b``::", "", "    a_ | b", "", ">>> a * b", "*more : str"
    ]  # fmt: skip


def test_names_in_backticks_are_links_where_they_are_documented() -> None:
    names = ["mixedmodels.MixedModel.thing", "mixedmodels.thing", "mixedmodels.plot.other"]
    assert cross_references.nearest("thing()", names) == "mixedmodels.thing"
    assert cross_references.nearest("plot.other", names) == "mixedmodels.plot.other"
    assert cross_references.nearest("hing", names) is None


@pytest.mark.filterwarnings("ignore")  # what Sphinx's own libraries warn of
def test_docstrings_become_html(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sphinx = pytest.importorskip("sphinx.cmd.build")
    for extension in ("numpydoc", "myst_parser", "furo"):  # what the configuration of the site loads
        pytest.importorskip(extension)
    text = """Do it.

    Parameters
    ----------
    a, b : int
        Numbers of the `thing`; two of them.

    Raises
    ------
    DataError
        If ``a`` is none.
    """
    source = tmp_path / "source"
    source.mkdir()
    module = ModuleType("documented")
    exec("def do(a, b): ...\ndef thing(): ...", vars(module))
    module.do.__doc__, module.thing.__doc__ = text, "A thing."
    monkeypatch.setitem(sys.modules, "documented", module)
    blocks = [f"{FENCE}{{eval-rst}}\n.. autofunction:: documented.{name}\n{FENCE}\n" for name in ("do", "thing")]
    (source / "index.md").write_text("# Page\n\n" + "\n".join(blocks), encoding="utf-8")
    settings = make_site.TOOLS / "docsite" / "conf.py"
    (source / "conf.py").write_text(settings.read_text() + "\nhtml_static_path = []\nhtml_css_files = []\n")
    assert sphinx.main(["-b", "html", "-W", "-q", str(source), str(tmp_path / "site")]) == 0
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert '<strong>a, b</strong><span class="classifier">int</span>' in page
    link = re.search(r'Numbers of the <a [^>]*href="#documented.thing"[^>]*>(.*?)</a>; two of them', page)
    assert link is not None
    assert "DataError" in page
    assert re.search(r"If <code [^>]*><span[^>]*>a</span></code> is none", page)


def test_everything_public_is_in_the_reference(tmp_path: Path) -> None:
    pages = reference.write(tmp_path)
    text = {page: (tmp_path / f"{page}.md").read_text() for page in pages}
    for name in mm.__all__:
        value = getattr(mm, name)
        if callable(value) and value not in reference.MODELS.values():
            assert f"`{name}`" in text["fitting"] + text["errors"], name
    for model in reference.MODELS.values():
        for name in reference.public(dir(model)):
            assert re.search(rf"^### `{name}`$", text["models"], re.M), name
    for name in reference.estimators():
        assert f"`{name}`" in text["sklearn"]
    for name in mm.r.__all__:
        assert f"`{name}(" in text["r"] or not callable(getattr(mm.r, name)) or isinstance(getattr(mm.r, name), type), (
            name
        )


def test_every_verb_has_a_topic_and_what_one_calls_comes_first() -> None:
    groups = reference.by_topic()
    assert topics.FURTHER not in groups
    assert next(iter(groups)) == "Summaries, estimates and new fits"
    assert {entry.name for entries in groups.values() for entry in entries} == set(reference.verbs())
    for heading, entries in groups.items():
        kinds = [entry.is_property for entry in entries]
        assert kinds == sorted(kinds), heading
    assert topics.topic("mixedmodels.inference.emmeans.verbs") == "Means, contrasts and hypotheses"
    assert topics.topic("mixedmodels.inference.some_day.verbs") == "Tests of terms, and comparisons of models"
    assert topics.topic("mixedmodels.elsewhere.verbs") == topics.FURTHER


def test_results_name_the_verbs_that_return_them(fit: mm.MixedModel) -> None:
    returned = reference.returned()
    assert returned["Bootstrap"] == (type(fit.bootstrap(2, seed=1)), ("bootstrap()",))
    assert "ggpredict()" in returned["AdjustedPredictions"][1]


def test_the_source_of_an_inherited_verb_is_found_where_it_is_written() -> None:
    pytest.importorskip("sphinx")
    from docsite import sources

    for model, verb in (("MixedModel", "emmeans"), ("LinearModel", "emmeans"), ("MixedModel", "params")):
        module = sources.module_of("mixedmodels", f"{model}.{verb}")
        assert module is not None
        code, tags = sources.analysed(module)
        _, first, last = tags[f"{model}.{verb}"]
        assert f"def {verb}(" in "\n".join(code.splitlines()[first - 1 : last])
    assert sources.module_of("mixedmodels", "lmer") is None  # Sphinx knows functions


def test_every_page_has_its_place() -> None:
    docs = make_site.ROOT / "docs"
    placed = [page for pages in contents.parts(docs).values() for page in pages]
    assert len(placed) == len(set(placed)) == len(list(docs.rglob("*.md"))) - 1  # the home page


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what Sphinx's own libraries warn of
def test_the_whole_site_builds_offline_without_a_broken_link(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    site = tmp_path / "site"
    assert make_site.build(make_site.ROOT / "docs", site) == 0
    html = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    assert len(html) > 20
    # Every verb leads to its source.
    models = html[site / "reference" / "models.html"]
    verbs = [entry for entries in reference.by_topic().values() for entry in entries if not entry.is_property]
    assert models.count("[source]") >= len(verbs)
    for page, text in html.items():
        fetched = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(https?:[^\"]+)", text)
        assert fetched == [], page
        assert all(alt.strip() for alt in re.findall(r'<img alt="([^"]*)"', text)), page
