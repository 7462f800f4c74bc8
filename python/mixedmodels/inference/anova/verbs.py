"""Tests of a model's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.tables.result_table import ResultTable


class TermVerbs(FittedModel):
    """Tests of a model's terms."""

    def car_anova(self, type: Any = "II", test: str | None = None, *, ddf: Ddf = None) -> ResultTable:  # noqa: A002
        """Type II or III tests of the terms as the R package car has them (its ``Anova``).

        Parameters
        ----------
        type : str or int, optional
            Type: "II" (or 2), which heeds marginality, or "III" (or 3), which tests the coefficients as they are coded:
            use "sum" or "helmert" contrasts.
        test : str, optional
            Test: of an lmer or glmer "Chisq" (Wald's, the default), of an lmer also "F" (Kenward and Roger's); of a glm
            "LR" (the default), "Wald" or "F"; of an lm "F".
        ddf : str or Coefficients, optional
            Source of covariance, for Wald tests by "F" (the default) or "Chisq": what `robust` returned, or of an lmer
            a method.

        Raises
        ------
        DataError
            If there is no such type or test.
        DesignError
            If type III of an lm or glm is asked for and columns of the model are collinear (of a mixed model the
            coefficients that are estimated are tested, as car does).

        Examples
        --------
        >>> baking.car_anova()["chisq"].round(2)
        array([  0.5 , 102.6 ,  10.06])
        """
        from mixedmodels.inference.anova import car_tables

        return car_tables.car_anova(self, type, test, ddf)
