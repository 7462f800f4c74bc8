"""Fixtures that many rooms use: models that are fitted once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

import mixedmodels as mm
from mixedmodels.fit import seeds
from tests.support import usual_models


@pytest.fixture(autouse=True)
def the_same_draws_in_each_run() -> Iterator[None]:
    """What draws without a seed takes 123, 124, ... within a test, so that a test passes always or never."""
    numbers = count(123)
    with pytest.MonkeyPatch.context() as patch:  # one of its own, which ends when others still hold
        patch.setattr(seeds, "_new_seed", lambda: next(numbers))
        yield


@pytest.fixture(scope="session")
def sleep() -> mm.MixedModel:
    """The linear mixed model of the sleep study."""
    return usual_models.sleep_slopes()


@pytest.fixture(scope="session")
def fit() -> mm.MixedModel:
    """The same model, of the table with weights and an offset that `tests.support.model_tables` makes."""
    return usual_models.sleep_slopes_of_more_columns()


@pytest.fixture(scope="session")
def herds() -> mm.GeneralizedMixedModel:
    """The generalised mixed model of cattle in herds."""
    return usual_models.herds()
