"""One self-contained page about a model: tables, checks and pictures in one HTML file without further files."""

from mixedmodels.page.document import page
from mixedmodels.page.options import Options

__all__ = ["Options", "page"]
