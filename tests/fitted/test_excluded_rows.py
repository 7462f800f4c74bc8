"""``na_action="exclude"``: everything by row has one length, NaN at the rows left out, as R's naresid does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedmodels as mm
from mixedmodels import r

GONE = [4, 77]


def _data() -> pd.DataFrame:
    data = mm.datasets.load("sleepstudy")
    data["w"] = np.linspace(1, 2, 180)
    data["count"] = (data["Reaction"] // 50).astype(float)
    data["late"] = (data["Reaction"] > 300).astype(float)
    data.loc[GONE, ["Reaction", "count", "late"]] = np.nan
    return data


DATA = _data()
TABLES: dict[str, Any] = {
    "pandas": DATA,
    "polars": pl.from_pandas(DATA),
    "arrow": pa.Table.from_pandas(DATA),
    "dict": dict(DATA.items()),
}
FITS: dict[str, Callable[[Any], Any]] = {
    "lm": lambda d: mm.lm("Reaction ~ Days", d, weights="w", na_action="exclude"),
    "lmer": lambda d: mm.lmer("Reaction ~ Days + (1 | Subject)", d, weights="w", na_action="exclude"),
    "glm": lambda d: mm.glm("count ~ Days", d, "poisson", na_action="exclude"),
    "glmer": lambda d: mm.glmer("late ~ Days + (1 | Subject)", d, "binomial", na_action="exclude"),
}
BY_ROW: dict[str, Callable[[Any], Any]] = {
    "fitted": lambda m: m.fitted(),
    "predict": lambda m: m.predict(),
    "predict with errors": lambda m: m.predict(se_fit=True)["se_fit"],
    "prior weights": lambda m: r.weights(m),
    "working weights": lambda m: r.weights(m, "working"),
    "augment": lambda m: m.augment()["fitted"],
    "augmented residuals": lambda m: m.augment()["resid"],
    "simulate": lambda m: m.simulate(1, 1)["sim_1"],
    "influence": lambda m: m.influence().to_frame()["cooks_distance"],
    "influence as a mapping": lambda m: m.influence()["mdffits"],
    "simulated residuals": lambda m: m.simulate_residuals(20, seed=1).scaled_residuals,
    **{f"{t} residuals": lambda m, t=t: m.residuals(t) for t in ("response", "pearson", "deviance", "working")},
    **{
        name: lambda m, name=name: getattr(m, name)()
        for name in ("cooks_distance", "hat_values", "rstandard", "rstudent", "cov_ratio")
    },
}


@pytest.mark.parametrize("library", TABLES)
@pytest.mark.parametrize("name", FITS)
def test_everything_by_row_has_a_value_for_every_row(name: str, library: str) -> None:
    fit = FITS[name](TABLES[library])
    for what, ask in BY_ROW.items():
        values = np.asarray(ask(fit), dtype=float)
        assert values.shape == (180,), what
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(values)), GONE, err_msg=what)


def test_augment_keeps_the_values_that_excluded_rows_have() -> None:
    table = FITS["lmer"](DATA).augment()
    pd.testing.assert_frame_equal(
        table[["Reaction", "Days", "Subject", "w"]], DATA[["Reaction", "Days", "Subject", "w"]]
    )
    part = mm.lm("Reaction ~ Days", DATA, subset="Days < 8", na_action="exclude").augment()
    assert part.index.equals(DATA.index[DATA["Days"] < 8])
    assert part["fitted"].isna().sum() == 2
    assert len(mm.lm("Reaction ~ Days", DATA).augment()) == 178


def test_influence_counts_the_rows_used() -> None:
    excluded, omitted = (mm.lm("Reaction ~ Days", DATA, na_action=a).influence() for a in ("exclude", "omit"))
    assert repr(excluded) == repr(omitted)
    assert excluded.to_frame()["row"].tolist() == [str(i) for i in DATA.index]
    kept = excluded.to_frame().drop(index=GONE).drop(columns="rows").reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, omitted.to_frame().drop(columns="rows"))


def test_working_weights_are_those_of_the_information() -> None:
    herds = mm.datasets.load("cbpp")
    fit = mm.glm("incidence / size ~ period", herds, "binomial", weights="size")
    x, w = np.asarray(fit.model_matrix()), r.weights(fit, "working")
    np.testing.assert_allclose(np.linalg.inv(x.T * w @ x), fit.vcov(), rtol=1e-8)
    np.testing.assert_allclose(w[:3], [2.3978831, 0.8851015, 0.5941418], rtol=1e-5)  # R's weights(type = "working")
    mixed = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds, "binomial")
    np.testing.assert_allclose(r.weights(mixed, "working")[:3], [2.98486, 1.46015, 0.99107], rtol=1e-3)  # lme4's
    assert r.weights(mm.lm("Reaction ~ Days", DATA), "working") is None
    with pytest.raises(mm.DataError, match="type is 'robust'"):
        r.weights(fit, "robust")
