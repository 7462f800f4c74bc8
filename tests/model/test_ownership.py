"""A fit is of the data as they were: what the caller changes afterwards does not reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

SLEEP = mm.datasets.load("sleepstudy")


def as_dict() -> dict[str, Any]:
    return {"Reaction": SLEEP["Reaction"].to_numpy().copy(), "Days": SLEEP["Days"].to_numpy(dtype=float).copy(),
            "Subject": SLEEP["Subject"].astype(str).to_numpy(dtype=object).copy()}  # fmt: skip


def as_records() -> np.ndarray:
    return SLEEP.assign(Subject=SLEEP["Subject"].astype(int)).to_records(index=False).view(np.ndarray)


def replaced(data: pd.DataFrame) -> None:
    data["Days"] = data["Days"] + 100


def by_loc(data: pd.DataFrame) -> None:
    data.loc[:, "Reaction"] = 0.0


def in_place(data: pd.DataFrame) -> None:
    data["Reaction"] *= 2


def dropped(data: pd.DataFrame) -> None:
    del data["Days"]


def array_in_place(data: Any) -> None:
    data["Reaction"][:] = 0.0
    data["Days"] += 5


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "a column replaced": (SLEEP.copy, replaced),
    "values by loc": (SLEEP.copy, by_loc),
    "a column in place": (SLEEP.copy, in_place),
    "a column dropped": (SLEEP.copy, dropped),
    "a dict of arrays": (as_dict, array_in_place),
    "a structured array": (as_records, array_in_place),
}


def answers(fit: Any) -> list[np.ndarray]:
    """What verbs say that read the response, the columns or the table again."""
    return [
        np.asarray(fit.residuals()),
        np.asarray(fit.emmeans("~ 1")["estimate"]),
        np.asarray(fit.ggpredict("Days [0, 3, 9]")["predicted"]),
        np.asarray(fit.confint(parm=["Days"])["conf_low"]),
        np.asarray(fit.frame["Days"], dtype=float),
        np.asarray(fit.cooks_distance()),
        np.asarray([fit.update(". ~ . + I(Days^2)").loglik]),
    ]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("formula", ["Reaction ~ Days + (1 | Subject)", "Reaction ~ Days"])
def test_changes_of_the_table_do_not_reach_the_fit(change: str, formula: str) -> None:
    make, spoil = CHANGES[change]
    function = mm.lmer if "|" in formula else mm.lm
    data = make()
    fit, before = function(formula, data), answers(function(formula, make()))
    spoil(data)
    for old, new in zip(before, answers(fit), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("kind", ["array", "series", "list"])
def test_changes_of_weights_and_offsets_do_not_reach_the_fit(kind: str) -> None:
    make: dict[str, Callable[[], Any]] = {
        "array": lambda: np.linspace(1, 2, 180),
        "series": lambda: pd.Series(np.linspace(1, 2, 180), index=SLEEP.index),
        "list": lambda: np.linspace(1, 2, 180).tolist(),
    }
    weights, offset = make[kind](), make[kind]()
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", SLEEP, weights=weights, offset=offset)
    before = [
        np.asarray(fit.residuals("pearson")),
        fit.update(REML=False).loglik,
        fit.confint(parm=["Days"])["conf_low"],
    ]
    for values in (weights, offset):
        values[:] = [9.0] * 180
    after = [
        np.asarray(fit.residuals("pearson")),
        fit.update(REML=False).loglik,
        fit.confint(parm=["Days"])["conf_low"],
    ]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)


def test_models_of_one_table_are_known_to_be_of_one() -> None:
    some = SLEEP.assign(x=SLEEP["Days"].where(SLEEP.index != 3), z=SLEEP["Days"].where(SLEEP.index != 4) ** 2)
    a, b = (mm.lm(f"Reaction ~ {name}", some) for name in ("x", "z"))
    with pytest.raises(mm.DataError, match="different rows of the table: row"):
        a.anova(b)
