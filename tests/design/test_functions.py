"""Which functions a formula knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.design.functions import elementwise


@pytest.mark.parametrize("name", ["matmul", "vecdot", "matvec", "vecmat"])
def test_functions_of_whole_columns_are_not_elementwise(name: str) -> None:
    assert elementwise(name) is None
    data = pd.DataFrame({"x": np.arange(9.0), "y": np.arange(9.0) ** 2})
    with pytest.raises(mm.FormulaError, match=f"the function {name}\\(\\) is not known"):
        mm.lm(f"y ~ {name}(x, x)", data)


@pytest.mark.parametrize("name", ["log", "sqrt", "np.cbrt", "numpy.square", "hypot", "base::exp"])
def test_elementwise_functions_are_known(name: str) -> None:
    assert elementwise(name) is not None
