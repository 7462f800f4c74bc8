"""The page about a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mixedmodels.fitted.model import FittedModel


class ReportVerbs(FittedModel):
    """The page about a model."""

    def report(
        self,
        path: str | Path,
        *,
        title: str | None = None,
        checks: bool = True,
        seed: Any = 1,
        date: str | None = None,
    ) -> Path:
        """Write one HTML file about the model: estimates, tests, random effects, checks and pictures.

        The file contains its style and pictures, so you can mail and print it. Pictures need matplotlib.

        Parameters
        ----------
        path : str or Path
            Path of the file. Its folder must exist.
        title : str, optional
            Heading of the page; by default one that names the response.
        checks : bool, default True
            Whether to simulate residuals and look for influential groups. These take most of the time.
        seed : int, Generator or None, default 1
            Seed of the simulations, which the page names. It is fixed by default, because a file is compared with the
            one of yesterday: the same model and seed give the same file. None draws a seed.
        date : str, optional
            A text under the heading, such as ``str(datetime.date.today())``.

        Returns
        -------
        Path
            Path of the file.

        Raises
        ------
        FileError
            If the file cannot be written. The file that was there is then unchanged.
        """
        from mixedmodels._files import check_target, write_text
        from mixedmodels.fit.seeds import drawn_seed
        from mixedmodels.page import Options, page

        check_target(path, "the report")  # before the work, not after it
        text = page(self, Options(title, checks, drawn_seed(seed), date))
        write_text(path, text, "the report")
        return Path(path)
