"""Influence of rows and groups: deletions, leverage, standardised residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.diagnose.influence.record import Influence

Theta = Literal["fixed", "one_step", "refit"]


class InfluenceVerbs(FittedModel):
    """Influence of rows and groups: deletions, leverage, standardised residuals."""

    def influence(self, group: Any = None, theta: Theta = "fixed", *, progress: bool | None = None) -> Influence:
        """Changes of the estimates without each row, or without each level of a factor.

        Parameters
        ----------
        group : str, array_like or sequence of str, optional
            Rows to delete: None deletes single rows; the name of a grouping factor or of a column, or one value per
            row, deletes its levels; a list of names deletes the combinations of their levels.
        theta : {"fixed", "one_step", "refit"}, default "fixed"
            Treatment of the variance parameters. "fixed" keeps them: the coefficients without the rows are exact and
            nothing is fitted again (of a glm or glmer: one step of the iterations from the estimates). "one_step" lets
            them take one Newton step, "refit" fits again without the rows. An lm is exact with all.
        progress : bool, optional
            Whether a line of progress is shown on stderr: True at once, None on a terminal after two seconds, False
            never. Ctrl-C stops, and returns the results so far.

        Returns
        -------
        Influence
            Prints the most influential first; `cooks_distance()`, `dfbetas()`, `cov_ratio()`, `mdffits()`, `rvc()`,
            `fixed_effects()`, `to_frame()`.

        Raises
        ------
        DataError
            If there is no such column, or the model has no coefficients.

        Examples
        --------
        >>> print(fit.influence("Subject"))
        Influence of each level of Subject, variances kept
        <BLANKLINE>
            rows Cook's D MDFFITS COVRATIO COVTRACE DFBETAS (Intercept) DFBETAS Days
        309   10   0.1485  0.1403     1.12    0.118              -0.388       -0.303
        ...
        """
        from mixedmodels.diagnose.influence.from_model import influence

        return influence(self, group, theta, progress)

    def cooks_distance(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """Cook's distance of each row or level: the squared change of the coefficients in units of their covariance.

        Parameters
        ----------
        group : str, array_like or sequence of str, optional
            See `influence`.
        theta : {"fixed", "one_step", "refit"}, default "fixed"
            See `influence`.

        Examples
        --------
        >>> distance = fit.cooks_distance("Subject")
        >>> print(f"{distance['309']:.4f}")
        0.1485
        """
        return self.influence(group, theta).cooks_distance()

    def dfbeta(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """A table of changes of the coefficients: with all rows minus without; see `influence`.

        Examples
        --------
        >>> fit.dfbeta("Subject").round(2).head(2)
          Subject  (Intercept)  Days
        0     308        -0.42  0.66
        1     309        -2.73 -0.48
        """
        return self.influence(group, theta).dfbeta()

    def dfbetas(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """A table of changes of the coefficients in standard errors: with all rows minus without; see `influence`.

        Examples
        --------
        >>> fit.dfbetas("Subject").round(2).head(2)
          Subject  (Intercept)  Days
        0     308        -0.06  0.42
        1     309        -0.39 -0.30
        """
        return self.influence(group, theta).dfbetas()

    def cov_ratio(self, group: Any = None, theta: Theta = "fixed") -> Any:
        """Determinant of the coefficients' covariance without each row or level over that with all; see `influence`.

        Examples
        --------
        >>> ratio = fit.cov_ratio("Subject")
        >>> print(f"{ratio['308']:.2f}")
        1.12
        """
        return self.influence(group, theta).cov_ratio()

    def hat_values(self) -> Any:
        """Diagonal of the hat matrix: the weight of each observation in its own fitted value.

        Of a mixed model fixed and random effects together, at the estimates of the variances; of a generalised model
        that of the last iteration's weighted least squares. Their sum is the number of effective parameters.

        Examples
        --------
        >>> print(f"{fit.hat_values().sum():.2f} effective parameters")
        29.02 effective parameters
        """
        from mixedmodels.diagnose.influence.from_model import leverage_of

        rest = self.design.weightless
        return self._rows.label(leverage_of(self).total, "", None if rest is None else np.zeros(rest.n))

    def leverage(self, group: Any = None) -> Any:
        """A table of leverages: `total`, its parts `fixed` and `random`, and `unconfounded`.

        The parts are those of Demidenko and Stukel (2005); `unconfounded` is that of the random effects alone, diag(Z
        Lambda Lambda'Z'), which does not depend on X (Nobre and Singer 2011).

        Parameters
        ----------
        group : str, array_like or sequence of str, optional
            None for single rows; else levels as for `influence`, with the mean over the rows of each.

        Examples
        --------
        >>> fit.leverage("Subject").round(3).head(2)
          Subject  rows  total  fixed  random  unconfounded
        0     308    10  0.161  0.011    0.15         2.593
        1     309    10  0.161  0.011    0.15         2.593
        """
        from mixedmodels.diagnose.influence.from_model import leverage_table

        return leverage_table(self, group)

    def rstandard(self, type: Literal["deviance", "pearson"] | None = None) -> Any:  # noqa: A002
        """Residuals divided by their standard deviation sigma sqrt(1 - h).

        Parameters
        ----------
        type : {"deviance", "pearson"}, optional
            Kind of residuals of a generalised model, "deviance" (the default of a glm) or "pearson" (of a glmer).

        Examples
        --------
        >>> fit.rstandard().round(2).tolist()[:3]
        [-0.18, -0.63, -1.76]
        """
        from mixedmodels.diagnose.influence.from_model import rstandard

        return self._rows.label(rstandard(self, type))

    def rstudent(self) -> Any:
        """Residuals divided by their standard deviation without the row itself (of a mixed model with it, as in lme4).

        Of a generalised model they measure, as R does, the change of the deviance without the row.

        Examples
        --------
        >>> lin.rstudent().round(2).tolist()[:3]
        [-0.04, -0.07, -0.45]
        """
        from mixedmodels.diagnose.influence.from_model import rstudent

        return self._rows.label(rstudent(self))
