"""What marginaleffects asks of a model: by itself, and through the package where it is installed."""

import copy
import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import ndtr

import mixedmodels as mm

pl = pytest.importorskip("polars")


def models():
    sleep, cbpp, cake = (mm.datasets.load(name) for name in ("sleepstudy", "cbpp", "cake"))
    return {
        "lm": mm.lm("log(angle) ~ recipe * poly(temp, 2)", cake),
        "glm": mm.glm("incidence ~ period + offset(log(size))", cbpp, family="poisson"),
        "lmer": mm.lmer("Reaction ~ Days + I(Days^2) + (1 | Subject)", sleep),
        "glmer": mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp, family="binomial"),
    }


@pytest.fixture(scope="module")
def fits():
    return models()


INVERSE = {"lm": lambda e: e, "lmer": lambda e: e, "glm": np.exp, "glmer": lambda e: 1 / (1 + np.exp(-e))}


@pytest.mark.parametrize("name", list(INVERSE))
def test_predictions_follow_the_coefficients(fits, name):
    fit = fits[name]
    beta = fit.get_coef()
    x = np.asarray(fit.model_matrix("X"))
    offset = np.log(np.asarray(mm.datasets.load("cbpp")["size"], dtype=float)) if name == "glm" else 0.0
    data = fit.get_modeldata()
    exog = fit.get_exog(data)
    for moved in (beta, beta + 0.1, beta * np.linspace(0.5, 2, len(beta))):
        out = fit.get_predict(moved, exog)
        np.testing.assert_allclose(out["estimate"].to_numpy(), INVERSE[name](x @ moved + offset), rtol=1e-9)
    np.testing.assert_allclose(fit.get_vcov(True), np.asarray(fit.vcov()), rtol=1e-12)
    assert fit.get_vcov(False) is None
    assert list(fit.get_coefnames()) == list(fit.params.index)


def test_variables(fits):
    fit = fits["glmer"]
    assert fit.find_response() == "incidence"
    assert fit.find_predictors() == ["period"]
    assert fits["lm"].find_predictors() == ["recipe", "temp"]
    assert fits["lm"].get_variable_type("recipe") == "character"
    assert fits["lmer"].get_variable_type("Days") in ("numeric", "integer")
    assert "~" in fit.get_formula()


def test_small_sample_covariance(fits):
    fit = fits["lmer"]
    np.testing.assert_allclose(fit.get_vcov("Kenward-Roger"), fit._coefficients("Kenward-Roger").vcov)


STUB = """
from abc import ABC
class ModelAbstract(ABC):
    pass
"""
SCRIPT = """
import sys
sys.path.insert(0, {path!r})
import mixedmodels as mm

def models():
    data = mm.datasets.load("sleepstudy").assign(late=lambda d: (d["Reaction"] > 300) * 1)
    for function in ("lm", "glm", "lmer", "glmer"):
        formula = "late ~ Days" + (" + (1 | Subject)" if function.endswith("er") else "")
        yield getattr(mm, function)(formula, data, **({{"family": "binomial"}} if function.startswith("g") else {{}}))

{order}
for fit in fits:
    assert isinstance(fit, ModelAbstract)
    assert isinstance(fit.for_marginaleffects(), ModelAbstract)
    assert isinstance(fit, type(fit)) and not isinstance(fit, dict)
assert not isinstance(3, ModelAbstract)
"""
ORDERS = {
    "the model first": "fits = list(models()); from marginaleffects.classes.model import ModelAbstract",
    "marginaleffects first": "from marginaleffects.classes.model import ModelAbstract; fits = list(models())",
    "asked before": (
        "fits = list(models()); assert not isinstance(fits[0], dict); import marginaleffects; "
        "assert not isinstance(fits[1], dict); from marginaleffects.classes.model import ModelAbstract"
    ),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=list(ORDERS))
def test_a_model_is_an_instance_whichever_comes_first(order, tmp_path):
    """With a package that has nothing but the class that marginaleffects asks for."""
    package = tmp_path / "marginaleffects" / "classes"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "model.py").write_text(STUB)
    script = SCRIPT.format(path=str(tmp_path), order=order)
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_class_of_a_fit_stays(fits):
    with pytest.raises(AttributeError, match="immutable"):
        fits["lm"].__class__ = dict
    assert fits["lm"].__class__ is type(fits["lm"])
    assert copy.copy(fits["lm"]).nobs == fits["lm"].nobs


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_package_takes_our_models():
    me = pytest.importorskip("marginaleffects")
    fits = models()
    fit = fits["lmer"]
    slope = me.avg_slopes(fit, variables="Days")
    days = fit.get_modeldata()["Days"].to_numpy()
    gradient = np.array([0, 1, 2 * days.mean()])
    assert slope["estimate"][0] == pytest.approx(gradient @ fit.get_coef(), rel=1e-5)
    # a difference of differences in the package
    assert slope["std_error"][0] == pytest.approx(np.sqrt(gradient @ fit.get_vcov() @ gradient), rel=5e-3)

    small = me.hypotheses(fit.for_marginaleffects(17, "Kenward-Roger"), "b1 = 0")
    assert small["std_error"][0] == pytest.approx(np.sqrt(fit.get_vcov("Kenward-Roger")[1, 1]), rel=1e-5)
    difference = me.hypotheses(fits["glmer"], "b1 - b2 = 0")
    beta = fits["glmer"].get_coef()
    assert difference["estimate"][0] == pytest.approx(beta[1] - beta[2])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_package_changes_our_factors():
    me = pytest.importorskip("marginaleffects")
    if int(pl.__version__.split(".")[0]) >= 2 and importlib.metadata.version("marginaleffects") == "0.6.0":
        pytest.skip("marginaleffects 0.6.0 asks polars for get_categories of an Enum, which polars 2 has not")
    fits = models()
    glmer = fits["glmer"]
    out = me.avg_comparisons(glmer)
    beta, v = glmer.get_coef(), glmer.get_vcov()
    for i in (1, 2, 3):
        high, low = (1 / (1 + np.exp(-e)) for e in (beta[0] + beta[i], beta[0]))
        gradient = np.zeros(4)
        gradient[0], gradient[i] = high * (1 - high) - low * (1 - low), high * (1 - high)
        assert out["estimate"][i - 1] == pytest.approx(high - low, rel=1e-8)
        assert out["std_error"][i - 1] == pytest.approx(np.sqrt(gradient @ v @ gradient), rel=1e-5)

    z = me.avg_comparisons(glmer.for_marginaleffects())
    two_sided = 2 * ndtr(-np.abs(z["statistic"].to_numpy()))
    np.testing.assert_allclose(z["p_value"].to_numpy(), two_sided, rtol=1e-8)

    grid = me.predictions(fits["lm"], newdata=me.datagrid(model=fits["lm"], temp=[180, 220]))
    same = fits["lm"].predict(pl.DataFrame({"temp": grid["temp"], "recipe": grid["recipe"].cast(pl.String)}))
    np.testing.assert_allclose(grid["estimate"].to_numpy(), np.asarray(same), rtol=1e-9)
    assert me.avg_predictions(fits["glm"], by="period")["estimate"].len() == 4
