"""Messages of `mm.glmmTMB` about formulas, responses and zeros that do not go together."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError, DesignError, SeparationWarning, SingularFitWarning, UnknownColumnError

X = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]


def _table(y: list[float]) -> dict[str, Any]:
    return {"y": y, "x": X[: len(y)]}


@pytest.mark.parametrize(
    ("y", "family", "more", "error", "words"),
    [
        ([0, 1, 2, 3, 1, 2], "Gamma(log)", {}, DataError, "row 0.*ziformula"),
        ([0, 0.1, 0.2, 0.3, 0.1, 0.2], "beta_family", {}, DataError, "row 0.*ordbeta"),
        ([1.2, 0.1, 0.2, 0.3, 0.1, 0.2], "beta_family", {"ziformula": "~1"}, DataError, "row 0, 1.2"),
        ([0, 1.5, 2, 3, 1, 2], "nbinom1", {}, DataError, "row 1, 1.5"),
        ([0, 1, 2, 3, 1, 2], "truncated_poisson", {}, DataError, "hurdle"),
        ([0, 1, 2, 3, 1, 2], "poisson", {"dispformula": "~x"}, DesignError, "no dispersion"),
        ([0, 1, 2, 3, 1, 2], "nbinom2", {"dispformula": "~0"}, DesignError, "sigma="),
        ([0, 1, 2, 3, 1, 2], "poisson", {"ziformula": "y ~ x"}, DesignError, "left side"),
        ([0, 1, 2, 3, 1, 2], "poisson", {"ziformula": "~ z"}, UnknownColumnError, "'z'"),
        ([0, 1, 2, 3, 1, 2], "poisson", {"weights_role": "trials"}, DataError, "cases"),
        ([0, 1, 2, 3, 1, 2], "nbinom3", {}, DataError, "nbinom2"),
    ],
)
def test_each_says_what_is_wrong_and_the_cure(
    y: list[float], family: str, more: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        mm.glmmTMB("y ~ x", _table(y), family, **more)


def test_zero_inflation_without_zeros_is_said() -> None:
    with pytest.warns(SeparationWarning, match="no response 'y' is 0"):
        mm.glmmTMB("y ~ x", _table([1, 1, 2, 3, 1, 2, 5, 3]), "poisson", ziformula="~1")


def test_separation_of_zero_inflation_names_coefficients() -> None:
    with pytest.warns(SeparationWarning, match=r"minedno .*no finite estimate"):
        mm.glmmTMB(
            "count ~ spp + mined + (1 | site)", mm.datasets.load("Salamanders"), "nbinom2", ziformula="~ spp + mined"
        )


HABITAT = np.repeat(["a", "b", "c", "d"], 10)


@pytest.mark.parametrize("family", ["poisson", "truncated_poisson"])
@pytest.mark.parametrize(
    ("of_a", "words"),
    [
        ([2.0] * 10, r"\(Intercept\) \(-Inf\), hb \(\+Inf\).*[Ww]here h = 'a', 'y == 0' is 0 in all 10 rows"),
        ([0.0] * 10, r"\(Intercept\) \(\+Inf\), hb \(-Inf\).*[Ww]here h = 'a', 'y == 0' is 1 in all 10 rows"),
    ],
)
def test_a_level_without_zeros_or_with_nothing_else_is_named(family: str, of_a: list[float], words: str) -> None:
    table = {"y": [*of_a, *([0.0] * 5 + [3.0, 4.0, 1.0, 2.0, 5.0]) * 3], "h": HABITAT}
    with pytest.warns(SeparationWarning, match=words):
        mm.glmmTMB("y ~ 1", table, family, ziformula="~ h")


def test_zeros_that_the_family_expects_are_said() -> None:
    y = np.random.default_rng(2).binomial(8, 0.2, 200).astype(float)  # fewer zeros than Poisson's
    with pytest.warns(SeparationWarning, match="in all rows: the poisson family expects as many zeros"):
        mm.glmmTMB("y ~ 1", {"y": y}, "poisson", ziformula="~ 1")


def test_a_prior_makes_the_zero_part_finite_without_a_warning() -> None:
    table = {"y": [*[2.0] * 10, *([0.0] * 5 + [3.0, 4.0, 1.0, 2.0, 5.0]) * 3], "h": HABITAT}
    with warnings.catch_warnings():
        warnings.simplefilter("error", SeparationWarning)
        fit = mm.glmmTMB(
            "y ~ 1", table, "poisson", ziformula="~ h", priors=[{"prior": "normal(0, 3)", "class": "fixef_zi"}]
        )
    assert np.abs(np.asarray(fit.fixef("zi"))[1:]).max() < 10


def test_a_variance_of_0_in_the_zero_part_is_named() -> None:
    rng = np.random.default_rng(1)
    y = np.where(rng.uniform(size=200) < 0.3, 0, rng.poisson(3, 200) + 1).astype(float)
    with pytest.warns(SingularFitWarning, match=r"zi: in \(1 \| g\) the variance of \(Intercept\) is 0"):
        mm.glmmTMB("y ~ 1", {"y": y, "g": np.tile(np.arange(20), 10)}, "poisson", ziformula="~ 1 + (1 | g)")


def test_theta_of_a_model_of_components_is_judged_by_its_own_curvature() -> None:
    """The place of theta among all parameters is after the coefficients of all components."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mm.glmmTMB("count ~ spp + mined + (1 | site)", mm.datasets.load("Salamanders"), "nbinom2", ziformula="~ 1")
    assert not [w for w in caught if "as good as infinite" in str(w.message)]


def test_a_regular_zero_part_has_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mm.glmmTMB("count ~ mined + (1 | site)", mm.datasets.load("Salamanders"), "poisson", ziformula="~ mined")


def test_zigamma_is_a_gamma_hurdle() -> None:
    table = _table([0, 1, 2, 3, 1, 2, 0, 4])
    hurdle = mm.glmmTMB("y ~ x", table, "ziGamma(log)", ziformula="~1")
    assert hurdle.loglik == pytest.approx(mm.glmmTMB("y ~ x", table, "Gamma(log)", ziformula="~1").loglik)
    assert hurdle.predict(type="zprob")[0] == pytest.approx(0.25, abs=1e-6)


def test_rows_of_weight_zero_count_nowhere_and_have_predictions() -> None:
    table = {**_table([0, 1, 2, 3, 1, 2, 0, 4]), "w": [1, 1, 1, 0, 1, 1, 2, 1]}
    some = {name: np.delete(np.asarray(values), 3) for name, values in table.items()}
    whole = mm.glmmTMB("y ~ x", table, "poisson", weights="w")
    part = mm.glmmTMB("y ~ x", some, "poisson", weights="w")
    assert (whole.loglik, whole.nobs) == (pytest.approx(part.loglik), part.nobs)
    assert np.isfinite(np.asarray(whole.fitted())).all()
    assert len(whole.fitted()) == 8
