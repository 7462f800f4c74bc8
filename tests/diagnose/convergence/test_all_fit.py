"""Searches from many starts: whether they end in one optimum."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from tests.support.usual_models import herds, sleep_slopes

import mixedmodels as mm


def an_evaluation_takes(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Time that the searches see, whatever else the machine does."""
    monkeypatch.setattr("mixedmodels.diagnose.convergence.all_fit.perf_counter", count(0.0, seconds).__next__)


def test_searches_end_in_one_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    an_evaluation_takes(monkeypatch, 0.001)
    found = sleep_slopes().all_fit(random_starts=2, seed=1)
    assert found.agree
    assert len(found.ends) == 8  # six starts, two methods of scipy
    assert found.table["beta_difference"].max() < 1e-4
    for end in found.ends:
        assert end.theta == pytest.approx(sleep_slopes().theta, abs=1e-4)
    other = herds().all_fit(random_starts=1)
    assert other.agree
    assert "All 7 searches ended in one optimum" in repr(other)
    with pytest.raises(mm.DataError, match="no random effects"):
        mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy")).all_fit()
    with pytest.raises(mm.DataError, match="random_starts"):
        sleep_slopes().all_fit(random_starts=-1)


def test_a_dear_criterion_is_searched_without_a_simplex(monkeypatch: pytest.MonkeyPatch) -> None:
    an_evaluation_takes(monkeypatch, 1.0)
    searches = sleep_slopes().all_fit(random_starts=0)
    assert searches.agree
    assert [end.method for end in searches.ends if end.method != "trust-region Newton"] == ["L-BFGS-B"]


def test_searches_that_end_elsewhere_are_told() -> None:
    from mixedmodels.diagnose.convergence.optima import End, agreement, upright

    ends = [
        End(method="a", start="s", criterion=10.0, theta=np.ones(1), beta=np.ones(1), evaluations=3),
        End(method="b", start="s", criterion=10.5, theta=np.ones(1), beta=np.ones(1), evaluations=3),
    ]
    assert agreement(ends) == (1, 0.5)
    assert upright(np.array([-1.0, 2.0, 3.0]), (2,)) == pytest.approx([1.0, -2.0, 3.0])


def test_a_criterion_without_values_makes_no_warnings_of_scipy() -> None:
    from mixedmodels.diagnose.convergence.all_fit import _minimised

    assert np.isinf(_minimised(lambda _: np.inf, np.ones(2), method="Nelder-Mead", options={"maxiter": 5}).fun)
