"""Profile likelihoods and confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.fit import any_fit
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit
from mixedmodels.fitted.labels import kept_names
from mixedmodels.inference.profile import glm
from mixedmodels.inference.profile.derived import quantities
from mixedmodels.inference.profile.parameters import Order, Parameter, chosen, parameters, thetas
from mixedmodels.inference.profile.record import Profile, limits_table, quantile_of
from mixedmodels.inference.profile.walk import Walk, profiles
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.design import Design

Method = Literal["profile", "wald", "boot"]
Parm = str | int | Sequence[str | int] | None
Derived = Mapping[str, Callable[[Mapping[str, float]], float] | str]

STEPS = 6  # of zeta from the estimate to the cutoff
FEW_STEPS = 2  # where only limits are wanted


class Profiles:
    """Profile likelihoods and confidence intervals."""

    _fit: Any
    design: Design
    _source: Any

    def profile(
        self,
        parm: Parm = None,
        *,
        scale: Literal["sdcor", "theta"] = "sdcor",
        level: float = 0.95,
        alphamax: float = 0.01,
        cutoff: float | None = None,
        points: int = STEPS,
        derived: Derived | None = None,
        criterion: Literal["deviance", "REML"] = "deviance",
        signames: bool = False,
        order: Order = "cov.last",
        verbose: int = 0,
    ) -> Profile:
        """Profile likelihoods of a mixed model's parameters.

        Standard deviations and correlations are profiled as such, not as elements of theta; so are sigma, fixed
        effects, the free shapes of a family on their own scale, and derived quantities. Of a REML fit it is the
        deviance that is profiled, from the maximum likelihood estimates on, as in lme4.

        Parameters
        ----------
        parm : names (``sd_(Intercept)|Subject``, ``cor_Days.(Intercept)|Subject``, ``sigma``, those of `fixef()`, or
            lme4's ``.sig01``), places from 0, or "theta_" for all but the fixed effects and "beta_" for these.
            None for all.
        scale : "theta" profiles the elements of theta in place of standard deviations and correlations.
        level : confidence at which the curves go exactly through the limits.
        alphamax, cutoff : curves go up to |zeta| = `cutoff`, by default the root of the quantile ``1 - alphamax`` of
            the chi-squared distribution with as many degrees of freedom as there are parameters.
        points : steps of zeta up to there.
        derived : name -> function of a mapping with all estimates by name, or arithmetic as text, with names in
            backticks (see `inference.derived`): an intraclass correlation, a mean, a ratio of variances.
        criterion : "REML" profiles the restricted likelihood of a REML fit, in sigma and the random part.
        signames : lme4's older names, ``.sig01``.
        order : of the rows of one term: "cov.last", or "lower.tri" as in lme4 before version 2.0.
        verbose : 1 prints every evaluation to stderr.

        Raises
        ------
        DataError, UnknownColumnError
            If an argument or a name does not exist.
        FitError
            If the model cannot be profiled.
        """
        if scale not in ("sdcor", "theta"):
            raise DataError(f"scale must be 'sdcor' or 'theta', not {scale!r}.")
        known = self._parameters(order, scale, criterion)
        wanted = chosen(known, parm)
        if cutoff is None:
            from scipy.special import chdtri

            cutoff = float(np.sqrt(chdtri(len(self._parameters(order)), alphamax)))
        quantile = quantile_of(level)
        walk = Walk(max(cutoff, quantile), max(cutoff, quantile) / points, (quantile,))
        return self._profiled(wanted, walk, derived, criterion, signames, verbose)

    def _profiled(
        self,
        wanted: Sequence[Parameter],
        walk: Walk,
        derived: Derived | None,
        criterion: str,
        signames: bool,
        verbose: int = 0,
    ) -> Profile:
        found = profiles(
            self._engine,  # type: ignore[attr-defined]
            self.design,
            self._fit,
            wanted,
            walk,
            quantities(derived or {}, parameters(self.design, self._fit)),
            restricted=criterion == "REML",
            verbose=verbose,
        )
        return Profile(found, self._source.kind, signames)

    def _parameters(
        self, order: Order = "cov.last", scale: str = "sdcor", criterion: str = "deviance"
    ) -> tuple[Parameter, ...]:
        fit = self._fit
        if not isinstance(fit, MixedFit | GlmmFit):
            raise DataError(
                "profile() is for mixed models; confint() of a model without random effects has its limits."
            )
        if criterion not in ("deviance", "REML"):
            raise DataError(f"criterion must be 'deviance' or 'REML', not {criterion!r}.")
        known = parameters(self.design, fit, order)
        if scale == "theta":
            known = (*thetas(self.design, fit), *(p for p in known if p.kind not in ("sd", "cor")))
        if criterion == "REML":
            if not (isinstance(fit, MixedFit) and fit.reml):
                raise DataError("criterion='REML' is for a fit by REML.")
            known = tuple(p for p in known if p.variance)
        return known

    def confint(
        self,
        parm: Parm = None,
        level: float = 0.95,
        method: Method = "profile",
        *,
        derived: Derived | None = None,
        signames: bool = False,
        order: Order = "cov.last",
        criterion: Literal["deviance", "REML"] = "deviance",
        nsim: int = 500,
        seed: Any = None,
        boot_type: str = "perc",
        verbose: int = 0,
    ) -> ResultTable:
        """Confidence intervals, a row per parameter, columns conf_low and conf_high.

        Parameters
        ----------
        parm : parameters as for `profile`; None for all.
        level : confidence.
        method : "profile" inverts likelihood-ratio tests; "wald" goes by standard errors, so that it has no limits for
            standard deviations and correlations; "boot" is the parametric bootstrap. Of an lm all but "boot" are the t
            intervals.
        derived : derived quantities, as for `profile`.
        signames, order, criterion, verbose : as for `profile`.
        nsim, seed, boot_type : of the bootstrap.

        Returns
        -------
        ResultTable
            Where a profile ends at a boundary before it reaches the level, the limit is the boundary, and a line below
            the table says that the interval is one-sided.
        """
        if method not in ("profile", "wald", "boot"):
            raise DataError(f"method must be 'profile', 'wald' or 'boot', not {method!r}.")
        quantile = quantile_of(level)
        if derived is not None and method != "profile":
            raise DataError(f"derived quantities have intervals by method='profile', not {method!r}.")
        if not isinstance(self._fit, MixedFit | GlmmFit):
            return self._fixed_limits(parm, level, method, quantile, (nsim, seed, boot_type))
        wanted = chosen(self._parameters(order, "sdcor", criterion if method == "profile" else "deviance"), parm)
        names = [p.short if signames else p.name for p in wanted]
        if method == "wald":
            return self._wald_limits(wanted, names, level)
        if method == "boot":
            return self._boot_limits([p.name for p in wanted], names, level, (nsim, seed, boot_type))
        walk = Walk(quantile, quantile / FEW_STEPS, (quantile,))
        if parm is not None and not wanted:
            wanted = ()
        return self._profiled(wanted, walk, derived, criterion, signames, verbose).confint(level)

    def _wald_limits(self, wanted: Sequence[Parameter], names: Sequence[str], level: float) -> ResultTable:
        limits = wald.intervals(self._fit.beta, np.sqrt(np.diag(any_fit.vcov(self._fit))), level)
        rows = [limits[p.at[0]] if p.kind == "beta" else (np.nan, np.nan) for p in wanted]
        return limits_table(names, [r[0] for r in rows], [r[1] for r in rows], level, self._source.kind)

    def _boot_limits(
        self, wanted: Sequence[str], names: Sequence[str], level: float, how: tuple[int, Any, str]
    ) -> ResultTable:
        nsim, seed, kind = how
        table = self.bootstrap(nsim, seed).confint(level=level, type=kind)  # type: ignore[attr-defined]
        rows = [table.row(name) for name in wanted]
        low, high = [r["conf_low"] for r in rows], [r["conf_high"] for r in rows]
        return limits_table(names, low, high, level, self._source.kind, table.footer)

    def _fixed_limits(
        self, parm: Parm, level: float, method: str, quantile: float, boot: tuple[int, Any, str]
    ) -> ResultTable:
        fit: LinearFit | GlmFit = self._fit
        names = kept_names(self.design, fit)
        known = tuple(Parameter("beta", name, name, (j,)) for j, name in enumerate(names))
        wanted = chosen(known, parm)
        shown = [p.name for p in wanted]
        if method == "boot":
            return self._boot_limits(shown, shown, level, boot)
        if method == "wald" or isinstance(fit, LinearFit) or fit.penalty is not None:
            errors = np.sqrt(np.diag(any_fit.vcov(fit)))
            # As R: Wald limits of a generalised linear model are normal, those of a linear one Student's.
            df = any_fit.wald_df(fit) if isinstance(fit, LinearFit) else np.inf
            limits = wald.intervals(fit.beta, errors, level, df)
            rows = [tuple(limits[p.at[0]]) for p in wanted]
        else:
            x = self._dense_x()  # type: ignore[attr-defined]
            rows = glm.all_limits(fit, x, self.design.offset, [p.at[0] for p in wanted], quantile)
        return limits_table(shown, [r[0] for r in rows], [r[1] for r in rows], level, self._source.kind)
