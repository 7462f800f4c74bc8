"""One coefficient and one mean have one estimate, error, degrees of freedom, p-value and interval in every verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels.page.sections.estimates import tests as report_tests

# What an answer may hold. A verb leaves out what it does not show.
PARTS = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")


def uneven_sleep() -> pd.DataFrame:
    """Rows are left out so that neither means nor degrees of freedom are those of a balanced design."""
    sleep = mm.datasets.load("sleepstudy")
    return sleep[(sleep["Days"] + sleep["Subject"].cat.codes) % 4 != 0].reset_index(drop=True)


def herds() -> pd.DataFrame:
    cbpp = mm.datasets.load("cbpp")
    return cbpp.assign(Days=cbpp["period"].cat.codes.astype(float))


MIXED = "Reaction ~ Days + (Days | Subject)"
OUTCOME = "cbind(incidence, size - incidence) ~ Days"
MODELS: dict[str, Callable[[], Any]] = {
    "lmer Satterthwaite": lambda: mm.lmer(MIXED, uneven_sleep()),
    "lmer Kenward-Roger": lambda: mm.lmer(MIXED, uneven_sleep(), ddf="Kenward-Roger"),
    "lmer normal": lambda: mm.lmer(MIXED, uneven_sleep(), ddf="normal"),
    "lmer ML": lambda: mm.lmer(MIXED, uneven_sleep(), REML=False),
    "lm": lambda: mm.lm("Reaction ~ Days", uneven_sleep()),
    "glm": lambda: mm.glm(OUTCOME, herds(), "binomial"),
    "glm with a dispersion": lambda: mm.glm("Reaction ~ Days", uneven_sleep(), "Gamma"),
    "glmer": lambda: mm.glmer(f"{OUTCOME} + (1 | herd)", herds(), "binomial"),
}
METHODS = {
    "lmer Satterthwaite": "Satterthwaite",
    "lmer Kenward-Roger": "Kenward-Roger",
    "lmer normal": "normal",
    "lmer ML": "Satterthwaite",
    "lm": "residual",
    "glm": "normal",
    "glm with a dispersion": "residual",
    "glmer": "normal",
}


@pytest.fixture(scope="module", params=list(MODELS))
def model(request: pytest.FixtureRequest) -> Any:
    fit = MODELS[request.param]()
    assert fit.ddf == METHODS[request.param]
    return fit


def row_of(table: Any, place: int, **names: str) -> dict[str, float]:
    """One row of a table, by the names of `PARTS` or those that it has for them."""
    return {part: float(np.asarray(table[names.get(part, part)])[place]) for part in PARTS if names.get(part, part)}


def only(answer: dict[str, float], *parts: str) -> dict[str, float]:
    return {part: answer[part] for part in parts}


def spelled(fit: Any, place: int) -> dict[str, float]:
    """By the names of statsmodels."""
    limits = fit.conf_int()
    values = (fit.params, fit.bse, fit.tvalues, fit.pvalues, limits[0], limits[1])
    names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    return {name: float(v.iloc[place]) for name, v in zip(names, values, strict=True)}


def of_t_test(t: Any) -> dict[str, float]:
    """Of `t_test`."""
    low, high = t.conf_int()[0]
    values = (t.effect[0], t.sd[0], t.df_denom[0], t.tvalue[0], t.pvalue[0], low, high)
    return dict(zip(PARTS, map(float, values), strict=True))


def hypotheses(fit: Any, c: list[list[float]]) -> dict[str, float]:
    """Of `glht`, each by itself."""
    g = fit.glht(c)
    table, limits = g.summary("none"), g.confint(calpha="univariate")
    out = {part: float(table[part][0]) for part in ("estimate", "std_error", "statistic", "p_value")}
    return out | {"df": float(g.hypotheses.df[0])} | {p: float(limits[p][0]) for p in ("conf_low", "conf_high")}


def squared(table: Any, name: Any, statistic: str, df: str | None) -> dict[str, float]:
    """Of an F or chi-squared test with one degree of freedom."""
    row = table.row(name)
    out = {"squared": float(row[statistic]), "p_value": float(row["p_value"])}
    return out if df is None else {**out, "df": float(row[df])}


def coefficient_answers(fit: Any) -> dict[str, dict[str, float]]:
    """The slope of Days in every verb that shows it."""
    unit = [[0.0, 1.0]]
    tidy = fit.tidy(conf_int=True, ddf=fit.ddf)
    wald = fit.confint(method="wald").row("Days")
    table = mm.model_table(fit, names=["m"], terms=["Days"]).to_frame()
    trend = fit.emtrends("~ 1", "Days").summary((True, True))
    drawn = mm.plot.coefficients_table(fit)
    report = {k: v for k, v in report_tests(fit)[0].items() if k != "term"}
    joint = fit.wald_test("Days = 0")
    restriction = fit.linear_hypothesis("Days")
    f = "f_value" in restriction.columns
    out = {
        "statsmodels": spelled(fit, 1),
        "tidy": row_of(tidy, 1),
        "tidy by default": row_of(fit.tidy(conf_int=True), 1, **({} if "df" in fit.tidy() else {"df": ""})),
        "confint": {k: float(wald[k]) for k in ("conf_low", "conf_high")},
        "t_test": of_t_test(fit.t_test(unit)),
        "wald_test": {"squared": joint.statistic, "p_value": joint.pvalue},
        "glht": hypotheses(fit, unit),
        "linear_hypothesis": squared(restriction, "1", "f_value" if f else "chisq", "den_df" if f else None),
        "contest1D": row_of(fit.contest1D([0, 1]), 0),
        "contest": squared(fit.contest([0, 1]), "joint", "f_value", "den_df"),
        "emtrends": row_of(trend, 0),
        "model_table": row_of(table, 0, df="", statistic=""),
        "picture": row_of(drawn, 0, std_error="", df="", statistic="", p_value=""),
        "report": row_of(report, 1, **({} if "df" in report else {"df": ""})),
    }
    for verb in ("hypotheses", "avg_slopes"):
        table = fit.hypotheses("Days = 0") if verb == "hypotheses" else fit.avg_slopes(variables="Days", **on_link(fit))
        out[verb] = row_of(table, 0, **({} if "df" in table else {"df": ""}))
    if not fit._fit.generalized:
        out["anova"] = squared(fit.anova(), "Days", "f_value", "den_df" if fit._fit.mixed else None)
        out["drop1"] = squared(fit.drop1("F"), "Days", "f_value", "den_df" if fit._fit.mixed else None)
        out["car_anova"] = squared(fit.car_anova(test="F"), "Days", "f_value", None)
        out["joint_tests"] = squared_of_model_term(fit)
    if fit._fit.mixed and not fit._fit.generalized and fit.ddf != "normal":
        shown = fit.summary(ddf=fit.ddf).coefficients[1]
        out["summary"] = dict(zip(PARTS[:5], map(float, shown), strict=True))
    return out


def on_link(fit: Any) -> dict[str, str]:
    """Arguments of marginal effects that ask for the linear predictor without random effects."""
    return {"type": "link", **({"re_form": "~0"} if fit._fit.mixed else {})}


def squared_of_model_term(fit: Any) -> dict[str, float]:
    table = fit.joint_tests()
    return {
        "squared": float(table["f_value"][0]),
        "df": float(table["den_df"][0]),
        "p_value": float(table["p_value"][0]),
    }


def mean_answers(fit: Any) -> dict[str, dict[str, float]]:
    """The mean at day 0, of a generalised model its linear predictor, in every verb that shows it."""
    unit = [[1.0, 0.0]]
    zero = pd.DataFrame({"Days": [0.0]})
    scale = {"scale": "link"} if fit._fit.generalized else {}
    predicted = fit.predict(zero, kind="typical", se_fit=True, interval="confidence")
    frame = fit.get_prediction(zero, type="link")
    limits = frame.conf_int()
    out = {
        "emmeans": row_of(fit.emmeans("Days", at={"Days": [0.0]}).summary((True, True)), 0),
        "predict": row_of(predicted, 0, estimate="fit", std_error="se_fit", df="", statistic="", p_value=""),
        "get_prediction": {
            "estimate": frame.predicted_mean[0],
            "std_error": frame.se_mean[0],
            "conf_low": limits[0, 0],
            "conf_high": limits[0, 1],
        },
        "glht": hypotheses(fit, unit),
        "contest1D": row_of(fit.contest1D([1, 0]), 0),
        "t_test": of_t_test(fit.t_test(unit)),
        "tidy": row_of(fit.tidy(conf_int=True, ddf=fit.ddf), 0),
    }
    prediction = fit.predictions(fit.datagrid(Days=[0]), **on_link(fit))
    out["predictions"] = row_of(prediction, 0, **({} if "df" in prediction else {"df": ""}))
    if not fit._fit.generalized:
        whole = fit.predict(zero, kind="marginal", se_fit=True, interval="confidence")
        out["predict marginal"] = row_of(whole, 0, estimate="fit", std_error="se_fit", df="", statistic="", p_value="")
    verbs = ["ggpredict", "ggemmeans", "ggeffect", *([] if fit._fit.generalized else ["ggaverage"])]
    for name in verbs:
        found = getattr(fit, name)("Days [0]", **scale)
        values = (found.predicted, found.std_error, found.df, found.conf_low, found.conf_high)
        names = ("estimate", "std_error", "df", "conf_low", "conf_high")
        out[name] = {n: float(v[0]) for n, v in zip(names, values, strict=True)}
    if not fit._fit.generalized:
        row = frame.summary_frame().iloc[0]
        names = ("mean", "mean_se", "mean_ci_lower", "mean_ci_upper")
        keys = ("estimate", "std_error", "conf_low", "conf_high")
        out["summary_frame"] = {key: float(row[n]) for key, n in zip(keys, names, strict=True)}
    return out


def agree(answers: dict[str, dict[str, float]], standard: dict[str, float]) -> None:
    standard = {**standard, "squared": standard["statistic"] ** 2}
    wrong = {
        (verb, part): (value, standard[part])
        for verb, answer in answers.items()
        for part, value in answer.items()
        if not np.isclose(value, standard[part], rtol=1e-6, atol=0)
    }
    assert wrong == {}


def standard_of(fit: Any, place: int) -> dict[str, float]:
    """By hand: estimate over error, and the tails of t."""
    from scipy import stats

    coefficients = fit._coefficients()
    estimate, error = coefficients.beta[place], np.sqrt(coefficients.vcov[place, place])
    df = float(coefficients.df(np.eye(2))[place])
    law = stats.norm if np.isinf(df) else stats.t(df)
    half = law.ppf(0.975) * error
    p = 2 * law.sf(abs(estimate / error))
    return dict(zip(PARTS, (estimate, error, df, estimate / error, p, estimate - half, estimate + half), strict=True))


def test_one_coefficient_has_one_answer(model: Any) -> None:
    answers = coefficient_answers(model)
    assert len(answers) >= 14
    agree(answers, standard_of(model, 1))


def test_one_mean_has_one_answer(model: Any) -> None:
    answers = mean_answers(model)
    assert len(answers) >= 10
    agree(answers, standard_of(model, 0))


@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger", "normal"])
@pytest.mark.parametrize(("variance", "kind"), [("residual", "typical"), ("all", "marginal")])
def test_one_new_observation_has_one_interval(ddf: str, variance: str, kind: str) -> None:
    fit = MODELS[f"lmer {ddf}"]()
    predicted = fit.predict({"Days": [0.0, 9.0]}, kind=kind, interval="prediction")
    for name in ("ggpredict", "ggemmeans"):
        found = getattr(fit, name)("Days [0, 9]", interval="prediction", variance=variance)
        for part in ("conf_low", "conf_high"):
            np.testing.assert_allclose(getattr(found, part), predicted[part], rtol=1e-9)


def test_the_methods_differ_here() -> None:
    """Otherwise the tests above could not tell one method from another."""
    fit = MODELS["lmer Satterthwaite"]()
    ways = [fit.update(ddf=name).tidy() for name in ("Satterthwaite", "Kenward-Roger", "normal")]
    p = [float(table["p_value"][1]) for table in ways]
    df = [float(table["df"][1]) for table in ways]
    assert len({f"{value:.3g}" for value in p}) == 3
    assert len({round(value, 3) for value in df}) == 3
    assert ways[1]["std_error"][0] > ways[0]["std_error"][0] * 1.0001


PRINTED: dict[str, Callable[[Any], Any]] = {
    "confint": lambda fit: fit.confint(method="wald"),
    "t_test": lambda fit: fit.t_test("Days"),
    "wald_test": lambda fit: fit.wald_test("Days"),
    "anova": lambda fit: fit.anova(),
    "drop1": lambda fit: fit.drop1("F"),
    "car_anova": lambda fit: fit.car_anova(test="F"),
    "glht": lambda fit: fit.glht("Days").summary(),
    "glht limits": lambda fit: fit.glht("Days").confint(),
    "glht F": lambda fit: fit.glht("Days").ftest(),
    "linear_hypothesis": lambda fit: fit.linear_hypothesis("Days"),
    "contest": lambda fit: fit.contest([0, 1]),
    "contest1D": lambda fit: fit.contest1D([0, 1]),
    "emmeans": lambda fit: fit.emmeans("Days", at={"Days": [0, 9]}),
    "pairs": lambda fit: fit.emmeans("Days", at={"Days": [0, 9]}).pairs(),
    "letters": lambda fit: fit.emmeans("Days", at={"Days": [0, 9]}).cld(),
    "emtrends": lambda fit: fit.emtrends("~ 1", "Days"),
    "joint_tests": lambda fit: fit.joint_tests(),
    "ggpredict": lambda fit: fit.ggpredict("Days"),
    "ggemmeans": lambda fit: fit.ggemmeans("Days"),
    "ggeffect": lambda fit: fit.ggeffect("Days"),
    "ggaverage": lambda fit: fit.ggaverage("Days [0]"),
    "comparison of predictions": lambda fit: fit.ggpredict("Days [0, 9]").compare(),
    "model_table": lambda fit: mm.model_table(fit, names=["m"]),
    "report": lambda fit: report_tests(fit)[2],
    "picture": lambda fit: mm.plot.coefficients(fit).axes[0].get_xlabel(),
    "picture of predictions": lambda fit: mm.plot.effects(fit.ggpredict("Days")).axes[0].get_ylabel(),
}
# R's layouts, which say z and chi-squared.
NORMAL_BY_ITS_LETTERS = ("glht", "glht limits", "glht F", "linear_hypothesis", "comparison of predictions")


@pytest.mark.parametrize("verb", PRINTED)
@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger", "normal"])
def test_every_print_names_the_method(ddf: str, verb: str) -> None:
    fit = MODELS[f"lmer {ddf}"]()
    text = PRINTED[verb](fit)
    text = text if isinstance(text, str) else repr(text)
    assert ddf in text or (ddf == "normal" and verb in NORMAL_BY_ITS_LETTERS)


@pytest.mark.parametrize("verb", [v for v in PRINTED if "picture" not in v])
def test_every_print_says_why_the_normal_distribution_stands_in(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = MODELS["lmer Satterthwaite"]()
    monkeypatch.setattr(type(fit._engine), "describe", lambda self: {"path": "estimated"})
    text = PRINTED[verb](fit)
    text = " ".join((text if isinstance(text, str) else repr(text)).split())
    assert "is used in place of Satterthwaite's method: degrees of freedom need the factorisation" in text


PLAIN: dict[str, Callable[[Any], Any]] = {
    "tidy": lambda fit: fit.tidy(),
    "conf_int": lambda fit: fit.conf_int(),
    "cov_params": lambda fit: fit.cov_params(),
    "predict": lambda fit: fit.predict({"Days": [0]}, kind="typical", interval="confidence"),
}


@pytest.mark.parametrize("verb", PLAIN)
def test_plain_tables_warn_where_the_normal_distribution_stands_in(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = MODELS["lmer Satterthwaite"]()
    monkeypatch.setattr(type(fit._engine), "describe", lambda self: {"path": "estimated"})
    with pytest.warns(mm.MixedModelsWarning, match="is used in place of Satterthwaite's method") as caught:
        PLAIN[verb](fit)
    assert caught[0].filename == __file__
    with pytest.warns(mm.MixedModelsWarning, match="is used in place of"):
        assert fit.pvalues["Days"] == fit.update(ddf="normal").pvalues["Days"]
