"""The null distribution of the exact restricted test against a closed form, slow twins and direct simulation."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from scipy import optimize, stats

import mixedmodels as mm
from mixedmodels.inference.comparison import rlrt
from mixedmodels.inference.comparison.lrt import restricted_loglik


def one_way(levels: int, size: int) -> rlrt.Spectrum:
    """Of a balanced one-way layout with an intercept."""
    fit = mm.lmer("y ~ 1 + (1 | g)", layout(np.repeat(size, levels)))
    return rlrt.spectrum(fit.design, fit._fit.kept, restricted=True)


def layout(sizes: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(len(sizes)), sizes)
    return {"y": rng.standard_normal(len(g)) + rng.standard_normal(len(sizes))[g], "g": g.astype(str)}


@pytest.mark.parametrize(("levels", "size"), [(3, 2), (6, 5), (12, 3)])
def test_balanced_one_way_layout_is_that_of_the_f_statistic(levels: int, size: int) -> None:
    """There the maximum is at lam = max(0, (F - 1) / size), so that the ratio is a function of F."""
    null = one_way(levels, size)
    a, b = levels - 1, levels * (size - 1)
    assert null.values == pytest.approx([size])
    assert null.counts.tolist() == [a]
    assert null.rest == b

    def ratio(f: float) -> float:
        return (a + b) * np.log((a * f + b) / (a + b)) - a * np.log(f) if f > 1 else 0.0

    f = np.random.default_rng(1).f(a, b, 200)
    rest = np.full(200, float(b))
    ours = rlrt.maximum(null, (f * a)[:, None], rest)
    assert ours == pytest.approx([ratio(value) for value in f], abs=1e-9)
    sample = rlrt.simulate(null, 40_000, np.random.default_rng(2))
    for quantile in (0.8, 0.95, 0.99):
        at = stats.f.ppf(quantile, a, b)
        share = np.mean(sample > ratio(at))
        exact = 1 - quantile if at > 1 else stats.f.sf(1, a, b)
        assert share == pytest.approx(exact, abs=4.5 * np.sqrt(exact * (1 - exact) / 40_000))


def test_maximum_is_the_highest_of_many_searches() -> None:
    """The slow twin: the formula as it is printed, searched from every interval of a fine grid."""
    spread, counts = _other_spectrum()
    null = rlrt.Spectrum(
        values=np.array([9.0, 2.0, 0.01]),
        counts=np.array([1.0, 3.0, 2.0]),
        spread=spread,
        spread_counts=counts,
        rows=14,
        rest=4,
    )
    rng = np.random.default_rng(8)
    w, rest = rng.chisquare(null.counts, (12, 3)), rng.chisquare(null.rest, 12)
    w[:4, 2] *= 40  # two maxima: large weights on the smallest and on the largest eigenvalue
    ours = rlrt.maximum(null, w, rest)

    def height(t: float, i: int) -> float:
        lam = np.exp(t)
        n = np.sum(lam * null.values / (1 + lam * null.values) * w[i])
        d = np.sum(w[i] / (1 + lam * null.values)) + rest[i]
        return float(null.rows * np.log1p(n / d) - null.spread_counts @ np.log1p(lam * null.spread))

    for i in range(len(w)):
        ends = np.linspace(-15, 22, 50)
        found = [
            -optimize.minimize_scalar(
                lambda t, i=i: -height(t, i), bounds=pair, method="bounded", options={"xatol": 1e-9}
            ).fun
            for pair in pairwise(ends)
        ]
        assert ours[i] == pytest.approx(max(0.0, *found), abs=1e-8)


def _other_spectrum() -> tuple[np.ndarray, np.ndarray]:
    return np.array([11.0, 2.5, 0.02]), np.array([1.0, 3.0, 2.0])


def test_distribution_is_that_of_refits_to_simulated_responses() -> None:
    """An unbalanced design of 11 rows: every draw is a response, both models are fitted to it."""
    data = layout(np.array([1, 2, 3, 5]))
    data["x"] = np.linspace(-1, 1, 11) ** 2
    fit = mm.lmer("y ~ x + (1 | g)", data)
    null = rlrt.spectrum(fit.design, fit._fit.kept, restricted=True)
    sample = rlrt.simulate(null, 40_000, np.random.default_rng(4))
    line = mm.lm("y ~ x", data)
    rng = np.random.default_rng(6)
    direct = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        for _ in range(800):
            y = rng.standard_normal(11)
            direct.append(2 * (fit.refit(y).loglik - restricted_loglik(line.refit(y)._fit)))
    for quantile in (0.7, 0.8, 0.9, 0.95):
        at = np.quantile(sample, quantile)
        share = np.mean(np.array(direct) > at)
        assert share == pytest.approx(1 - quantile, abs=4.5 * np.sqrt(quantile * (1 - quantile) / 800))


def test_weights_and_equal_eigenvalues() -> None:
    """Weighted rows are rows scaled by the roots of the weights, and equal eigenvalues count as one."""
    data = layout(np.repeat(4, 5))
    data["w"] = np.tile([1.0, 2.0, 3.0, 4.0], 5)
    fit = mm.lmer("y ~ 1 + (1 | g)", data, weights="w")
    null = rlrt.spectrum(fit.design, fit._fit.kept, restricted=False)
    assert null.values == pytest.approx([10.0])
    assert null.counts.tolist() == [4]
    assert null.spread == pytest.approx([10.0])
    assert null.spread_counts.tolist() == [5]
    assert (null.rows, null.rest) == (20, 15)


def test_a_linear_models_restricted_likelihood_is_that_of_a_mixed_one_without_variance() -> None:
    data = mm.datasets.load("Dyestuff2")
    with pytest.warns(mm.errors.SingularFitWarning):
        mixed = mm.lmer("Yield ~ 1 + (1 | Batch)", data)
    assert restricted_loglik(mm.lm("Yield ~ 1", data)._fit) == pytest.approx(mixed.loglik, abs=1e-9)


def test_degrees_of_freedom_must_be_left() -> None:
    design = mm.lmer("y ~ 1 + (1 | g)", layout(np.array([2, 2, 2]))).design
    assert rlrt.spectrum(design, (0,), restricted=True).rest == 3
    slopes = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    with pytest.raises(mm.DataError, match="several"):
        rlrt.spectrum(slopes.design, slopes._fit.kept, restricted=True)
