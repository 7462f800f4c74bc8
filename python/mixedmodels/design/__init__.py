"""Formula and table to model-matrix columns, grouping codes and names; the same layout again for new rows."""

from mixedmodels.design.build import build as build
from mixedmodels.design.records import Design as Design
from mixedmodels.design.records import FixedDesign as FixedDesign
from mixedmodels.design.records import GroupingFactor as GroupingFactor
from mixedmodels.design.records import RandomTerm as RandomTerm
