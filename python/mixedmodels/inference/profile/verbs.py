"""Profile likelihoods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mixedmodels.fitted.model import FittedModel
from mixedmodels.inference.profile.arguments import STEPS, Derived, Parm

if TYPE_CHECKING:
    from mixedmodels.inference.profile.parameters import Order
    from mixedmodels.inference.profile.record import Profile


class ProfileVerbs(FittedModel):
    """Profile likelihoods."""

    def profile(
        self,
        parm: Parm = None,
        *,
        scale: Literal["sdcor", "theta", "variance", "log"] = "sdcor",
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
        effects, the free shapes of a family, and derived quantities. For a REML fit the deviance is profiled, from the
        maximum likelihood estimates on, as in lme4.

        Parameters
        ----------
        parm : str, int or sequence of str or int, optional
            Names (``sd_(Intercept)|Subject``, ``cor_Days.(Intercept)|Subject``, ``sigma``, those of `fixef()`, or
            lme4's ``.sig01``), positions from 0, or the groups "beta_" (fixed effects) and "theta_" (all others). None
            for all.
        scale : {"sdcor", "theta", "variance", "log"}, default "sdcor"
            Scale of the random part: standard deviations and correlations, or the elements of theta. With "variance"
            and "log" standard deviations (sigma too) are shown as variances or natural logarithms, under the names
            ``var_(Intercept)|Subject``, ``sigma^2`` and ``log_sigma``; `parm` has the names of "sdcor".
        level : float, default 0.95
            Confidence level whose limits are points of the curves.
        alphamax : float, default 0.01
            Level whose quantile bounds the curves: the default of `cutoff` is the root of the quantile ``1 - alphamax``
            of the chi-squared distribution with as many degrees of freedom as there are parameters.
        cutoff : float, optional
            Largest |zeta| of the curves.
        points : int, default 6
            Number of steps of zeta up to `cutoff`.
        derived : mapping of str to callable or str, optional
            Functions of a mapping with all estimates by name, or arithmetic as text, with names in backticks (see
            `inference.profile.derived`), by name: an intraclass correlation, a mean, a ratio of variances.
        criterion : {"deviance", "REML"}, default "deviance"
            Criterion: "REML" profiles the restricted likelihood of a REML fit, in sigma and the random part.
        signames : bool, default False
            Whether parameters have lme4's older names, ``.sig01``.
        order : {"cov.last", "lower.tri"}, default "cov.last"
            Order of the rows of one term: "cov.last", or "lower.tri" as in lme4 before version 2.0.
        verbose : int, default 0
            Whether to print every evaluation to stderr (1) or not (0).

        Raises
        ------
        DataError, UnknownColumnError
            If an argument or a name does not exist.
        FitError
            If the model cannot be profiled.

        Examples
        --------
        >>> curve = fit.profile("Days")
        >>> curve.confint()["conf_low"].round(1)
        array([7.4])
        """
        from mixedmodels.inference.profile.from_model import profile

        return profile(
            self,
            parm,
            scale=scale,
            level=level,
            alphamax=alphamax,
            cutoff=cutoff,
            points=points,
            derived=derived,
            criterion=criterion,
            signames=signames,
            order=order,
            verbose=verbose,
        )
