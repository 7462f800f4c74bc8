"""The engine beside its dense twin at random theta: criterion, gradient, curvature, modes, variances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.dense_lmm import Lmm as DenseLmm

from mixedmodels import _engine

Rng = np.random.Generator


def factor(rng: Rng, n: int, levels: int) -> tuple[np.ndarray, int]:
    """Codes in which every level occurs."""
    codes = np.concatenate([np.arange(levels), rng.integers(0, levels, n - levels)])
    rng.shuffle(codes)
    return codes.astype(np.int32), levels


def nested_in(rng: Rng, outer: tuple[np.ndarray, int], each: int) -> tuple[np.ndarray, int]:
    """A factor whose levels each lie in one level of `outer`; only those observed count."""
    _, codes = np.unique(outer[0] * each + rng.integers(0, each, len(outer[0])), return_inverse=True)
    return codes.astype(np.int32), int(codes.max()) + 1


def design(name: str, n: int = 160) -> dict[str, Any]:
    """One of the shapes below, with three fixed columns; groups are ordered by decreasing number of levels."""
    rng = np.random.default_rng(sum(map(ord, name)))
    x, z, v = rng.normal(size=n), rng.normal(size=n), rng.uniform(0, 3, n)
    a, b, c = factor(rng, n, 17), factor(rng, n, 9), factor(rng, n, 5)
    inner = nested_in(rng, b, 4)
    sparse = np.sort(rng.integers(0, 70, n)).astype(np.int32), 70
    movers = ((sparse[0] // 2 + rng.integers(0, 3, n)) % 40).astype(np.int32)
    firms = np.unique(movers, return_inverse=True)[1].astype(np.int32)
    one: list[Any] = [None]
    shapes: dict[str, tuple[list[Any], list[Any]]] = {
        "intercept": ([a], [(0, one)]),
        "slope only": ([a], [(0, [x])]),
        "intercept and slope": ([a], [(0, [None, x])]),
        "three effects": ([a], [(0, [None, x, z])]),
        "five effects": ([b], [(0, [None, x, z, v, x * z])]),
        "two terms, one group": ([a], [(0, one), (0, [x])]),
        "three terms, one group": ([a], [(0, one), (0, [x]), (0, [z, v])]),
        "crossed": ([a, b], [(0, one), (1, one)]),
        "crossed slopes": ([a, b], [(0, [None, x]), (1, [None, z])]),
        "nested": ([inner, b], [(0, one), (1, one)]),
        "nested slopes": ([inner, b], [(0, [None, x]), (1, [None, x])]),
        "nested and crossed": ([inner, b, c], [(0, one), (1, [None, x]), (2, one)]),
        "three crossed": ([a, b, c], [(0, one), (1, one), (2, [None, v])]),
        "repeated group among crossed": ([a, b], [(0, one), (0, [x]), (1, one), (1, [z])]),
        "sparse": ([(np.unique(sparse[0], return_inverse=True)[1].astype(np.int32), len(np.unique(sparse[0]))),
                    (firms, int(firms.max()) + 1)], [(0, one), (1, one)]),
    }  # fmt: skip
    groups, terms = shapes[name]
    y = 2 + x + 1.5 * rng.normal(size=a[1])[a[0]] + rng.normal(size=b[1])[b[0]] * (1 + 0.5 * z) + rng.normal(size=n)
    return {"y": y, "x": [None, x, z], "groups": groups, "terms": terms, "w": rng.gamma(2, 0.5, n)}


SHAPES = [
    "intercept", "slope only", "intercept and slope", "three effects", "five effects", "two terms, one group",
    "three terms, one group", "crossed", "crossed slopes", "nested", "nested slopes", "nested and crossed",
    "three crossed", "repeated group among crossed", "sparse",
]  # fmt: skip


def both(name: str, *, reml: bool, weighted: bool, fixed: int = 3) -> tuple[Any, Any, dict[str, Any]]:
    d = design(name)
    arguments = (d["y"], d["x"][:fixed], d["groups"], d["terms"], d["w"] if weighted else None, reml)
    return _engine.Lmm(_engine.Rows(*arguments[:-1]), reml), DenseLmm(*arguments), d


def random_thetas(count: int, size: int) -> list[np.ndarray]:
    """Ordinary ones, small ones, large ones, signs of either kind; the engine's parameters are free in sign."""
    rng = np.random.default_rng(size + 100 * count)
    return [rng.normal(size=size) * scale for scale in (1.0, 0.1, 5.0, 1.0, 0.5)[:count]]


def close(ours: Any, theirs: Any, tolerance: float) -> None:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs), initial=0) <= tolerance * max(1.0, float(np.max(np.abs(theirs), initial=0)))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("reml", [False, True], ids=["ml", "reml"])
@pytest.mark.parametrize("name", SHAPES)
def test_criterion_gradient_and_curvature(name: str, reml: bool, weighted: bool) -> None:
    engine, twin, _ = both(name, reml=reml, weighted=weighted)
    assert (engine.n, engine.p, engine.q, engine.n_theta) == (twin.n, twin.p, twin.q, twin.n_theta)
    assert engine.sum_log_weights == pytest.approx(twin.sum_log_weights)
    for theta in random_thetas(5, engine.n_theta):
        ours, theirs = engine.evaluate(theta), twin.evaluate(theta)
        assert engine.criterion(theta) == pytest.approx(theirs["criterion"], rel=1e-11)
        assert ours["criterion"] == pytest.approx(theirs["criterion"], rel=1e-11)
        # The twin inverts V itself and loses digits where theta is large.
        close(ours["gradient"], theirs["gradient"], 1e-8)
        close(ours["hessian"], theirs["hessian"], 1e-7)


@pytest.mark.parametrize("reml", [False, True], ids=["ml", "reml"])
@pytest.mark.parametrize("name", SHAPES)
def test_gradient_is_the_slope_of_the_criterion(name: str, reml: bool) -> None:
    """Central differences, once Richardson-extrapolated: independent of any formula for the derivative."""
    engine, _, _ = both(name, reml=reml, weighted=True)
    for theta in random_thetas(2, engine.n_theta):
        gradient = np.asarray(engine.evaluate(theta)["gradient"])
        numeric = np.empty_like(gradient)
        for j, direction in enumerate(np.eye(len(theta))):
            wide, narrow = (
                (engine.criterion(theta + h * direction) - engine.criterion(theta - h * direction)) / (2 * h)
                for h in (2e-3, 1e-3)
            )
            numeric[j] = (4 * narrow - wide) / 3
        close(gradient, numeric, 2e-7)


@pytest.mark.parametrize("name", SHAPES)
def test_derivatives_at_singular_theta(name: str) -> None:
    """All zero, and a last column of zero: T loses rank and nothing may divide by it."""
    engine, twin, _ = both(name, reml=True, weighted=False)
    partly = np.random.default_rng(3).normal(size=engine.n_theta)
    partly[-1] = 0.0
    for theta in (np.zeros(engine.n_theta), partly):
        ours, theirs = engine.evaluate(theta), twin.evaluate(theta)
        assert ours["criterion"] == pytest.approx(theirs["criterion"], rel=1e-11)
        close(ours["gradient"], theirs["gradient"], 1e-8)


@pytest.mark.parametrize("name", SHAPES)
def test_a_column_and_its_negative_are_the_same_model(name: str) -> None:
    engine, _, d = both(name, reml=True, weighted=False)
    theta = random_thetas(1, engine.n_theta)[0]
    flipped, at = theta.copy(), 0
    for _, columns in d["terms"]:
        for j in range(len(columns)):
            height = len(columns) - j
            flipped[at : at + height] *= -1 if j % 2 == 0 else 1
            at += height
    assert engine.criterion(flipped) == pytest.approx(engine.criterion(theta), rel=1e-13)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", SHAPES)
def test_everything_at_a_given_theta(name: str, weighted: bool) -> None:
    engine, twin, d = both(name, reml=True, weighted=weighted)
    theta = np.abs(random_thetas(1, engine.n_theta)[0]) + 0.1
    ours, theirs = engine.at(theta), twin.at(theta)
    for scalar in ("criterion", "sigma", "pwrss", "logdet_u", "logdet_x"):
        assert ours[scalar] == pytest.approx(theirs[scalar], rel=1e-9), scalar
    close(ours["beta"], theirs["beta"], 1e-9)
    close(ours["vcov_unscaled"], theirs["vcov_unscaled"], 1e-9)
    for mine, its, (group, columns) in zip(ours["b"], theirs["b"], d["terms"], strict=True):
        assert np.shape(mine) == (d["groups"][group][1], len(columns))
        close(mine, its, 1e-8)
    for mine, its in zip(ours["u"], theirs["u"], strict=True):
        close(mine, its, 1e-8)
    for mine, its in zip(engine.condvar(theta), twin.condvar(theta), strict=True):
        close(mine, its, 1e-8)


@pytest.mark.parametrize("name", ["intercept and slope", "crossed", "nested slopes"])
def test_repeated_rows_are_rows_with_weights(name: str) -> None:
    """At a given theta a row w times is a row of weight w: only n, and with it sigma, tells the two apart."""
    d = design(name)
    times = np.random.default_rng(5).integers(1, 5, len(d["y"]))

    def stretch(column: Any) -> Any:
        return None if column is None else np.repeat(column, times)

    weighted = _engine.Lmm(_engine.Rows(d["y"], d["x"], d["groups"], d["terms"], times.astype(float)), False)
    repeated = _engine.Rows(
        stretch(d["y"]), [stretch(c) for c in d["x"]], [(stretch(codes), k) for codes, k in d["groups"]],
        [(g, [stretch(c) for c in columns]) for g, columns in d["terms"]], None,
    )  # fmt: skip
    repeated = _engine.Lmm(repeated, False)
    theta = np.abs(random_thetas(1, weighted.n_theta)[0])
    ours, theirs = weighted.at(theta), repeated.at(theta)
    close(ours["beta"], theirs["beta"], 1e-10)
    assert ours["pwrss"] == pytest.approx(theirs["pwrss"], rel=1e-10)
    assert ours["logdet_u"] == pytest.approx(theirs["logdet_u"], rel=1e-10)
    for mine, its in zip(ours["b"], theirs["b"], strict=True):
        close(mine, its, 1e-9)


@pytest.mark.parametrize("fixed", [0, 1, 2])
def test_few_or_no_fixed_columns(fixed: int) -> None:
    engine, twin, _ = both("crossed slopes", reml=True, weighted=False, fixed=fixed)
    theta = random_thetas(1, engine.n_theta)[0]
    ours, theirs = engine.evaluate(theta), twin.evaluate(theta)
    assert ours["criterion"] == pytest.approx(theirs["criterion"], rel=1e-11)
    close(ours["gradient"], theirs["gradient"], 1e-8)


@pytest.mark.parametrize("name", SHAPES)
def test_another_response_shares_the_design(name: str) -> None:
    engine, _, d = both(name, reml=True, weighted=True)
    y = np.random.default_rng(8).normal(size=len(d["y"]))
    rows = _engine.Rows(y, d["x"], d["groups"], d["terms"], d["w"])
    fresh = _engine.Lmm(rows, True)
    shared = engine.with_response(rows)
    for theta in random_thetas(2, engine.n_theta):
        assert shared.criterion(theta) == pytest.approx(fresh.criterion(theta), rel=1e-13)


@pytest.mark.parametrize("name", ["crossed", "nested", "sparse", "three effects"])
def test_optimum_is_the_twins(name: str) -> None:
    engine, twin, _ = both(name, reml=True, weighted=False)
    found = engine.fit(None, 200, 1e-9)
    best = twin.fit(None, 200, 1e-9)
    assert found["criterion"] <= best["criterion"] + 1e-7
    assert found["status"] == "converged"
    assert found["certificate"]["holds"]
