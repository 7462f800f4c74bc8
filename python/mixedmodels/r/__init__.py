"""R's functions over the same objects: ``from mixedmodels.r import *``.

Names are those of R and of the packages around lme4, with dots in names and arguments as underscores: ``re_form``,
``df_residual``. A file holds the functions of one topic.
"""

from __future__ import annotations

from mixedmodels.r import (
    checking,
    components,
    dharma,
    effects,
    families,
    linear_hypotheses,
    marginal,
    means,
    model_comparisons,
    models,
    planning,
    prediction,
    profiles,
    quality,
    resampling,
    robust,
    tests_of_terms,
)
from mixedmodels.r.checking import *  # noqa: F403
from mixedmodels.r.components import *  # noqa: F403
from mixedmodels.r.dharma import *  # noqa: F403
from mixedmodels.r.effects import *  # noqa: F403
from mixedmodels.r.families import *  # noqa: F403
from mixedmodels.r.linear_hypotheses import *  # noqa: F403
from mixedmodels.r.marginal import *  # noqa: F403
from mixedmodels.r.means import *  # noqa: F403
from mixedmodels.r.model_comparisons import *  # noqa: F403
from mixedmodels.r.models import *  # noqa: F403
from mixedmodels.r.planning import *  # noqa: F403
from mixedmodels.r.prediction import *  # noqa: F403
from mixedmodels.r.profiles import *  # noqa: F403
from mixedmodels.r.quality import *  # noqa: F403
from mixedmodels.r.resampling import *  # noqa: F403
from mixedmodels.r.robust import *  # noqa: F403
from mixedmodels.r.tests_of_terms import *  # noqa: F403

_TOPICS = (
    models,
    components,
    families,
    tests_of_terms,
    model_comparisons,
    profiles,
    resampling,
    means,
    linear_hypotheses,
    robust,
    prediction,
    planning,
    dharma,
    checking,
    quality,
    effects,
    marginal,
)
__all__ = [name for topic in _TOPICS for name in topic.__all__]
