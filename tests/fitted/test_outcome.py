"""The outcome that a model is of has a name, the same in the summary, the report, tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


def patients() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 240
    ward = np.arange(n) % 12
    age = rng.uniform(20, 80, n)
    p = 1 / (1 + np.exp(-((age - 50) / 15 + rng.normal(0, 0.7, 12)[ward])))
    died = rng.uniform(size=n) < p
    data = pd.DataFrame({"age": age, "ward": [f"w{w}" for w in ward], "died": died, "zero_one": died.astype(int)})
    data["out"] = np.where(died, "dead", "alive")
    data["grade"] = pd.Categorical.from_codes(died.astype(int) + (age > 60), ["none", "mild", "severe"])
    data["code"] = pd.Categorical.from_codes(died.astype(int), [7, 9])
    data["trials"] = rng.integers(3, 8, n)
    data["hits"] = rng.binomial(data["trials"], p)
    data["share"] = data["hits"] / data["trials"]
    return data


DATA = patients()
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "text": ("out ~ age", {"family": "binomial"}, "Probability of out = 'dead'"),
    "boolean": ("died ~ age", {"family": "binomial"}, "Probability of died = TRUE"),
    "condition": ("hits > 2 ~ age", {"family": "binomial"}, "Probability of hits > 2"),
    "numbers as levels": ("code ~ age", {"family": "binomial"}, "Probability of code = 9"),
    "one of three": ("grade != 'none' ~ age", {"family": "binomial"}, 'Probability of grade != "none"'),
    "zeros and ones": ("zero_one ~ age", {"family": "binomial"}, "Probability of zero_one = 1"),
    "counts of both": ("cbind(hits, trials - hits) ~ age", {"family": "binomial"}, "Probability of hits"),
    "share": ("hits / trials ~ age", {"family": "binomial", "weights": "trials"}, "Probability of hits"),
    "proportion": ("share ~ age", {"family": "binomial", "weights": "trials"}, "Probability of share"),
    "poisson": ("hits ~ age", {"family": "poisson"}, "Mean count of hits"),
    "positive": ("I(age / trials) ~ hits", {"family": "gamma"}, "I(age/trials)"),
    "gamma": ("age ~ hits", {"family": "gamma"}, "age"),
}
NAMED = ("text", "boolean", "condition", "numbers as levels", "one of three")  # R's print leaves open what is meant


@pytest.mark.parametrize("case", CASES)
def test_the_outcome_has_a_name(case: str, tmp_path: Path) -> None:
    formula, options, expected = CASES[case]
    model = mm.glm(formula, DATA, **options)
    assert model.outcome_label == expected
    model.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    assert loaded.outcome_label == expected
    text = str(model.summary())
    assert str(loaded.summary()) == text
    line = f"Probability modelled: {expected.removeprefix('Probability of ')}"
    assert (line in text) == (case in NAMED)
    assert (line in model._repr_html_().replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">")) == (
        case in NAMED
    )


def test_the_probability_is_that_of_the_outcome_named() -> None:
    """The fit to the named outcome as 0 and 1 is the same."""
    of_text = mm.glm("out ~ age", DATA, "binomial")
    of_event = mm.glm("I(out == 'dead') ~ age", DATA, "binomial")
    np.testing.assert_allclose(np.asarray(of_text.fixef()), np.asarray(of_event.fixef()), rtol=1e-12)


def test_a_mixed_model_says_it_too() -> None:
    model = mm.glmer("out ~ age + (1 | ward)", DATA, "binomial")
    assert "Probability modelled: out = 'dead'" in str(model.summary()).splitlines()
    assert "Probability modelled: out = 'dead'" in repr(model).splitlines()
    assert "Predicted probabilities of out = 'dead'" in str(model.ggpredict("age"))
    assert "Predicted probabilities of out = 'dead'" in str(model.ggemmeans("age"))
    assert "Predicted log-odds of out = 'dead'" in str(model.ggpredict("age", scale="link"))


def test_axes_and_report_name_the_outcome(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib").use("agg")
    model = mm.glmer("out ~ age + (1 | ward)", DATA, "binomial")
    figure = mm.plot.effects(model.ggpredict("age"))
    assert figure.axes[0].get_ylabel() == "Probability of out = 'dead'"
    on_link = mm.plot.effects(model.ggpredict("age", scale="link"))
    assert on_link.axes[0].get_ylabel().replace("\n", " ") == "Predicted log-odds of out = 'dead'"
    groups = mm.plot.groups(model, levels=["w0"])
    assert "Proportion of out = 'dead'" in (groups.get_supylabel(), groups.axes[0].get_ylabel())
    model.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text().replace("&#x27;", "'")
    assert "<title>Probability of out = 'dead': a generalised linear mixed model" in page
    assert "The probability of ‘out = 'dead'’ depends on ‘age’" in page
    assert "Probability of out = 'dead' along age." in page
