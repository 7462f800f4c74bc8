"""What a linear mixed model must do whatever the data: moves of the table that move the fit in a known way or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

FORMULAS = [
    "y ~ x + (1 | g)",
    "y ~ x + (x | g)",
    "y ~ f + x + (0 + f | g)",
    "y ~ x + z + (1 | g) + (1 | h)",
    "y ~ x * z + (x | g) + (z | h)",
    "y ~ f + x + (x || g) + (1 | h)",
    "y ~ x + (1 | h/k)",
    "y ~ x + (x | g) + (1 | h/k)",
]
SLOPES = [formula for formula in FORMULAS if "(x | g)" in formula]
METHODS = pytest.mark.parametrize("reml", [False, True], ids=["ml", "reml"])
MODELS = pytest.mark.parametrize("formula", FORMULAS)


def letters(codes: np.ndarray, prefix: str) -> pd.Categorical:
    return pd.Categorical([f"{prefix}{code}" for code in codes], [f"{prefix}{code}" for code in np.unique(codes)])


def table(seed: int = 1, n: int = 400, g_levels: int = 23, h_levels: int = 11) -> pd.DataFrame:
    """Rows with real variance in every effect of FORMULAS, so that optima lie off the boundary."""
    rng = np.random.default_rng(seed)
    g, h, k, f = (rng.integers(0, levels, n) for levels in (g_levels, h_levels, 3, 3))
    x, z = rng.normal(size=n), rng.normal(size=n)
    b, c = rng.normal(size=(g_levels, 5)), rng.normal(size=(h_levels, 2))
    y = 3 + x - z + 0.9 * b[g, 0] + (0.7 * b[g, 1] + 0.3 * b[g, 0]) * x + 1.2 * b[g, 2 + f]
    y = y + c[h, 0] + 0.6 * c[h, 1] * z + 0.8 * rng.normal(size=3 * h_levels)[h * 3 + k] + rng.normal(size=n)
    return pd.DataFrame(
        {"y": y, "x": x, "z": z, "w": rng.gamma(3, 0.4, n), "o": rng.normal(size=n),
         "f": letters(f, "f"), "g": letters(g, "g"), "h": letters(h, "h"), "k": letters(k, "k")}
    )  # fmt: skip


TABLE = table()


def fit(formula: str, data: pd.DataFrame = TABLE, reml: bool = True, **options: Any) -> Any:
    return mm.lmer(formula, data, REML=reml, **options)


def criterion(model: Any) -> float:
    return -2 * model.loglik


def beta(model: Any) -> np.ndarray:
    return np.array(list(dict(model.fixef()).values()))


def covariances(model: Any) -> list[np.ndarray]:
    return [np.asarray(block, float) for block in model.VarCorr().values()]


def assert_same(one: Any, other: Any, tolerance: float = 1e-6) -> None:
    """Two fits of the same model: criterion to rounding, estimates to what the stopping rule leaves open."""
    assert criterion(other) == pytest.approx(criterion(one), abs=1e-7)
    np.testing.assert_allclose(beta(other), beta(one), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(np.asarray(other.vcov()), np.asarray(one.vcov()), rtol=tolerance, atol=tolerance)
    assert other.sigma == pytest.approx(one.sigma, rel=tolerance)
    for mine, its in zip(covariances(other), covariances(one), strict=True):
        np.testing.assert_allclose(mine, its, rtol=10 * tolerance, atol=tolerance)


@METHODS
@MODELS
def test_order_of_rows_does_not_matter(formula: str, reml: bool) -> None:
    order = np.random.default_rng(2).permutation(len(TABLE))
    before, after = fit(formula, reml=reml), fit(formula, TABLE.iloc[order].reset_index(drop=True), reml)
    assert_same(before, after)
    np.testing.assert_allclose(np.asarray(after.fitted()), np.asarray(before.fitted())[order], rtol=1e-6, atol=1e-6)


@MODELS
def test_names_and_order_of_levels_do_not_matter(formula: str) -> None:
    renamed = TABLE.copy()
    for name in ("g", "h"):
        old = list(TABLE[name].cat.categories)
        new = [f"new {level}" for level in old]
        renamed[name] = pd.Categorical(TABLE[name].map(dict(zip(old, new, strict=True))).astype(str), new[::-1])
    before, after = fit(formula), fit(formula, renamed)
    assert_same(before, after)
    if ":" not in "".join(before.ranef()):
        for group, modes in before.ranef().items():
            again = after.ranef()[group]
            lookup = again.loc[[f"new {level}" for level in modes.index]]
            np.testing.assert_allclose(np.asarray(lookup), np.asarray(modes), rtol=1e-5, atol=1e-6)


@METHODS
@MODELS
@pytest.mark.parametrize("factor", [1e-6, 250.0, 1e6])
def test_scale_of_the_response(formula: str, reml: bool, factor: float) -> None:
    before, after = fit(formula, reml=reml), fit(formula, TABLE.assign(y=TABLE["y"] * factor), reml)
    rows = len(TABLE) - (len(beta(before)) if reml else 0)
    assert criterion(after) == pytest.approx(criterion(before) + 2 * rows * np.log(factor), abs=1e-6)
    np.testing.assert_allclose(after.theta, before.theta, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(beta(after), factor * beta(before), rtol=1e-6)
    assert after.sigma == pytest.approx(factor * before.sigma, rel=1e-6)


@METHODS
@MODELS
def test_adding_a_fixed_combination_to_the_response(formula: str, reml: bool) -> None:
    before = fit(formula, reml=reml)
    after = fit(formula, TABLE.assign(y=TABLE["y"] + 1000 - 7 * TABLE["x"]), reml)
    moved = beta(before).copy()
    names = list(dict(before.fixef()))
    moved[names.index("(Intercept)")] += 1000
    moved[names.index("x")] -= 7
    assert criterion(after) == pytest.approx(criterion(before), abs=1e-6)
    np.testing.assert_allclose(beta(after), moved, rtol=1e-7)
    np.testing.assert_allclose(after.theta, before.theta, rtol=1e-5, atol=1e-5)


@METHODS
@MODELS
@pytest.mark.parametrize("factor", [1e-4, 12.0, 1e5])
@pytest.mark.filterwarnings(
    "ignore::mixedmodels.SingularFitWarning"
)  # a diagonal below 1e-4 is lme4's mark of singularity
def test_scale_of_a_covariate(formula: str, reml: bool, factor: float) -> None:
    """The likelihood does not see it; the REML criterion gains 2 log(factor) per column of X that holds x."""
    before, after = fit(formula, reml=reml), fit(formula, TABLE.assign(x=TABLE["x"] * factor), reml)
    columns = sum("x" in name.split(":") for name in dict(before.fixef()))
    gained = 2 * columns * np.log(factor) if reml else 0.0
    assert criterion(after) == pytest.approx(criterion(before) + gained, abs=1e-6)
    np.testing.assert_allclose(np.asarray(after.fitted()), np.asarray(before.fitted()), rtol=1e-5, atol=1e-5)


@METHODS
@pytest.mark.parametrize("formula", SLOPES)
@pytest.mark.parametrize("shift", [-3.0, 40.0, 2000.0])
def test_origin_of_a_covariate(formula: str, reml: bool, shift: float) -> None:
    """With intercept and slope on either side the origin is immaterial, as long as digits last."""
    before, after = fit(formula, reml=reml), fit(formula, TABLE.assign(x=TABLE["x"] + shift), reml)
    assert criterion(after) == pytest.approx(criterion(before), abs=2e-6)
    np.testing.assert_allclose(np.asarray(after.fitted()), np.asarray(before.fitted()), rtol=1e-4, atol=1e-4)
    names = list(dict(before.fixef()))
    assert beta(after)[names.index("x")] == pytest.approx(beta(before)[names.index("x")], rel=1e-5)


@METHODS
@MODELS
@pytest.mark.parametrize("factor", [1e-3, 17.0])
def test_a_constant_in_the_weights_is_immaterial(formula: str, reml: bool, factor: float) -> None:
    """Var(e) = sigma^2 / w: the constant goes into sigma^2 and nowhere else."""
    before = fit(formula, reml=reml, weights="w")
    after = fit(formula, TABLE.assign(w=TABLE["w"] * factor), reml, weights="w")
    assert after.loglik == pytest.approx(before.loglik, abs=1e-6)
    assert after.sigma**2 == pytest.approx(factor * before.sigma**2, rel=1e-6)
    np.testing.assert_allclose(beta(after), beta(before), rtol=1e-5, atol=1e-7)
    for mine, its in zip(covariances(after), covariances(before), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


@MODELS
def test_weights_of_one_are_no_weights(formula: str) -> None:
    assert_same(fit(formula), fit(formula, weights=np.ones(len(TABLE))))


@MODELS
def test_offset_is_taken_from_the_response(formula: str) -> None:
    offset = fit(formula, TABLE.assign(y=TABLE["y"] + TABLE["o"]), offset="o")
    assert_same(fit(formula), offset)
    in_formula = fit(formula.replace("~", "~ offset(o) +"), TABLE.assign(y=TABLE["y"] + TABLE["o"]))
    assert_same(offset, in_formula)
    np.testing.assert_allclose(
        np.asarray(offset.fitted()) - TABLE["o"], np.asarray(fit(formula).fitted()), rtol=1e-5, atol=1e-6
    )


@METHODS
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("y ~ x + z + (1 | g) + (1 | h)", "y ~ (1 | h) + z + (1 | g) + x"),
        ("y ~ x * z + (x | g) + (z | h)", "y ~ (z | h) + (x | g) + x * z"),
        ("y ~ x + (1 | h/k)", "y ~ (1 | h) + x + (1 | k:h)"),
        ("y ~ x + (1 + x || g)", "y ~ x + (1 | g) + (x - 1 | g)"),
    ],
)
def test_order_and_spelling_of_terms_do_not_matter(one: str, other: str, reml: bool) -> None:
    before, after = fit(one, reml=reml), fit(other, reml=reml)
    assert criterion(after) == pytest.approx(criterion(before), abs=1e-7)
    mine, its = dict(after.fixef()), dict(before.fixef())
    assert set(mine) == set(its)
    assert [mine[name] for name in its] == pytest.approx(list(its.values()), rel=1e-6)
    assert [len(b) for b in covariances(after)] == [len(b) for b in covariances(before)]
    np.testing.assert_allclose(after.theta, before.theta, rtol=1e-5, atol=1e-6)


@MODELS
def test_a_redundant_column_changes_nothing_and_is_reported(formula: str) -> None:
    with pytest.warns(mm.RankDeficientWarning, match="twice"):
        after = fit(formula.replace("~ ", "~ ") + " + twice", TABLE.assign(twice=2 * TABLE["x"] - 1))
    assert_same(fit(formula), after)


def bits_with_threads(count: int, formula: str, data: pd.DataFrame, reml: bool) -> list[bytes]:
    before = mm.threads()
    try:
        mm.set_threads(count)
        model = fit(formula, data, reml)
        parts = [criterion(model), model.theta, beta(model), np.asarray(model.vcov()), np.asarray(model.fitted())]
    finally:
        mm.set_threads(before)
    return [np.ascontiguousarray(part).tobytes() for part in parts]


@METHODS
@MODELS
def test_threads_do_not_change_a_bit(formula: str, reml: bool) -> None:
    many = table(6, 12_000, 900, 150)
    assert bits_with_threads(1, formula, many, reml) == bits_with_threads(2, formula, many, reml)


@pytest.mark.parametrize("formula", ["y ~ x + (x | g)", "y ~ x + (1 | g) + (1 | h)", "y ~ z + (1 | h/k)"])
def test_threads_do_not_change_a_bit_of_a_large_table(formula: str) -> None:
    """Rows and levels enough that work is really shared out; three threads split it at other places than two."""
    many = table(7, 300_000, 12_000, 700)
    one = bits_with_threads(1, formula, many, True)
    assert one == bits_with_threads(2, formula, many, True)
    assert one == bits_with_threads(3, formula, many, True)


@METHODS
@MODELS
def test_gradient_and_hessian_of_the_objective(formula: str, reml: bool) -> None:
    model = fit(formula, reml=reml)
    objective = model.objective
    assert objective(model.theta) == pytest.approx(criterion(model), rel=1e-12)
    rng = np.random.default_rng(9)
    for theta in (model.theta, model.theta + 0.3 * rng.normal(size=model.theta.size)):
        size = theta.size
        slope, curve = np.empty(size), np.empty((size, size))
        steps = np.eye(size)
        for j in range(size):
            wide, narrow = (
                (objective(theta + h * steps[j]) - objective(theta - h * steps[j])) / (2 * h) for h in (2e-3, 1e-3)
            )
            slope[j] = (4 * narrow - wide) / 3
            h = 1e-3
            for i in range(size):
                corners = [
                    objective(theta + h * (a * steps[i] + b * steps[j]))
                    for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
                ]
                curve[i, j] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
        gradient, hessian = objective.gradient(theta), objective.hessian(theta)
        np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-6)
        np.testing.assert_allclose(hessian, curve, rtol=1e-3, atol=1e-3 * np.abs(curve).max())
    assert np.abs(objective.gradient(model.theta)).max() < 1e-3


@MODELS
def test_fit_is_a_minimum_of_the_objective(formula: str) -> None:
    model = fit(formula)
    rng = np.random.default_rng(10)
    best = model.objective(model.theta)
    for scale in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(5):
            assert model.objective(model.theta + scale * rng.normal(size=model.theta.size)) >= best - 1e-9


@MODELS
def test_start_does_not_matter(formula: str) -> None:
    before = fit(formula)
    rng = np.random.default_rng(12)
    for scale in (0.05, 1.0, 4.0):
        start = scale * np.abs(rng.normal(size=before.theta.size))
        assert_same(before, fit(formula, start=start), 1e-5)


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if "(0 + f | g)" not in formula])
def test_modes_sum_to_zero_where_the_fixed_effects_span_them(formula: str) -> None:
    """The normal equations: sum over levels of b is zero for every effect that is a fixed effect too."""
    model = fit(formula)
    fixed = set(dict(model.fixef()))
    for modes in model.ranef().values():
        for effect in set(modes.columns) & fixed:
            assert float(modes[effect].sum()) == pytest.approx(0.0, abs=1e-6 * len(modes))


@MODELS
def test_predictions_for_the_same_rows_are_the_fitted_values(formula: str) -> None:
    model = fit(formula)
    fitted = np.asarray(model.fitted())
    np.testing.assert_allclose(np.asarray(model.predict(TABLE)), fitted, rtol=1e-10)
    np.testing.assert_allclose(np.asarray(model.predict()), fitted, rtol=1e-12)
    np.testing.assert_allclose(fitted + np.asarray(model.residuals()), TABLE["y"], rtol=1e-12)
    population = np.asarray(model.predict(TABLE, re_form="~0"))
    np.testing.assert_allclose(population, np.asarray(model.model_matrix("X")) @ beta(model), rtol=1e-10)


@MODELS
def test_refitting_another_response_is_fitting_it(formula: str) -> None:
    other = 0.5 * TABLE["y"].to_numpy() + np.random.default_rng(4).normal(size=len(TABLE))
    assert_same(fit(formula, TABLE.assign(y=other)), fit(formula).refit(other), 1e-5)


@MODELS
def test_better_models_have_higher_likelihoods(formula: str) -> None:
    """Another random effect or fixed effect never lowers the maximised likelihood."""
    smaller = fit(formula, reml=False)
    assert fit(formula + " + o", reml=False).loglik >= smaller.loglik - 1e-8
