"""What cannot be drawn is refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.support.drawn_pictures import cbpp_fit, crossed_fit, plain_fit, sleep_fit

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.model import pictures as plot_verbs

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no model": (lambda: plot.residuals(3), r"residuals() needs a fitted model, not a int"),  # type: ignore[arg-type]
    "no random effects": (lambda: plot.shrinkage(plain_fit()), "'Reaction ~ Days' has none"),  # type: ignore[arg-type]
    "no groups": (lambda: plot.residuals_by_group(plain_fit()), "name a column, as group='site'"),
    "group": (lambda: plot.caterpillar(sleep_fit(), "subject"), "no grouping factor 'subject'; the model has Subject"),
    "level": (lambda: plot.caterpillar(sleep_fit(), level=95), "level must"),
    "sort": (
        lambda: plot.caterpillar(sleep_fit(), sort="days"),
        "no random effect; give one of (Intercept), Days, or True or False",
    ),
    "column": (lambda: plot.residuals_by_group(sleep_fit(), "day"), "no grouping factor or column 'day'"),
    "band": (lambda: plot.qq_residuals(sleep_fit(), band="wide"), "band must be"),  # type: ignore[arg-type]
    "type": (lambda: plot.residuals(sleep_fit(), "raw"), "residual type 'raw' is none of"),
    "one effect": (lambda: plot.covariance_ellipses(crossed_fit()), "needs two or more random effects of one"),
    "coefficient": (lambda: plot.fixed_ellipses(sleep_fit(), ["Days", "day"]), "no coefficient 'day'"),
    "one coefficient": (lambda: plot.fixed_ellipses(sleep_fit(), ["Days"]), "needs two or more coefficients, not Days"),
    "no coefficients": (lambda: plot.coefficients(crossed_fit()), "no coefficient but the intercept"),
    "no models": (lambda: plot.coefficients(), "needs one or more models"),
    "names": (lambda: plot.coefficients(sleep_fit(), names=["a", "b"]), "1 different texts"),
    "terms": (lambda: plot.coefficients(sleep_fit(), terms=["x"]), "no coefficient 'x'"),
    "matrix": (lambda: plot.factor_pattern(sleep_fit(), "X"), "no matrix 'X'; it has Z, ZtZ, L"),
    "x": (lambda: plot.groups(sleep_fit(), "days"), "x='days' is no column of the model"),
    "pooling": (lambda: plot.groups(sleep_fit(), poolings="some"), "got 'some'"),
    "levels": (lambda: plot.groups(sleep_fit(), levels=["1"]), "Subject has no level '1'"),
    "x_range": (lambda: plot.groups(sleep_fit(), x_range=(5, 1)), "x_range must have the smaller number first"),
    "x_range of one": (lambda: plot.groups(sleep_fit(), x_range=5), "x_range must be two numbers"),  # type: ignore[arg-type]
    "x_range of a factor": (lambda: plot.groups(cbpp_fit(), x_range=(0, 1)), "'period' is a factor"),
    "effect": (lambda: plot.shrinkage(sleep_fit(), ["day"]), "no random effect 'day' of Subject"),
    "profile": (lambda: plot.profile_zeta("x"), "needs a profile or a model, not a str"),
    "one profile": (lambda: plot.profile_pairs(sleep_fit().profile("sigma")), "needs two parameters, but has 1"),
    "replicates": (lambda: plot.bootstrap(sleep_fit()), "needs the result of fit.bootstrap()"),
    "theta": (lambda: plot.likelihood_surface(sleep_fit(), "x"), "no element of theta 'x'"),
    "points": (lambda: plot.likelihood_surface(sleep_fit(), points=2), "points must be at least 5"),
    "effects": (lambda: plot.effects(pd.DataFrame({"x": [1.0]})), "needs columns x and predicted"),
    "points of effects": (
        lambda: plot.effects(pd.DataFrame({"x": [1.0], "predicted": [2.0]}), pd.DataFrame({"x": [1.0]})),
        "points need a column x",
    ),
    "category": (
        lambda: plot.effects(pd.DataFrame({"x": ["a"], "predicted": [2.0]}), pd.DataFrame({"x": ["b"], "y": [1.0]})),
        "points have x = 'b'",
    ),
    "power": (lambda: plot.power_curve(pd.DataFrame({"value": [1.0]})), "needs columns value and power"),
    "kind": (lambda: sleep_fit().plot("pie"), "plot() has no kind 'pie'; it has residuals"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests(name: str) -> None:
    ask, said = WRONG[name]
    with pytest.raises(mm.MixedModelsError, match=re.escape(said)):
        ask()


def test_a_model_from_a_file_draws_what_needs_no_rows(tmp_path: Path) -> None:
    sleep_fit().save(tmp_path / "fit.json")
    stored = mm.load(tmp_path / "fit.json")
    assert len(plot.covariance_ellipses(stored).axes) == 1
    assert len(plot.coefficients(stored).axes) == 1
    for kind in ("residuals", "caterpillar", "shrinkage", "groups", "design_matrix", "factor_pattern", "qq_residuals"):
        with pytest.raises(mm.DataError, match="loaded from a file has none"):
            stored.plot(kind)


def test_every_picture_has_a_twin_and_every_kind_a_picture() -> None:
    drawn = {n for n in plot.__all__ if n.islower() and not n.endswith(("_table", "theme"))}
    assert {f"{n}_table" for n in drawn} == {n for n in plot.__all__ if n.endswith("_table")}
    assert set(plot_verbs.KINDS) <= drawn
    for kind in plot_verbs.KINDS:
        assert getattr(plot, kind).__doc__
