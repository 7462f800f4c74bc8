"""Exact likelihood-ratio tests of one variance: the models, the observed statistic, the simulated distribution."""

from __future__ import annotations

from dataclasses import replace
from math import nan, sqrt
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.likelihood import ml_deviance, n_parameters
from mixedmodels.fit.ols import fit_ols
from mixedmodels.fit.record import LinearFit, MixedFit
from mixedmodels.fit.seeds import drawn_seed, generator, seed_text
from mixedmodels.fitted.model import FittedModel
from mixedmodels.fitted.refits import by_maximum_likelihood, refitted
from mixedmodels.inference.comparison import rlrt
from mixedmodels.inference.comparison.comparable import check_comparable
from mixedmodels.inference.comparison.exact_table import ExactTest
from mixedmodels.inference.comparison.lrt import likelihood_of, restricted_loglik
from mixedmodels.inference.comparison.nesting import blocks, fixed_nested
from mixedmodels.tables.single_test import SeveralTests, TestTable

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
METHOD = "exact restricted likelihood-ratio test"
ZERO = 1e-8  # a statistic that is rounding error of two equal log-likelihoods


def exact_rlrt(m: FittedModel, m_full: Any, m_null: Any, nsim: int, seed: Any) -> ExactTest:
    """See `mixedmodels.r.exactRLRT`."""
    _need_lmer(m, "m")
    fit = _restricted(m)
    if m_full is None and m_null is None:
        null = rlrt.spectrum(m.design, fit.kept, restricted=True)
        observed = 2 * (-fit.criterion / 2 - restricted_loglik(_without_random(m)))
        return _test("RLRT", observed, null, nsim, seed, m._source.kind)
    if m_full is None or m_null is None:
        raise DataError("give both the full model mA and the null model m0, or neither.")
    _need_lmer(m_full, "mA")
    check_comparable((m_full, m_null), ("mA", "m0"), refit=True)
    _check_models(m, m_full, m_null)
    small = _restricted(m_null) if _is_lmer(m_null) else m_null._fit
    gain = likelihood_of(_restricted(m_full)).loglik - likelihood_of(small, restricted=True).loglik
    return _test("RLRT", 2 * gain, rlrt.spectrum(m.design, fit.kept, restricted=True), nsim, seed, m._source.kind)


def exact_lrt(m: FittedModel, m0: FittedModel, nsim: int, seed: Any) -> ExactTest:
    """See `mixedmodels.r.exactLRT`."""
    _need_lmer(m, "m")
    if m0._fit.mixed or m0._fit.generalized:
        raise DataError(f"m0 must be a linear model without random effects, as lm() fits it; got {type(m0).__name__}.")
    check_comparable((m, m0), ("m", "m0"), refit=True)
    if not fixed_nested((m0.design, m0._fit), (m.design, m._fit)):
        raise DataError(f"the fixed effects of m0, {m0.formula!r}, do not lie within those of m, {m.formula!r}.")
    fit: Any = by_maximum_likelihood(m)
    null = rlrt.spectrum(m.design, fit.kept, restricted=False, fixed=len(fit.kept) - len(m0._fit.kept))
    observed = -ml_deviance(fit) - 2 * likelihood_of(m0._fit).loglik
    return _test("LRT", observed, null, nsim, seed, m._source.kind)


def rlrt_table(model: FittedModel, nsim: int, seed: Any) -> TestTable | SeveralTests:
    """See `ComparisonVerbs.rlrt`."""
    _need_lmer(model, "the model")
    seed = drawn_seed(seed)
    rng = generator(seed)
    full = _restricted(model)
    names, tests, left_out = [], [], []
    for place, term in enumerate(model.design.random):
        names.append(f"({term.text})")
        if len(term.columns) > 1:
            left_out.append(names[-1])
            tests.append(ExactTest(name="RLRT", statistic=nan, p_value=nan, std_error=nan, nsim=0))
            continue
        null = _without_term(model.design, place)
        fit = refitted(model, null, reml=True)
        observed = 2 * (-full.criterion / 2 - likelihood_of(fit, restricted=True).loglik)
        alone = rlrt.spectrum(_only_term(model.design, place), full.kept, restricted=True)
        tests.append(_test("RLRT", observed, alone, nsim, rng))
    if len(left_out) == len(names):
        raise DataError(
            f"an exact test is for a term with one variance, and {', '.join(names)} has several; see "
            "ranova(test='mixture'), or write uncorrelated effects as (x || g)."
        )
    columns = {
        "rlrt": np.array([t.statistic for t in tests]),
        "mc_error": np.array([t.std_error for t in tests]),
        "p_value": np.array([t.p_value for t in tests]),
    }
    footer = [f"{nsim} draws of each null distribution, {seed_text(seed)}; MC error is the p-value's standard error."]
    if left_out:
        footer.append(f"Several variances, so no exact test: {', '.join(left_out)}; see ranova(test='mixture').")
    layout: dict[str, Any] = {
        "columns": columns,
        "names": tuple(names),
        "headers": {"rlrt": "RLRT", "mc_error": "MC error", "p_value": "P(>RLRT)"},
        "heading": ("Exact restricted likelihood-ratio tests of variances", "", "Model:", model.formula),
        "footer": tuple(footer),
        "kind": model._source.kind,
        "method": METHOD,
        "seed": seed,
    }
    tested = [i for i, name in enumerate(names) if name not in left_out]
    return TestTable(**layout, tested=tested[0]) if len(tested) == 1 else SeveralTests(**layout)


def _without_random(model: FittedModel) -> LinearFit:
    """The linear model with the same fixed effects."""
    return fit_ols(replace(model.design, random=(), groups=()))


def _test(name: str, observed: float, null: rlrt.Spectrum, nsim: int, seed: Any, kind: Any = "pandas") -> ExactTest:
    if not isinstance(nsim, (int, np.integer)) or nsim < 1:
        raise DataError(f"nsim must be a whole number of draws, 1 or more; got {nsim!r}.")
    if observed < ZERO:
        return ExactTest(name=name, statistic=0.0, p_value=1.0, std_error=0.0, nsim=0, kind=kind)
    seed = drawn_seed(seed)
    sample: Vector = rlrt.simulate(null, int(nsim), generator(seed))
    p = (1 + int(np.sum(sample > observed))) / (1 + int(nsim))
    quantiles = dict(zip(QUANTILES, np.quantile(sample, QUANTILES).tolist(), strict=True))
    return ExactTest(
        name=name,
        statistic=float(observed),
        p_value=p,
        std_error=sqrt(p * (1 - p) / nsim),
        nsim=int(nsim),
        quantiles=quantiles,
        seed=seed,
        kind=kind,
    )


def _restricted(model: FittedModel) -> MixedFit:
    """The fit by restricted maximum likelihood."""
    fit: Any = model._fit
    again: Any = fit if fit.reml or not fit.kept else refitted(model, model.design, reml=True)
    restricted: MixedFit = again
    return restricted


def _is_lmer(model: Any) -> bool:
    return isinstance(model, FittedModel) and model._fit.mixed and not model._fit.generalized


def _need_lmer(model: Any, name: str) -> None:
    if not _is_lmer(model):
        raise DataError(
            f"an exact test is for linear mixed models, and {name} is {type(model).__name__}; for others see "
            "ranova(test='mixture') or a bootstrap."
        )
    if not model._fit.has_dispersion:
        raise DataError(
            f"the exact test's null distribution is of an estimated residual variance, and {name} has a known sigma; "
            "use ranova(test='mixture') or pbmodcomp()."
        )
    model._need_rows("an exact test")


def _check_models(m: FittedModel, full: FittedModel, null: FittedModel) -> None:
    """Check that the full model is the null model plus the random effect of `m`."""
    large, small = (full.design, full._fit), (null.design, null._fit)
    if len(large[1].kept) != len(small[1].kept) or not fixed_nested(small, large):
        raise DataError("mA and m0 must have the same fixed effects, for restricted likelihoods to be compared.")
    added = n_parameters(full._fit) - n_parameters(null._fit)
    if added != 1:
        raise DataError(
            f"mA has {added} parameters more than m0, and an exact test is for one variance: an effect that is "
            "correlated with others brings covariances too."
        )
    places = blocks(small[0], large[0])
    if places is None or len(m.design.random) != 1 or blocks(m.design, full.design) is None:
        raise DataError("mA must hold the random terms of m0, and that of m, which is the one that is tested.")


def _without_term(design: Design, place: int) -> Design:
    return _with_random(design, [i for i in range(len(design.random)) if i != place])


def _only_term(design: Design, place: int) -> Design:
    return _with_random(design, [place])


def _with_random(design: Design, places: list[int]) -> Design:
    used = sorted({design.random[i].group for i in places})
    terms = tuple(replace(design.random[i], group=used.index(design.random[i].group)) for i in places)
    return replace(design, random=terms, groups=tuple(design.groups[g] for g in used))
