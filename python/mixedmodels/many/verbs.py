"""Refits of a model to many responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.many.record import FitMany


class ManyVerbs(FittedModel):
    """Refits to many responses."""

    def refit_many(self, responses: Any, *, ddf: str | bool | None = None, progress: bool | None = None) -> FitMany:
        """Fit the same model to many other responses.

        Parameters
        ----------
        responses : table or array_like
            A table with a column per response, or an array of shape (rows, responses). It has one value per row used or
            per row of the model's table. Missing values are allowed: each fit uses the rows with a value.
        ddf : str or bool, optional
            Method for degrees of freedom and p-values: "Satterthwaite" (True) or "normal"; False for none. None uses
            the model's own `ddf`, and Satterthwaite's method where that is Kenward-Roger.
        progress : bool, optional
            See `bootstrap`.

        Returns
        -------
        FitMany
            Estimates of each response, as `mixedmodels.fit_many` gives them.

        Examples
        --------
        >>> responses = sleep[["Reaction"]].assign(log=np.log(sleep["Reaction"]))
        >>> fits = fit.refit_many(responses)
        >>> fits.fixef().shape
        (2, 3)
        """
        from mixedmodels.many.fit_many import refit_many

        return refit_many(self, responses, ddf, progress)
