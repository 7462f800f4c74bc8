"""The classes of fitted models, composed of the verbs of all capabilities."""

from __future__ import annotations

from mixedmodels._typing import Data_co
from mixedmodels.diagnose.checks.verbs import CheckVerbs
from mixedmodels.diagnose.convergence.verbs import ConvergenceVerbs, EngineVerbs
from mixedmodels.diagnose.influence.verbs import InfluenceVerbs
from mixedmodels.diagnose.quality.verbs import QualityVerbs
from mixedmodels.diagnose.residuals.verbs import ResidualVerbs
from mixedmodels.diagnose.validation.verbs import ValidationVerbs
from mixedmodels.effects.adjusted.verbs import AdjustedVerbs
from mixedmodels.effects.marginal.verbs import MarginalVerbs
from mixedmodels.effects.pooling.verbs import PoolingVerbs
from mixedmodels.inference.anova.verbs import TermVerbs
from mixedmodels.inference.bootstrap.verbs import BootstrapVerbs
from mixedmodels.inference.comparison.verbs import ComparisonVerbs
from mixedmodels.inference.emmeans.verbs import EmmeansVerbs
from mixedmodels.inference.glht.verbs import HypothesisVerbs
from mixedmodels.inference.intervals.verbs import IntervalVerbs
from mixedmodels.inference.profile.verbs import ProfileVerbs
from mixedmodels.inference.robust.verbs import RobustVerbs
from mixedmodels.interop.getme import LmeComponents
from mixedmodels.interop.marginaleffects import MarginalEffects
from mixedmodels.interop.statsmodels import MixedSpellings, StatsmodelsSpellings
from mixedmodels.many.verbs import ManyVerbs
from mixedmodels.model.pictures import PictureVerbs
from mixedmodels.model.reporting import ReportVerbs
from mixedmodels.model.saving import SaveVerbs
from mixedmodels.power.verbs import PowerVerbs
from mixedmodels.predict.verbs import FixedPredictionVerbs, MixedPredictionVerbs
from mixedmodels.simulate.verbs import FixedSimulationVerbs, MixedSimulationVerbs
from mixedmodels.summary.verbs import FixedTableVerbs, MixedTableVerbs

# What another package calls what a verb of ours does; code written for it finds it, completion need not offer it twice.
_OTHER_SPELLINGS = (
    "call",
    "contest1D",
    "cov_ratio",
    "design",
    "family_params",
    "dfbeta",
    "dfbetas",
    "logLik",
    "table_kind",
    "vcov_robust",
)


def unlisted() -> frozenset[str]:
    """Names that `dir` of a model leaves out, all of which it answers to.

    The interfaces of marginaleffects and of statsmodels, R's names for a part of what `contest`, `influence`, `loglik`
    and `robust` return, and what the package itself asks: the design, the call, the kind of tables.
    """
    spaces = (MarginalEffects, StatsmodelsSpellings, MixedSpellings)
    return frozenset((*_OTHER_SPELLINGS, *(name for space in spaces for name in vars(space) if name[0] != "_")))


class Model(
    TermVerbs,
    ComparisonVerbs,
    IntervalVerbs,
    ProfileVerbs,
    BootstrapVerbs,
    ManyVerbs,
    EmmeansVerbs,
    HypothesisVerbs,
    RobustVerbs,
    PowerVerbs,
    ResidualVerbs,
    CheckVerbs,
    InfluenceVerbs,
    QualityVerbs,
    ValidationVerbs,
    ConvergenceVerbs,
    AdjustedVerbs,
    MarginalVerbs,
    PoolingVerbs,
    PictureVerbs,
    ReportVerbs,
    SaveVerbs,
    MarginalEffects,
    StatsmodelsSpellings,
):
    """A fitted model, immutable: a frozen record, its design, and the verbs that read both."""

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - unlisted())


class FixedEffectsModel(FixedTableVerbs[Data_co], FixedPredictionVerbs[Data_co], FixedSimulationVerbs, Model):
    """A model whose coefficients are all fixed effects."""


class RandomEffectsModel(
    MixedTableVerbs[Data_co],
    MixedPredictionVerbs[Data_co],
    MixedSimulationVerbs,
    EngineVerbs,
    LmeComponents,
    MixedSpellings,
    Model,
):
    """A fitted model with random effects, immutable. A verb computes from the record or makes a new model."""
