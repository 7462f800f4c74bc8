"""Predictions, comparisons and slopes by their definitions: slow sums over rows, and what must hold of all of them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import r


@pytest.fixture(scope="module")
def slopes():
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@pytest.fixture(scope="module")
def herds():
    return mm.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), family="binomial"
    )


@pytest.fixture(scope="module")
def baked():
    return mm.lm("angle ~ recipe * temp", mm.datasets.load("cake"))


def shifted(fit: Any, newdata: pd.DataFrame, beta: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """Mean responses with other coefficients, written out: periods, and what each row's herd adds."""
    period = newdata["period"].astype(int).to_numpy()
    eta = beta[0] + np.where(period > 1, np.r_[0, beta][period], 0.0) + modes
    return 1 / (1 + np.exp(-eta))


def delta(function: Any, beta: np.ndarray, vcov: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value and standard error by differences of the coefficients."""
    h = 1e-5
    steps = np.eye(len(beta)) * h
    jacobian = np.column_stack([(function(beta + s) - function(beta - s)) / (2 * h) for s in steps])
    return function(beta), np.sqrt(np.diag(jacobian @ vcov @ jacobian.T))


@pytest.mark.parametrize("re_form", [None, "~0"])
def test_averages_of_a_glmer_written_out(herds, re_form) -> None:
    data = mm.datasets.load("cbpp")
    modes = np.zeros(len(data))
    if re_form is None:
        effects = herds.ranef()["herd"]["(Intercept)"]
        modes = np.array([effects[str(h)] for h in data["herd"]])
    beta, vcov = np.array(list(herds.fixef().values())), np.asarray(herds.vcov())

    def mean(period: int, b: np.ndarray) -> float:
        return float(shifted(herds, data.assign(period=period), b, modes).mean())

    predicted = delta(lambda b: np.array([mean(k, b) for k in (1, 2, 3, 4)]), beta, vcov)
    table = herds.avg_predictions(variables="period", re_form=re_form)
    np.testing.assert_allclose(table["estimate"], predicted[0], rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], predicted[1], rtol=1e-7)
    for comparison, formula in {
        "difference": lambda hi, lo: hi - lo,
        "ratio": lambda hi, lo: hi / lo,
        "lnratio": lambda hi, lo: np.log(hi / lo),
        "lnor": lambda hi, lo: np.log(hi / (1 - hi) / (lo / (1 - lo))),
        "lift": lambda hi, lo: (hi - lo) / lo,
    }.items():
        value, error = delta(lambda b, f=formula: np.array([f(mean(k, b), mean(1, b)) for k in (2, 3, 4)]), beta, vcov)
        table = herds.avg_comparisons(comparison=comparison, re_form=re_form)
        np.testing.assert_allclose(table["estimate"], value, rtol=1e-9)
        np.testing.assert_allclose(table["std_error"], error, rtol=1e-7)


def test_weights_groups_and_leaving_out(herds) -> None:
    data = mm.datasets.load("cbpp")
    rows = herds.predictions()["estimate"]
    weighted = herds.avg_predictions(by="period", wts="size")["estimate"]
    expected = [np.average(rows[data["period"] == k], weights=data["size"][data["period"] == k]) for k in "1234"]
    np.testing.assert_allclose(weighted, expected, rtol=1e-12)
    prior = herds.avg_predictions(wts=True)["estimate"][0]
    assert prior == pytest.approx(np.average(rows, weights=data["size"]))
    both = herds.avg_predictions(by=["period", "herd"])
    assert len(both) == len(data)  # every herd has a period once
    np.testing.assert_allclose(sorted(both["estimate"]), sorted(rows), rtol=1e-12)
    holed = data.assign(herd=data["herd"].astype(object).where(data.index != 3))
    table = herds.avg_predictions(holed)
    assert table["estimate"][0] == pytest.approx(np.delete(rows, 3).mean())
    assert "1 row has no prediction" in table.footer[-1]
    with pytest.raises(mm.DataError, match="missing in row 3"):
        herds.avg_predictions(holed, by="herd")


def test_slopes_are_the_derivative(baked) -> None:
    recipe = mm.datasets.load("cake")["recipe"]
    beta = baked.fixef()
    table = baked.slopes(variables="temp")
    expected = beta["temp"] + np.array([0 if k == "A" else beta[f"recipe{k}:temp"] for k in recipe])
    np.testing.assert_allclose(table["estimate"], expected, rtol=1e-8)
    bent = mm.lm("log(angle) ~ poly(temp, 2) + recipe", mm.datasets.load("cake"))
    exact = bent.avg_slopes(variables="temp", eps=1e-3)["estimate"][0]
    assert bent.avg_slopes(variables="temp")["estimate"][0] == pytest.approx(exact, rel=1e-6)
    elastic = bent.slopes({"temp": 200, "recipe": "A"}, slope="eyex", variables="temp")
    slope = bent.slopes({"temp": 200, "recipe": "A"}, variables="temp")["estimate"][0]
    at = bent.predictions({"temp": 200, "recipe": "A"})["estimate"][0]
    assert elastic["estimate"][0] == pytest.approx(slope * 200 / at, rel=1e-9)
    assert "which is log(angle)" in elastic.footer[0]


def test_degrees_of_freedom_and_covariances(slopes) -> None:
    tested = {d: slopes.avg_slopes(ddf=d) for d in ("Satterthwaite", "Kenward-Roger", "asymptotic")}
    coefficient = slopes.tidy(ddf="Kenward-Roger").set_index("term").loc["Days"]
    kr = tested["Kenward-Roger"]
    assert kr["df"][0] == pytest.approx(coefficient["df"])
    assert kr["p_value"][0] == pytest.approx(coefficient["p_value"])
    assert "df" not in tested["asymptotic"].columns
    assert kr.footer[-1].endswith("Kenward-Roger's method.")
    own = slopes.avg_slopes()
    default = slopes._coefficients()
    assert own["std_error"][0] == pytest.approx(np.sqrt(default.vcov[1, 1]), rel=1e-8)
    assert default.phrase in own.footer[-1]
    from scipy.stats import t

    twelve = slopes.avg_slopes(ddf=12.5, level=0.9)
    assert twelve["p_value"][0] == pytest.approx(2 * t.sf(twelve["statistic"][0], 12.5))
    half = t.ppf(0.95, 12.5) * twelve["std_error"][0]
    assert twelve["conf_high"][0] == pytest.approx(twelve["estimate"][0] + half)
    robust = slopes.robust("CR2")
    for vcov in (robust, "CR2", "~Subject"):
        table = slopes.avg_slopes(vcov=vcov)
        assert table["std_error"][0] == pytest.approx(np.sqrt(robust.vcov[1, 1]), rel=1e-8)
        assert table["df"][0] == pytest.approx(robust.df(np.array([[0.0, 1.0]]))[0])
    matrix = slopes.avg_slopes(vcov=np.asarray(slopes.vcov()) * 4)
    assert matrix["std_error"][0] == pytest.approx(2 * own["std_error"][0])
    normal = slopes.avg_slopes(vcov="CR2", ddf="asymptotic")
    assert "df" not in normal.columns
    assert list(slopes.avg_slopes(vcov=False).columns) == ["term", "contrast", "estimate"]
    with pytest.raises(mm.DataError, match="both name a covariance"):
        slopes.avg_slopes(vcov="CR2", ddf="Satterthwaite")


def test_an_ml_fit_by_kenward_and_roger_is_that_of_its_reml_fit() -> None:
    sleep = mm.datasets.load("sleepstudy")
    formula = "Reaction ~ Days + I(Days^2) + (1 | Subject)"
    ml, reml = (mm.lmer(formula, sleep, REML=k) for k in (False, True))
    ours = ml.avg_predictions(by="Days", re_form="~0", ddf="Kenward-Roger")
    theirs = reml.avg_predictions(by="Days", re_form="~0", ddf="Kenward-Roger")
    for column in ("estimate", "std_error", "df"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-6)
    assert len(ours.footer) == len(theirs.footer) + 1  # it says that it was fitted again


def test_hypotheses_about_rows_and_coefficients_agree(herds, baked) -> None:
    table = herds.avg_predictions(by="period", re_form="~0")
    inside = herds.avg_predictions(by="period", re_form="~0", hypothesis="pairwise")
    after = table.hypotheses("pairwise")
    np.testing.assert_allclose(inside["p_value"], after["p_value"], rtol=1e-12)
    joint = table.vcov()
    assert inside["std_error"][0] == pytest.approx(np.sqrt(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1]))
    matrix = np.array([[-1.0, 0.0], [1.0, -1.0], [0.0, 1.0], [0.0, 0.0]])
    weights = table.hypotheses(pd.DataFrame(matrix, columns=["first", "second"]))
    assert weights["hypothesis"].tolist() == ["first", "second"]
    np.testing.assert_allclose(weights["estimate"], table.hypotheses(["b2 = b1", "b3 = b2"])["estimate"])
    custom = table.hypotheses(lambda e: e[1:] - e[:-1])
    np.testing.assert_allclose(custom["std_error"], table.hypotheses("sequential")["std_error"], rtol=1e-6)
    linear = baked.hypotheses("recipeB - recipeC = 1")
    glht = baked.glht("recipeB - recipeC = 1").summary("none")
    assert linear["p_value"][0] == pytest.approx(glht["p_value"][0])
    holm = baked.hypotheses("b* = 0", adjust="holm")["p_value"]
    plain = baked.hypotheses()["p_value"]
    assert holm[np.argmin(plain)] == pytest.approx(plain.min() * len(plain))
    odds = herds.hypotheses("exp(period2) = 1")
    assert odds["estimate"][0] == pytest.approx(np.exp(herds.fixef()["period2"]) - 1)
    nonlinear = baked.hypotheses(["recipeB / recipeC", "b2/b3"])
    assert nonlinear["statistic"][0] == pytest.approx(nonlinear["statistic"][1])
    sided = {d: baked.hypotheses(f"recipeB {d} 1")["p_value"][0] for d in ("=", "<=", ">=")}
    assert sided["<="] + sided[">="] == pytest.approx(1)
    assert 2 * min(sided["<="], sided[">="]) == pytest.approx(sided["="])
    null = baked.hypotheses("recipeB = 1")["statistic"][0]
    assert baked.hypotheses(1)["statistic"][list(baked.fixef()).index("recipeB")] == pytest.approx(null)


def test_tables_of_every_library(slopes, herds) -> None:
    pl = pytest.importorskip("polars")
    data = pl.DataFrame(mm.datasets.load("sleepstudy").to_dict("list"))
    other = mm.lmer("Reaction ~ Days + (Days | Subject)", data)
    for ask in (
        lambda m: m.avg_slopes(),
        lambda m: m.avg_predictions(by="Subject"),
        lambda m: m.comparisons({"Days": [0, 5]}, variables={"Days": "iqr"}),
        lambda m: m.hypotheses("exp(Days / 10) = 1"),
        lambda m: m.predictions(m.datagrid(Days=[1, 2], Subject=["308", "335"])),
    ):
        ours, theirs = ask(other), ask(slopes)
        for column in ("estimate", "std_error", "p_value", "conf_low"):
            np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-9)
        assert isinstance(ours.to_frame(), pl.DataFrame)
        assert isinstance(theirs.to_frame(), pd.DataFrame)
        assert "<table" in ours._repr_html_()
        names = list(ours.columns)
        assert pd.DataFrame(ours).columns.tolist() == pl.DataFrame(ours).columns == names
        assert len(pd.DataFrame(ours)) == len(ours)
    again = pickle.loads(pickle.dumps(herds.avg_comparisons()))
    np.testing.assert_array_equal(again["estimate"], herds.avg_comparisons()["estimate"])


def test_grids(slopes, baked) -> None:
    grid = slopes.datagrid(Days=np.unique)
    assert len(grid) == 10
    assert set(grid["Subject"]) == {"308"}
    assert baked.datagrid("balanced")["recipe"].tolist() == ["A", "B", "C"]
    assert slopes.datagrid("median")["Days"].tolist() == [4.5]
    assert slopes.datagrid()["Days"].tolist() == [4.0]  # 4.5 rounded to even, as a mean of whole numbers
    with pytest.raises(mm.DataError, match="more than"):
        slopes.datagrid(Days=np.arange(20000), Subject=np.unique)
    with pytest.raises(mm.DataError, match="no level 'Z'"):
        baked.datagrid(recipe="Z")


def test_offsets_and_unknown_levels(slopes) -> None:
    data = mm.datasets.load("cbpp")
    inside = mm.glm("incidence ~ period + offset(log(size))", data, family="poisson")
    beside = mm.glm("incidence ~ period", data, family="poisson", offset=np.log(data["size"]))
    for ask in (lambda m: m.avg_predictions(by="period"), lambda m: m.avg_comparisons(variables="period")):
        np.testing.assert_allclose(ask(inside)["std_error"], ask(beside)["std_error"], rtol=1e-9)
    with pytest.raises(mm.DataError, match="was an array"):
        beside.predictions(data.head(2))
    new = pd.DataFrame({"Days": [3.0], "Subject": ["nobody"]})
    with pytest.raises(mm.DataError, match="allow_new_levels=True"):
        slopes.predictions(new)
    free = slopes.predictions(new, allow_new_levels=True)["estimate"][0]
    assert free == pytest.approx(slopes.predictions({"Days": 3}, re_form="~0")["estimate"][0])


def test_a_model_without_rows(slopes, tmp_path) -> None:
    slopes.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    new = pd.DataFrame({"Days": [3.0], "Subject": ["308"]})
    ours, theirs = (m.predictions(new, ddf="asymptotic") for m in (loaded, slopes))
    np.testing.assert_allclose(ours["conf_low"], theirs["conf_low"])
    assert "normal" in loaded.predictions(new).footer[-1]  # its own degrees of freedom would need rows
    for ask in (
        lambda: loaded.predictions(),
        lambda: loaded.predictions("mean"),
        lambda: loaded.slopes(new),
        lambda: loaded.comparisons(new, variables={"Days": "sd"}),
    ):
        with pytest.raises(mm.DataError, match="loaded from a file"):
            ask()
    assert loaded.slopes(new, eps=0.1)["estimate"][0] == pytest.approx(slopes.slopes(new)["estimate"][0])


def test_what_the_data_do_not_determine() -> None:
    data = mm.datasets.load("cake").assign(twice=lambda d: 2 * d["temp"])
    fit = mm.lm("angle ~ recipe + temp + twice", data)
    rows = pd.DataFrame({"recipe": ["A", "A"], "temp": [180.0, 180.0], "twice": [360.0, 0.0]})
    found = fit.predictions(rows)["estimate"]
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
    slope = fit.avg_slopes(variables="temp")
    assert np.isnan(slope["estimate"][0])
    assert slope.footer[-1] == "1 of 1 estimates are missing: the data do not determine them."
    assert np.isfinite(fit.avg_comparisons(variables="recipe")["estimate"]).all()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda m: m.predictions("typical"), "'mean', 'median', 'balanced'"),
        (lambda m: m.predictions(type="probs"), "type is 'probs'"),
        (lambda m: m.predictions(re_form="~0"), "re_form is for mixed models"),
        (lambda m: m.predictions(wts="temp"), "weights averages"),
        (lambda m: m.comparisons(wts="temp"), "weights averages"),
        (lambda m: m.avg_predictions(wts=[1.0, 2.0]), "wts"),
        (lambda m: m.avg_predictions(wts=True), "the model has none"),
        (lambda m: m.avg_predictions(by=[]), "by is"),
        (lambda m: m.avg_predictions(by="tmp"), "'temp'"),
        (lambda m: m.avg_predictions(variables="tmp"), "did you mean 'temp'"),
        (lambda m: m.avg_predictions(variables={"temp": "sdd"}), "'sdd'"),
        (lambda m: m.avg_comparisons(variables={"recipe": "pairs"}), "'pairwise'"),
        (lambda m: m.avg_comparisons(variables={"recipe": ["A", "Z"]}), "no level 'Z'"),
        (lambda m: m.avg_comparisons(variables={"recipe": ["A", "B", "C"]}), "pair of levels"),
        (lambda m: m.avg_comparisons(variables={"temp": [1, 2, 3]}), "pair of numbers"),
        (lambda m: m.avg_comparisons(variables={"temp": "many"}), "'minmax'"),
        (lambda m: m.avg_comparisons(variables=[]), "names none"),
        (lambda m: m.avg_comparisons(comparison="odds"), "'lnor'"),
        (lambda m: m.avg_comparisons(comparison=lambda hi, lo: hi[:2]), "returned 2 numbers"),
        (lambda m: m.avg_comparisons(cross=True, variables="temp"), "two or more"),
        (lambda m: m.comparisons(cross=True, comparison="dydx"), "not with slopes"),
        (lambda m: m.comparisons(comparison="dydx", variables={"temp": "sd"}), "a slope is at the values"),
        (lambda m: m.slopes(slope="dx"), "slope is 'dx'"),
        (lambda m: m.slopes(variables={"temp": 1}), "take comparisons"),
        (lambda m: m.slopes(eps=0), "above 0"),
        (lambda m: m.comparisons(type="invlink(link)"), "is for predictions"),
        (lambda m: m.avg_predictions(hypothesis="pairwise"), "only one"),
        (lambda m: m.predictions(hypothesis="pairwise"), "average over rows first"),
        (lambda m: m.avg_predictions(by="recipe", hypothesis="~ pairs"), "names no family"),
        (lambda m: m.avg_predictions(by="recipe", hypothesis="~ pairwise | temp"), "within 'temp'"),
        (lambda m: m.avg_predictions(by="recipe", hypothesis="ratio ~ poly"), "have no ratios"),
        (lambda m: m.avg_predictions(by="recipe", hypothesis=[1.0, 2.0]), "3 estimates"),
        (lambda m: m.avg_predictions(by="recipe", hypothesis={"a": 1}), "hypothesis is"),
        (lambda m: m.hypotheses(adjust="most"), "'most'"),
        (lambda m: m.hypotheses(equivalence=(1, -1)), "lower limit first"),
        (lambda m: m.hypotheses(equivalence="near"), "two limits"),
        (lambda m: m.hypotheses(equivalence=(0, 1), vcov=False), "standard errors"),
        (lambda m: m.hypotheses(transform="square"), "'exp', 'ln'"),
        (lambda m: m.hypotheses(transform=lambda e: e[:1]), "transform returned"),
        (lambda m: m.hypotheses(level=95), "between 0 and 1"),
        (lambda m: m.hypotheses(ddf=-1), "above 0"),
        (lambda m: m.hypotheses(vcov=np.eye(2)), "has shape (2, 2)"),
        (lambda m: m.hypotheses(vcov=[[1, 2], [3]]), "give True"),
        (lambda m: m.hypotheses(vcov=np.triu(np.ones((6, 6)))), "not symmetric"),
        (lambda m: m.hypotheses(vcov=False).vcov(), "no covariance"),
    ],
)
def test_what_cannot_be_asked(baked, ask, says: str) -> None:
    with pytest.raises(mm.MixedModelsError) as failure:
        ask(baked)
    assert says in str(failure.value)


def test_r_has_normal_tests(slopes, baked) -> None:
    assert "df" not in r.avg_slopes(slopes).columns
    assert "df" not in r.hypotheses(baked).columns
    np.testing.assert_allclose(r.avg_slopes(baked)["p_value"], baked.avg_slopes(ddf="asymptotic")["p_value"])
    assert r.avg_slopes(slopes, vcov="kenward-roger")["df"][0] == pytest.approx(17)
    assert r.avg_slopes(slopes, df=5)["df"][0] == 5
    narrow = r.predictions(slopes, {"Days": 1}, conf_level=0.5, re_form=float("nan"))
    assert narrow.level == 0.5
    assert "Random effects: 0." in narrow.footer[0]
    grid = r.datagrid(baked, "balanced", temp=[180, 190])
    assert len(r.comparisons(baked, grid, variables="temp")) == 6
    assert len(r.slopes(baked, grid)) == 18
    assert r.avg_comparisons(baked, variables="temp")["estimate"][0] == pytest.approx(
        baked.avg_slopes(variables="temp")["estimate"][0]
    )
    after = r.hypotheses(r.avg_predictions(baked, by="recipe"), "pairwise", multcomp="holm")
    assert len(after) == 3
    with pytest.raises(mm.DataError, match="when it was made"):
        r.hypotheses(after, vcov="HC3")
    with pytest.raises(mm.DataError, match="grid_type"):
        r.datagrid(baked, "counterfactual")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_twin_in_python(baked) -> None:
    """marginaleffects for Python, whose derivatives in the coefficients are differences: five digits of an error."""
    me = pytest.importorskip("marginaleffects")
    view = baked.for_marginaleffects()
    pairs = {
        "by": (me.avg_predictions(view, by="recipe"), r.avg_predictions(baked, by="recipe")),
        "change": tuple(
            f(m, variables={"temp": [175, 225]}) for f, m in ((me.avg_comparisons, view), (r.avg_comparisons, baked))
        ),
        "rows": (me.predictions(view), r.predictions(baked)),
    }
    for theirs, ours in pairs.values():
        np.testing.assert_allclose(ours["estimate"], theirs["estimate"].to_numpy(), rtol=1e-8)
        for name in ("std_error", "p_value", "conf_low", "conf_high"):
            np.testing.assert_allclose(ours[name], theirs[name].to_numpy(), rtol=1e-4, atol=1e-12)


FAMILIES = {
    "gamma": lambda: mm.glm("Reaction ~ Days", mm.datasets.load("sleepstudy"), family=mm.families.Gamma(link="log")),
    "probit": lambda: mm.glm(
        "use ~ poly(age, 2) * urban", mm.datasets.load("Contraception"), family=mm.families.Binomial(link="probit")
    ),
    "cloglog": lambda: mm.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)",
        mm.datasets.load("cbpp"),
        family=mm.families.Binomial(link="cloglog"),
    ),
    "poisson": lambda: mm.glmer(
        "TICKS ~ YEAR + cHEIGHT + (1 | LOCATION)", mm.datasets.load("grouseticks"), family="poisson"
    ),
    "negative binomial": lambda: mm.glm_nb("TICKS ~ YEAR + cHEIGHT", mm.datasets.load("grouseticks")),
    "splines": lambda: mm.lm("angle ~ ns(temp, 3) + recipe", mm.datasets.load("cake")),
    "crossed": lambda: mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin")),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_by_differences(name: str) -> None:
    """The average prediction and its error from the protocol's predictions at moved coefficients."""
    pytest.importorskip("polars")
    fit = FAMILIES[name]()
    rows = fit.get_exog(fit.get_modeldata())
    value, error = delta(
        lambda b: np.array([fit.get_predict(b, rows)["estimate"].mean()]), fit.get_coef(), fit.get_vcov()
    )
    free = {"re_form": "~0"} if fit._fit.mixed else {}
    table = fit.avg_predictions(**free)
    np.testing.assert_allclose(table["estimate"], value, rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], error, rtol=1e-6)
    link = fit.predictions(type="link", **free)
    expected = fit.predict(se_fit=True, **({"kind": "typical"} if free else {}))
    np.testing.assert_allclose(link["estimate"], expected["fit"], rtol=1e-9)
    np.testing.assert_allclose(link["std_error"], expected["se_fit"], rtol=1e-6)
    if name == "crossed":
        with pytest.raises(mm.DataError, match="nothing to compare"):
            fit.avg_slopes()
    else:
        assert np.isfinite(fit.avg_slopes(**free)["std_error"]).all()
