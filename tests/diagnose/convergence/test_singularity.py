"""The doctor of singular fits: what it says, which models it tries, which one it prefers."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import SEEDS

import mixedmodels as mm
from mixedmodels.estimates.singular_directions import directions, parameters_at_rank, states


def fit(formula: str, data: Any, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        return (mm.glmer if "family" in more else mm.lmer)(formula, data, **more)


@cache
def shrunk() -> Any:
    return fit("y ~ (1 + x | group)", pd.read_csv(SEEDS / "shrinkage.csv", dtype={"group": "category"}))


@cache
def several() -> Any:
    """Effects of four levels of f, in 12 groups that differ in level alone, and slopes that do not vary."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 20)
    table = pd.DataFrame(
        {
            "g": pd.Categorical(g.astype(str)),
            "h": pd.Categorical(np.tile(np.arange(10), 24).astype(str)),
            "f": pd.Categorical(np.tile(list("abcd"), 60)),
            "x": rng.normal(size=240),
        }
    )
    return table.assign(y=1 + table["x"] / 2 + rng.normal(size=12)[g] + rng.normal(size=240))


def test_correlation_of_one_in_words() -> None:
    doctor = shrunk().singularity()
    assert doctor
    (said,) = doctor.directions
    assert said.startswith("The intercepts of group and their slopes on x vary together: correlation -1.")
    sd = shrunk().VarCorr()["group"]
    ratio = -np.sqrt(np.asarray(sd)[1, 1] / np.asarray(sd)[0, 0])
    assert f"{ratio:.3g} times" in said
    modes = np.asarray(shrunk().ranef()["group"])
    assert modes[:, 1] == pytest.approx(ratio * modes[:, 0], rel=1e-6)


def test_models_are_compared_with_this_fit() -> None:
    doctor, model = shrunk().singularity(), shrunk()
    table = doctor.table
    assert doctor.proposals == ("y ~ (1 + x || group)", "y ~ (1 | group)", "y ~ 1")
    assert [name.strip() for name in table.names[:2]] == ["(1 + x | group)", "at its rank"]
    first, at_rank = table["npar"][:2]
    assert (first, at_rank) == (5, 4)  # of a 2 x 2 covariance matrix of rank 1 two parameters are free
    assert table["loglik"][0] == pytest.approx(model.loglik)
    for formula, place in zip(doctor.proposals, (2, 3, 4), strict=True):
        if formula == "y ~ 1":
            continue
        other = fit(formula, model._request.data)
        assert table["loglik"][place] == pytest.approx(other.loglik, abs=1e-6)
        assert table["aic"][place] == pytest.approx(other.aic, abs=1e-6)
        assert table["bic"][place] == pytest.approx(other.bic, abs=1e-6)
    tests = model.ranova(test="mixture")
    dropped = table.names.index("(1 | group)")
    assert table["p_value"][dropped] == pytest.approx(tests.row("x in (1 + x | group)")["p_value"], rel=1e-6)
    assert list(table["singular"]) == ["yes", "", "no", "no", "no"]
    # The correlation is worth more than its parameter: -2 log-likelihood rises by 5.7, and by AIC of rank 1 too.
    assert doctor.recommended is None
    assert "keep this model" in repr(doctor)
    assert "4 levels" in repr(doctor)


def test_no_variance_is_left_out_where_nothing_is_lost() -> None:
    model = fit("Yield ~ 1 + (1 | Batch)", mm.datasets.load("Dyestuff2"))
    doctor = model.singularity()
    assert doctor.directions == (
        "No variance of the intercepts among the levels of Batch: all levels are estimated to have the same.",
    )
    assert doctor.recommended == "Yield ~ 1"
    assert doctor.rlrt(nsim=200, seed=1)["p_value"][0] == 1
    assert "rlrt()" in repr(doctor)
    assert repr(model.singularity(fit=False)).count("Yield ~ 1\n") == 1


def test_search_goes_on_from_models_that_are_singular_again() -> None:
    doctor = fit("y ~ x + f + (x + f | g) + (x | h)", several()).singularity()
    names = set(doctor.table.names)
    assert {"(x | g)", "(x || g)", "(1 | g)"} <= names
    assert len(doctor.proposals) == len(set(doctor.proposals))
    table = doctor.table
    best = table["aic"][table.names.index("(1 | g)")]
    proper = [a for a, s in zip(table["aic"], table["singular"], strict=True) if s == "no"]
    assert doctor.recommended is not None
    assert doctor.recommended.startswith("y ~ x + f + (")
    assert min(proper) <= best
    assert "what is tested" in repr(doctor)  # Barr's caveat


def test_slopes_are_dropped_with_their_caveat() -> None:
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(20), 8)
    x = np.tile(np.arange(8.0), 20)
    # Residuals without a common slope within groups: the slopes' variance is estimated at 0.
    e = rng.normal(size=(20, 8))
    e -= (e @ (x[:8] - 3.5))[:, None] * (x[:8] - 3.5) / np.sum((x[:8] - 3.5) ** 2)
    table = pd.DataFrame({"g": g.astype(str), "x": x - 3.5, "y": rng.normal(size=20)[g] + 0.3 * x + e.ravel()})
    doctor = fit("y ~ x + (x || g)", table).singularity()
    assert doctor.directions[0].startswith("No variance of the slopes on x among the levels of g")
    assert doctor.recommended == "y ~ x + (1 | g)"
    assert "Barr" in repr(doctor)


def test_intercepts_are_left_out_last() -> None:
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(15), 10)
    x = rng.normal(size=150)
    e = rng.normal(size=150)
    e -= pd.Series(e).groupby(g).transform("mean").to_numpy()
    table = pd.DataFrame({"g": g.astype(str), "x": x, "y": x * (1 + rng.normal(size=15)[g]) + e})
    doctor = fit("y ~ x + (x | g)", table).singularity()
    assert "(0 + x | g)" in doctor.table.names
    assert doctor.recommended == "y ~ x + (0 + x | g)"
    assert "depends on where the predictor is 0" in repr(doctor)


def test_proper_fits_say_how_far_they_are() -> None:
    sleep = mm.datasets.load("sleepstudy")
    model = fit("Reaction ~ Days + (Days | Subject)", sleep)
    doctor = model.singularity()
    assert not doctor
    assert doctor.table is None
    assert doctor.proposals == ()
    assert "not singular" in repr(doctor)
    (state,) = doctor.terms
    days = sleep["Days"].to_numpy()
    # Intercepts at the mean day, and slopes on days in standard deviations.
    standard = np.array([[1.0, days.mean()], [0.0, days.std()]])
    scaled = standard @ np.array([[model.theta[0], 0], model.theta[1:]])
    assert state.components == pytest.approx(np.linalg.svd(scaled)[1])
    assert state.condition == pytest.approx(state.components[0] / state.components[1])
    with pytest.raises(mm.DataError, match="nothing to compare"):
        doctor.to_frame()
    with pytest.raises(mm.DataError, match="one variance"):
        doctor.rlrt()


def test_units_of_a_column_are_no_singularity() -> None:
    """lme4's rule looks at theta alone, which is tiny where a column is in large units; ours does not."""
    sleep = mm.datasets.load("sleepstudy")
    model = fit("Reaction ~ us + (us | Subject)", sleep.assign(us=sleep["Days"] * 8.64e10))
    assert not model.is_singular
    assert model.theta[2] < 1e-8
    doctor = model.singularity()
    assert not doctor
    same = fit("Reaction ~ Days + (Days | Subject)", sleep).singularity()
    assert doctor.terms[0].components == pytest.approx(same.terms[0].components, rel=1e-4)


def test_generalised_models() -> None:
    data = mm.datasets.load("Contraception").assign(used=lambda d: (d["use"] == "Y").astype(int))
    doctor = fit("used ~ age + urban + (age + urban | district)", data, family="binomial").singularity()
    assert doctor
    assert "are settled by the other effects" in doctor.directions[0]
    assert doctor.recommended == "used ~ age + urban + (urban | district)"
    assert np.isfinite(doctor.table["p_value"][2:]).all()


def test_columns_of_a_factor_and_of_a_split_term() -> None:
    table = several()
    one = fit("y ~ 1 + (0 + f | g)", table).singularity()
    assert one
    assert any("diag(0 + f | g)" in p for p in one.proposals)
    assert any("(1 | g) + (1 | f:g)" in p for p in one.proposals)
    split = fit("y ~ 1 + diag(x + f | g)", table).singularity()
    assert split
    assert all(len(s.effects) == 1 for s in split.terms)
    assert split.recommended is not None


def test_directions_of_a_factor_of_known_rank() -> None:
    """Third effect = first / 2 - second: weights are found in the units of the data."""
    factor = np.array([[2.0, 0, 0], [1.0, 1.5, 0], [0.0, -1.5, 0]])
    (found,) = directions(np.eye(3), factor, 3 * factor)
    assert (found.effect, found.kind, found.others) == (2, "combination", (0, 1))
    assert found.weights == pytest.approx((0.5, -1.0))
    assert directions(np.eye(3), np.eye(3), np.eye(3)) == ()
    flat = np.array([[0.0, 0, 0], [0, 2, 0], [0, -1, 0]])
    none, together = directions(np.eye(3), flat, flat)
    assert (none.kind, together.kind, together.sign, together.weights) == ("none", "together", -1, (-0.5,))
    standard = np.array([[1.0, 5e3, 0], [0, 2, 0], [0, 0, 1e-6]])
    units = np.diag([1.0, 1.0, 1e6])
    (found,) = directions(standard, units @ factor, units @ factor)
    assert (found.effect, found.kind, found.others) == (2, "combination", (0, 1))
    assert found.weights == pytest.approx((0.5e6, -1e6))


def test_parameters_at_rank() -> None:
    model = shrunk()
    assert parameters_at_rank(states(model.design, model._fit)) == 2


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(mm.DataError, match="has none"):
        mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy")).singularity()
    shrunk().save(tmp_path / "m.json")
    with pytest.raises(mm.DataError, match="loaded from a file"):
        mm.load(tmp_path / "m.json").singularity()


def test_a_term_of_zero_inflation_without_variance_is_named() -> None:
    rows = mm.datasets.load("Salamanders")
    rows = rows.assign(dealt=np.random.default_rng(3).permutation(len(rows)) % 12)
    with pytest.warns(mm.errors.SingularFitWarning):
        fit = mm.glmmTMB("count ~ mined + (1 | site)", rows, "poisson", ziformula="~ mined + (1 | dealt)")
    text = str(fit.singularity())
    assert "(1 | dealt) of ziformula has no variance in 1 of 1 directions" in text
    assert "not singular" not in text
