"""From the scale of the linear predictor back to that of the response: links of families and transformed responses.

``log(y + 1) ~ x`` and ``sqrt(y) ~ x`` say themselves how to come back; a family says it by its link. Differences on a
logarithmic scale come back as ratios, on the logit scale as odds ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.estimates.transformations import (
    Corrected,
    Expit,
    Expm1,
    Exponential,
    InverseLink,
    Moved,
    SineSquared,
    Square,
    WayBack,
)
from mixedmodels.formula import show
from mixedmodels.formula.affine import Affine, affine
from mixedmodels.formula.nodes import Call, Node, strip

if TYPE_CHECKING:
    from mixedmodels.families import Family

Function = Callable[[Vector], Vector]


@dataclass(frozen=True, kw_only=True)
class ResponseScale:
    """The transformation that brings estimates back to the scale of the response.

    Attributes
    ----------
    name : str
        Name of the transformation, as it is printed: "log", "logit", "log(mu + 1)".
    label : str
        Header of estimates on the response scale: "response", "prob", "rate", "ratio", "odds.ratio".
    back : WayBack or None
        Mean as a function of the linear predictor; None where the transformation is not known.
    base : float, default 0.0
        Base of a logarithm (e, 2 or 10), so that differences become ratios; 0 of other scales.
    """

    name: str
    label: str
    back: WayBack | None
    base: float = 0.0
    ratios: bool = False

    @property
    def inverse(self) -> Function | None:
        """The mean as a function of the linear predictor."""
        return None if self.back is None else self.back.inverse

    @property
    def slope(self) -> Function | None:
        """Derivative of `inverse`."""
        return None if self.back is None else self.back.slope

    def of_contrasts(self) -> ResponseScale | None:
        """The scale of differences: ratios of a logarithmic one, none otherwise."""
        if not self.base:
            return None
        if self.ratios:
            return self
        logit = self.name == "logit"
        name = "log odds ratio" if logit else {2.0: "log2", 10.0: "log10"}.get(self.base, "log")
        return ResponseScale(
            name=name,
            label="odds.ratio" if logit else "ratio",
            back=Exponential(self.base),
            base=self.base,
            ratios=True,
        )

    def corrected(self, sigma: float) -> ResponseScale:
        """With the second-order correction for a linear predictor that varies by `sigma` around its mean."""
        return self if self.back is None else replace(self, back=Corrected(self.back, sigma))


_E = float(np.e)
# Transformation -> how it is printed, the way back, base of the logarithm.
TRANSFORMATIONS: dict[str, tuple[str, WayBack, float]] = {
    "log": ("log", Exponential(_E), _E),
    "log2": ("log2", Exponential(2.0), 2.0),
    "log10": ("log10", Exponential(10.0), 10.0),
    "log1p": ("log1p", Expm1(), 0.0),
    "sqrt": ("sqrt", Square(), 0.0),
    "logit": ("logit", Expit(), _E),
    "qlogis": ("logit", Expit(), _E),
    "asin(sqrt)": ("asin.sqrt", SineSquared(), 0.0),
}


def of_family(family: Family) -> ResponseScale | None:
    """The scale of a family's link; None of the identity."""
    if family.link == "identity":
        return None
    name = family.name.lower() if family.engine_name != "nbinom2" else ""
    label = "prob" if "binomial" in name else "rate" if "poisson" in name else "response"
    base = _E if family.link in ("log", "logit") else 0.0
    return ResponseScale(name=family.link, label=label, back=InverseLink(family), base=base)


def way_back(model: Any) -> ResponseScale | None:
    """From the linear predictor to the response, through a link or a transformation of the response."""
    scale = of_family(model.family)
    if model.design.component == "cond":
        return scale or of_response(model.design.spec.formula.left)
    return scale if scale is None or model.design.component == "zi" else replace(scale, label="response")


def of_response(left: Node | None) -> ResponseScale | None:
    """The scale that a transformed response says, as ``2 * sqrt(y + 0.5)``; None of one that is not transformed."""
    if left is None:
        return None
    outer = affine(left)
    node = outer.of
    if not isinstance(node, Call) or node.function in ("cbind", "I", "identity") or not node.arguments:
        return None
    function = node.function.rpartition("::")[2].removeprefix("np.")
    inside = strip(node.arguments[0].value)
    if isinstance(inside, Call) and function == "asin" and inside.function == "sqrt":
        function, inside = "asin(sqrt)", strip(inside.arguments[0].value)
    transformation = TRANSFORMATIONS.get(function) if len(node.arguments) == 1 else None
    if transformation is None or not outer.scale:
        return ResponseScale(name=show(node), label="response", back=None)
    name, back, base = transformation
    inner = affine(inside)
    if outer.is_identity and inner.is_identity:
        return ResponseScale(name=name, label="response", back=back, base=base)
    if not inner.scale:
        return ResponseScale(name=show(node), label="response", back=None)
    way = Moved(inner=back, factor=outer.scale, constant=outer.shift, scale=inner.scale, shift=inner.shift)
    # A difference of logarithms is a ratio of what is inside; of twice the logarithms it is the square of one.
    ratio_base = base if outer.scale == 1 and inner.scale > 0 else 0.0
    return ResponseScale(name=_name(name, outer, inner), label="response", back=way, base=ratio_base)


def _name(name: str, outer: Affine, inner: Affine) -> str:
    """The transformation as emmeans prints it: "2*sqrt(mu + 0.5)"."""
    mean = "mu" if inner.scale == 1 else "-mu" if inner.scale == -1 else f"{round(inner.scale, 3):g}*mu"
    inside = f"({mean} + {round(inner.shift, 3):g})" if inner.shift else "" if inner.is_identity else f"({mean})"
    factor = "" if outer.scale == 1 else f"{round(outer.scale, 3):g}*"
    return factor + name + inside + (f" + {round(outer.shift, 3):g}" if outer.shift else "")


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """What a coefficient is as a ratio.

    Attributes
    ----------
    name : str
        Name: "odds ratio", "rate ratio", "risk ratio", "hazard ratio" or "ratio".
    base : float
        Base of the logarithm that the coefficients are on.
    """

    name: str
    base: float


def ratio_of(family: Family, left: Node | None) -> Ratio | None:
    """The ratio that a coefficient is the logarithm of; None where it is no logarithm.

    Parameters
    ----------
    family : Family
        Family of the response.
    left : Node or None
        Left side of the formula, which may be a logarithm.
    """
    if family.link == "identity":
        scale = of_response(left)
        if scale is None or not scale.base or scale.back is None:
            return None
        return Ratio(name="odds ratio" if scale.name == "logit" else "ratio", base=scale.base)
    name = {
        ("logit", "proportion"): "odds ratio",
        ("log", "proportion"): "risk ratio",
        ("cloglog", "proportion"): "hazard ratio",
        ("log", "counts"): "rate ratio",
        ("log", "positive"): "ratio",
    }.get((family.link, family.support), "ratio" if family.link == "log" else None)
    return None if name is None else Ratio(name=name, base=_E)
