"""Models that come back from disk."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm

FORMULA = "Reaction ~ Days + (Days | Subject)"


def test_pickle(fit: mm.MixedModel) -> None:
    again = pickle.loads(pickle.dumps(fit))
    assert str(again.summary()) == str(fit.summary())
    assert again.objective(fit.theta) == pytest.approx(fit.reml_criterion, abs=1e-9)
    np.testing.assert_allclose(
        again.ranef(cond_var=True).cond_var["Subject"], fit.ranef(cond_var=True).cond_var["Subject"]
    )
    assert again.update(REML=False).loglik == fit.update(REML=False).loglik


SAVED = {
    "slopes": ("lmer", FORMULA, {}),
    "ml": ("lmer", "Reaction ~ poly(Days, 2) * f + (1 | Subject)", {"REML": False}),
    "weighted": ("lmer", "log(Reaction) ~ factor(Days) + (1 | Subject) + (0 + Days | Subject)", {"weights": "w"}),
    "aliased": ("lm", "Reaction ~ Days + D2 + f", {}),
    "lm": ("lm", "Reaction ~ Days", {"weights": "w", "subset": "Days > 1"}),
}


@pytest.mark.parametrize("name", SAVED)
def test_saved_models_come_back(name: str, tmp_path: Path) -> None:
    function, formula, options = SAVED[name]
    sleep = tables()["sleep"]
    saved: Any = getattr(mm, function)(formula, sleep, **options)
    path = tmp_path / "fit.json"
    saved.save(path)
    assert path.stat().st_size < 9500  # with what Satterthwaite's degrees of freedom need
    loaded: Any = mm.load(path)
    assert type(loaded) is type(saved)
    assert str(loaded.summary()) == str(saved.summary())
    assert repr(loaded) == repr(saved)
    assert (loaded.loglik, loaded.aic, loaded.df_resid) == (saved.loglik, saved.aic, saved.df_resid)
    np.testing.assert_array_equal(np.asarray(loaded.vcov()), np.asarray(saved.vcov()))
    np.testing.assert_allclose(loaded.predict(sleep[:9]), saved.predict(sleep[:9]), rtol=1e-12)
    if function == "lmer":
        np.testing.assert_allclose(loaded.ranef()["Subject"], saved.ranef()["Subject"], rtol=1e-12)
        assert loaded.VarCorr().table().equals(saved.VarCorr().table())
        assert loaded.engine.describe() == json.loads(json.dumps(saved.engine.describe()))
        assert loaded.converged
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == path.read_text()


def test_a_loaded_model_says_what_it_cannot_do(fit: mm.MixedModel, tmp_path: Path) -> None:
    fit.save(tmp_path / "fit.json")
    loaded: Any = mm.load(tmp_path / "fit.json")
    for ask in (
        loaded.fitted, loaded.residuals, loaded.augment, loaded.predict, loaded.simulate,
        lambda: loaded.objective, lambda: loaded.model_matrix("Z"), lambda: loaded.model_matrix("X"),
        lambda: loaded.frame,
        lambda: loaded.ranef(cond_var=True), lambda: loaded.refit([1.0]), lambda: loaded.getME("mu"),
    ):  # fmt: skip
        with pytest.raises(mm.DataError, match="loaded from a file"):
            ask()
    with pytest.raises(mm.DataError, match="no data to be fitted again"):
        loaded.update(REML=False)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for text, message in (
        ("no", "is no JSON"),
        ("[1]", "does not say format 'mixedmodels'"),
        ('{"format": "mixedmodels", "version": 99, "package": "7.1"}', "written by mixedmodels 7.1"),
        ('{"format": "mixedmodels", "version": 1, "kind": "lm"}', "is damaged"),
    ):
        path.write_text(text)
        with pytest.raises(mm.DataError, match=message):
            mm.load(path)
