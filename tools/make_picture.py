"""Draw the picture of the README: ``python tools/make_picture.py`` writes docs/sleepstudy.svg."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")
TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))

from docsite import pictures  # noqa: E402
from docsite.stage import outlined  # noqa: E402

import mixedmodels as mm  # noqa: E402

PEOPLE = ("308", "309", "330", "335", "337", "350", "352", "370")  # steep, flat and uneven lines


def main() -> None:
    """Fit the sleep study and draw some of its people."""
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    with outlined():
        print(pictures.write(mm.plot.groups(fit, levels=PEOPLE), TOOLS.parent / "docs" / "sleepstudy"))


if __name__ == "__main__":
    main()
