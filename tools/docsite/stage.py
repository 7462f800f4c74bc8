"""Pages as Sphinx reads them: the Python run, what it prints and draws set below it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docsite import pictures
from docsite.blocks import Block, PageError, can_run, pieces, run, same_text
from docsite.contents import relinked

PICTURES = "_pictures"
_FIGURE = re.compile(r"<!-- figure: (.+?) -->", re.DOTALL)


def stage(page: Path, target: Path, data: Path, docs: Path | None = None) -> int:
    """Write a page to `target`, with its pictures beside it.

    Parameters
    ----------
    page, target : Path
        Markdown file to read, and the one to write.
    data : Path
        Folder of files that blocks need and that may be missing.
    docs : Path, optional
        Folder of all pages: links to files that stand elsewhere on the site are changed accordingly.

    Returns
    -------
    int
        Number of pictures.

    Raises
    ------
    PageError
        If a block prints something else than the page shows, or a picture that it promises is not drawn.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with elsewhere():
        staged = _Staged(page, target, data)
        for piece in pieces(page):
            staged.add(piece if docs is None or isinstance(piece, Block) else relinked(piece, page, docs))
        staged.place_pictures()
    target.write_text("".join(staged.out), encoding="utf-8")
    return staged.drawn


def outlined() -> AbstractContextManager[None]:
    """Letters of pictures as outlines: the reader may not have the font that the layout was made for."""
    if find_spec("matplotlib") is None:
        return nullcontext()
    from mixedmodels import plot

    return plot.theme(svg_fonttype="path")


@contextmanager
def elsewhere() -> Iterator[None]:
    """A working folder of one's own: what blocks write goes away."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


class _Staged:
    """A page on its way: what has been written, and what the last block printed and drew."""

    def __init__(self, page: Path, target: Path, data: Path) -> None:
        self.page, self.target, self.data = page, target, data
        self.names: dict[str, object] = {"__name__": page.stem}
        self.out: list[str] = []
        self.printed: str | None = None  # until the page shows it
        self.figures: list[Any] = []  # until they are placed
        self.skipped = False
        self.drawn = 0

    def add(self, piece: str | Block) -> None:
        if isinstance(piece, str):
            self._prose(piece)
        elif piece.language == "python":
            self._show_printed()
            self.place_pictures()
            self.out.append(_fenced("python", piece.text))
            self._run(piece)
        else:
            if piece.language == "text":
                self._compare(piece)
            self.out.append(_fenced(piece.language, piece.text))

    def _run(self, block: Block) -> None:
        self.skipped = not can_run(block, self.data)
        if self.skipped:
            return
        with outlined():
            output = run(block, self.page, self.names, self.data)
        self.printed, self.figures = output.printed, list(output.figures)

    def _compare(self, block: Block) -> None:
        if not self.skipped and (self.printed is None or not same_text(self.printed, block.text)):
            raise PageError(f"{self.page}:{block.line} shows what is not printed; printed is\n{self.printed}")
        self.printed = None

    def _prose(self, text: str) -> None:
        if text.strip():
            self._show_printed()
        promised = _FIGURE.search(text)
        while promised is not None:
            self.out.append(text[: promised.start()])
            alt = " ".join(promised[1].split())
            if self.figures:
                self._place(self.figures.pop(0), alt)
            elif self.skipped:
                self.out.append(f"*Picture, where {self.data.name} holds the table: {alt}*\n")
            else:
                raise PageError(f"{self.page}: no figure for “{alt}”")
            text = text[promised.end() :]
            promised = _FIGURE.search(text)
        if text.strip():
            self.place_pictures()
        self.out.append(text)

    def _show_printed(self) -> None:
        """What the page's writer left to be shown."""
        if self.printed and self.printed.strip():
            self.out.append("\n\n" + _fenced("text", self.printed))
        self.printed = None

    def place_pictures(self) -> None:
        """Figures without a place of their own stand below their block."""
        for figure in self.figures:
            self._place(figure, pictures.description(figure))
        self.figures = []

    def _place(self, figure: Any, alt: str) -> None:
        self.drawn += 1
        folder = self.target.parent / PICTURES
        folder.mkdir(exist_ok=True)
        file = pictures.write(figure, folder / f"{self.page.stem}-{self.drawn}")
        self.out.append(f"\n\n```{{image}} {PICTURES}/{file.name}\n:alt: {alt}\n:class: picture\n```\n")


def _fenced(language: str, text: str) -> str:
    ticks = "````" if "```" in text else "```"
    return f"{ticks}{language}\n{text.rstrip(chr(10))}\n{ticks}"
