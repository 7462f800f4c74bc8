"""pandas tables of results. The module is imported only when a caller needs one."""

from __future__ import annotations

import numpy as np
import pandas as pd


class CovarianceMatrix(pd.DataFrame):
    """A covariance matrix labelled by effect, with its standard deviations and correlations."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:  # a part of it is an ordinary table
        return pd.DataFrame

    @property
    def stddev(self) -> pd.Series:
        """Standard deviations by effect."""
        return pd.Series(np.sqrt(np.diag(self.to_numpy())), index=self.index)

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlations; NaN where a variance is 0."""
        v = self.to_numpy()
        sd = np.sqrt(np.diag(v))
        with np.errstate(invalid="ignore", divide="ignore"):
            r = v / np.outer(sd, sd)
        np.fill_diagonal(r, 1.0)
        return pd.DataFrame(r, index=self.index, columns=self.columns)
