"""R's formula language: text to terms. Knows no data."""

from mixedmodels.formula.formula import Formula as Formula
from mixedmodels.formula.formula import expand_dot as expand_dot
from mixedmodels.formula.formula import parse as parse
from mixedmodels.formula.formula import simplified as simplified
from mixedmodels.formula.formula import update as update
from mixedmodels.formula.formula import with_matrices as with_matrices
from mixedmodels.formula.random import Bar as Bar
from mixedmodels.formula.show import show as show
from mixedmodels.formula.terms import STRUCTURES as STRUCTURES
from mixedmodels.formula.terms import Terms as Terms
