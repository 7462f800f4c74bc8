"""From the scale of the linear predictor back to that of the response: links of families and transformed responses.

``log(y + 1) ~ x`` and ``sqrt(y) ~ x`` say themselves how to come back; a family says it by its link. Differences on a
logarithmic scale come back as ratios, on the logit scale as odds ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixedmodels.formula import show
from mixedmodels.formula.nodes import Binary, Call, Node, Number, strip

if TYPE_CHECKING:
    from mixedmodels.families import Family

Vector = NDArray[np.float64]
Function = Callable[[Vector], Vector]

STEP = 5e-4  # of the differences that second derivatives are taken by, as emmeans takes them


@dataclass(frozen=True)
class ResponseScale:
    """How estimates come back to the scale of the response.

    Attributes
    ----------
    name : of the transformation, as it is printed: "log", "logit", "log(mu + 1)".
    label : header of estimates on the response scale: "response", "prob", "rate", "ratio", "odds.ratio".
    inverse, slope : functions of the linear predictor: the mean and its derivative; None where the transformation is
        not known.
    base : of a logarithm (e, 2 or 10), so that differences become ratios; 0 of other scales.
    """

    name: str
    label: str
    inverse: Function | None
    slope: Function | None
    base: float = 0.0
    ratios: bool = False

    def of_contrasts(self) -> ResponseScale | None:
        """The scale of differences: ratios of a logarithmic one, none otherwise."""
        if not self.base:
            return None
        if self.ratios:
            return self
        logit = self.name == "logit"
        inverse, slope = _power_of(self.base)
        name = "log odds ratio" if logit else {2.0: "log2", 10.0: "log10"}.get(self.base, "log")
        return ResponseScale(name, "odds.ratio" if logit else "ratio", inverse, slope, self.base, True)

    def corrected(self, sigma: float) -> ResponseScale:
        """With the second-order correction for a linear predictor that varies by `sigma` around its mean."""
        inverse, slope = self.inverse, self.slope
        if inverse is None or slope is None:
            return self
        half = sigma**2 / 2

        def curve(eta: Vector) -> Vector:
            return (slope(eta + STEP) - slope(eta - STEP)) / (2 * STEP)

        def mean(eta: Vector) -> Vector:
            return inverse(eta) + half * curve(eta)

        def mean_slope(eta: Vector) -> Vector:
            return slope(eta) + half * (curve(eta + STEP) - curve(eta - STEP)) / (2 * STEP)

        return ResponseScale(self.name, self.label, mean, mean_slope, self.base, self.ratios)


def _power_of(base: float) -> tuple[Function, Function]:
    rate = float(np.log(base))
    return (lambda eta: np.exp(rate * eta)), (lambda eta: rate * np.exp(rate * eta))


def _power(k: float) -> tuple[Function, Function]:
    return (lambda eta: np.sign(eta) * np.abs(eta) ** k), (lambda eta: k * np.abs(eta) ** (k - 1))


def _expit(eta: Vector) -> Vector:
    return 1 / (1 + np.exp(-eta))


def _expit_slope(eta: Vector) -> Vector:
    p = _expit(eta)
    return np.asarray(p * (1 - p))


_E = float(np.e)
_SQUARE: tuple[Function, Function] = ((lambda eta: eta**2), (lambda eta: 2 * eta))
# Transformation -> how it is printed, inverse and slope, base of the logarithm.
TRANSFORMATIONS: dict[str, tuple[str, tuple[Function, Function], float]] = {
    "log": ("log", _power_of(_E), _E),
    "log2": ("log2", _power_of(2.0), 2.0),
    "log10": ("log10", _power_of(10.0), 10.0),
    "log1p": ("log1p", (np.expm1, np.exp), 0.0),
    "sqrt": ("sqrt", _SQUARE, 0.0),
    "logit": ("logit", (_expit, _expit_slope), _E),
    "qlogis": ("logit", (_expit, _expit_slope), _E),
    "asin(sqrt)": ("asin.sqrt", ((lambda eta: np.sin(eta) ** 2), (lambda eta: np.sin(2 * eta))), 0.0),
}


def of_family(family: Family) -> ResponseScale | None:
    """The scale of a family's link; None of the identity."""
    if family.link == "identity":
        return None
    name = family.name.lower() if family.engine_name != "nbinom2" else ""
    label = "prob" if "binomial" in name else "rate" if "poisson" in name else "response"
    base = _E if family.link in ("log", "logit") else 0.0
    return ResponseScale(
        family.link,
        label,
        lambda eta: np.asarray(family.mean(eta)),
        lambda eta: np.asarray(family.mean_derivative(eta)),
        base,
    )


def of_response(left: Node | None) -> ResponseScale | None:
    """The scale that a transformed response says, as ``2 * sqrt(y + 0.5)``; None of one that is not transformed."""
    node = strip(left) if left is not None else None
    factor = 1.0
    if isinstance(node, Binary) and node.operator == "*" and isinstance(strip(node.left), Number):
        number = strip(node.left)
        assert isinstance(number, Number)
        factor, node = number.value, strip(node.right)
    if not isinstance(node, Call) or node.function in ("cbind", "I", "identity") or not node.arguments:
        return None
    function = node.function.rpartition("::")[2].removeprefix("np.")
    inner = strip(node.arguments[0].value)
    if isinstance(inner, Call) and function == "asin" and inner.function == "sqrt":
        function, inner = "asin(sqrt)", strip(inner.arguments[0].value)
    known = TRANSFORMATIONS.get(function) if len(node.arguments) == 1 else None
    if known is None:
        return ResponseScale(show(node), "response", None, None)
    name, (inverse, slope), base = known
    shift = _shift(inner)
    if factor == 1.0 and shift == 0.0:
        return ResponseScale(name, "response", inverse, slope, base)
    shown = (f"{round(factor, 3):g}*" if factor != 1 else "") + name + (f"(mu + {round(shift, 3):g})" if shift else "")
    return ResponseScale(
        shown, "response", lambda eta: inverse(eta / factor) - shift, lambda eta: slope(eta / factor) / factor, base
    )


def _shift(node: Node) -> float:
    """The constant that is added to the response before it is transformed."""
    if isinstance(node, Binary) and node.operator in ("+", "-") and isinstance(node.right, Number):
        return node.right.value if node.operator == "+" else -node.right.value
    return 0.0
