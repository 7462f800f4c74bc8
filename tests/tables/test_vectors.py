"""Named vectors."""

from __future__ import annotations

import numpy as np
import pytest

import mixedmodels as mm


def test_named_vectors(fit: mm.MixedModel) -> None:
    fixef = fit.fixef()
    assert dict(fixef) == dict(zip(["(Intercept)", "Days"], np.asarray(fixef), strict=True))
    assert repr(fixef).split("\n")[0] == "(Intercept)        Days "
    assert list(fixef.to_pandas().index) == list(fixef)
    with pytest.raises(KeyError, match="no coefficient 'days'"):
        fixef["days"]
