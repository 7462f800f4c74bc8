"""R's family functions of glmmTMB, which return families."""

from __future__ import annotations

from mixedmodels import families

__all__ = [
    "bell",
    "beta_family",
    "betabinomial",
    "compois",
    "genpois",
    "lognormal",
    "nbinom1",
    "nbinom2",
    "nbinom12",
    "ordbeta",
    "skewnormal",
    "t_family",
    "truncated_compois",
    "truncated_genpois",
    "truncated_nbinom1",
    "truncated_nbinom2",
    "truncated_poisson",
    "tweedie",
    "ziGamma",
]


def nbinom1(link: str = "log") -> families.NegativeBinomial1:
    """Counts of variance mu (1 + phi), `mm.families.NegativeBinomial1`.

    Examples
    --------
    >>> from mixedmodels.r import nbinom1
    >>> print(nbinom1())
    nbinom1 (log)
    """
    return families.NegativeBinomial1(link=link)


def nbinom2(link: str = "log", theta: float | None = None) -> families.NegativeBinomial:
    """Counts of variance mu + mu^2 / theta, `mm.families.NegativeBinomial`; `theta` fixes it.

    Examples
    --------
    >>> from mixedmodels.r import nbinom2
    >>> print(nbinom2())
    Negative Binomial (log)
    """
    return families.NegativeBinomial(link=link, theta=theta)


def nbinom12(link: str = "log") -> families.NegativeBinomial12:
    """Counts of variance mu (1 + phi + mu / psi), `mm.families.NegativeBinomial12`.

    Examples
    --------
    >>> from mixedmodels.r import nbinom12
    >>> print(nbinom12())
    nbinom12 (log)
    """
    return families.NegativeBinomial12(link=link)


def genpois(link: str = "log") -> families.GeneralizedPoisson:
    """Counts of variance phi mu, also less than Poisson's, `mm.families.GeneralizedPoisson`.

    Examples
    --------
    >>> from mixedmodels.r import genpois
    >>> print(genpois())
    genpois (log)
    """
    return families.GeneralizedPoisson(link=link)


def compois(link: str = "log") -> families.ConwayMaxwellPoisson:
    """Counts of more or less variance than Poisson's, `mm.families.ConwayMaxwellPoisson`.

    Examples
    --------
    >>> from mixedmodels.r import compois
    >>> print(compois())
    compois (log)
    """
    return families.ConwayMaxwellPoisson(link=link)


def bell(link: str = "log") -> families.Bell:
    """Counts of more variance than Poisson's without a further parameter, `mm.families.Bell`.

    Examples
    --------
    >>> from mixedmodels.r import bell
    >>> print(bell())
    bell (log)
    """
    return families.Bell(link=link)


def truncated_poisson(link: str = "log") -> families.TruncatedPoisson:
    """Poisson counts above 0, `mm.families.TruncatedPoisson`.

    Examples
    --------
    >>> from mixedmodels.r import truncated_poisson
    >>> print(truncated_poisson())
    truncated_poisson (log)
    """
    return families.TruncatedPoisson(link=link)


def truncated_nbinom1(link: str = "log") -> families.TruncatedNegativeBinomial1:
    """Counts of `nbinom1` above 0, `mm.families.TruncatedNegativeBinomial1`.

    Examples
    --------
    >>> from mixedmodels.r import truncated_nbinom1
    >>> print(truncated_nbinom1())
    truncated_nbinom1 (log)
    """
    return families.TruncatedNegativeBinomial1(link=link)


def truncated_nbinom2(link: str = "log") -> families.TruncatedNegativeBinomial2:
    """Counts of `nbinom2` above 0, `mm.families.TruncatedNegativeBinomial2`.

    Examples
    --------
    >>> from mixedmodels.r import truncated_nbinom2
    >>> print(truncated_nbinom2())
    truncated_nbinom2 (log)
    """
    return families.TruncatedNegativeBinomial2(link=link)


def truncated_genpois(link: str = "log") -> families.TruncatedGeneralizedPoisson:
    """Counts of `genpois` above 0, `mm.families.TruncatedGeneralizedPoisson`.

    Examples
    --------
    >>> from mixedmodels.r import truncated_genpois
    >>> print(truncated_genpois())
    truncated_genpois (log)
    """
    return families.TruncatedGeneralizedPoisson(link=link)


def truncated_compois(link: str = "log") -> families.TruncatedConwayMaxwellPoisson:
    """Counts of `compois` above 0, `mm.families.TruncatedConwayMaxwellPoisson`.

    Examples
    --------
    >>> from mixedmodels.r import truncated_compois
    >>> print(truncated_compois())
    truncated_compois (log)
    """
    return families.TruncatedConwayMaxwellPoisson(link=link)


def beta_family(link: str = "logit") -> families.Beta:
    """Shares strictly between 0 and 1, `mm.families.Beta`.

    Examples
    --------
    >>> from mixedmodels.r import beta_family
    >>> print(beta_family())
    beta (logit)
    """
    return families.Beta(link=link)


def betabinomial(link: str = "logit") -> families.BetaBinomial:
    """Successes of trials whose probability varies, `mm.families.BetaBinomial`.

    Examples
    --------
    >>> from mixedmodels.r import betabinomial
    >>> print(betabinomial())
    betabinomial (logit)
    """
    return families.BetaBinomial(link=link)


def ordbeta(link: str = "logit") -> families.OrderedBeta:
    """Shares between 0 and 1, both included, `mm.families.OrderedBeta`.

    Examples
    --------
    >>> from mixedmodels.r import ordbeta
    >>> print(ordbeta())
    ordbeta (logit)
    """
    return families.OrderedBeta(link=link)


def tweedie(link: str = "log", power: float | None = None) -> families.Tweedie:
    """Zeros and positive numbers of variance phi mu^power, `mm.families.Tweedie`; `power` fixes it.

    Examples
    --------
    >>> from mixedmodels.r import tweedie
    >>> print(tweedie())
    tweedie (log)
    """
    return families.Tweedie(link=link, power=power)


def t_family(link: str = "identity", df: float | None = None) -> families.StudentT:
    """Errors of Student's t distribution, `mm.families.StudentT`; `df` fixes it.

    Examples
    --------
    >>> from mixedmodels.r import t_family
    >>> print(t_family())
    t (identity)
    """
    return families.StudentT(link=link, df=df)


def skewnormal(link: str = "identity") -> families.SkewNormal:
    """Skewed errors, `mm.families.SkewNormal`.

    Examples
    --------
    >>> from mixedmodels.r import skewnormal
    >>> print(skewnormal())
    skewnormal (identity)
    """
    return families.SkewNormal(link=link)


def lognormal(link: str = "log") -> families.Lognormal:
    """Positive numbers whose logarithm is normal, by their own mean and standard deviation, `mm.families.Lognormal`.

    Examples
    --------
    >>> from mixedmodels.r import lognormal
    >>> print(lognormal())
    lognormal (log)
    """
    return families.Lognormal(link=link)


def ziGamma(link: str = "inverse") -> families.Gamma:
    """Positive numbers of a Gamma distribution, and zeros where `ziformula` is given, `mm.families.Gamma`.

    Examples
    --------
    >>> from mixedmodels.r import ziGamma
    >>> print(ziGamma())
    Gamma (inverse)
    """
    return families.Gamma(link=link)
