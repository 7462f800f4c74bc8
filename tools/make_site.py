"""Build the documentation's site: ``pip install '.[docs]' && python tools/make_site.py``; see build/site/index.html.

Every Python block of the pages is run, what it prints is compared with what the page shows, its pictures are set below
it. A link that leads nowhere, a block that fails or a page that shows something else ends the build with an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")
TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
sys.path.insert(0, str(TOOLS))

from docsite import contents, reference  # noqa: E402
from docsite.stage import stage  # noqa: E402

DATA = ROOT.parent / "shared" / "data"  # tables that may not ship; blocks that need them run where they are


def write_sources(docs: Path, source: Path) -> int:
    """Stage all pages and the reference into `source`; returns the number of pictures."""
    groups = contents.parts(docs)
    pages = {page: docs / f"{page}.md" for part in groups.values() for page in ("index", *part)}
    pages |= {page: docs.parent / name for page, name in contents.BESIDE.items()}
    drawn = sum(stage(file, source / f"{page}.md", DATA, docs) for page, file in pages.items())
    written = reference.write(source / "reference")
    everything = {**contents.with_files_beside(groups), "Reference": tuple(f"reference/{name}" for name in written)}
    with (source / "index.md").open("a", encoding="utf-8") as home:
        home.write(contents.trees(everything))
    static = source / "_static"
    static.mkdir()
    shutil.copy(TOOLS / "docsite" / "site.css", static)
    shutil.copy(TOOLS / "docsite" / "conf.py", source)
    return drawn


def build(docs: Path, target: Path) -> int:
    """Build the site of the pages in `docs` into `target`; returns Sphinx's exit code."""
    try:
        from sphinx.cmd.build import main as sphinx
    except ModuleNotFoundError:
        print("the site needs Sphinx: pip install '.[docs]'", file=sys.stderr)
        return 2
    source = target.with_name(f"{target.name}-source")
    for folder in (source, target):
        shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    drawn = write_sources(docs, source)
    print(f"{drawn} pictures; the pages are laid out")
    # -W: a warning, such as a link that leads nowhere, is an error.
    return int(sphinx(["-b", "html", "-W", "--keep-going", "-q", "-j", "2", str(source), str(target)]))


def main() -> int:
    """Read the arguments and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder of the site")
    out = parser.parse_args().out.resolve()
    began = time.monotonic()
    code = build(ROOT / "docs", out)
    if code == 0:
        print(f"{out / 'index.html'} in {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
