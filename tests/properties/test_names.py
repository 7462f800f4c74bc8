"""What columns are called does not matter: with blanks, back quotes, or numbers for names, the results are the same.

Every verb takes a name as the table has it, and as the formula and the printed results have it, in back quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels._names import ByName, meant, quoted, unquoted
from mixedmodels.formula import parse

PLAIN = ("fac", "num", "grp", "more")
SPELLINGS: dict[str, tuple[Any, ...]] = {
    "blanks": ("tr t", "days since", "sub ject", "mo re"),
    "back quotes": ("tr`t", "`num", "sub`ject`", "mo\\`re\\"),
    "operators": ("tr:t", "a-b", "g|h", "x [1]"),
    "numbers": (0, 1, 2, 3),
}


def table(names: tuple[Any, ...]) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 120
    group = np.repeat(np.arange(12), 10)
    columns = {
        names[0]: np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
        names[1]: rng.normal(size=n),
        names[2]: group,
        names[3]: rng.normal(size=n),
    }
    y = 1 + 0.5 * columns[names[1]] + (columns[names[0]] == "b") + rng.normal(size=12)[group] + rng.normal(size=n)
    return pd.DataFrame({"y": y, **columns})


def fitted(names: tuple[Any, ...]) -> Any:
    f, x, g, _ = (quoted(str(name)) for name in names)
    return mm.lmer(f"y ~ {f} + {x} + (1 | {g})", table(names))


def numbers_of(result: Any) -> Any:
    """Everything in a result that is a number, in order."""
    frame = result.to_frame("pandas") if hasattr(result, "to_frame") and not isinstance(result, pd.Series) else result
    if isinstance(frame, pd.DataFrame):
        frame = frame.select_dtypes("number").to_numpy()
    return np.asarray(frame, dtype=float).ravel()


# Verb -> its call with the model, names of the factor, number, group and another number, and those in a formula.
CALLS: dict[str, Callable[..., Any]] = {
    "VarCorr": lambda fit, n, q: fit.VarCorr()[n[2]],
    "add1": lambda fit, n, q: fit.add1(f". ~ . + {q[3]}", "Chisq"),
    "augment": lambda fit, n, q: fit.augment(),
    "avg_predictions": lambda fit, n, q: fit.avg_predictions(by=n[0]),
    "avg_slopes": lambda fit, n, q: fit.avg_slopes(variables=n[1]),
    "coef": lambda fit, n, q: fit.coef()[n[2]],
    "comparisons": lambda fit, n, q: fit.avg_comparisons(variables={n[1]: 2}),
    "confint": lambda fit, n, q: fit.confint(str(n[1]), method="wald"),
    "contrasts": lambda fit, n, q: fit.update(contrasts={n[0]: "sum"}).fixef(),
    "cross_validate": lambda fit, n, q: fit.cross_validate(group=n[2], k=3, seed=1),
    "datagrid": lambda fit, n, q: len(fit.datagrid(**{str(n[1]): [1.0, 2.0]})),
    "drop1": lambda fit, n, q: fit.drop1("Chisq", scope=[n[0]]),
    "emmeans": lambda fit, n, q: fit.emmeans(n[0], at={n[1]: [0.5]}),
    "emmeans by": lambda fit, n, q: fit.emmeans("1", by=n[0]),
    "emmeans formula": lambda fit, n, q: fit.emmeans(f"~ {q[0]}").pairs(),
    "emtrends": lambda fit, n, q: fit.emtrends(n[0], n[1]),
    "extend": lambda fit, n, q: fit.extend(n[2], n=20).nobs,
    "fixef": lambda fit, n, q: fit.fixef()[n[1]],
    "ggpredict": lambda fit, n, q: fit.ggpredict([n[1], n[0]]),
    "ggpredict values": lambda fit, n, q: fit.ggpredict(f"{q[1]} [1, 2]"),
    "glht": lambda fit, n, q: fit.glht(mm.mcp(**{str(n[0]): "Tukey"})).summary(),
    "group_lines": lambda fit, n, q: fit.group_lines(n[1]),
    "hypotheses": lambda fit, n, q: fit.hypotheses(f"{q[1]} = 0"),
    "influence": lambda fit, n, q: fit.influence(n[2]).cooks_distance(),
    "linear_hypothesis": lambda fit, n, q: fit.linear_hypothesis(f"{q[0]}b - {q[0]}c = 0").p_value,
    "ngroups": lambda fit, n, q: fit.ngroups[n[2]],
    "power": lambda fit, n, q: fit.power(n[1], effect={n[1]: 1.0}, nsim=3, seed=1, progress=False),
    "power_curve": lambda fit, n, q: fit.power_curve(
        n[1], effect={n[1]: 1.0}, along=n[2], sizes=(10, 12), nsim=3, seed=1, progress=False
    ),
    "predict": lambda fit, n, q: fit.predict(fit.frame),
    "profile": lambda fit, n, q: fit.profile(str(n[1]), points=2),
    "ranef": lambda fit, n, q: fit.ranef()[n[2]],
    "re_form": lambda fit, n, q: fit.predict(re_form=f"~ (1 | {q[2]})"),
    "recalculate": lambda fit, n, q: fit.simulate_residuals(20, seed=1).recalculate(n[2]),
    "robust": lambda fit, n, q: fit.robust(cluster=n[2]),
    "scores": lambda fit, n, q: fit.scores(n[2]),
    "t_test": lambda fit, n, q: fit.t_test(f"{q[0]}b + 2 * {q[1]} = 0").p_value,
    "with_parameters": lambda fit, n, q: fit.with_parameters(fixef={n[1]: 2.0}).fixef(),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    fit = fitted(PLAIN)
    return {verb: numbers_of(call(fit, PLAIN, PLAIN)) for verb, call in CALLS.items()}


@pytest.mark.parametrize("as_printed", [False, True], ids=["as in the table", "as in the formula"])
@pytest.mark.parametrize("kind", SPELLINGS)
def test_every_verb_finds_a_name_however_it_is_written(kind: str, as_printed: bool, plain: dict[str, Any]) -> None:
    names = SPELLINGS[kind]
    fit = fitted(names)
    q = tuple(quoted(str(name)) for name in names)
    wrong = {}
    for verb, call in CALLS.items():
        try:
            result = numbers_of(call(fit, q if as_printed else names, q))
        except Exception as error:
            wrong[verb] = f"{type(error).__name__}: {error}"
            continue
        want = plain[verb]
        if verb == "augment":  # a frame that holds the columns of the model too, in their order
            result, want = np.sort(result), np.sort(want)
        if result.shape != want.shape or not np.allclose(result, want, rtol=1e-8, equal_nan=True):
            wrong[verb] = (
                f"other numbers: {result[~np.isclose(result, want)][:9]} for {want[~np.isclose(result, want)][:9]}"
            )
    assert wrong == {}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_saved_model_keeps_its_names(kind: str, tmp_path: Path) -> None:
    names = SPELLINGS[kind]
    fit = fitted(names)
    for rows in (False, True):
        fit.save(tmp_path / "fit.json", rows=rows)
        again = mm.load(tmp_path / "fit.json")
        np.testing.assert_allclose(again.predict(table(names)), fit.fitted(), rtol=1e-12)


def test_dicts_and_polars_may_have_such_names() -> None:
    names = SPELLINGS["numbers"]
    data = {name: column.to_numpy() for name, column in table(names).items()}
    fit = mm.lmer("y ~ `0` + `1` + (1 | `2`)", data)
    assert {"0", "1", "2"} <= set(fit.augment().columns)
    np.testing.assert_allclose(fit.fitted(), fitted(PLAIN).fitted())


@pytest.mark.parametrize("name", ["a b", "a`b", "`", "\\", "a\\", "\\`", "a\\b", "a\\\\b", "``", "1", "a'\"b"])
def test_a_quoted_name_is_read_as_the_name(name: str) -> None:
    """R writes a back quote inside back quotes as \\`."""
    assert unquoted(quoted(name)) == name
    formula = parse(f"y ~ {quoted(name)}")
    assert formula.fixed.names == (quoted(name),)
    assert parse(formula.text).text == formula.text


def test_a_name_that_two_could_mean_is_not_guessed() -> None:
    assert meant("a b", ["`a b`", "a b"]) == "a b"
    assert meant("`a`b", ["a`b", "`a`b"]) == "`a`b"
    assert meant("`a b`c", ["a bc", "`a bc`x", "`a bc`"]) == "a bc"
    assert meant("a b", ["`a` b", "a `b`"]) == "a b"  # neither
    assert meant(3, ["`3`"]) == "`3`"
    with pytest.raises(KeyError):
        ByName({"a": 1})["b"]
    rng = np.random.default_rng(1)
    d = pd.DataFrame({name: rng.normal(size=20) for name in ("y", "a", "b", "a-b")})
    fit = mm.lm("y ~ a + b + `a-b`", d)
    tests = fit.hypotheses(["a - b = 0", "`a-b` = 0"]).to_frame()
    beta = fit.fixef()
    assert tests["estimate"].tolist() == pytest.approx([beta["a"] - beta["b"], beta["`a-b`"]])
    rows = [fit.glht([text]).summary().to_frame()["estimate"][0] for text in ("a - b = 0", "`a-b` = 0")]
    assert rows == pytest.approx(tests["estimate"].tolist())
