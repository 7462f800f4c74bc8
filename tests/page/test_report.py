"""The page about a model: one file that needs nothing else, readable by people and by screen readers."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.page.pictures import LARGEST, source

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What a reader meets: elements in order, with open elements checked on the way."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def read(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def written(fit: object, path: Path, **options: object) -> Page:
    assert fit.report(path / "out.html", **options) == path / "out.html"
    return Page((path / "out.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sleep_fit():
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@pytest.fixture(scope="module")
def sleep_page(sleep_fit, tmp_path_factory) -> Page:
    return written(sleep_fit, tmp_path_factory.mktemp("page"))


def test_one_file_that_fetches_nothing(sleep_page) -> None:
    assert sleep_page.all("script") == []
    assert sleep_page.all("link") == []
    sources = [a.get("src") or "" for _, a in sleep_page.elements if "src" in a]
    assert all(source.startswith("data:") for source in sources)
    anchors = {a["id"] for _, a in sleep_page.elements if "id" in a}
    links = {a["href"] for a in sleep_page.all("a")}
    assert {link.removeprefix("#") for link in links} <= anchors
    assert "url(" not in sleep_page.text
    assert "@import" not in sleep_page.text


def test_landmarks_headings_and_tables_have_names(sleep_page) -> None:
    assert [len(sleep_page.all(tag)) for tag in ("main", "header", "nav", "h1")] == [1, 1, 1, 1]
    assert sleep_page.all("html")[0]["lang"] == "en"
    for section in sleep_page.all("section"):
        assert section["aria-labelledby"] in {h.get("id") for h in sleep_page.all("h2")}
    assert len(sleep_page.all("caption")) == len(sleep_page.all("table")) > 3
    assert all(h.get("scope") in ("row", "col") for h in sleep_page.all("th"))
    assert all(len(image.get("alt") or "") > 20 for image in sleep_page.all("img"))


def test_numbers_are_those_of_the_model(sleep_fit, sleep_page) -> None:
    row = sleep_fit.tidy(ddf="Satterthwaite", conf_int=True).set_index("term").loc["Days"]
    for value in (f"{row['estimate']:.3f}", f"{row['std_error']:.3f}", f"{row['conf_low']:.3f}", "3.26e-06"):
        assert value in sleep_page.read
    assert "612.09" in sleep_page.read
    assert "certificate holds" in sleep_page.read
    assert "REML criterion at convergence: 1743.6" in sleep_page.read
    assert "with an intercept and a slope of Days by Subject; fitted to 180 rows" in sleep_page.read


def test_same_model_and_seed_give_the_same_file(sleep_fit, sleep_page, tmp_path: Path) -> None:
    assert written(sleep_fit, tmp_path).text == sleep_page.text


@pytest.fixture
def no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where nobody draws; pictures are most of a page's time."""
    monkeypatch.setattr("mixedmodels.page.pictures.find_spec", lambda name: None)


def test_pictures_stand_in_the_page_with_their_captions(sleep_page) -> None:
    images = sleep_page.all("img")
    assert len(images) >= 8
    assert len(sleep_page.all("figcaption")) == len(images)
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in images)
    assert "No picture" not in sleep_page.read


def test_pictures_of_very_many_points_are_images() -> None:
    class Figure:
        """A figure whose drawing would be large."""

        def savefig(self, target: io.BytesIO, *, format: str, **options: object) -> None:  # noqa: A002
            target.write(b"0" * (LARGEST + 1 if format == "svg" else 3))

    assert source(Figure()) == "data:image/png;base64,MDAw"


def test_checks_are_in_words(sleep_fit, sleep_page) -> None:
    p = sleep_fit.simulate_residuals(seed=1).test_dispersion().p_value
    assert f"Is there as much scatter as expected? {p:.2}" in sleep_page.read
    assert "Influence of each level of Subject" in sleep_page.read
    checks = sleep_fit.check_model(seed=1).checks
    assert any(check.suspicious for check in checks)
    for check in checks:
        assert re.sub(r"\s+", " ", check.sentence) in sleep_page.read


def test_without_matplotlib_the_page_has_tables_and_says_so(sleep_fit, no_matplotlib, tmp_path: Path) -> None:
    page = written(sleep_fit, tmp_path)
    assert page.all("img") == []
    assert "tables only" in page.read
    assert "10.467" in page.read


def test_title_and_date_are_the_readers(sleep_fit, no_matplotlib, tmp_path: Path) -> None:
    page = written(sleep_fit, tmp_path, title="Sleep <& awake>", date="1 May", checks=False)
    assert "Sleep <& awake>" in page.read
    assert "1 May" in page.read


def herds(**more: object) -> mm.GeneralizedMixedModel:
    return mm.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial", **more
    )


MODELS = {
    "lm": lambda: mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy", "pyarrow")),
    "nothing": lambda: mm.lm("Reaction ~ 0", mm.datasets.load("sleepstudy")),
    "glm": lambda: mm.glm("TICKS ~ cHEIGHT + YEAR", mm.datasets.load("grouseticks", "polars"), "poisson"),
    "glmer": herds,
    "quadrature": lambda: herds(nAGQ=5),
    "counts": lambda: mm.glmer_nb("y2 ~ x + (x | site)", mm.datasets.load("sites", "dict")),
    "crossed": lambda: mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin")),
    "ml": lambda: mm.lmer("Reaction ~ Days + (1 | Subject)", mm.datasets.load("sleepstudy"), REML=False),
}


@pytest.mark.parametrize("which", MODELS)
def test_every_class_of_models_has_its_page(which: str, no_matplotlib, tmp_path: Path) -> None:
    fit = MODELS[which]()
    page = written(fit, tmp_path)
    assert fit.formula in page.read
    assert "Traceback" not in page.read
    assert " nan" not in page.read.lower().replace("nanobind", "")
    for name in list(dict(fit.fixef())):
        assert name in page.read


@pytest.mark.parametrize("which", ["lm", "glmer"])
def test_pictures_of_other_models(which: str, tmp_path: Path) -> None:
    page = written(MODELS[which](), tmp_path, checks=False)
    assert len(page.all("img")) >= 2
    assert "No picture" not in page.read


def test_what_is_wrong_with_a_fit_is_said(no_matplotlib, tmp_path: Path) -> None:
    data = mm.datasets.load("sleepstudy").assign(twice=lambda d: 2 * d["Days"])
    data.loc[:4, "Reaction"] = float("nan")
    with pytest.warns(mm.RankDeficientWarning):
        page = written(mm.lmer("Reaction ~ Days + twice + (1 | Subject)", data), tmp_path)
    assert "do not determine twice" in page.read
    assert "5 rows (2.8%) lack the response or a predictor" in page.read
    with pytest.warns(mm.SingularFitWarning):
        flat = mm.lmer("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))
    page = written(flat, tmp_path)
    assert "The fit is singular" in page.read
    assert "Smaller random parts" in page.read or "Smaller models" in page.read
    for sentence in flat.singularity().directions:
        assert re.sub(r"\s+", " ", sentence) in page.read


def test_a_model_from_a_file_shows_what_needs_no_rows(sleep_fit, no_matplotlib, tmp_path: Path) -> None:
    sleep_fit.save(tmp_path / "fit.json")
    page = written(mm.load(tmp_path / "fit.json"), tmp_path)
    assert "10.467" in page.read
    assert "REML criterion at convergence: 1743.6" in page.read
    assert "needs the rows that the model was fitted to" in page.read


def test_a_folder_that_is_not_there_is_named(sleep_fit, tmp_path: Path) -> None:
    with pytest.raises(mm.DataError, match=r"cannot write the report to .*nowhere"):
        sleep_fit.report(tmp_path / "nowhere" / "out.html", checks=False)


# -- verdicts at the top -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ticks():
    return mm.glm("TICKS ~ YEAR + HEIGHT", mm.datasets.load("grouseticks"), "poisson")


def test_the_banner_gathers_what_the_checks_found_worst_first(ticks: mm.GeneralizedLinearModel, tmp_path: Path) -> None:
    """A deviance of 3,444 on 399 degrees of freedom is not passed over."""
    assert round(ticks.deviance) == 3444
    assert ticks.check_overdispersion().suspicious
    page = written(ticks, tmp_path)
    top = page.text[page.text.index('id="warnings"') : page.text.index('id="data"')]
    assert 'class="good"' not in top
    lines = re.findall(r'<li><a href="#(\w+)">(.*?)</a></li>', top)
    assert f"{len(lines)} checks ask for a closer look" in top
    assert lines[0][1].startswith("dispersion: the response varies more than its family lets it")
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {anchor for anchor, _ in lines} == {"assumptions", "simulated"} <= ids
    looked_at = [c.title for c in ticks.check_model(seed=1).checks if c.suspicious]
    for title in looked_at:
        assert any(text.startswith(f"{title}: ") for _, text in lines)
    below = page.text[page.text.index('id="checks"') :]
    assert below.count("evidence against the model</td>") - below.count("no evidence against the model</td>") == sum(
        anchor == "simulated" for anchor, _ in lines
    )


def test_a_model_without_doubts_has_none_in_the_banner(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x = rng.uniform(0, 1, 400)
    data = pd.DataFrame({"x": x, "y": 1 + 2 * x + rng.normal(size=400)})
    page = written(mm.lm("y ~ x", data), tmp_path)
    assert "None: the data determine every coefficient. No check asks for a closer look." in page.read
    assert "asks for a closer look, the strongest" not in page.read
    without = written(mm.lm("y ~ x", data), tmp_path, checks=False)
    assert "None: the data determine every coefficient." in without.read
    assert "No check" not in without.read


def test_ratios_stand_beside_the_estimates(ticks: mm.GeneralizedLinearModel, tmp_path: Path) -> None:
    page = written(ticks, tmp_path, checks=False)
    assert "rate ratio" in page.read
    table = ticks.tidy(exponentiate=True, conf_int=True).set_index("term").loc["YEAR97"]
    row = page.text[page.text.index("YEAR97") :]
    row = re.sub(r"<[^>]+>", " ", row[: row.index("</tr>")])
    for name in ("estimate", "conf_low", "conf_high"):
        assert f"{table[name]:#.3g}" in row
    assert "rate ratio" not in written(mm.lm("TICKS ~ YEAR", mm.datasets.load("grouseticks")), tmp_path).read


def test_the_picture_of_coefficients_uses_the_method_of_the_table(
    sleep_fit: mm.MixedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mixedmodels import plot

    asked = []
    monkeypatch.setattr(plot, "coefficients", lambda model, **options: asked.append(options) or plt_figure())
    two = sleep_fit.update(". ~ . + I(Days^2)")
    page = written(two, tmp_path, checks=False)
    assert asked == [{"ddf": "Satterthwaite"}]
    assert "Tests and intervals use t with Satterthwaite's degrees of freedom." in page.read
    assert "95 % intervals (Satterthwaite's degrees of freedom)" in page.read


def plt_figure():
    from matplotlib.figure import Figure

    return Figure()  # unknown to pyplot, as all pictures of the package are
