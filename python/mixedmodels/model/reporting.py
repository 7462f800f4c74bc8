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
        DataError
            If the file cannot be written.
        """
        from mixedmodels.errors import DataError
        from mixedmodels.fit.seeds import drawn_seed
        from mixedmodels.page import Options, page

        target = Path(path)
        if not target.parent.is_dir():  # checked before the work, not after it
            raise DataError(f"cannot write the report to {str(path)!r}: there is no folder {str(target.parent)!r}.")
        text = page(self, Options(title, checks, drawn_seed(seed), date))
        try:
            target.write_text(text, encoding="utf-8")
        except OSError as cause:
            raise DataError(f"cannot write the report to {str(path)!r}: {cause.strerror or cause}") from cause
        return target
