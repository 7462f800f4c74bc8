"""Cross-validation of a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixedmodels.diagnose.validation.record import CrossValidation
    from mixedmodels.predict.kinds import Kind


class ValidationVerbs(FittedModel):
    """Cross-validation of a fitted model."""

    def cross_validate(
        self,
        group: Any = None,
        k: int | None = 10,
        *,
        seed: Any = None,
        metrics: str | Callable[[Any, Any], float] | Sequence[str | Callable[[Any, Any], float]] | None = None,
        kind: Kind | None = None,
        re_form: Any = None,
        progress: bool | None = None,
    ) -> CrossValidation:
        """Predictions of rows, or of whole groups, by fits without them, and their scores by fold and pooled.

        Each fit starts at the estimates of all rows. What a formula takes from the data (knots of ``ns()``, the centre
        of ``scale()``) it takes from the rows that are left; the response stays as it is. Predictions are those of
        ``predict(type="response", allow_new_levels=True)``.

        Parameters
        ----------
        group : str, array_like or sequence of str, optional
            Groups that are left out as a whole: the name of a grouping factor or of a column, one value per row, or a
            list of names for the combinations of their levels. None leaves out rows.
        k : int, optional
            Number of folds to which rows or groups are dealt at random, 10 by default; None, or more than there are,
            leaves out one at a time.
        seed : int or Generator, optional
            Seed of the folds. None draws one, which the result tells; with the same seed models of the same rows have
            the same folds.
        metrics : str, callable or sequence of these, optional
            Scores, all by default: of numbers "rmse", "mae", "r2"; of successes and failures, trial by trial, "brier"
            and "auc"; of families other than the Gaussian "deviance", the mean unit deviance; "log_score", the mean
            log predictive density of a row (larger is better). Or functions of observed and predicted values.
        kind : {"conditional", "typical", "marginal"}, optional
            Kind of prediction, as of `predict`.
        re_form : str, optional
            Random effects that predictions use, as of `predict`: "~0" for none.
        progress : bool, optional
            Whether a line of progress is shown on stderr: True at once, None on a terminal after two seconds, False
            never. Ctrl-C stops, and returns the folds so far.

        Returns
        -------
        CrossValidation
            A table with a row for each fold and the last for all rows together; `pooled` has that row by name,
            `predictions()` the rows, `seed` the seed. Weights of a model weigh its rows; trials of a binomial
            response count one by one. The predictive density takes variances and shapes as known: coefficients and
            random effects have their errors, new levels and effects that the prediction does not use their variance.

        Raises
        ------
        DataError
            If there is no such column or score.
        FitError
            If no fold has predictions.

        Warns
        -----
        MixedModelsWarning
            If rows have no prediction, because a fit failed or its rows do not determine a coefficient.

        Examples
        --------
        >>> cv = fit.cross_validate("Subject", k=6, seed=1)
        >>> print(cv)
        Cross-validation of Reaction ~ Days + (Days | Subject)
        6 folds of whole levels of Subject, seed 1
        ...
        """
        from mixedmodels.diagnose.validation.from_model import cross_validate

        return cross_validate(self, group, k, seed, metrics, kind, re_form, progress)
