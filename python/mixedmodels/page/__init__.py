"""One self-contained page about a model: tables, checks and pictures in an HTML file that needs nothing else."""

from mixedmodels.page.document import page
from mixedmodels.page.options import Options

__all__ = ["Options", "page"]
