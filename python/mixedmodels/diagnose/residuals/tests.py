"""Tests of scaled residuals, as methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels._spellings import spelled
from mixedmodels.diagnose.residuals import dispersion, outliers, spatial
from mixedmodels.diagnose.residuals.categorical import categorical
from mixedmodels.diagnose.residuals.dispersion import PearsonSum
from mixedmodels.diagnose.residuals.quantile_deviation import quantile_deviation
from mixedmodels.diagnose.residuals.rows import Find, numbers
from mixedmodels.diagnose.residuals.simulated import Simulated
from mixedmodels.diagnose.residuals.temporal import temporal
from mixedmodels.diagnose.residuals.uniformity import uniformity
from mixedmodels.errors import DataError
from mixedmodels.tables.hypothesis_test import HypothesisTest
from mixedmodels.tables.test_record import Alternative, ResidualTest

if TYPE_CHECKING:
    from mixedmodels.diagnose.residuals.tables import CategoricalTest, QuantileTest, ResidualSummary


OWN_SEED = 123  # of a test that draws, where the residuals came from a generator that cannot be asked again


class ResidualTests:
    """Tests of scaled residuals; `group`, `time` and the like are names of columns or one value per row used."""

    numbers: Simulated
    kind: Any
    find: Find
    pearson: Callable[[], PearsonSum] | None
    seed: Any

    def test_residuals(self) -> ResidualSummary:
        """The tests of uniformity, dispersion and outliers."""
        from mixedmodels.diagnose.residuals.tables import ResidualSummary

        return ResidualSummary(self.test_uniformity(), self.test_dispersion(), self.test_outliers(), self.kind)

    def test_uniformity(self, alternative: Alternative = "two.sided", *, exact: bool | None = None) -> HypothesisTest:
        """Kolmogorov and Smirnov's test that the residuals are uniform.

        Parameters
        ----------
        exact : bool, optional
            Whether the p-value is of the exact distribution; None below 100 residuals without ties, as in R.

        Examples
        --------
        >>> test = gm.simulate_residuals(nsim=100, seed=1).test_uniformity()
        >>> test.p_value > 0.05
        True
        """
        return self._shown(uniformity(self.numbers.residuals, alternative, exact))

    def test_dispersion(
        self,
        alternative: Alternative = "two.sided",
        *,
        type: Literal["DHARMa", "PearsonChisq"] = "DHARMa",  # noqa: A002
    ) -> HypothesisTest:
        """Test whether responses spread as the model says; `statistic` above 1 is more.

        Parameters
        ----------
        alternative : {"two.sided", "greater", "less"}, default "two.sided"
            Alternative; "greater" asks for overdispersion alone.
        type : {"DHARMa", "PearsonChisq"}, default "DHARMa"
            Statistic: "DHARMa" compares the variance around the prediction without random effects with that of the
            simulations (of refitted models the squared Pearson residuals); "PearsonChisq" compares the model's squared
            Pearson residuals with chi-squared, which finds too little dispersion where there are random effects.
        """
        if type == "DHARMa":
            return self._shown(dispersion.dispersion(self.numbers, alternative))
        if type != "PearsonChisq":
            raise DataError(f"type is {type!r:.40}; give 'DHARMa' or 'PearsonChisq'.")
        if self.pearson is None:
            raise DataError("type='PearsonChisq' needs the model, and these residuals are of simulations or groups.")
        return self._shown(dispersion.pearson(self.pearson(), alternative))

    @spelled(nsim=("n_boot", "nBoot"))  # as DHARMa calls it
    def test_outliers(
        self,
        alternative: Alternative = "two.sided",
        *,
        margin: Literal["both", "upper", "lower"] = "both",
        type: Literal["default", "bootstrap", "binomial"] = "default",  # noqa: A002
        nsim: int = 100,
    ) -> HypothesisTest:
        """Test whether as many observations as expected are outside all of their simulations.

        Parameters
        ----------
        margin : {"both", "upper", "lower"}, default "both"
            Side on which outliers are counted.
        type : {"default", "bootstrap", "binomial"}, default "default"
            Way to the p-value: "binomial", exact for continuous responses, or "bootstrap", better for counts; the
            default is the bootstrap for up to 500 counts.
        nsim : int, default 100
            Number of replicates of the bootstrap, at most as many as simulations.
        """
        from mixedmodels.fit.seeds import generator

        rng = generator(self.seed if isinstance(self.seed, int) else OWN_SEED)
        return self._shown(outliers.outliers(self.numbers, alternative, margin, type, nsim, rng=rng))

    def test_zero_inflation(self, alternative: Alternative = "two.sided") -> HypothesisTest:
        """Test whether there are as many zeros as in the simulations; `statistic` above 1 is more."""
        return self._shown(dispersion.zero_inflation(self.numbers, alternative))

    def test_generic(
        self,
        summary: Callable[[Any], float],
        alternative: Alternative = "two.sided",
        *,
        method: str = "DHARMa generic simulation test",
    ) -> HypothesisTest:
        """Test whether any summary of the response is as in the simulations.

        Parameters
        ----------
        summary : callable
            Function called with the observed response, and with each simulated one, shape (n,); returns a number.
        method : str, default "DHARMa generic simulation test"
            Name of the test in print.
        """
        return self._shown(dispersion.generic(self.numbers, summary, alternative, method))

    def test_quantiles(
        self,
        predictor: Any = None,
        *,
        quantiles: Sequence[float] = (0.25, 0.5, 0.75),
        rank: bool = True,
        absolute: bool = False,
    ) -> QuantileTest:
        """Test whether quantiles of the residuals are where they should be, all along a predictor.

        Parameters
        ----------
        predictor : str or array_like, optional
            Predictor; None for the fitted values without random effects.
        quantiles : sequence of float, default (0.25, 0.5, 0.75)
            Probabilities of the quantiles.
        rank : bool, default True
            Whether the predictor is replaced by its ranks.
        absolute : bool, default False
            Whether to test the distances from the middle, 2 |residual - 0.5|, which find a spread that changes.

        Notes
        -----
        Where DHARMa fits additive quantile regressions (R's qgam), this takes the scores that such a regression would
        have to explain, a level and a smooth shape for each quantile. P-values are combined as in DHARMa.
        """
        from mixedmodels.diagnose.residuals.tables import QuantileTest

        x = self.numbers.predicted if predictor is None else numbers(self.find(predictor, "predictor"), "predictor")
        deviation = quantile_deviation(self.numbers.residuals, self.numbers.m, x, quantiles, rank, absolute)
        name = predictor if isinstance(predictor, str) else "fitted values" if predictor is None else "the predictor"
        return QuantileTest(deviation, f"{self._data}, along {name}", self.kind)

    def test_categorical(self, group: Any) -> CategoricalTest:
        """Test whether residuals are uniform within each level of a factor, and of the same variance among levels."""
        from mixedmodels.diagnose.residuals.tables import CategoricalTest

        factor = frame.as_factor(self.find(group, "group"))
        name = group if isinstance(group, str) else "group"
        tests = categorical(self.numbers.residuals, np.asarray(factor.codes, dtype=np.intp), factor.levels.labels)
        return CategoricalTest(tests, name, self._data, self.kind)

    def test_temporal_autocorrelation(
        self, time: Any, alternative: Alternative = "two.sided", *, exact: bool | None = None
    ) -> HypothesisTest:
        """Durbin and Watson's test of the residuals in the order of time.

        Parameters
        ----------
        time : str or array_like
            Times, each value once.
        alternative : {"two.sided", "greater", "less"}, default "two.sided"
            Alternative; "greater" is a positive correlation of neighbours.
        exact : bool, optional
            Whether the p-value is of the exact distribution; None below 100 residuals.
        """
        values = numbers(self.find(time, "time"), "time")
        return self._shown(temporal(self.numbers.residuals, values, alternative, exact))

    def test_spatial_autocorrelation(
        self, x: Any = None, y: Any = None, *, distances: Any = None, alternative: Alternative = "two.sided"
    ) -> HypothesisTest:
        """Moran's test of the residuals with inverse distances as weights.

        Parameters
        ----------
        x, y : str or array_like, optional
            Coordinates, each place once.
        distances : array_like, shape (n, n), optional
            Matrix of distances in place of coordinates.
        alternative : {"two.sided", "greater", "less"}, default "two.sided"
            Alternative; "greater" is a positive correlation of neighbours.
        """
        if (x is None) != (y is None) or (x is None) == (distances is None):
            raise DataError("a test for spatial autocorrelation needs coordinates x and y, or distances; give one.")
        if distances is not None:
            far = spatial.of_matrix(distances, self.numbers.n)
        else:
            far = spatial.between(numbers(self.find(x, "x"), "x"), numbers(self.find(y, "y"), "y"))
        return self._shown(spatial.spatial(self.numbers.residuals, far, alternative))

    @property
    def _data(self) -> str:
        raise NotImplementedError  # pragma: no cover

    def _shown(self, test: ResidualTest) -> HypothesisTest:
        return HypothesisTest(test, self._data, self.kind)
