"""The variance of the rows by source: fixed effects, each random term, residual or distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.diagnose.quality.intraclass import share
from mixedmodels.estimates.variance_parts import Parts


def variance_shares(of: Parts) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Names of the parts, and their columns `variance`, `sd` and `share`; the shares add up to 1."""
    names = ["fixed effects", *of.labels, "residual"]
    values = np.array([of.fixed, *of.random, of.residual.value])
    shares = np.array([share(v, of.total) for v in values])
    return tuple(names), {"variance": values, "sd": np.sqrt(values), "share": shares}
