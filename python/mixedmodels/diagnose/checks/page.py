"""All checks of a model: a page that prints, and the tables that pictures draw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mixedmodels import frame
from mixedmodels._spellings import spelled
from mixedmodels.diagnose.checks import assumption_checks, family_checks, tables, vif_tables
from mixedmodels.fit.seeds import drawn_seed, seed_text
from mixedmodels.tables.check import Check, Checks, page
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.table import Table

DRAWS = 100  # that the response is compared with
GUIDE = "'Look' marks a check to look at, not an error. With many rows small deviations show; with few rows none do."


class ModelChecks(Table):
    """The checks of a model; it prints them as a page.

    Attributes
    ----------
    checks : Checks
        Findings, see `Check`; ``checks.to_frame()`` has them as a table.
    seed : int or Generator
        Seed of the draws that the response is compared with.

    Examples
    --------
    >>> page = lin.check_model()
    >>> list(page.influence_table())
    ['row', 'leverage', 'residual', 'cooks_distance']
    """

    def __init__(self, model: Any, seed: Any) -> None:
        self._model = model
        self.seed = drawn_seed(seed)

    @cached_property
    def checks(self) -> Checks:
        """The findings."""
        model, fit = self._model, self._model._fit
        gaussian = not fit.generalized
        findings: list[Check | None] = [
            family_checks.identified(model),
            tables.predictive_check(model, DRAWS, self.seed),
        ]
        single = model.family.support == "proportion" and bool(family_checks.undispersed(model))
        if not single:  # of single trials binned residuals say more
            findings.append(assumption_checks.linearity(model))
        if gaussian:
            findings += [assumption_checks.heteroscedasticity(model)]
        if not gaussian and not family_checks.undispersed(model):
            findings.append(family_checks.overdispersion(model))
        if model.family.support == "counts":
            findings.append(family_checks.zeroinflation(model, 0.05))
        if model.family.support == "proportion":
            findings.append(family_checks.binned_residuals(model))
        # Of several linear predictors there is no leverage: influence() refits or steps.
        if fit.kept and fit.n > len(fit.kept) and not model.design.further:
            findings.append(assumption_checks.outliers(model, None))
        findings.append(vif_tables.checked_collinearity(model))
        if gaussian:
            normal = assumption_checks.normality(model, "fixed")
            assert isinstance(normal, Check)
            findings.append(normal)
        if model.design.random:
            random = assumption_checks.normality(model, "random")
            assert isinstance(random, Checks)
            findings += random.found
        return Checks([c for c in findings if c is not None], model._source.kind)

    # -- tables ---------------------------------------------------------------------------------------------------

    @property
    def mixed(self) -> bool:
        """Whether the model has random effects."""
        return bool(self._model.design.random)

    @spelled(nsim="n")
    def posterior_predictive_table(self, nsim: int = 50, seed: Any = None) -> Any:
        """Curves of the response (draw 0) and of `nsim` draws from the model given its random effects.

        Columns draw, value, density; of a response with few values density is the share of rows that have it.

        Parameters
        ----------
        nsim : int, default 50
            Number of draws.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; None for that of the page.
        """
        return self._table(tables.posterior_predictive(self._model, nsim, self.seed if seed is None else seed))

    def residuals_fitted_table(self) -> Any:
        """Columns row, fitted (of a generalised model the linear predictor), residual, smooth."""
        return self._table(tables.residuals_fitted(self._model))

    def linearity_table(self) -> Any:
        """Columns row, fitted (by the fixed effects alone, as the check of linearity has it), residual, smooth."""
        return self._table(tables.linearity(self._model))

    def scale_location_table(self) -> Any:
        """Columns row, fitted, root (of the size of the standardised residual), smooth."""
        return self._table(tables.scale_location(self._model))

    def qq_residuals_table(self) -> Any:
        """Columns row, quantile, residual (standardised), low, high, joint_low, joint_high: bands of level 0.95.

        The former hold each point with that probability, the latter all points together.
        """
        return self._table(tables.qq_residuals(self._model))

    def qq_random_effects_table(self) -> Any:
        """Columns group, effect, level, quantile, value, std_error, conf_low, conf_high; sorted within each effect."""
        return self._table(tables.qq_random_effects(self._model))

    def influence_table(self) -> Any:
        """Columns row, leverage, residual (standardised), cooks_distance."""
        return self._table(tables.influence(self._model))

    def collinearity_table(self) -> Any:
        """The table of `check_collinearity`."""
        return vif_tables.collinearity(self._model, 0.95).to_frame()

    def binned_residuals_table(self, bins: int | None = None) -> Any:
        """Columns fitted, residual, rows, low, high: means of rows with similar fitted values."""
        return self._table(tables.binned_residuals(self._model, bins))

    def dispersion_table(self) -> Any:
        """Columns row, fitted, squared_residual, variance, of counts and proportions."""
        return self._table(tables.dispersion(self._model))

    def _table(self, columns: dict[str, Any]) -> Any:
        return frame.to_kind(columns, self._model._source.kind)

    # -- in print -------------------------------------------------------------------------------------------------

    @property
    def suspicious(self) -> bool:
        """Whether any check says 'Look'."""
        return self.checks.suspicious

    @property
    def kind(self) -> Any:
        """The library of tables."""
        return self._model._source.kind

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.checks._columns_of_table()

    @property
    def _footer(self) -> tuple[str, str]:
        return GUIDE, f"The response is compared with {DRAWS} draws, {seed_text(self.seed)}."

    def __repr__(self) -> str:
        return page(f"Checks of {self._model.formula}", self.checks, self._footer)

    def _repr_html_(self) -> str:
        title = paragraph(f"Checks of {self._model.formula}")
        return title + "".join(c._page_html() for c in self.checks) + "".join(map(paragraph, self._footer))
