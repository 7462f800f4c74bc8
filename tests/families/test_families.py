"""Families as users meet them: names, equality, storage, functions over arrays, draws, responses refused."""

from __future__ import annotations

import inspect
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels import _engine, families
from mixedmodels.errors import DataError
from mixedmodels.families import (
    Bell,
    Beta,
    BetaBinomial,
    Binomial,
    ConwayMaxwellPoisson,
    Family,
    Gamma,
    Gaussian,
    GeneralizedPoisson,
    InverseGaussian,
    Lognormal,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomial12,
    OrderedBeta,
    Poisson,
    SkewNormal,
    StudentT,
    TruncatedNegativeBinomial2,
    TruncatedPoisson,
    Tweedie,
    resolve,
)

EVERY = [cls(link=link) for cls in families.classes().values() for link in cls().handle.links]


def words(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def test_every_family_of_the_engine_has_its_class_with_its_words_and_links() -> None:
    assert sorted(families.classes()) == sorted(_engine.family_names())
    for name, cls in families.classes().items():
        assert cls in families.kinds.KINDS
        assert getattr(families, cls.__name__) is cls
        handle = _engine.Family(name)
        first, _, rest = handle.density.partition("\n\n")
        assert words(first) in words(cls.__doc__)
        assert words(rest) in words(cls.__doc__)
        assert all(f'"{link}"' in (cls.__doc__ or "") for link in handle.links)
        assert cls().link == handle.links[0] == handle.link


def test_a_family_without_a_class_gets_one() -> None:
    made = import_module("mixedmodels.families.resolve")._made("inverse.gaussian")
    assert made.__name__ == "InverseGaussian"
    assert made is not InverseGaussian
    assert inspect.getdoc(made) == inspect.cleandoc(_engine.Family("inverse.gaussian").density)
    assert [f.name for f in fields(made)] == ["link"]
    assert str(made(link="log")) == "inverse.gaussian (log)"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("binomial", Binomial()),
        ("binomial(probit)", Binomial("probit")),
        ('binomial(link = "probit")', Binomial("probit")),
        (" poisson( link='sqrt' )", Poisson("sqrt")),
        ("Gamma", Gamma()),
        ("gamma(log)", Gamma("log")),
        ("inverse.gaussian", InverseGaussian()),
        ("inverse_gaussian(1/mu^2)", InverseGaussian()),
        ("gaussian", Gaussian()),
        ("nbinom2", NegativeBinomial()),
        ("negative_binomial(2.5)", NegativeBinomial(2.5)),
        ("negative.binomial(theta = 2, link = 'sqrt')", NegativeBinomial(2, "sqrt")),
        ("Negative Binomial", NegativeBinomial()),
        ("beta_family", Beta()),
        ("beta(probit)", Beta("probit")),
        ("betabinomial", BetaBinomial()),
        ("ordbeta", OrderedBeta()),
        ("nbinom1", NegativeBinomial1()),
        ("nbinom12(sqrt)", NegativeBinomial12("sqrt")),
        ("genpois", GeneralizedPoisson()),
        ("compois", ConwayMaxwellPoisson()),
        ("bell", Bell()),
        ('truncated_nbinom2(link="log")', TruncatedNegativeBinomial2()),
        ("truncated_poisson", TruncatedPoisson()),
        ("lognormal", Lognormal()),
        ("tweedie(power = 1.5, link = 'identity')", Tweedie(1.5, "identity")),
        ("t_family", StudentT()),
        ("t(4)", StudentT(4.0)),
        ("skewnormal", SkewNormal()),
        (Poisson, Poisson()),
        (Gamma(link="log"), Gamma("log")),
    ],
)
def test_names_are_understood(given: str | Family | type[Family], expected: Family) -> None:
    assert resolve(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("binomal", "Did you mean 'binomial'"),
        ("binomial(foo)", "Binomial has no link 'foo'; it has 'logit', 'probit'"),
        ("poisson(theta=2)", "'theta=2' in family='poisson(theta=2)' is not understood"),
        ("poisson(", "cannot be read"),
        (3, "family=3 is not a family"),
        (None, "family=None is not a family"),
    ],
)
def test_what_is_no_family_is_refused(given: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        resolve(given)


@pytest.mark.parametrize("theta", [0, -1.0, float("nan"), float("inf"), "2"])
def test_theta_is_a_positive_number(theta: float) -> None:
    with pytest.raises(DataError, match="theta of NegativeBinomial must be a positive number"):
        NegativeBinomial(theta)


@pytest.mark.parametrize(
    ("family", "message"),
    [
        (lambda: StudentT(0.0), "df of StudentT must be a positive number, not 0.0"),
        (lambda: Tweedie(2.0), "power of Tweedie must be a number between 1 and 2, not 2.0"),
        (
            lambda: Tweedie().psi_of([1.0, 2.5]),
            "shapes has power = 2.5; power of tweedie (log) must be a number between",
        ),
        (
            lambda: SkewNormal().psi_of([-1.0, 0.0]),
            "shapes has sigma = -1; sigma of skewnormal (identity) must be a pos",
        ),
    ],
)
def test_a_shape_has_its_range(family: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        family()


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_shapes_go_to_psi_and_back(family: Family) -> None:
    psi = np.linspace(-0.7, 0.9, len(family.shapes))
    values = family.shape_values(psi)
    np.testing.assert_allclose(family.psi_of(values), psi, rtol=1e-13)
    step = (family.shape_values(psi + 1e-6) - family.shape_values(psi - 1e-6)) / 2e-6
    np.testing.assert_allclose(family.shape_slopes(psi), step, rtol=1e-8)
    for scale, at, value, slope in zip(family.shape_scales, psi, values, family.shape_slopes(psi), strict=True):
        assert scale.value(at) == pytest.approx(value, rel=1e-14)
        assert scale.psi(value) == pytest.approx(at, rel=1e-13)
        assert scale.slope(value) == pytest.approx(slope, rel=1e-13)


def test_names_of_psi_say_the_scale() -> None:
    assert Tweedie().psi_names == ("log(phi)", "logit(power - 1)")
    assert SkewNormal().psi_names == ("log(sigma)", "alpha")
    assert Tweedie(1.5).psi_names == ("log(phi)",)


def test_shapes_beside_sigma_have_glmmtmbs_names() -> None:
    assert Tweedie().params([0.0, 0.0]) == {"Tweedie power": 1.5}
    assert StudentT().params([0.0, np.log(4)]) == pytest.approx({"Student-t df": 4.0})
    assert SkewNormal().params([0.0, 2.0]) == {"Skewnormal shape": 2.0}
    cutoffs = OrderedBeta().params([0.0, -1.0, np.log(3.0)])
    assert cutoffs == pytest.approx({"lower cutoff": 1 / (1 + np.e), "upper cutoff": 1 / (1 + np.exp(-2))})
    assert NegativeBinomial1().params([0.0]) == {}
    assert [f.spread([np.log(3.0)]) for f in (NegativeBinomial1(), Beta(), Gamma())] == pytest.approx([3, 3, 3**-0.5])


@pytest.mark.parametrize("family", [*EVERY, NegativeBinomial(2.0), StudentT(4.0), Tweedie(1.2)], ids=repr)
def test_a_family_is_a_value(family: Family) -> None:
    again = [pickle.loads(pickle.dumps(family)), Family.from_json(json.loads(json.dumps(family.to_json())))]
    assert again == [family, family]
    assert len({family, *again}) == 1
    assert resolve(f"{family.engine_name}(link = '{family.link}')") == type(family)(link=family.link)
    assert [f.at([0.1] * len(f.shapes)) for f in again] == again
    with pytest.raises(AttributeError):
        family.link = "log"  # type: ignore[misc]


def test_families_that_differ_are_not_equal() -> None:
    assert Binomial() != Binomial("probit")
    assert NegativeBinomial(1) != NegativeBinomial(2) != NegativeBinomial()
    assert Gaussian() == families.GAUSSIAN != Poisson("identity")


def test_what_a_family_says_of_itself() -> None:
    assert str(Binomial()) == "binomial (logit)"
    assert (NegativeBinomial().name, NegativeBinomial().shapes) == ("Negative Binomial", ("theta",))
    assert (NegativeBinomial(2).shapes, NegativeBinomial(2).theta) == ((), 2)
    assert [f.weights_role for f in (Binomial(), Poisson(), Gamma())] == ["trials", "cases", "precision"]
    assert [f.support for f in (Binomial(), Poisson(), Gamma(), Gaussian())] == [
        "proportion", "counts", "positive", "real",
    ]  # fmt: skip
    assert mm.families is families


def test_functions_keep_the_shape_of_their_arguments() -> None:
    assert Poisson().mean([[0.0, 1.0]]).shape == (1, 2)
    assert Poisson().unit_deviance(np.ones((2, 1)), np.ones(3)).shape == (2, 3)
    assert float(Gamma().dispersion([np.log(4.0)])) == pytest.approx(0.25)
    assert Gaussian().dispersion([np.log(3.0)]) == pytest.approx(9.0)
    assert NegativeBinomial(4.0).variance(2.0) == pytest.approx(3.0)


@pytest.mark.parametrize("family", [*(cls() for cls in families.classes().values()), NegativeBinomial(0.5)], ids=repr)
def test_draws_have_the_mean_and_variance_of_the_family(family: Family) -> None:
    n, weight = 40_000, 5.0
    mu, psi = (0.3 if family.in_unit_interval else 2.5), [0.4] * len(family.shapes)
    if family.shapes == ("sigma", "df"):
        psi = [0.4, np.log(30.0)]  # of few degrees of freedom it has no fourth moment
    family = family.at(psi)
    y = family.draw(np.random.default_rng(5), np.full(n, mu), weight, psi)
    share = 1.0 if family.weights_role == "cases" else weight
    variance = family.dispersion(psi) * float(family.variance(mu, psi, weight)) / share
    assert abs(y.mean() - mu) < 4.5 * np.sqrt(variance / n)
    assert y.var() == pytest.approx(variance, rel=0.1)  # the fourth moments of these are below 30 variances squared
    family.check_response(y, np.full(n, weight), "y")
    again = family.draw(np.random.default_rng(5), np.full(n, mu), weight, psi)
    np.testing.assert_array_equal(y, again)


def test_a_draw_of_a_mean_that_is_none_is_nan() -> None:
    for family in (Poisson(), Gamma(), Binomial(), InverseGaussian()):
        assert np.isnan(family.draw(np.random.default_rng(1), np.nan))


@pytest.mark.parametrize(
    ("family", "y", "weights", "message"),
    [
        (Poisson(), [1, 2, -3], None, "the response 'y' in row 2, -3, is negative"),
        (Poisson(), [0.5, 2.5], None, "in row 0 (and 1 more), 0.5, is not a whole number"),
        (NegativeBinomial(), [np.nan], None, "in row 0, nan, is not a finite number"),
        (Binomial(), [0.0, 1.5], None, "in row 1, 1.5, lies outside [0, 1]"),
        (Binomial(), [0.5, 0.3], [2, 5], "in row 1, 0.3, times its trials, 5, is not a whole number of successes"),
        (Binomial(), [0.5], None, "times its trials, 1, is not a whole number"),
        (Gamma(), [1, 0], None, "in row 1, 0, is not greater than zero"),
        (InverseGaussian(), [-1, 0], None, "in row 0 (and 1 more), -1, is not greater than zero"),
        (Gaussian(), [1, np.inf], None, "in row 1, inf, is not a finite number"),
        (NegativeBinomial1(), [0, 2.5], None, "in row 1, 2.5, is not a whole number"),
        (
            TruncatedPoisson(),
            [1, 0],
            None,
            "in row 1, 0, is zero: the truncated_poisson family cannot have it; take po",
        ),
        (TruncatedNegativeBinomial2(), [1, -2], None, "in row 1, -2, is negative"),
        (TruncatedPoisson(), [1.5], None, "in row 0, 1.5, is not a whole number"),
        (Lognormal(), [1, 0], None, "in row 1, 0, is not greater than zero"),
        (Tweedie(), [0, -0.5], None, "in row 1, -0.5, is negative"),
        (
            Beta(),
            [0.2, 0.0, 1.0],
            None,
            "in row 1 (and 1 more), 0, lies on the bound of (0, 1): the beta family cannot",
        ),
        (
            Beta(),
            [0.2, 30.0],
            None,
            "in row 1, 30, lies outside (0, 1): the beta family cannot have it; divide percent",
        ),
        (OrderedBeta(), [0.0, 1.0, 1.5], None, "in row 2, 1.5, lies outside [0, 1]"),
        (BetaBinomial(), [0.5], None, "times its trials, 1, is not a whole number"),
        (StudentT(), [np.nan], None, "in row 0, nan, is not a finite number"),
    ],
)
def test_a_response_outside_the_family_is_refused(
    family: Family, y: list[float], weights: list[float] | None, message: str
) -> None:
    given = None if weights is None else np.array(weights, dtype=float)
    with pytest.raises(DataError, match=re.escape(message)):
        family.check_response(np.array(y, dtype=float), given, "y")


def test_messages_count_the_rows_of_the_table() -> None:
    with pytest.raises(DataError, match=r"in row 17, -1,"):
        Poisson().check_response(np.array([1.0, -1.0]), None, "y", np.array([4, 17]))


def test_a_response_inside_passes() -> None:
    Binomial().check_response(np.array([1 / 3, 0.0, 1.0]), np.array([3.0, 1.0, 2.0]), "y")
    Poisson().check_response(np.array([0.0, 1e9]), None, "y")
    Gamma().check_response(np.array([1e-300, 1e300]), None, "y")
    Tweedie().check_response(np.array([0.0, 1e-300, 1e300]), None, "y")
    OrderedBeta().check_response(np.array([0.0, 0.5, 1.0]), None, "y")
    TruncatedPoisson().check_response(np.array([1.0, 1e9]), None, "y")


def test_weights_mean_what_they_do_in_r() -> None:
    """Cases repeat a row; precision divides its dispersion; trials are trials."""
    two = np.array([2.0])
    assert Poisson().log_density(3.0, two, 0.5) == pytest.approx(2 * Poisson().log_density(3.0, None, 0.5))
    assert Gaussian().log_density(3.0, two, 0.5, [0.0]) == pytest.approx(
        float(Gaussian().log_density(3.0, None, 0.5, [-0.5 * np.log(2)]))
    )
    assert Gamma("log").log_density(3.0, two, 0.5, [0.3]) == pytest.approx(
        float(Gamma("log").log_density(3.0, None, 0.5, [0.3 + np.log(2)]))
    )


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_starts_lie_inside(family: Family) -> None:
    y = {
        "real": [-2.0, 0.0, 5.0],
        "counts": [0.0, 3.0],
        "positive counts": [1.0, 4.0],
        "positive": [0.1, 4.0],
        "nonnegative": [0.0, 4.0],
        "open unit": [0.1, 0.9],
        "closed unit": [0.0, 0.4, 1.0],
        "proportion": [0.0, 1.0],
    }
    response = np.array(y[family.support])
    mu = family.handle.start_mean(response, None)
    psi = family.handle.start_shapes(response, None, mu)
    assert len(psi) == len(family.shapes)
    assert np.isfinite(family.log_density(response, None, family.predictor(mu), psi)).all()
