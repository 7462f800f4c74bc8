"""Named vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


def test_named_vectors(fit: mm.MixedModel) -> None:
    fixef = fit.fixef()
    assert dict(fixef) == dict(zip(["(Intercept)", "Days"], np.asarray(fixef), strict=True))
    assert repr(fixef).split("\n")[0] == "(Intercept)        Days "
    assert fixef.to_pandas().to_dict("list") == {"term": list(fixef), "estimate": np.asarray(fixef).tolist()}
    assert pd.Series(fixef).to_dict() == dict(fixef)
    assert fixef._repr_html_().count("<tr>") == 3
    with pytest.raises(KeyError, match="no coefficient 'days'"):
        fixef["days"]
