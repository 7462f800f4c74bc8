"""Selection of terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.inference.selection.record import Step


class SelectionVerbs(FittedModel):
    """Selection of terms."""

    def step(
        self,
        *,
        ddf: Ddf = None,
        alpha_random: float = 0.1,
        alpha_fixed: float = 0.05,
        reduce_random: bool = True,
        reduce_fixed: bool = True,
        keep: str | Sequence[str] = (),
    ) -> Step:
        """Leave out the terms of a linear (mixed) model that no test speaks for, as lmerTest's ``step``.

        First random terms are left out one after the other, by likelihood ratios as in `ranova`; then fixed terms, by
        F tests as in ``drop1("F")``, interactions before their main effects. Each time it is the term with the largest
        p-value. Tests and limits of the model that is found are too optimistic, because the data chose it.

        Parameters
        ----------
        ddf : str, optional
            Degrees of freedom of the F tests: "Satterthwaite", "Kenward-Roger" or "normal"; None for the model's own.
        alpha_random : float, default 0.1
            P-value above which a random term is left out.
        alpha_fixed : float, default 0.05
            P-value above which a fixed term is left out.
        reduce_random : bool, default True
            Whether to leave out random terms; with False they are only tested.
        reduce_fixed : bool, default True
            Whether to leave out fixed terms; with False they are only tested.
        keep : str or sequence of str, default ()
            Labels of fixed terms that stay.

        Returns
        -------
        Step
            With the tables `random` and `fixed` and the `model`; it prints as lmerTest prints it.

        Raises
        ------
        DataError
            If the model has a family, a term of `keep` does not exist, or a smaller model uses other rows.

        Examples
        --------
        >>> baking.step(keep="recipe").get_model().formula
        'angle ~ recipe + temperature + (1 | recipe:replicate)'
        """
        from mixedmodels.inference.selection.backward import step

        return step(
            self,
            ddf=ddf,
            alpha_random=alpha_random,
            alpha_fixed=alpha_fixed,
            reduce_random=reduce_random,
            reduce_fixed=reduce_fixed,
            keep=keep,
        )
