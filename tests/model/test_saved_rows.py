"""A model saved with its rows does everything that it did, with the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.model_tables import tables
from tests.tables.test_own_kind import held

import mixedmodels as mm


def nights() -> pd.DataFrame:
    """sleepstudy with weights, an exposure, a date, counts, two factors and some missing values."""
    sleep = mm.datasets.load("sleepstudy").copy()
    rng = np.random.default_rng(11)
    own = rng.normal(0.0, 0.8, 18)[sleep["Subject"].cat.codes]
    sleep["w"] = rng.uniform(0.5, 2.0, len(sleep))
    sleep["exposure"] = rng.uniform(1.0, 3.0, len(sleep))
    sleep["when"] = pd.to_datetime("2021-03-01") + pd.to_timedelta(sleep["Days"], unit="D")
    sleep["lapses"] = rng.poisson((2.0 + 0.3 * sleep["Days"]) * rng.gamma(2.0, 0.5, len(sleep)))
    sleep["trials"] = rng.integers(5, 9, len(sleep))
    sleep["passed"] = rng.binomial(sleep["trials"], 1 / (1 + np.exp(-own - 0.05 * sleep["Days"])))
    sleep["slow"] = np.where(sleep["Reaction"] > 300, "slow", "fast")
    sleep["third"] = pd.Categorical.from_codes(np.arange(len(sleep)) % 3, ["lo", "mid", "hi"], ordered=True)
    sleep.loc[[4, 77], "Days"] = np.nan
    sleep.index = pd.Index([f"row {i}" for i in range(len(sleep))], name="night")
    return sleep


MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "lm": ("lm", "log(Reaction) ~ poly(Days, 2) * third", {"weights": "w", "subset": "Days > 0"}),
    "lm of dates": ("lm", "Reaction ~ when + factor(Days)", {"offset": "exposure"}),
    "lmer": ("lmer", "Reaction ~ Days + third + (Days | Subject)", {"weights": "w", "na_action": "exclude"}),
    "lmer ml": ("lmer", "Reaction ~ Days + slow + (1 | Subject)", {"REML": False, "contrasts": {"slow": "sum"}}),
    "glm": ("glm", "lapses ~ Days", {"family": "poisson", "offset": "log(exposure)"}),
    "glm nb": ("glm_nb", "lapses ~ Days + third", {}),
    "glm text": ("glm", "slow ~ Days", {"family": mm.families.Binomial(link="probit")}),
    "glmer": ("glmer", "cbind(passed, trials - passed) ~ Days + (1 | Subject)", {"family": "binomial"}),
    "glmer share": ("glmer", "passed / trials ~ Days + (1 | Subject)", {"family": "binomial", "weights": "trials"}),
    "glmer gamma": ("glmer", "Reaction ~ Days + (1 | Subject)", {"family": mm.families.Gamma(link="log"), "nAGQ": 3}),
}


def same(a: Any, b: Any) -> None:
    """Exactly the same numbers and labels."""
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    elif isinstance(a, pd.Series):
        pd.testing.assert_series_equal(a, b, check_exact=True)
    else:
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def fitted(name: str, data: Any) -> Any:
    function, formula, options = MODELS[name]
    return getattr(mm, function)(formula, data, **options)


def through_file(model: Any, path: Path) -> Any:
    model.save(path / "fit.json", rows=True)
    return mm.load(path / "fit.json")


@pytest.mark.filterwarnings("ignore:.when. holds times")
@pytest.mark.parametrize("name", MODELS)
def test_everything_comes_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    model = fitted(name, nights())
    loaded = through_file(model, tmp_path)
    assert type(loaded) is type(model)
    asks: list[Any] = [
        lambda m: str(m.summary()), lambda m: repr(m), lambda m: m.residuals(), lambda m: m.fitted(),
        lambda m: m.augment(), lambda m: m.frame, lambda m: m.model_matrix(), lambda m: m.vcov(),
        lambda m: m.predict(se_fit=True), lambda m: m.predict(nights().iloc[:9]), lambda m: m.simulate(2, seed=5),
        lambda m: m.cooks_distance(), lambda m: m.dfbetas(), lambda m: m.hat_values(),
        lambda m: m.refit(m.simulate(1, seed=5)["sim_1"]).fixef(), lambda m: m.update(". ~ . + I(Days^3)").fixef(),
        lambda m: m.bootstrap(4, seed=2, progress=False).to_frame("pandas"),
    ]  # fmt: skip
    if name.startswith(("lmer", "glmer")):
        asks += [
            lambda m: m.ranef()["Subject"], lambda m: m.theta, lambda m: m.ranef(cond_var=True).cond_var["Subject"],
            lambda m: m.influence("Subject").to_frame(), lambda m: m.confint(method="wald").to_frame("pandas"),
        ]  # fmt: skip
    for ask in asks:
        same(ask(loaded), ask(model))


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "pyarrow", "duckdb", "dict"])
def test_rows_come_back_in_their_library(kind: str, tmp_path: Path) -> None:
    model = mm.lmer(
        "Reaction ~ Days + (Days | Subject)", held(kind, tables()["sleep"][["Reaction", "Days", "Subject"]])
    )
    loaded = through_file(model, tmp_path)
    for ask in (lambda m: m.tidy(), lambda m: m.augment(), lambda m: m.predict(), lambda m: m.frame):
        assert type(ask(loaded)) is type(ask(model))
    np.testing.assert_array_equal(np.asarray(loaded.fitted()), np.asarray(model.fitted()))
    if kind == "polars":
        assert loaded.frame.equals(model.frame)
    assert loaded.update(REML=False).loglik == model.update(REML=False).loglik


def test_a_response_of_refit_comes_back(tmp_path: Path) -> None:
    model = fitted("glmer", nights())
    other = model.refit(model.simulate(1, seed=3)["sim_1"])
    loaded = through_file(other, tmp_path)
    same(loaded.residuals(), other.residuals())
    same(loaded.cooks_distance("Subject"), other.cooks_distance("Subject"))


def test_arrays_and_matrices_among_the_arguments_come_back(tmp_path: Path) -> None:
    data = nights().dropna()
    matrix = pd.DataFrame([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], columns=[".a", ".b"])
    model = mm.lmer(
        "Reaction ~ Days + third + shift + (1 | Subject)", data, weights=data["w"].to_numpy(), offset=1.5,
        subset=np.arange(100), contrasts={"third": matrix}, env={"shift": np.linspace(0, 1, len(data)) ** 2},
        start=[0.7], control={"max_evaluations": 99},
    )  # fmt: skip
    loaded = through_file(model, tmp_path)
    same(loaded.augment(), model.augment())
    assert loaded.fixef().names == model.fixef().names
    same(loaded.update(". ~ . - Days").fixef(), model.update(". ~ . - Days").fixef())


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    data = nights()
    model = mm.lm("Reaction ~ half(Days)", data, env={"half": lambda x: x / 2})
    with pytest.raises(mm.DataError, match=r"env\['half'\] is a function"):
        model.save(tmp_path / "fit.json", rows=True)
    assert not (tmp_path / "fit.json").exists()
    model = fitted("lm", data)
    data["Days"] = data["Days"] + 1.0  # in the table that the model was fitted to, and not in the model's
    model.save(tmp_path / "fit.json", rows=True)
    np.testing.assert_array_equal(mm.load(tmp_path / "fit.json").frame["Days"], fitted("lm", nights()).frame["Days"])
    fitted("lm", nights()).save(tmp_path / "small.json")
    with pytest.raises(mm.DataError, match="loaded from a file has none"):
        mm.load(tmp_path / "small.json").save(tmp_path / "again.json", rows=True)


def test_only_columns_of_the_model_are_in_the_file(tmp_path: Path) -> None:
    through_file(fitted("lmer", nights()), tmp_path)
    document = json.loads((tmp_path / "fit.json").read_text())
    assert document["version"] == 2
    assert sorted(document["rows"]["columns"]) == ["Days", "Reaction", "Subject", "third", "w"]
    assert mm.load(tmp_path / "fit.json").save(tmp_path / "again.json", rows=True) is None
    assert (tmp_path / "again.json").read_text() == (tmp_path / "fit.json").read_text()


def test_a_polars_model_comes_back_with_its_types(tmp_path: Path) -> None:
    data = pl.DataFrame(
        {
            "y": [1.0, 2.5, 2.0, 4.5, 3.0, 6.0, 7.5],
            "g": pl.Series(list("abababa"), dtype=pl.Enum(["b", "a"])),
            "t": pl.Series(list("uvwuvwu"), dtype=pl.Categorical),
            "n": [1, None, 3, 4, 5, 6, 7],
        }
    )
    loaded = through_file(mm.lm("y ~ g + n", data), tmp_path)
    assert loaded.frame.schema == data.select("y", "g", "n").schema
    assert loaded.coef().names == ("(Intercept)", "ga", "n")
