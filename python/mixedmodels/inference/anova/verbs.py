"""Tests of a model's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.tables.result_table import ResultTable


class TermVerbs(FittedModel):
    """Tests of a model's terms."""

    def car_anova(
        self,
        type: Any = "II",  # noqa: A002
        test: str | None = None,
        *,
        ddf: Ddf = None,
        component: str | None = None,
    ) -> ResultTable:
        """Type II or III tests of the terms as the R package car has them (its ``Anova``).

        Parameters
        ----------
        type : str or int, optional
            Type: "II" (or 2) respects marginality; "III" (or 3) tests the coefficients as they are coded, so that the
            contrasts should be "sum" or "helmert".
        test : str, optional
            Statistic. An lmer or glmer has "Chisq" (Wald's by the normal distribution, the default), an lmer also "F"
            (with its `ddf`); a glm has "LR" (the default), "Wald" and "F"; an lm has "F".
        ddf : str or Coefficients, optional
            Covariance matrix and degrees of freedom for Wald tests: the result of `robust`, or the name of a way for an
            lmer, which has F tests then.
        component : {"cond", "zi", "disp"}, optional
            Component of a `glmmTMB` whose coefficients these are; the conditional mean if not given.

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

        return car_tables.car_anova(self._of_component(component), type, test, ddf)
