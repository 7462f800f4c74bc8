"""Influence on the coefficients of all components, beside models fitted without the rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.support.component_fits import fitted, salamanders

from mixedmodels.errors import DataError, MixedModelsWarning


@pytest.mark.parametrize("name", ["both_random", "spread", "no_random"])
def test_a_refit_is_the_model_without_the_level(name: str) -> None:
    fit, rows = fitted(name), salamanders()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        influence = fit.influence("site", "refit")
        level = "VF-1"
        other = fit.update(subset=np.flatnonzero(rows["site"] != level))
    change = influence.dfbeta().set_index("site").loc[level].to_numpy(dtype=float)
    np.testing.assert_allclose(change, fit._fit.joint.beta - other._fit.joint.beta, atol=2e-4)
    v = fit._fit.joint.vcov
    cook = change @ np.linalg.solve(v, change) / len(change)
    assert influence.cooks_distance()[level] == pytest.approx(cook, rel=1e-3)
    assert influence.dfbeta().columns.tolist()[1:] == [*fit.fixef().names, *_further(fit)]


def _further(fit: object) -> list[str]:
    return [f"{c}~{n}" for c in fit.components[1:] for n in fit.fixef(c).names]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["both_random", "hurdle", "no_random"])
def test_steps_are_near_the_refits(name: str) -> None:
    fit = fitted(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        exact, step, kept = (
            fit.influence("site", theta).dfbeta().drop(columns="site").to_numpy(dtype=float)
            for theta in ("refit", "one_step", "fixed")
        )
    good = np.isfinite(exact).all(axis=1) & np.isfinite(step).all(axis=1) & np.isfinite(kept).all(axis=1)
    assert good.sum() >= 20
    # Where theta of the counts is kept, the coefficients of the zeros cannot make room for it.
    for other in (step, kept) if name != "no_random" else (step,):
        assert np.corrcoef(exact[good].ravel(), other[good].ravel())[0, 1] > 0.9


def test_one_predictor_is_as_a_glmer_s() -> None:
    import mixedmodels as mm

    glmer = mm.glmer("count ~ clean + (1 | site)", salamanders(), "poisson")
    ours, theirs = (m.influence("site").dfbetas().drop(columns="site").to_numpy() for m in (fitted("one"), glmer))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
    "verb", ["leverage", "hat_values", "rstudent", "robust", "scores", "vcov_full", "power_curve", "anova"]
)
def test_what_needs_one_predictor_says_what_to_use(verb: str) -> None:
    with pytest.raises(DataError, match=r"models with one linear predictor.*has further ones"):
        getattr(fitted("both_random"), verb)(*(["clean"] if verb == "power_curve" else []))
