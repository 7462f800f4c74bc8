"""The class of model for each record, and the functions that fit a request; `mixedmodels.model` registers both.

The rooms below know records and requests, never the classes with all their verbs. Where they must hand a model to the
user they ask here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixedmodels.design import Design
    from mixedmodels.fit.any_fit import AnyFit
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.request import Request, Source


class Build(Protocol):
    """Fits a request."""

    def __call__(self, request: Request, mixed: bool, stacklevel: int = 3) -> FittedModel:
        """The fitted model of a request, with random effects or without."""


_classes: dict[type, Any] = {}
_builders: list[Build] = []


def fill(classes: Mapping[type, Any], build: Build) -> None:
    """Say which class holds which record, and what fits a request."""
    _classes.update(classes)
    _builders[:] = [build]


def _complete() -> None:
    """Import the package of models where nothing has yet: a plan can be made, or unpickled, before any fit."""
    if not _builders:
        import_module("mixedmodels.model")


def model_class(fit: AnyFit) -> Any:
    """The class of models that holds this kind of record."""
    _complete()
    return _classes[type(fit)]


def all_classes() -> tuple[Any, ...]:
    """The classes of fitted models."""
    _complete()
    return tuple(_classes.values())


def model_of(fit: AnyFit, design: Design, source: Source, request: Request | None) -> FittedModel:
    """A model of a fit that is at hand; its engine is made when it is needed."""
    model: FittedModel = model_class(fit)(fit, design, source, request)
    return model


def fit_request(request: Request, mixed: bool, stacklevel: int = 3) -> Any:
    """Fit a request; warnings point `stacklevel` frames up."""
    _complete()
    return _builders[0](request, mixed, stacklevel + 1)
