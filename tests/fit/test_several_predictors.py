"""Criteria of models with several linear predictors beside glmmTMB's: at given parameters, and at the optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support import glmmtmb_reference as theirs
from tests.support.glmmtmb_rows import parameters, stated

# The engine takes a held shape as a fixed one; what else `map` and REML mean is the affair of the verb.
PLAIN = [name for name, m in theirs.reference().items() if "REML" not in m and set(m.get("map", {})) <= {"psi"}]
QUICK = [name for name in PLAIN if "slow" not in theirs.reference()[name]]


# Where a mode's curvature nears 0, Laplace's criterion falls without a bound that means anything.
SOUND = [name for name in QUICK if "degenerate" not in theirs.reference()[name]]


def _allowed(criterion: float) -> float:
    return 1e-6 + 1e-11 * abs(criterion)


@pytest.mark.parametrize(
    "name", [name for name in PLAIN if not {"map", "degenerate", "modes"} & set(theirs.reference()[name])]
)
def test_the_criterion_is_glmmtmbs_away_from_the_optimum(name: str) -> None:
    model = theirs.reference()[name]
    ours = stated(model)
    theta, beta, psi = parameters(model, ours, of="elsewhere")
    criterion = ours.glmm().at(theta, beta, psi)["criterion"]
    assert criterion == pytest.approx(model["elsewhere"]["criterion"], abs=_allowed(criterion), rel=0)


@pytest.mark.parametrize("name", SOUND)
def test_no_optimum_lies_above_glmmtmbs(name: str) -> None:
    model = theirs.reference()[name]
    ours: Any = stated(model).glmm().fit(nagq=1)
    assert ours["criterion"] <= model["criterion"] + 1e-6
    if "local" not in model and not model["limits"] and model["pdHess"]:
        assert ours["criterion"] >= model["criterion"] - _allowed(model["criterion"])


@pytest.mark.parametrize("name", SOUND)
def test_interior_estimates_are_glmmtmbs(name: str) -> None:
    model = theirs.reference()[name]
    if "local" in model or model["limits"] or not model["pdHess"] or "map" in model:
        pytest.skip("a limit, or a lower optimum than glmmTMB's: there is nothing to compare")
    ours = stated(model)
    _, beta, _ = parameters(model, ours)
    halved = 0.5 if model["family"] == "gaussian" else 1.0
    parts = ["beta", "betazi", *(["betad"] if "dispformula" in model else [])]
    errors = np.concatenate([theirs.block(model, part, "se") * (halved if part == "betad" else 1) for part in parts])
    assert np.max(np.abs(ours.glmm().fit(nagq=1)["beta"] - beta) / errors) < 1e-4
