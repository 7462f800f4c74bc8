"""An exact test of a variance, as R prints a test of hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from mixedmodels.tables.r_numbers import format_number, format_pvalues
from mixedmodels.tables.single_test import RecordedTest

DIGITS = 7
WIDTH = 71  # of a line below the title


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactTest(RecordedTest):
    """A likelihood-ratio test whose null distribution was simulated.

    Attributes
    ----------
    name : str
        Name of the test, "RLRT" or "LRT".
    statistic : float
        Twice the difference of the (restricted) log-likelihoods, at least 0.
    p_value : float
        Share of the draws above it, the observed one counted among them, so that it is a valid p-value however few are
        drawn (RLRsim leaves that one out); 1 for a statistic of 0, for which nothing is drawn.
    std_error : float
        Standard error of the p-value, by the number of draws.
    nsim : int
        Number of draws.
    quantiles : mapping of float to float, optional
        Quantiles of the null distribution, by probability.
    seed : int or Generator, optional
        Seed that gives these draws again; None where nothing was drawn.
    kind : str, default "pandas"
        The library of tables.

    Examples
    --------
    >>> one = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    >>> mm.r.exactRLRT(one, nsim=100, seed=1).name
    'RLRT'
    """

    name: str
    statistic: float
    p_value: float
    std_error: float
    nsim: int
    quantiles: Mapping[float, float] = field(default_factory=dict)
    seed: Any = None
    kind: Any = "pandas"

    @property
    def df(self) -> None:
        """None: the null distribution is simulated."""
        return

    @property
    def method(self) -> str:
        """The method in words."""
        return f"exact {'restricted ' if self.name == 'RLRT' else ''}likelihood-ratio test"

    def __repr__(self) -> str:
        count = f"(p-value based on {self.nsim} simulated values)"
        if self.name == "RLRT":
            lines = ["simulated finite sample distribution of RLRT.", "", count]
        else:
            lines = wrap(f"simulated finite sample distribution of LRT. {count}", WIDTH)
        p = f"= {format_pvalues([self.p_value], DIGITS - 3)[0]}"
        statistic = format_number(self.statistic, DIGITS - 2)
        body = ["data:  ", f"{self.name} = {statistic}, p-value {p}", ""]
        return "\n".join(["", *(f"\t{line}" for line in lines), "", *body])
