"""The command line: ``mixedmodels demo | fit FORMULA FILE | datasets``."""

from mixedmodels.cli.main import main

__all__ = ["main"]
