"""What the full style of a summary adds: variance, shapes with errors, weights, and what predictors are."""

from __future__ import annotations

import numpy as np
import pytest

import mixedmodels as mm


@pytest.fixture(scope="module")
def salamanders():
    table = mm.datasets.load("Salamanders")
    return table.assign(w=1.0 + np.arange(len(table)) % 2)


def test_full_style_adds_paragraphs_to_the_default_one(salamanders) -> None:
    fit = mm.glmmTMB("count ~ mined + (1 | site)", salamanders, "truncated_nbinom2", ziformula="~ mined")
    plain, full = (fit.summary().text(style=style).split("\n") for style in ("glmmTMB", "full"))
    assert plain == str(fit.summary()).split("\n")
    start = plain.index(next(line for line in plain if line.startswith("Dispersion parameter"))) + 1
    added = full[start : start + len(full) - len(plain)]
    assert [*full[:start], *full[start + len(added) :]] == plain
    assert added[:7] == [
        "",
        "Var(y) = (1 - pi) (V + pi M^2)",
        "  V = (v + mu^2) / (1 - p0) - M^2",
        "  M = mu / (1 - p0)",
        "  v = mu + mu^2 / theta",
        "  p0 = (1 + mu / theta)^(-theta)",
        "",
    ]
    estimate, error = map(float, added[9].split()[1:])
    assert added[7:9] == ["Shapes:", "      Estimate Std. Error"]
    psi_error = float(np.sqrt(np.asarray(fit.vcov(full=True))[-1, -1]))  # of log(theta)
    assert estimate == pytest.approx(fit.shapes["theta"], rel=1e-3)
    assert error == pytest.approx(fit.shapes["theta"] * psi_error, rel=1e-3)
    assert added[-3:] == [
        "Scales:",
        "  cond: log(mu), mu the mean of all counts, zeros included; M that of the counts above 0",
        "  zi:   logit(pi), pi the probability of a zero (a hurdle: the family has none)",
    ]


@pytest.mark.parametrize(
    ("family", "direction"),
    [("nbinom2", "log(theta): a larger theta means less"), ("nbinom1", "log(phi): a larger phi means more")],
)
def test_the_dispersion_says_which_way_it_goes(salamanders, family: str, direction: str) -> None:
    fit = mm.glmmTMB("count ~ mined", salamanders, family, dispformula="~ mined")
    text = fit.summary().text(style="full")
    assert f"disp: {direction} variance" in text
    assert "Shapes:" not in text
    # The mean variance of one group of rows goes the way that the line says.
    slope = fit.fixef("disp")["minedno"]
    at = {mined: fit.predict(salamanders.assign(mined=mined).head(1), type="disp") for mined in ("yes", "no")}
    assert np.sign(float(at["no"].iloc[0] - at["yes"].iloc[0])) == np.sign(slope)


@pytest.mark.parametrize(
    "arguments", [{"family": mm.families.NegativeBinomial(theta=2)}, {"map": {"log(theta)": np.log(2)}}]
)
def test_fixed_shapes_are_shown(salamanders, arguments) -> None:
    fit = mm.glmmTMB("count ~ mined", salamanders, **{"family": "nbinom2", **arguments})
    lines = fit.summary().text(style="full").split("\n")
    assert "theta = 2 (fixed)" in lines
    assert "Shapes:" not in lines


@pytest.mark.parametrize(
    ("role", "line", "variance"),
    [
        ("cases", "Weights multiply the log-likelihood of their rows.", "Var(y) = sigma^2"),
        ("precision", "Weights w divide the dispersion of their rows.", "Var(y) = sigma^2 / w"),
    ],
)
def test_weights_say_what_they_mean_in_both_styles(salamanders, role: str, line: str, variance: str) -> None:
    fit = mm.glmmTMB("cover ~ mined", salamanders, weights="w", weights_role=role)
    assert str(fit.summary()).split("\n")[-1] == line
    full = fit.summary().text(style="full").split("\n")
    assert full[-1] == line
    assert variance in full


def test_trials_are_called_so() -> None:
    herds = mm.datasets.load("cbpp")
    table = herds.assign(share=herds["incidence"] / herds["size"])
    fit = mm.glmmTMB("share ~ period", table, "betabinomial", weights="size")
    assert str(fit.summary()).split("\n")[-1] == "Weights are the numbers of trials of the proportions."


def test_without_weights_nothing_is_said_of_them(salamanders) -> None:
    assert "Weights" not in mm.glmmTMB("count ~ mined", salamanders, "poisson").summary().text(style="full")


def test_an_unknown_style_is_refused(salamanders) -> None:
    fit = mm.glmmTMB("count ~ mined", salamanders, "poisson")
    with pytest.raises(mm.DataError, match="style is 'lme4'; it is one of 'glmmTMB', 'full'"):
        fit.summary().text(style="lme4")


def test_priors_are_named_with_their_parameters(salamanders) -> None:
    priors = [
        {"prior": "normal(0, 2.5)", "class": "fixef"},
        {"prior": "t(0, 2, 3)", "class": "fixef_zi", "coef": "minedno"},
        {"prior": "gamma(1, 2.5)", "class": "ranef_sd", "coef": "site"},
        {"prior": "normal(0, 1)", "class": "psi", "coef": "theta"},
    ]
    arguments = {"ziformula": "~ mined", "priors": priors}
    fit = mm.glmmTMB("count ~ cover + mined + (1 | site)", salamanders, "nbinom2", **arguments)
    lines = [
        "fixef (cover) ~ normal(0, 2.5)",
        "fixef (minedno) ~ normal(0, 2.5)",
        "fixef_zi (minedno) ~ t(0, 2, 3)",
        "ranef_sd ((Intercept)|site) ~ gamma(1, 2.5)",
        "psi (theta) ~ normal(0, 1)",
    ]
    shown = str(fit.summary()).split("\n")
    assert shown[shown.index("Priors:") + 1 :] == lines
    assert repr(fit).split("\n")[-1] == f"Priors: {'; '.join(lines)}"


def test_without_priors_none_are_shown(salamanders) -> None:
    fit = mm.glmmTMB("count ~ mined", salamanders, "poisson")
    assert "Priors" not in str(fit.summary()) + repr(fit)
