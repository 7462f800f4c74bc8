"""What tests of a model say does not depend on the order of rows and levels, on labels, units, codings or origins."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

Answers = dict[str, list[float]]


@cache
def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 90
    g, f, h, x = rng.integers(0, 10, n), rng.integers(0, 3, n), rng.integers(0, 2, n), rng.normal(size=n)
    eta = 0.4 + 0.5 * x + 0.3 * f + 0.7 * rng.normal(size=10)[g] + 0.5 * rng.normal(size=10)[g] * x
    return pd.DataFrame(
        {
            "y": eta + rng.normal(size=n),
            "x": x,
            "f": pd.Categorical.from_codes(f, ["a", "b", "c"]),
            "h": pd.Categorical.from_codes(h, ["u", "v"]),
            "g": [f"g{i}" for i in g],
            "count": rng.poisson(np.exp(eta / 2)),
        }
    )


FITS: dict[str, Callable[..., Any]] = {
    "intercepts": lambda d, **o: mm.lmer("y ~ x + f * h + (1 | g)", d, **o),
    "slopes": lambda d, **o: mm.lmer("y ~ x + f * h + (x | g)", d, **o),
    "lm": lambda d, **o: mm.lm("y ~ x + f * h", d, **o),
    "glm": lambda d, **o: mm.glm("count ~ x + f * h", d, "poisson", **o),
}


def _rows(shown: Any, *columns: str) -> Answers:
    return {name: [float(shown[c][i]) for c in columns if c in shown.columns] for i, name in enumerate(shown.names)}


def _modcomp(fit: Any, verb: str) -> Answers:
    test = getattr(fit, verb)(". ~ . - f:h")
    return {"f:h": [test.statistic, *([test.den_df] if verb == "KRmodcomp" else [])]}


def _pairs(fit: Any) -> Answers:
    """By the two levels in any order, as the sign goes with the order."""
    shown = fit.emmeans("f").contrast("pairwise").to_frame()
    numbers = shown[["df", "p_value"]].to_numpy(float)
    return {
        " ".join(sorted(name.split(" - "))): list(row) for name, row in zip(shown["contrast"], numbers, strict=True)
    }


# A joint test by Satterthwaite's method has lmerTest's denominator, which depends on the basis of its rows.
F = ("num_df", "df", "f_value", "chisq")
VERBS: dict[str, Callable[[Any], Answers]] = {
    "anova of type 1": lambda m: _rows(m.anova(type=1), *F),
    "anova of type 2": lambda m: _rows(m.anova(type=2), *F),
    "drop1": lambda m: _rows(m.drop1("Chisq" if m._fit.generalized else "F"), *F, "lrt"),
    "car_anova": lambda m: _rows(m.car_anova(2), *F, "p_value"),
    "emmeans": _pairs,
    "joint_tests": lambda m: {r["model term"]: [r["f_value"]] for _, r in m.joint_tests().to_frame().iterrows()},
    "avg_slopes": lambda m: {"x": [float(m.avg_slopes(variables="x").to_frame()["statistic"].iloc[0])]},
}
OF_LMER: dict[str, Callable[[Any], Answers]] = {
    "anova of type 3": lambda m: _rows(m.anova(type=3), *F),
    "anova, Kenward-Roger": lambda m: _rows(m.anova(type=3, ddf="Kenward-Roger"), *F, "den_df", "p_value"),
    "KRmodcomp": lambda m: _modcomp(m, "KRmodcomp"),
    "SATmodcomp": lambda m: _modcomp(m, "SATmodcomp"),
    "ranova": lambda m: _rows(m.ranova(), "lrt", "df", "p_value"),
}


def _reversed(name: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda d: d.assign(**{name: d[name].cat.reorder_categories(list(d[name].cat.categories)[::-1])})


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "order of rows": lambda d: d.sample(frac=1, random_state=1).reset_index(drop=True),
    "labels of groups": lambda d: d.assign(g=[f"zz{v[::-1]}" for v in d["g"]]),
    "order of f": _reversed("f"),
    "order of h": _reversed("h"),
    "a level without rows": lambda d: d.assign(f=d["f"].cat.add_categories(["unused"])),
    "large unit of x": lambda d: d.assign(x=1e6 * d["x"]),
    "small unit of x": lambda d: d.assign(x=1e-6 * d["x"]),
    "origin of x": lambda d: d.assign(x=d["x"] + 100),
    "small unit of y": lambda d: d.assign(y=1e-9 * d["y"]),
    "large unit of y": lambda d: d.assign(y=1e9 * d["y"]),
}
CODINGS = {"f": "helmert", "h": "sum"}


def _answers(fit: Any, name: str) -> dict[str, Answers]:
    verbs = VERBS | OF_LMER if name in ("intercepts", "slopes") else VERBS
    return {verb: ask(fit) for verb, ask in verbs.items()}


@cache
def plain(name: str) -> dict[str, Answers]:
    return _answers(FITS[name](table()), name)


def _same(name: str, fit: Any) -> None:
    changed = {}
    for verb, now in _answers(fit, name).items():
        for row, right in plain(name)[verb].items():
            if not np.allclose(now[row], right, rtol=2e-4, atol=1e-6, equal_nan=True):
                changed[verb, row] = (now[row], right)
    assert changed == {}


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")  # what counts as singular is not asked here
@pytest.mark.parametrize("change", [*CHANGES, "codings"])
@pytest.mark.parametrize("name", list(FITS))
def test_an_answer_is_about_the_model_and_not_about_its_description(name: str, change: str) -> None:
    data = CHANGES[change](table()) if change in CHANGES else table()
    _same(name, FITS[name](data, contrasts=CODINGS if change == "codings" else None))


@pytest.mark.parametrize("shift", [100, 1000])
def test_a_covariate_far_from_zero_has_the_same_degrees_of_freedom(shift: float) -> None:
    """The information of variances of intercepts and slopes is nearly singular then, in the elements as they stand."""
    fits = [FITS["slopes"](table().assign(x=table()["x"] + by)) for by in (0, shift)]
    near, far = (fit.anova(ddf="Kenward-Roger").row("x") for fit in fits)
    for column in ("den_df", "f_value", "p_value"):
        assert far[column] == pytest.approx(near[column], rel=1e-4)


def test_type_three_of_coefficients_says_how_they_are_coded() -> None:
    """It cannot have this property, so that its table says of what the tests are."""
    for name in ("lm", "glm"):
        assert "at the reference level of f and h; contrasts={'f': 'sum', 'h': 'sum'}" in str(
            FITS[name](table()).anova(type=3)
        )
        assert "reference level" not in str(FITS[name](table(), contrasts={"f": "sum", "h": "sum"}).anova(type=3))
