"""How often likelihood-ratio tests of variances reject where there are none, by mixtures and by chi-squared."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

import mixedmodels as mm
from mixedmodels.inference.comparison.chi_bar_squared import mixture
from tests.studies.shares import Shares

LEVEL = 0.05
ROWS = 5  # of each group
PAIRS = {
    "`(x | g)` against `(1 | g)`": ("(1 | g)", "(x | g)"),
    "`(x || g)` against no random effects": ("", "(x || g)"),
    "`(x | g)` against no random effects": ("", "(x | g)"),
}


def rejection_rates(sizes: tuple[int, ...], runs: int, seed: int) -> Shares:
    """Shares at the 5 % level by number of groups; both models by maximum likelihood, as `anova` has them."""
    cells: dict[str, dict[str, float]] = {name: {} for name in PAIRS}
    for groups in sizes:
        for name, models in PAIRS.items():
            for law, share in of_one_design(models, groups, runs, seed).items():
                cells[name][f"{groups:,} groups, {law}"] = share
    return Shares("tested", runs, cells)


def of_one_design(models: tuple[str, str], groups: int, runs: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), ROWS)
    data = {"x": np.tile(np.arange(float(ROWS)), groups), "g": g.astype(str)}
    data["y"] = 10 * (rng.standard_normal(len(g)) + rng.standard_normal(groups)[g])
    small, large = models
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        null = mm.lmer(f"y ~ x + {small}", data, REML=False) if small else mm.lm("y ~ x", data)
        model = mm.lmer(f"y ~ x + {large}", data, REML=False)
        responses = np.asarray(null.simulate(runs, seed=seed))
        ratio = null.refit_many(responses, ddf=False).fits.criterion
        ratio = ratio - model.refit_many(responses, ddf=False).fits.criterion
        law = mixture((null.design, null._fit), (model.design, model._fit))
        p = {"mixture": np.array([law.p_value(max(r, 0.0)) for r in ratio])}
    p["chi-squared"] = stats.chi2.sf(ratio, model.npar - null.npar)
    return {name: float(np.mean(values <= LEVEL)) for name, values in p.items()}
