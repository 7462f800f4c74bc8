"""Four groups' lines shrunk towards one another: a singular fit, which lme4 answers with a message.

The text's simulation has no seed; shrinkage.csv is a table drawn in the same way (make_reference.R).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.support.seed_texts import reference

import mixedmodels as mm

TABLE = pd.read_csv(Path(__file__).with_name("shrinkage.csv"), dtype={"group": "category"})


@pytest.fixture(scope="module")
def shrunk():
    with pytest.warns(mm.SingularFitWarning, match=r"boundary \(singular\) fit"):
        return mm.lmer("y ~ (1 + x | group)", TABLE)


def test_fit_lies_on_the_boundary(shrunk) -> None:
    expected = reference()["shrinkage"]
    assert shrunk.is_singular
    assert shrunk.reml_criterion <= expected["criterion"] + 1e-6
    covariance = np.asarray(shrunk.VarCorr()["group"])
    assert covariance == pytest.approx(np.array(expected["varcorr"]), rel=1e-4)
    assert covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]) == pytest.approx(-1.0, abs=1e-6)
    assert shrunk.fixef()["(Intercept)"] == pytest.approx(expected["beta"], rel=1e-5)
    assert np.asarray(shrunk.ranef()["group"]) == pytest.approx(np.array(expected["ranef"]), rel=1e-4)


def test_lines_are_drawn_together(shrunk) -> None:
    alone = mm.lm("y ~ group * x", TABLE)
    estimates = list(dict(alone.fixef()).values())
    assert estimates == pytest.approx(reference()["shrinkage"]["no_pooling"], rel=1e-9)
    slopes = np.array([estimates[4]] + [estimates[4] + extra for extra in estimates[5:]])
    shrunk_slopes = np.asarray(shrunk.coef()["group"]["x"])
    assert shrunk_slopes.std() < slopes.std()
