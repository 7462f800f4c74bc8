"""Marginal means, trends and contrasts: the record that users hold, with its contrasts, tests and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from mixedmodels._spellings import spelled
from mixedmodels.errors import DataError
from mixedmodels.formula.nodes import column_names
from mixedmodels.inference.emmeans.contrasts import Contrasts, contrasts, interaction_contrasts
from mixedmodels.inference.emmeans.grid_summary import SAME, GridSummary, Same
from mixedmodels.inference.emmeans.joint_table import joint_table
from mixedmodels.inference.emmeans.joint_tests import joint_tests
from mixedmodels.inference.emmeans.marginal_means import Weights, check_weights, marginal_means
from mixedmodels.inference.emmeans.means_table import MeansTable
from mixedmodels.inference.emmeans.regrid import on_response_scale
from mixedmodels.inference.emmeans.settings import Settings
from mixedmodels.inference.emmeans.specs import Names, names_of, parse_specs


@dataclass(frozen=True, repr=False, kw_only=True)
class EmmGrid(GridSummary):
    """A reference grid, its marginal means, trends, or contrasts of these.

    Printing shows what emmeans shows; `to_frame` gives the table, ``grid["estimate"]`` a column. Every method returns a
    new record.

    Attributes
    ----------
    functions : LinearFunctions
        See `GridSummary`.
    basis : Basis
        See `GridSummary`.
    settings : Settings
        See `GridSummary`.
    formula : Formula
        See `GridSummary`.
    notes : tuple of str, default ()
        See `GridSummary`.
    kind : str, default "pandas"
        See `GridSummary`.

    Examples
    --------
    >>> grid = lin.ref_grid()
    >>> grid.levels
    {'Days': (4.5,)}
    """

    # -- contrasts ----------------------------------------------------------------------------------------------

    def contrast(
        self,
        method: Any = "eff",
        *,
        by: Names | Same = SAME,
        adjust: str | None = None,
        cross_adjust: str = "none",
        interaction: Any = False,
        simple: Any = None,
        name: str = "contrast",
        enhance_levels: bool = True,
        **options: Any,
    ) -> Any:
        """Contrasts of the estimates, within each group.

        Parameters
        ----------
        method : str, mapping or array_like, default "eff"
            Contrasts: "pairwise", "revpairwise", "trt.vs.ctrl", "trt.vs.ctrlk", "dunnett", "consec", "mean_chg",
            "poly", "eff", "del.eff", "helmert", "identity"; a mapping from names to coefficients; or a matrix with a
            row per contrast.
        by : str or sequence of str, optional
            Factors within whose levels contrasts are taken; by default the groups of the estimates.
        adjust : str, optional
            Adjustment of p-values; each family has its own default.
        cross_adjust : str, default "none"
            Adjustment among the groups: see `summary`.
        interaction : bool, str, sequence of str or mapping, default False
            Contrasts of contrasts: a method, one for each factor, or a mapping from factors to methods; True takes
            `method`.
        simple : str or sequence of str, optional
            Factor (or factors) to contrast within all others, or "each" for each in turn (a dict).
        name : str, default "contrast"
            Name of the column with the contrasts' names.
        enhance_levels : bool, default True
            Whether the label of a numeric level begins with the name of its factor.
        **options : Any
            Options of the family: `ref` and `reverse` of comparisons with a control, `max_degree` of "poly".

        Examples
        --------
        >>> means = logit.emmeans("period")
        >>> means.contrast("trt.vs.ctrl", adjust="none")["contrast"].tolist()
        ['period2 - period1', 'period3 - period1', 'period4 - period1']
        """
        if simple is not None:
            if simple == "each" and "each" not in self.levels:
                each = {"adjust": adjust, "cross_adjust": cross_adjust, **options}
                return {f: self.contrast(method, simple=f, **each) for f in self.levels}
            chosen = names_of(simple, self.functions.levels)
            self._check(chosen)
            by = tuple(f for f in self.levels if f not in chosen)
        groups = self.settings.by if isinstance(by, Same) else names_of(by, self.functions.levels)
        self._check(groups)
        if interaction is not False and interaction is not None:
            methods = method if interaction is True else interaction
            made = interaction_contrasts(self.functions.without_absent(), methods, groups, **options)
        else:
            made = contrasts(self.functions, method, groups, name=name, enhance=enhance_levels, **options)
        shown = self._contrasted(made, groups, adjust)
        return shown if cross_adjust == "none" else shown.summary(cross_adjust=cross_adjust)

    def _contrasted(self, made: Contrasts, groups: tuple[str, ...], adjust: str | None) -> EmmGrid:
        s = self.settings
        scale = s.scale.of_contrasts() if s.scale is not None and made.are_contrasts else None
        still = (
            () if s.scale is None or scale is not None else (f"Note: contrasts are still on the {s.scale.name} scale",)
        )
        settings = Settings(
            estimate="estimate",
            by=groups,
            limits=False,
            tests=True,
            level=s.level,
            adjust=adjust or made.adjust,
            pairs=made.pairs,
            family_size=made.size,
            on_response=s.on_response,
            scale=scale,
            averaged=s.averaged,
            some=s.some or (self._is_nested and len(made.functions.groups(groups)) > 1),
            method=s.method,
            messages=still,
        )
        return replace(self, functions=made.functions, settings=settings)

    @property
    def _is_nested(self) -> bool:
        return bool(self.functions.nesting) or self.functions.shown is not None

    def pairs(self, *, reverse: bool = False, **arguments: Any) -> Any:
        """All pairwise differences; arguments as of `contrast`.

        Examples
        --------
        >>> logit.emmeans("period").pairs(adjust="holm").table["p_value"].round(4)[:2]
        array([0.0002, 0.0002])
        """
        return self.contrast("revpairwise" if reverse else "pairwise", **arguments)

    # -- further ------------------------------------------------------------------------------------------------

    def emmeans(
        self, specs: Any, by: Names = None, *, weights: Weights = "equal", contr: Any = None, **settings: Any
    ) -> Any:
        """Marginal means of this grid; `specs` and `weights` as of a model's `emmeans`, `settings` as of `summary`.

        Examples
        --------
        >>> baking.ref_grid(ddf="normal").emmeans("recipe").levels
        {'recipe': ('A', 'B', 'C')}
        """
        factors, groups, method = parse_specs(specs, by, self.functions.levels)
        method = contr if contr is not None else method
        check_weights(self.functions, weights)
        means = marginal_means(self.functions, [*factors, *groups], weights)
        functions = means.functions
        averaged = [f for f in functions.levels if f != "1"]
        s = self.settings
        own = Settings(
            estimate="emmean" if s.estimate == "prediction" else s.estimate,
            by=tuple(dict.fromkeys([h for g in groups for h in functions.nesting.get(g, ())] + list(groups))),
            on_response=s.on_response,
            scale=s.scale,
            sigma=s.sigma,
            averaged=tuple(dict.fromkeys([*s.averaged, *means.averaged])),
            method=s.method,
            messages=s.messages,
        )
        notes = self.notes
        trend = (s.estimate.removesuffix(".trend"),) if s.estimate.endswith(".trend") else ()
        if self._in_interaction({*averaged, *trend} - {"degree"}):
            notes = (*notes, "NOTE: Results may be misleading due to involvement in interactions")
        made: Any = replace(self, functions=functions, settings=own, notes=tuple(dict.fromkeys(notes)))
        adjust = settings.pop("adjust", None)
        made = made.summary(**settings)
        if method is None:
            return made if adjust is None else made.summary(adjust=adjust)
        name = "emtrends" if trend else "emmeans"
        return MeansAndContrasts(made, made.contrast(method, adjust=adjust), name)

    def _in_interaction(self, factors: set[str]) -> bool:
        fixed = self.formula.fixed
        names = [set(column_names(node)) & set(self.levels) for node in fixed.variables]
        return bool(factors) and any(factors < set().union(*(names[v] for v in term)) for term in fixed.terms)

    def regrid(self) -> EmmGrid:
        """The estimates on the scale of the response from here on: their means and differences are taken there.

        Examples
        --------
        >>> logit.ref_grid(type="response").regrid().table["estimate"].round(2)
        array([0.22, 0.08, 0.07, 0.05])
        """
        s = self.settings
        if s.scale is None:
            return self
        if s.scale.inverse is None:
            raise DataError(f"the inverse of the transformation {s.scale.name!r} is not known.")
        functions, basis = on_response_scale(self.functions, self.basis, s.scale, s.sigma)
        settings = replace(s, estimate=s.scale.label, scale=None, sigma=None, on_response=False)
        return replace(self, functions=functions, basis=basis, settings=settings)

    def joint_tests(self, by: Names = None) -> MeansTable:
        """F tests of all main effects and interactions of the factors, for each combination of `by`.

        Examples
        --------
        >>> logit.ref_grid().joint_tests()["num_df"]
        array([3])
        """
        groups = names_of(by, self.functions.levels)
        self._check(groups)
        tests = joint_tests(self.functions, self.basis, self.formula, groups)
        method = self.settings.method
        lines = () if method is None else (f"Degrees-of-freedom method: {method}",)
        return joint_table(tests, groups, self.kind, (*lines, *self.notes))

    @spelled(alpha="level")
    def cld(
        self, *, alpha: float = 0.05, adjust: str | None = None, by: Names | Same = SAME, reverse: bool = False
    ) -> MeansTable:
        """Compact letter display: means that share a letter do not differ at `alpha`; sorted within each group.

        Parameters
        ----------
        alpha : float, default 0.05
            Significance level of the pairwise comparisons.
        adjust : str, optional
            Adjustment of the p-values; Tukey's by default.
        by : str or sequence of str, optional
            Factors within whose levels means are compared.
        reverse : bool, default False
            Whether the largest mean comes first.

        Examples
        --------
        >>> logit.emmeans("period").cld(adjust="none")["group"].tolist()
        ['a', 'a', 'a', 'b']
        """
        from mixedmodels.inference.emmeans.letter_table import letter_table

        within = self if isinstance(by, Same) else self.summary(by=by)
        plain = replace(within, functions=within.functions.without_absent())
        return letter_table(plain, alpha, adjust, reverse)


@dataclass(frozen=True)
class MeansAndContrasts:
    """Means and their contrasts, as ``"pairwise ~ A"`` asks for."""

    emmeans: EmmGrid
    contrasts: EmmGrid
    name: str = "emmeans"

    def __iter__(self) -> Iterator[EmmGrid]:
        return iter((self.emmeans, self.contrasts))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(f"these are two tables, and no array; take .{self.name} or .contrasts.")

    def __repr__(self) -> str:
        return f"${self.name}\n{self.emmeans!r}\n\n$contrasts\n{self.contrasts!r}\n"

    def _repr_html_(self) -> str:
        return self.emmeans._repr_html_() + self.contrasts._repr_html_()
