"""The matplotlib figure of a picture. The module is imported when the first picture is drawn."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mixedmodels._files import whole_file

rc_context: Any = matplotlib.rc_context  # its types name every rcParam of one version


class Picture(Figure):
    """A figure outside pyplot. No figure stays open, and notebooks show it nevertheless.

    It remembers the settings it was drawn with, because matplotlib makes ticks and chooses fonts when it saves.
    """

    def __init__(self, *args: Any, settings: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self._settings = dict(settings or {})
        self.size_is_chosen = False  # by the caller
        with rc_context(self._settings):
            super().__init__(*args, **kwargs)
        FigureCanvasAgg(self)  # a canvas that can draw; saving in another format takes that format's own

    def draw(self, renderer: Any) -> None:
        """Draw with the settings of the picture."""
        with rc_context(self._settings):
            super().draw(renderer)

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """Write the picture to a file, with its own settings; see matplotlib's `Figure.savefig`.

        A file of that name is replaced in one step, so that a full disk leaves the old picture whole.
        """
        with rc_context(self._settings):
            if not isinstance(fname, (str, os.PathLike)) or _several_files(fname, kwargs.get("format")):
                super().savefig(fname, **kwargs)
                return
            with whole_file(self._with_ending(fname, kwargs.get("format")), "the picture") as draft:
                super().savefig(draft, **kwargs)

    def _with_ending(self, fname: str | os.PathLike[str], kind: str | None) -> str | os.PathLike[str]:
        """A name without an ending gets that of the format, as matplotlib does where none is asked for."""
        if kind or os.path.splitext(fname)[1] or not isinstance(fname, str):
            return fname
        return f"{fname.rstrip('.')}.{self.canvas.get_default_filetype()}"

    def show(self, warn: bool = True) -> None:
        """Open a window with the picture, if there is a screen."""
        import matplotlib.pyplot as plt

        if self.canvas.manager is None:
            holder = plt.figure()
            manager = holder.canvas.manager
            assert manager is not None
            manager.canvas.figure = self
            self.set_canvas(manager.canvas)
        plt.show()

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=max(self.dpi, 120))
        return out.getvalue()


def _several_files(fname: str | os.PathLike[str], kind: str | None) -> bool:
    """Whether a picture goes to several files, which name each other: pgf writes its images beside the text."""
    return "pgf" in (kind, os.path.splitext(fname)[1].lstrip(".").lower())
