"""Pictures and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.errors import DataError
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Pictures of `mixedmodels.plot` that take a model.
KINDS = (
    "residuals",
    "scale_location",
    "qq_residuals",
    "residuals_by_group",
    "groups",
    "shrinkage",
    "caterpillar",
    "qq_random_effects",
    "covariance_ellipses",
    "fixed_ellipses",
    "coefficients",
    "profile_zeta",
    "profile_pairs",
    "profile_density",
    "likelihood_surface",
    "check_model",
    "design_matrix",
    "factor_pattern",
)


class PictureVerbs(FittedModel):
    """Pictures and the report."""

    @property
    def table_kind(self) -> Any:
        """The library of returned tables, which is that of the model's data.

        Examples
        --------
        >>> fit.table_kind
        'pandas'
        """
        return self._source.kind

    def plot(self, kind: str = "residuals", **options: Any) -> Figure:
        """Draw a picture of the model.

        Parameters
        ----------
        kind : str, default "residuals"
            Name of the picture's function in `mixedmodels.plot`: "residuals" (against fitted values), "caterpillar",
            "shrinkage", "groups", "qq_random_effects", "coefficients" ...
        **options : Any
            Arguments of that function.

        Returns
        -------
        matplotlib.figure.Figure
            Figure, which notebooks show. ``.savefig("name.pdf")`` writes it, ``.show()`` opens a window.

        Raises
        ------
        DataError
            If there is no such picture, or this class of models does not have it.
        MissingLibraryError
            If matplotlib is not installed.

        Examples
        --------
        >>> figure = fit.plot("caterpillar")
        >>> len(figure.axes)
        2
        """
        if kind not in KINDS:
            raise DataError(f"plot() has no kind {kind!r}; it has {', '.join(KINDS)}.")
        from mixedmodels import plot

        figure: Figure = getattr(plot, kind)(self, **options)
        return figure
