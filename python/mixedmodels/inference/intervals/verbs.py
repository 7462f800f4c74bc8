"""Confidence intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._spellings import LEVEL, spelled
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.inference.profile.arguments import Derived, Parm
    from mixedmodels.inference.profile.parameters import Order
    from mixedmodels.tables.result_table import ResultTable

Method = Literal["profile", "wald", "boot"]


class IntervalVerbs(FittedModel):
    """Confidence intervals."""

    @spelled(level=LEVEL, nsim="n_boot")
    def confint(
        self,
        parm: Parm = None,
        level: float = 0.95,
        method: Method = "profile",
        *,
        scale: Literal["sdcor", "theta", "variance", "log"] = "sdcor",
        derived: Derived | None = None,
        signames: bool = False,
        order: Order = "cov.last",
        criterion: Literal["deviance", "REML"] = "deviance",
        nsim: int = 500,
        seed: Any = None,
        boot_type: str = "perc",
        verbose: int = 0,
        ddf: Ddf = None,
        component: str | None = None,
    ) -> ResultTable:
        """Confidence intervals, a row per parameter, columns conf_low and conf_high.

        Parameters
        ----------
        parm : str, int or sequence of str or int, optional
            Parameters as for `profile`; None for all.
        level : float, default 0.95
            Confidence.
        method : {"profile", "wald", "boot"}, default "profile"
            Method: "profile" inverts likelihood-ratio tests; "wald" uses standard errors, and has no limits for
            standard deviations and correlations; "boot" is the parametric bootstrap. For an lm, "profile" and "wald"
            both give the t intervals.
        scale : {"sdcor", "theta", "variance", "log"}, default "sdcor"
            Scale of the random part of a mixed model in profile limits, as for `profile`.
        derived : mapping of str to callable or str, optional
            Derived quantities, as for `profile`.
        signames : bool, default False
            See `profile`.
        order : {"cov.last", "lower.tri"}, default "cov.last"
            See `profile`.
        criterion : {"deviance", "REML"}, default "deviance"
            See `profile`.
        nsim : int, default 500
            Number of replicates of the bootstrap.
        seed : int or Generator, optional
            Seed of the bootstrap.
        boot_type : str, default "perc"
            Type of the bootstrap's intervals.
        verbose : int, default 0
            See `profile`.
        ddf : str or Coefficients, optional
            Way to the degrees of freedom of method="wald", or what `robust` returned; None for the model's own `ddf`.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB`, with method="wald"; the conditional mean if not given.

        Returns
        -------
        ResultTable
            Where a profile ends at a boundary before it reaches the level, the limit is the boundary, and a line below
            the table says that the interval is one-sided.

        Examples
        --------
        >>> lin.confint()["conf_low"].round(2)
        array([238.36,   8.02])
        >>> fit.confint("beta_", method="wald")["conf_high"].round(2)
        array([265.8 ,  13.73])
        """
        from mixedmodels.inference.intervals.from_model import confint

        return confint(
            self._of_component(component),
            parm,
            level,
            method,
            scale=scale,
            derived=derived,
            signames=signames,
            order=order,
            criterion=criterion,
            nsim=nsim,
            seed=seed,
            boot_type=boot_type,
            verbose=verbose,
            ddf=ddf,
        )
