"""Models as scikit-learn's estimators: `MixedRegressor` and `MixedClassifier`.

They go where its estimators go (``cross_val_score``, ``GridSearchCV``, ``Pipeline``, ``clone``), and read a formula.
scikit-learn is imported when one of them is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.errors import MissingLibraryError

if TYPE_CHECKING:
    from mixedmodels.sklearn.classifier import MixedClassifier
    from mixedmodels.sklearn.regressor import MixedRegressor

__all__ = ["MixedClassifier", "MixedRegressor"]

_MODULES = {"MixedClassifier": "classifier", "MixedRegressor": "regressor"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'mixedmodels.sklearn' has no attribute {name!r}")
    from importlib import import_module

    try:
        from sklearn.utils.validation import validate_data  # noqa: F401 # of scikit-learn 1.6
    except ImportError as cause:
        raise MissingLibraryError(
            f"mm.sklearn.{name} needs scikit-learn 1.6 or later ({cause}); install it with "
            "pip install 'mixedmodels[sklearn]' or pip install -U scikit-learn."
        ) from cause
    value = getattr(import_module(f"mixedmodels.sklearn.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
