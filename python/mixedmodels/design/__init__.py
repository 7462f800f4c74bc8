"""Formula and table to model-matrix columns, grouping codes and names; the same layout again for new rows."""

from mixedmodels.design.build import build as build
from mixedmodels.design.matrices import model_matrix as model_matrix
from mixedmodels.design.matrices import z_matrix as z_matrix
from mixedmodels.design.new_data import numbers_of as numbers_of
from mixedmodels.design.new_data import on_new_data as on_new_data
from mixedmodels.design.records import Design as Design
from mixedmodels.design.records import FixedDesign as FixedDesign
from mixedmodels.design.records import GroupingFactor as GroupingFactor
from mixedmodels.design.records import RandomTerm as RandomTerm
from mixedmodels.design.spec import Spec as Spec
from mixedmodels.design.spec import from_json as from_json
