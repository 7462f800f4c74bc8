"""Fixtures that many rooms use: models that are fitted once."""

from __future__ import annotations

import pytest

import mixedmodels as mm
from tests.support import usual_models


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
