"""Classic tables for mixed models, each with its source, reference and licence; factors keep their level order."""

from mixedmodels.datasets.catalogue import DataSet, describe, names
from mixedmodels.datasets.load import load

__all__ = ["DataSet", "describe", "load", "names"]
