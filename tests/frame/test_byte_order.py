"""Numbers in the order of bytes of another machine, as FITS, netCDF and old binary files have them, are numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm


def _plain() -> pd.DataFrame:
    data = mm.datasets.load("sleepstudy").astype({"Subject": int})
    data["w"] = np.linspace(1, 2, len(data))
    data["x"] = data["Days"] + 0.5
    data.loc[4, "x"] = np.nan
    data["when"] = np.datetime64("2024-01-01", "s") + data["Days"].to_numpy().astype("m8[D]")
    return data


PLAIN = _plain()
SWAPPED = pd.DataFrame({k: v.to_numpy().astype(v.dtype.newbyteorder(">")) for k, v in PLAIN.items()})
ARRAYS = {k: PLAIN[k].to_numpy().astype(PLAIN[k].dtype.newbyteorder(">")) for k in PLAIN}
FORMULA = "Reaction ~ x + (x | Subject)"
ASKED: dict[str, Callable[[Any], Any]] = {
    "fitted": lambda d: mm.lmer(FORMULA, d, weights="w").fitted(),
    "arrays": lambda d: mm.lmer(FORMULA, d, weights=d["w"], offset=d["w"], na_action="exclude").residuals(),
    "frame": lambda d: mm.lmer(FORMULA, d).frame,
    "augment": lambda d: mm.lmer(FORMULA, d).augment(),
    "predict": lambda d: mm.lmer(FORMULA, d).predict(d),
    "subset": lambda d: mm.lm("Reaction ~ Days", d, subset="Days > 3").augment(),
    "positions": lambda d: mm.lm("Reaction ~ Days", d, subset=np.arange(9, dtype=">i8")).fitted(),
    "dates": lambda d: mm.lm("Reaction ~ when", d, subset="x > 2").frame["Reaction"],
    "levels": lambda d: mm.lm("Reaction ~ factor(Days) + factor(when)", d).fitted(),
    "refit": lambda d: mm.lm("Reaction ~ x", d).refit(d["w"]).fitted(),
    "glmer": lambda d: mm.glmer("I(Days > 4) ~ w + (1 | Subject)", d, "binomial").fitted(),
    "new rows": lambda d: mm.lmer(FORMULA, d, weights="w").simulate(1, 1, newdata=PLAIN[5:9], weights="w"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("data", [SWAPPED, ARRAYS], ids=["pandas", "dict"])
@pytest.mark.parametrize("name", ASKED)
def test_the_order_of_bytes_changes_nothing(name: str, data: Any) -> None:
    assert not SWAPPED["x"].dtype.isnative
    expected, got = (ASKED[name](d) for d in (PLAIN, data))
    drop = [c for c in getattr(expected, "columns", []) if expected[c].dtype.kind == "M"]
    if drop:
        expected, got = expected.drop(columns=drop), got.drop(columns=drop)
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float), rtol=1e-12)


def test_a_series_with_other_labels() -> None:
    backwards = SWAPPED["w"][::-1]
    fits = [mm.lm("Reaction ~ Days", PLAIN, weights=w).loglik for w in (PLAIN["w"], backwards)]
    assert fits[0] == pytest.approx(fits[1], rel=1e-14)
